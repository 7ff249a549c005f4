/** SEARCH in the corners: charsets, what is saved when it fails, what is read, and when it ends. */
import { expect, test } from '@jest/globals';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway, type TestGatewayOptions } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';

inVariants((variant) => {
  async function withClient(
    messages: readonly string[],
    play: (client: ImapClient, gateway: TestGateway) => Promise<void>,
    options: TestGatewayOptions = {},
  ): Promise<void> {
    const gateway = await TestGateway.start({ ...options, variant });
    try {
      await gateway.addUser();
      const client = await gateway.signIn();
      for (const message of messages) await client.append('INBOX', message);
      await client.run('SELECT INBOX');
      await play(client, gateway);
    } finally {
      await gateway.stop();
    }
  }

  const subject = (text: string, body = 'body'): string => `Subject: ${text}\r\n\r\n${body}\r\n`;

  test('strings are read in the charset that the command names', () =>
    withClient(
      [
        subject('=?utf-8?Q?Gr=C3=BC=C3=9Fe?='),
        `Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B$3$s$K$A$O\x1b(B\r\n`,
        'Content-Type: text/plain; charset=koi8-r\r\n\r\n\xd0\xd2\xc9\xd7\xc5\xd4\r\n',
      ],
      (client) =>
        client.play(`
        C: a SEARCH CHARSET ISO-8859-1 SUBJECT "gr\xfc\xdf"
        S: * SEARCH 1
        S: a OK searched
        C: b SEARCH CHARSET UTF-8 SUBJECT {5+}
        C: R\xc3\x9c\xc3\x9f
        S: * SEARCH 1
        S: b OK searched
        C: c SEARCH BODY {9+}
        C: \xe3\x81\x93\xe3\x82\x93\xe3\x81\xab
        S: * SEARCH 2
        S: c OK searched
        C: d SEARCH CHARSET KOI8-R BODY "\xf0\xf2\xe9\xf7\xe5\xf4"
        S: * SEARCH 3
        S: d OK searched
        C: e SEARCH CHARSET MOON ALL
        S: e NO [BADCHARSET (US-ASCII UTF-8 …)] the charset of the search is not known
        C: f SEARCH CHARSET hex SUBJECT 00
        S: f NO [BADCHARSET …
        C: g SEARCH CHARSET UTF-16 SUBJECT x
        S: g NO [BADCHARSET …
      `),
    ));

  test('once UTF8=ACCEPT is enabled SEARCH names no charset, and SORT still does', () =>
    withClient([subject('a')], async (client) => {
      await client.run('UNSELECT');
      await client.run('ENABLE UTF8=ACCEPT');
      await client.run('SELECT INBOX');
      await client.play(`
      C: b SEARCH CHARSET UTF-8 SUBJECT a
      S: b BAD …
      C: c UID SEARCH CHARSET UTF-8 ALL
      S: c BAD …
      C: d ESEARCH CHARSET UTF-8 ALL
      S: d BAD …
      C: e SEARCH SUBJECT a
      S: * SEARCH 1
      S: e OK searched
      C: f SORT (DATE) UTF-8 ALL
      S: * SORT 1
      S: f OK sorted
    `);
    }));

  test('a search that is answered NO leaves nothing saved, one that is answered BAD what was there', () =>
    withClient([subject('a'), subject('b')], async (client) => {
      await client.play(`
      C: a SEARCH RETURN (SAVE) SUBJECT a
      S: a OK searched
      C: b SEARCH RETURN (SAVE) MOON
      S: b BAD …
      C: c SEARCH $
      S: * SEARCH 1
      S: c OK searched
      C: d SEARCH CHARSET MOON SUBJECT b
      S: d NO [BADCHARSET …
      C: e SEARCH $
      S: * SEARCH 1
      S: e OK searched
      C: f SEARCH RETURN (SAVE) CHARSET MOON SUBJECT b
      S: f NO [BADCHARSET …
      C: g SEARCH $
      S: * SEARCH
      S: g OK searched
      C: h FETCH $ FLAGS
      S: h OK fetched
      C: i SEARCH RETURN (SAVE RELEVANCY) SUBJECT a
      S: i BAD …
      C: j SORT RETURN (SAVE) (REVERSE ARRIVAL) UTF-8 ALL
      S: j OK sorted
      C: k SEARCH RETURN (SAVE MIN) $ SUBJECT b
      S: * ESEARCH (TAG "k") MIN 2
      S: k OK searched
      C: l SEARCH OR $ UID 1
      S: * SEARCH 1 2
      S: l OK searched
    `);
      await client.run('SELECT INBOX');
      await client.play(`
      C: n SEARCH $
      S: * SEARCH
      S: n OK searched
    `);
    }));

  test('numbers beyond the mailbox are no error, and * is the last message', () =>
    withClient([subject('a'), subject('b')], (client) =>
      client.play(`
      C[!uidonly]: a SEARCH 2:99
      S[!uidonly]: * SEARCH 2
      S[!uidonly]: a OK searched
      C: b SEARCH UID 50:99
      S: * SEARCH
      S: b OK searched
      C[!uidonly]: c SEARCH *
      S[!uidonly]: * SEARCH 2
      S[!uidonly]: c OK searched
      C[uidonly]: c SEARCH *
      S[uidonly]: c BAD …
      C: d SEARCH UID 7:*
      S: * SEARCH 2
      S: d OK searched
    `),
    ));

  test('a search of many fuzzy texts is refused', () =>
    withClient([subject('a')], async (client) => {
      expect((await client.run(`SEARCH FUZZY (${'TEXT x '.repeat(31)}SUBJECT x)`)).at(-1)).toBe(
        'tag OK searched',
      );
      expect((await client.run(`SEARCH FUZZY (${'TEXT x '.repeat(32)}SUBJECT x)`)).at(-1)).toMatch(
        /^tag NO \[LIMIT\]/,
      );
    }));

  test('the fields of parts are part of the text, and not of the body', () =>
    withClient(
      [
        [
          'Content-Type: multipart/mixed; boundary=b',
          '',
          '--b',
          'Content-Type: application/pdf; name="invoice.pdf"',
          '',
          'secret',
          '--b--',
          '',
        ].join('\r\n'),
      ],
      (client) =>
        client.play(`
        C: a SEARCH TEXT invoice
        S: * SEARCH 1
        S: a OK searched
        C: b SEARCH BODY invoice
        S: * SEARCH
        S: b OK searched
        C: c SEARCH TEXT secret
        S: * SEARCH
        S: c OK searched
      `),
    ));

  test('the text of a field is all that comes after the colon (RFC 9051 section 6.4.4), blanks at its ends as well', () =>
    withClient(['MIME-Version: 1.0 \r\n\r\nbody\r\n', 'MIME-Version:1.0\r\n\r\nbody\r\n'], (client) =>
      client.play(`
        C: a SEARCH HEADER MIME-Version " 1.0"
        S: * SEARCH 1
        S: a OK searched
        C: b SEARCH HEADER MIME-Version "0 "
        S: * SEARCH 1
        S: b OK searched
        C: c SEARCH TEXT "version: 1"
        S: * SEARCH 1
        S: c OK searched
        C: d SEARCH TEXT "version:1"
        S: * SEARCH 2
        S: d OK searched
      `),
    ));

  /** Counts what is open, and opens nothing more once it is told to stall. */
  class WatchedBlobs extends MemoryBlobStore {
    opened = 0;
    open = 0;
    most = 0;
    stalls = false;
    onStall: (() => void) | undefined;

    override async get(...args: Parameters<MemoryBlobStore['get']>): ReturnType<MemoryBlobStore['get']> {
      const body = await super.get(...args);
      if (!args[0].startsWith('blobs/')) return body;
      this.opened++;
      return this.#watched(body, args[2]?.signal);
    }

    async *#watched(
      body: AsyncIterable<Uint8Array>,
      signal: AbortSignal | undefined,
    ): AsyncIterable<Uint8Array> {
      this.most = Math.max(this.most, ++this.open);
      try {
        if (this.stalls) {
          this.onStall?.();
          await new Promise((_, reject) => {
            signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
          });
        }
        yield* body;
      } finally {
        this.open--;
      }
    }
  }

  const many = Array.from({ length: 20 }, (_, index) => subject(`number ${index}`));

  test('bodies are read once each, a few at a time', async () => {
    const blobs = new WatchedBlobs();
    await withClient(
      many,
      async (client) => {
        await client.play(`
        C: a SEARCH BODY nothing TEXT body HEADER X-Any "" OR BODY b BODY c
        S: * SEARCH
        S: a OK searched
      `);
        expect(blobs.opened).toBe(many.length);
        expect(blobs.most).toBe(4);
      },
      { blobs },
    );
  });

  test('a search ends when its client does', async () => {
    const blobs = new WatchedBlobs();
    await withClient(
      many,
      async (client) => {
        blobs.stalls = true;
        const stalled = new Promise<void>((resolve) => (blobs.onStall = resolve));
        client.send('a UID SEARCH BODY nothing\r\n');
        await stalled;
        client.reset();
        while (blobs.open > 0) await new Promise((resolve) => setImmediate(resolve));
        expect(blobs.opened).toBeLessThanOrEqual(8);
      },
      { blobs },
    );
  });

  test('a message that cannot be read fails the search, and never looks as if it did not match', async () => {
    class Failing extends MemoryBlobStore {
      fails = false;
      override get(...args: Parameters<MemoryBlobStore['get']>): ReturnType<MemoryBlobStore['get']> {
        return this.fails ? Promise.reject(new Error('the disk is on fire')) : super.get(...args);
      }
    }
    const blobs = new Failing();
    await withClient(
      many.slice(0, 2),
      async (client) => {
        blobs.fails = true;
        await client.play(`
        C: a SEARCH NOT BODY nothing
        S: a NO …
        C: b SEARCH NOT SUBJECT nothing
        S: * SEARCH 1 2
        S: b OK searched
      `);
      },
      { blobs },
    );
  });
});
