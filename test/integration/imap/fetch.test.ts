import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { decideAppend } from '../../../shared/account/decide-messages.ts';
import { findMailbox } from '../../../shared/account/mailbox-names.ts';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { storeMail } from '../../support/stored-mail.ts';
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

  const MAIL = [
    'From: Ann <ann@example.test>',
    'Subject: parts',
    'X-Odd: yes',
    'Date: Thu, 1 Feb 2024 12:00:00 +0000',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'first part',
    '--b',
    'Content-Type: message/rfc822',
    '',
    'Subject: inner',
    '',
    'inner text',
    '--b--',
    '',
  ].join('\r\n');

  describe('sections', () => {
    beforeEach(async () => {
      await client.append('INBOX', MAIL);
      await client.run('NOOP');
    });

    test('of parts, by ranges of the blob', async () => {
      await client.play(`
      C: a FETCH 1 (BODY.PEEK[1] BODY.PEEK[1.MIME] BODY.PEEK[2.HEADER] BODY.PEEK[2.TEXT] BODY.PEEK[2.1] BODY.PEEK[3])
      S: * 1 FETCH (BODY[1] {10}
      S: first part BODY[1.MIME] {28}
      S: Content-Type: text/plain
      S:
      S:  BODY[2.HEADER] {18}
      S: Subject: inner
      S:
      S:  BODY[2.TEXT] {10}
      S: inner text BODY[2.1] {10}
      S: inner text BODY[3] NIL)
      S: a OK fetched
    `);
    });

    test('of parts that lie near each other: one request, however often one is asked for', async () => {
      const asked = jest.spyOn(blobs, 'get');
      await client.run('FETCH 1 BODY.PEEK[1]');
      const once = asked.mock.calls.length;
      const parts = Array.from(
        { length: 1_000 },
        (_, index) => `BODY.PEEK[${1 + (index % 2)}]<${index % 7}.5>`,
      );
      const answer = await client.run(`FETCH 1 (${parts.join(' ')} BINARY.SIZE[1])`);
      expect(answer.at(-1)).toBe('tag OK fetched');
      expect(answer.join('\n').match(/BODY\[/g)).toHaveLength(1_000);
      expect(asked.mock.calls.length - once).toBe(once);
    });

    test('of parts that lie far from each other: few requests at one time', async () => {
      const far = Array.from({ length: 40 }, () => `--b\r\n\r\n${'x'.repeat(10_000)}`).join('\r\n');
      await client.append('Drafts', `Content-Type: multipart/mixed; boundary=b\r\n\r\n${far}\r\n--b--\r\n`);
      await client.run('SELECT Drafts');
      await client.run('FETCH 1 BODY.PEEK[1]<0.1>');
      let [now, most] = [0, 0];
      const get = blobs.get.bind(blobs);
      jest.spyOn(blobs, 'get').mockImplementation(async (...args) => {
        most = Math.max(most, ++now);
        await new Promise(setImmediate);
        now--;
        return get(...args);
      });
      const parts = Array.from({ length: 40 }, (_, index) => `BODY.PEEK[${index + 1}]<0.1>`);
      expect((await client.run(`FETCH 1 (${parts.join(' ')})`)).at(-1)).toBe('tag OK fetched');
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(8);
    });

    test('of headers: listed fields without the blob, others with it', async () => {
      const [stored] = blobs.objects.keys();
      await client.play(`
      C: a FETCH 1 BODY.PEEK[HEADER.FIELDS (X-Odd Subject)]
      S: * 1 FETCH (BODY[HEADER.FIELDS (X-Odd Subject)] {30}
      S: Subject: parts
      S: X-Odd: yes
      S:
      S: )
      S: a OK fetched
      C: b FETCH 1 BODY.PEEK[HEADER.FIELDS.NOT (From Date Content-Type)]<4.9>
      S: * 1 FETCH (BODY[HEADER.FIELDS.NOT (From Date Content-Type)]<4> {9}
      S: ect: part)
      S: b OK fetched
    `);
      blobs.objects.delete(stored ?? '');
      await client.play(`
      C: c FETCH 1 (ENVELOPE BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)])
      S: * 1 FETCH (ENVELOPE ("Thu, 1 Feb 2024 12:00:00 +0000" "parts" (("Ann" NIL "ann" "example.test")) (("Ann" NIL "ann" "example.test")) (("Ann" NIL "ann" "example.test")) NIL NIL NIL NIL NIL) BODY[HEADER.FIELDS (SUBJECT FROM)] {48}
      S: From: Ann <ann@example.test>
      S: Subject: parts
      S:
      S: )
      S: c OK fetched
    `);
    });

    test('partial, also behind the end', async () => {
      await client.play(`
      C: a FETCH 1 (BODY.PEEK[]<3.5> BODY.PEEK[1]<6.100> BODY.PEEK[1]<99.5>)
      S: * 1 FETCH (BODY[]<3> {5}
      S: m: An BODY[1]<6> {4}
      S: part BODY[1]<99> {0}
      S: )
      S: a OK fetched
    `);
    });

    test('RFC822 and its kin, FULL, and both kinds of body structure', async () => {
      const size = MAIL.length;
      expect(await client.run('FETCH 1 RFC822')).toEqual([
        inVariant(`* 1 FETCH (RFC822 {${size}}`, variant),
        ...MAIL.split('\r\n').slice(0, -1),
        ' FLAGS (\\Seen \\Recent))',
        'tag OK fetched',
      ]);
      const full = await client.run('FETCH 1 FULL');
      expect(full[0]).toContain(`RFC822.SIZE ${size}`);
      expect(full[0]).toContain('"MIXED")');
      const structure = await client.run('FETCH 1 BODYSTRUCTURE');
      expect(structure[0]).toContain('("BOUNDARY" "b")');
    });
  });

  test('reading sets \\Seen in one record and says so; PEEK and EXAMINE do not', async () => {
    for (let index = 0; index < 3; index++) await client.append('INBOX', 'Subject: x\r\n\r\nbody\r\n');
    const number = async (): Promise<number> =>
      (await gateway.cache.acquire(account()).replica.sync()).number;
    const account = () => [...gateway.logins.values()].map((login) => login.account)[0] ?? ('' as never);
    const before = await number();
    await client.play(`
    C: a FETCH 1:2 BODY.PEEK[TEXT]<0.1>
    S: * 1 FETCH (BODY[TEXT]<0> {1}
    S: b)
    S: * 2 FETCH (BODY[TEXT]<0> {1}
    S: b)
    S: a OK fetched
  `);
    expect(await number()).toBe(before);
    await client.play(`
    C: b FETCH 1:3 BODY[TEXT]<0.1>
    S: * 1 FETCH (BODY[TEXT]<0> {1}
    S: b FLAGS (\\Seen \\Recent))
    S: * 2 FETCH (BODY[TEXT]<0> {1}
    S: b FLAGS (\\Seen \\Recent))
    S: * 3 FETCH (BODY[TEXT]<0> {1}
    S: b FLAGS (\\Seen \\Recent))
    S: b OK fetched
    C: c FETCH 1 BODY[TEXT]<0.1>
    S: * 1 FETCH (BODY[TEXT]<0> {1}
    S: b)
    S: c OK fetched
  `);
    expect(await number()).toBe(before + 1);
    await client.run('STORE 1:3 -FLAGS.SILENT (\\Seen)');
    await client.run('EXAMINE INBOX');
    await client.play(`
    C: d FETCH 1 BODY[TEXT]<0.1>
    S: * 1 FETCH (BODY[TEXT]<0> {1}
    S: b)
    S: d OK fetched
    C: e STORE 1 +FLAGS (\\Seen)
    S: e NO [CANNOT] the mailbox is open for reading only: SELECT it
  `);
  });

  test('a large message streams, and its NULs are sent as 0x80', async () => {
    const body = 'line of text\r\n'.repeat(60_000);
    // As it may come by SMTP; APPEND refuses it.
    const message = `Subject: big\r\n\r\n\0${body}`;
    const [account] = [...gateway.logins.values()].map((login) => login.account);
    if (!account) throw new Error('nobody may log in');
    await storeMail(gateway, account, [{ bytes: Buffer.from(message, 'latin1'), arrived: 0 }]);
    await client.run('NOOP');
    const answer = await client.run(
      'FETCH 1 (BODY.PEEK[HEADER.FIELDS (X-Other)] BODY.PEEK[] BODY.PEEK[TEXT]<0.2>)',
    );
    expect(answer.slice(0, 5)).toEqual([
      inVariant('* 1 FETCH (BODY[HEADER.FIELDS (X-Other)] {2}', variant),
      '',
      ` BODY[] {${message.length}}`,
      'Subject: big',
      '',
    ]);
    expect(answer[5]).toBe('\x80line of text');
    expect(answer).toHaveLength(5 + 60_000 + 3);
    expect(answer.slice(-3)).toEqual([' BODY[TEXT]<0> {2}', '\x80l)', 'tag OK fetched']);
  });

  test('a message whose blob is missing gets NO and no empty body; the others are answered', async () => {
    for (const subject of ['one', 'two', 'three'])
      await client.append('INBOX', `Subject: ${subject}\r\n\r\nbody\r\n`);
    await client.run('NOOP');
    const second = blobs.messages[1] ?? '';
    blobs.objects.delete(second);
    const answer = await client.run('UID FETCH 1:3 BODY.PEEK[HEADER.FIELDS (X-None)]');
    expect(answer.filter((line) => line.startsWith('* '))).toEqual([
      inVariant('* 1 FETCH (UID 1 BODY[HEADER.FIELDS (X-None)] {2}', variant),
      inVariant('* 3 FETCH (UID 3 BODY[HEADER.FIELDS (X-None)] {2}', variant),
    ]);
    expect(answer.at(-1)).toMatch(
      /^tag NO \[SERVERBUG\] a message cannot be read; the administrator finds it by [0-9a-f]+$/,
    );
    expect(gateway.errors).toHaveLength(1);
    expect((await client.run('FETCH 1:3 FLAGS')).at(-1)).toBe('tag OK fetched');
  });

  test('a message that another gateway has expunged and whose blob is gone is passed over', async () => {
    for (const subject of ['one', 'two', 'three'])
      await client.append('INBOX', `Subject: ${subject}\r\n\r\n${subject}\r\n`);
    await client.run('NOOP');
    const other = await TestGateway.start({ journal: gateway.journal, blobs, variant });
    for (const [address, { account }] of gateway.logins) await other.admit(address, account);
    const elsewhere = await other.signIn('INBOX');
    await elsewhere.run('STORE 2 +FLAGS (\\Deleted)');
    await elsewhere.run('EXPUNGE');
    blobs.objects.delete(blobs.messages[1] ?? '');
    if (variant !== 'uidonly')
      expect(await client.run('FETCH 2 BODY.PEEK[]')).toEqual([
        'tag NO [EXPUNGEISSUED] some of the messages have been expunged',
      ]);
    await client.play(`
    C: a UID FETCH 1:3 BODY.PEEK[TEXT]
    S: * 1 FETCH (UID 1 BODY[TEXT] {5}
    S: one
    S: )
    S: * 3 FETCH (UID 3 BODY[TEXT] {7}
    S: three
    S: )
    S[!qresync !uidonly]: * 2 EXPUNGE
    S[qresync uidonly]: * VANISHED 2
    S: a OK fetched
  `);
    expect(gateway.errors).toEqual([]);
    await other.stop();
  });

  test('a blob that is shorter than the message: NO, and not a byte of it', async () => {
    await client.append('INBOX', 'Subject: x\r\n\r\nbody\r\n');
    await client.run('NOOP');
    for (const [key, bytes] of blobs.objects) blobs.objects.set(key, bytes.subarray(0, 14));
    expect(await client.run('FETCH 1 BODY.PEEK[]')).toEqual([expect.stringMatching(/^tag NO \[SERVERBUG\]/)]);
  });

  test('a search that cannot read a message does not say that it found nothing', async () => {
    await client.append('INBOX', 'Subject: x\r\n\r\nbody\r\n');
    await client.run('NOOP');
    for (const key of blobs.messages) blobs.objects.delete(key);
    expect(await client.run('SEARCH BODY body')).toEqual([expect.stringMatching(/^tag NO \[SERVERBUG\]/)]);
    expect(await client.run('SEARCH SUBJECT x')).toEqual(['* SEARCH 1', 'tag OK searched']);
  });

  test('an item that is not known is said to be so', async () => {
    await client.append('INBOX', 'Subject: x\r\n\r\n');
    await client.play(`
    C: a FETCH 1 NONSENSE
    S: a BAD unknown data item NONSENSE in FETCH
  `);
  });

  test('a summary that a later release wrote is worked out anew from the message', async () => {
    const [login] = gateway.logins.values();
    if (!login) throw new Error('nobody may log in');
    const message = Buffer.from('Subject: later\r\n\r\nbody');
    const stored = await gateway.messages.put(login.account, message, message.length);
    const { replica } = gateway.cache.acquire(login.account);
    const { id } = findMailbox(await replica.sync(), 'INBOX') ?? {};
    if (id === undefined) throw new Error('there is no INBOX');
    const summary = { inline: Uint8Array.of(255, 1, 2, 3) };
    const appended = { ...stored, summary, flags: { system: 0, keywords: [] }, date: 0, zone: 0 };
    const now = gateway.rim.now();
    await replica.commit({ decide: (state) => decideAppend(state, id, [appended], login.limits, now) });
    await client.play(`
    C: a NOOP
    S: * 1 EXISTS
    S: * 1 RECENT
    S: a OK …
    C: b FETCH 1 (ENVELOPE BODY.PEEK[1])
    S: * 1 FETCH (ENVELOPE (NIL "later" NIL NIL NIL NIL NIL NIL NIL NIL) BODY[1] {4}
    S: body)
    S: b OK fetched
  `);
  });

  test('body structures are UTF-8 for who can read it, and a message/global is a message', async () => {
    const writer = await gateway.signIn();
    await writer.run('ENABLE UTF8=ACCEPT');
    await writer.append(
      'INBOX',
      'Content-Type: message/global; name="Gr\xc3\xbc\xc3\x9fe"\r\n\r\nSubject: \xc3\xbc\r\n\r\n',
    );
    await client.run('NOOP');
    await client.play(`
    C: a FETCH 1 (BODYSTRUCTURE BODY)
    S: * 1 FETCH (BODYSTRUCTURE ("MESSAGE" "GLOBAL" ("NAME*" "utf-8''Gr%C3%BC%C3%9Fe") NIL NIL "7BIT" 15 NIL NIL NIL NIL) BODY ("MESSAGE" "GLOBAL" ("NAME*" "utf-8''Gr%C3%BC%C3%9Fe") NIL NIL "7BIT" 15))
    S: a OK fetched
  `);
    const other = await gateway.signIn();
    await other.run('ENABLE UTF8=ACCEPT');
    await other.run('EXAMINE INBOX');
    await other.play(`
    C: a FETCH 1 BODY
    S: * 1 FETCH (BODY ("MESSAGE" "GLOBAL" ("NAME" "Gr\xc3\xbc\xc3\x9fe") NIL NIL "7BIT" 15 (NIL "\xc3\xbc" NIL NIL NIL NIL NIL NIL NIL NIL) ("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 0 0) 2))
    S: a OK fetched
  `);
  });

  test('envelopes are UTF-8 for who can read it, encoded words for others', async () => {
    const writer = await gateway.signIn();
    await writer.run('ENABLE UTF8=ACCEPT');
    await writer.append('INBOX', 'Subject: Gr\xc3\xbc\xc3\x9fe\r\n\r\n');
    await client.run('NOOP');
    const plain = await client.run('FETCH 1 ENVELOPE');
    expect(plain[0]).toMatch(/"=\?utf-8\?[QB]\?[^"]+\?="/);
    const other = await gateway.signIn();
    expect(await other.run('ENABLE UTF8=ACCEPT NONSENSE')).toEqual([
      '* ENABLED UTF8=ACCEPT',
      'tag OK enabled',
    ]);
    await other.run('SELECT INBOX');
    expect((await other.run('FETCH 1 ENVELOPE'))[0]).toContain('"Gr\xc3\xbc\xc3\x9fe"');
    expect((await other.run('ENABLE CONDSTORE')).at(-1)).toMatch(/^tag BAD/);
  });
});
