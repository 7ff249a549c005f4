import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { inVariant } from '../../support/variants.ts';

let gateway: TestGateway;
let blobs: MemoryBlobStore;
let client: ImapClient;
inVariants((variant) => {
  beforeEach(async () => {
    blobs = new MemoryBlobStore();
    gateway = await TestGateway.start({ blobs, variant });
    await gateway.addUser();
    client = await gateway.signIn('INBOX');
  });
  afterEach(() => gateway.stop());

  /** A message with one part for each of `parts`, which begin with their header. */
  const multipart = (...parts: readonly string[]): string =>
    [
      'Subject: parts',
      'Content-Type: multipart/mixed; boundary=b',
      'Content-Transfer-Encoding: base64',
      '',
      ...parts.flatMap((part) => ['--b', part]),
      '--b--',
      '',
    ].join('\r\n');

  const encoded = (bytes: string, type = 'application/octet-stream'): string =>
    `Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(bytes, 'latin1').toString('base64')}`;

  async function append(message: string): Promise<void> {
    expect(await client.append('INBOX', message)).toMatch(/^tag OK/);
    await client.run('NOOP');
  }

  describe('FETCH BINARY (RFC 3516 §4.3)', () => {
    test('is announced', async () => {
      expect((await client.run('CAPABILITY'))[0]).toMatch(/ BINARY( |$)/);
    });

    test('of base64 and quoted-printable, whole and in parts of the decoded bytes', async () => {
      await append(
        multipart(
          encoded('hello world'),
          'Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe=\r\n, Ann',
        ),
      );
      await client.play(`
      C: a FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[1] BINARY.PEEK[2] BINARY.SIZE[2])
      S: * 1 FETCH (BINARY[1] {11}
      S: hello world BINARY.SIZE[1] 11 BINARY[2] {12}
      S: Gr\xc3\xbc\xc3\x9fe, Ann BINARY.SIZE[2] 12)
      S: a OK fetched
      C: b FETCH 1 (BINARY.PEEK[1]<0.5> BINARY.PEEK[1]<6.100> BINARY.PEEK[1]<11.1>)
      S: * 1 FETCH (BINARY[1]<0> {5}
      S: hello BINARY[1]<6> {5}
      S: world BINARY[1]<11> {0}
      S: )
      S: b OK fetched
    `);
    });

    test('with a NUL goes as a literal8, and only the part that has it', async () => {
      await append(multipart(encoded('a\0b\xffcd')));
      await client.play(`
      C: a FETCH 1 (BINARY.PEEK[1] BINARY.PEEK[1]<2.9> BINARY.SIZE[1])
      S: * 1 FETCH (BINARY[1] ~{6}
      S: a\0b\xffcd BINARY[1]<2> {4}
      S: b\xffcd BINARY.SIZE[1] 6)
      S: a OK fetched
    `);
    });

    test('of what a literal8 brought, NUL and all: it is kept as base64, two bytes longer', async () => {
      const message =
        'Subject: raw\r\nContent-Type: image/x\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\x01\r\n\xff\0';
      expect((await client.run(`APPEND INBOX ~{${message.length}+}\r\n${message}`)).at(-1)).toMatch(
        /^tag OK/,
      );
      await client.play(`
      C: b FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1] BINARY.PEEK[1]<1.1> BINARY.SIZE[])
      S: * 1 FETCH (BINARY.SIZE[1] 6 BINARY[1] ~{6}
      S: \0\x01
      S: \xff\0 BINARY[1]<1> {1}
      S: \x01 BINARY.SIZE[] ${message.length + 2})
      S: b OK fetched
    `);
    });

    test('of text has CR LF line ends, whatever was sent (RFC 3516 §6); of other types it is exact', async () => {
      await append(
        multipart(
          encoded('one\ntwo\r\n\n', 'text/plain'),
          encoded('one\ntwo'),
          encoded('a\0\n\0', 'text/x; charset=utf-16le'),
        ),
      );
      await client.play(`
      C: a FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[1] BINARY.PEEK[1]<3.3> BINARY.SIZE[2] BINARY.SIZE[3])
      S: * 1 FETCH (BINARY[1] {12}
      S: one
      S: two
      S:
      S:  BINARY.SIZE[1] 12 BINARY[1]<3> {3}
      S:
      S: t BINARY.SIZE[2] 7 BINARY.SIZE[3] 4)
      S: a OK fetched
    `);
    });

    test('of parts of parts, of messages and of multiparts, which have no encoding', async () => {
      const inner = multipart(encoded('deep'));
      await append(multipart(`Content-Type: message/rfc822\r\n\r\n${inner}`));
      const whole = multipart(`Content-Type: message/rfc822\r\n\r\n${inner}`);
      const answer = await client.run('FETCH 1 (BINARY.PEEK[1.1] BINARY.SIZE[1] BINARY.SIZE[])');
      expect(answer).toEqual([
        inVariant('* 1 FETCH (BINARY[1.1] {4}', variant),
        `deep BINARY.SIZE[1] ${inner.length} BINARY.SIZE[] ${whole.length})`,
        'tag OK fetched',
      ]);
    });

    test('of a part that is not there is NIL, and as long as that', async () => {
      await append(multipart(encoded('x')));
      await client.play(`
      C: a FETCH 1 (BINARY.PEEK[2] BINARY.PEEK[1.1]<0.5> BINARY.SIZE[2])
      S: * 1 FETCH (BINARY[2] NIL BINARY[1.1]<0> NIL BINARY.SIZE[2] 0)
      S: a OK fetched
    `);
    });

    test('of an encoding that nobody knows is NO, and the other messages are answered', async () => {
      await append(multipart('Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x'));
      await append(multipart(encoded('x')));
      await client.play(`
      C: a FETCH 1:2 BINARY.PEEK[1]
      S: * 2 FETCH (BINARY[1] {1}
      S: x)
      S: a NO [UNKNOWN-CTE] part 1 has a transfer encoding that is not known
      C: b FETCH 1:2 BINARY.SIZE[1]
      S: * 2 FETCH (BINARY.SIZE[1] 1)
      S: b NO [UNKNOWN-CTE] part 1 has a transfer encoding that is not known
    `);
    });

    test('of damage gives what is left of it', async () => {
      await append(
        multipart(
          'Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\naGV!sbG8',
          'Content-Type: a/b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=ZZ =4 100% =3D=',
        ),
      );
      await client.play(`
      C: a FETCH 1 (BINARY.PEEK[1] BINARY.PEEK[2])
      S: * 1 FETCH (BINARY[1] {5}
      S: hello BINARY[2] {13}
      S: =ZZ =4 100% =)
      S: a OK fetched
    `);
    });

    test('sets \\Seen, BINARY.PEEK and BINARY.SIZE do not', async () => {
      await append(multipart(encoded('x')));
      await client.play(`
      C: a FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[1])
      S: * 1 FETCH (BINARY[1] {1}
      S: x BINARY.SIZE[1] 1)
      S: a OK fetched
      C: b FETCH 1 (BINARY[1])
      S: * 1 FETCH (BINARY[1] {1}
      S: x FLAGS (\\Seen \\Recent))
      S: b OK fetched
    `);
    });

    test('holds no large part in memory, and reads no further than it is asked to', async () => {
      const bytes = Buffer.alloc(600_000, 'abcdefg\n').toString('latin1');
      await append(multipart(encoded(`${bytes}\0`), encoded(bytes)));
      const whole = await client.run('FETCH 1 (BINARY.SIZE[1] BINARY.SIZE[2] BINARY.PEEK[2]<599998.10>)');
      expect(whole).toEqual([
        inVariant('* 1 FETCH (BINARY.SIZE[1] 600001 BINARY.SIZE[2] 600000 BINARY[2]<599998> {2}', variant),
        'g\n)',
        'tag OK fetched',
      ]);
    });

    test('of one part many times holds it once', async () => {
      const bytes = 'abcdefg\n'.repeat(25_000);
      await append(multipart(encoded(bytes)));
      const times = Array.from({ length: 6 }, (_, index) => `BINARY.PEEK[1]<${index}.150000>`);
      const [answer = ''] = (await client.run(`FETCH 1 (BINARY.PEEK[1] ${times.join(' ')})`))
        .join('\r\n')
        .split('\r\ntag ');
      const literals = times.map(
        (_, index) => `BINARY[1]<${index}> {150000}\r\n${bytes.slice(index, index + 150_000)}`,
      );
      const begin = inVariant(`* 1 FETCH (BINARY[1] {${bytes.length}}`, variant);
      const whole = `${begin}\r\n${bytes} ${literals.join(' ')})`;
      expect(answer.replaceAll('\r\n', '\n') === whole.replaceAll('\r\n', '\n')).toBe(true);
    });

    test('read piece by piece is decoded piece by piece, not from the beginning each time', async () => {
      const starts: number[] = [];
      const { messages } = gateway;
      const get = messages.get.bind(messages);
      messages.get = (account, blob, range, options) => {
        if (range) starts.push(range.start);
        return get(account, blob, range, options);
      };
      const lines = Array.from({ length: 12_000 }, (_, index) => `line ${index}\xe9\n`).join('');
      const printable = lines.replaceAll('\xe9', '=E9').replaceAll('\n', '\r\n');
      await append(
        multipart(
          encoded(lines),
          encoded(lines, 'text/plain'),
          `Content-Transfer-Encoding: quoted-printable\r\n\r\n${printable}`,
        ),
      );
      const texts = [lines, lines.replaceAll('\n', '\r\n'), lines.replaceAll('\n', '\r\n')];
      for (const [index, text] of texts.entries()) {
        const step = 40_000;
        let read = '';
        for (let at = 0; at < text.length; at += step) {
          starts.length = 0;
          const answer = await client.run(`UID FETCH 1 BINARY.PEEK[${index + 1}]<${at}.${step}>`);
          const [, size = '0', bytes = ''] = /\{(\d+)\}\r\n([^]*)\)\r\ntag /.exec(answer.join('\r\n')) ?? [];
          expect(bytes).toHaveLength(Number(size));
          read += bytes;
          // In the message, which is longer than what is decoded.
          expect({ index, at, wrong: starts.filter((start) => start < at - step) }).toEqual({
            index,
            at,
            wrong: [],
          });
        }
        expect(read === text).toBe(true);
      }
    });

    test('of a message that cannot be read is NO, and not a byte of it', async () => {
      await append(multipart(encoded('x'.repeat(400_000))));
      blobs.objects.clear();
      expect(await client.run('FETCH 1 BINARY.PEEK[1]')).toEqual([
        expect.stringMatching(/^tag NO \[SERVERBUG\] a message cannot be read/),
      ]);
    });
  });
});
