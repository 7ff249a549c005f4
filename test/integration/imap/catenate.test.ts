/** Corners of CATENATE (RFC 4469), REPLACE (RFC 8508) and of literals with NUL (RFC 3516). */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { plainMessages } from '../../support/plain-messages.ts';
import { inVariant } from '../../support/variants.ts';

let gateway: TestGateway;
let blobs: MemoryBlobStore;
inVariants((variant) => {
  beforeEach(async () => {
    blobs = new MemoryBlobStore();
    gateway = await TestGateway.start({ blobs, limits: { messageBytes: 300_000 }, variant });
    await gateway.addUser();
  });
  afterEach(async () => {
    await gateway.stop();
    expect(gateway.errors).toEqual([]);
  });

  /** An object for each message, and nothing beside them. */
  const kept = (): number => blobs.messages.length;

  async function refused(client: ImapClient, command: string): Promise<string> {
    const answer = (await client.run(command)).at(-1) ?? '';
    expect((await client.run('NOOP')).at(-1)).toBe('tag OK done');
    return answer;
  }

  describe('CATENATE', () => {
    test('text that does not fit in memory is streamed, and what was kept for it is taken away', async () => {
      const client = await gateway.signIn('INBOX');
      const text = `Subject: long\r\n\r\n${'0123456789abcde\n'.repeat(6_000)}`;
      const more = 'x'.repeat(70_000);
      const literal = (part: string): string => `TEXT {${part.length}+}\r\n${part}`;
      const command = `APPEND INBOX CATENATE (${literal(text)} ${literal('short')} ${literal(more)})`;
      expect((await client.run(command)).at(-1)).toMatch(/^tag OK \[APPENDUID \d+ 1\]/);
      expect(kept()).toBe(1);
      const stored = await plainMessages(blobs, gateway.messages);
      expect(stored.map((bytes) => bytes.toString('latin1'))).toEqual([`${text}short${more}`]);
    });

    test('URLs that lead nowhere: BADURL with the first of them, and nothing is kept or seen', async () => {
      const client = await gateway.signIn();
      await client.append('Drafts', 'Subject: one\r\n\r\nbody\r\n');
      await client.append('Drafts', 'Subject: gone\r\n\r\n', '(\\Deleted)');
      await client.run('SELECT Drafts');
      await client.run('EXPUNGE');
      for (const url of [
        'imap://example.test/Drafts/;UID=1',
        '/Nowhere/;UID=1',
        '/Drafts/;UID=2',
        '/Drafts/;UID=3',
        '/Drafts;UIDVALIDITY=1/;UID=1',
        '/Drafts/;UID=1/;SECTION=2',
        '/Drafts/;UID=1/;SECTION=1.HEADER',
        '/Drafts',
      ])
        expect(await refused(client, `APPEND INBOX CATENATE (URL /Drafts/;UID=1 URL ${url} URL /x)`)).toMatch(
          new RegExp(`^tag NO \\[BADURL ${url.replaceAll(/[.?]/g, '\\$&')}\\] a URL cannot be used: `),
        );
      expect(await refused(client, 'APPEND INBOX CATENATE (URL "/Drafts/ ]/;UID=1")')).toMatch(
        /^tag NO \[BADURL \/Drafts\/%20%5D\/;UID=1\]/,
      );
      expect(await client.run('UID FETCH 1 FLAGS')).toContain(
        inVariant('* 1 FETCH (UID 1 FLAGS (\\Recent))', variant),
      );
      expect(await client.run('STATUS INBOX (MESSAGES)')).toContain('* STATUS INBOX (MESSAGES 0)');
    });

    test('relative to the selected mailbox, and to none', async () => {
      const client = await gateway.signIn();
      await client.run('CREATE a/b');
      await client.append('a/b', 'Subject: one\r\n\r\n');
      expect(await refused(client, 'APPEND INBOX CATENATE (URL ";UID=1")')).toContain('none is selected');
      await client.run('SELECT a/b');
      for (const url of [';UID=1', 'b/;UID=1', '/a/b/;UID=1'])
        expect((await client.run(`APPEND INBOX CATENATE (URL "${url}")`)).at(-1)).toMatch(/^tag OK/);
    });

    test('what is too large, empty, or beyond the quota', async () => {
      await gateway.addUser('small@example.test', { quotaBytes: 200_000 });
      const client = await gateway.signIn('INBOX', 'small@example.test');
      await client.append('INBOX', `Subject: x\r\n\r\n${'x'.repeat(99_000)}`);
      const url = 'URL /INBOX/;UID=1';
      expect(await refused(client, `APPEND INBOX CATENATE (${url} ${url})`)).toMatch(/^tag NO \[OVERQUOTA\]/);
      expect(await refused(client, `APPEND INBOX CATENATE (${url} ${url} ${url} ${url})`)).toMatch(
        /^tag NO \[TOOBIG\]/,
      );
      expect(await refused(client, 'APPEND INBOX CATENATE (TEXT {0+}\r\n)')).toBe(
        'tag NO an empty message cannot be appended',
      );
      await client.play(`
      C: a APPEND INBOX CATENATE (TEXT {250000+}
      C: ${'x'.repeat(250_000)} TEXT {250000}
      S: a NO [OVERQUOTA] …
      C: b APPEND Nowhere CATENATE (TEXT {3}
      S: b NO [TRYCREATE] …
    `);
    });

    test('NUL in text that is no literal8', async () => {
      const client = await gateway.signIn('INBOX');
      expect(await refused(client, 'APPEND INBOX CATENATE (TEXT {3+}\r\na\0b)')).toMatch(/^tag BAD .*NUL/);
      const long = `a\0${'x'.repeat(80_000)}`;
      expect(await refused(client, `APPEND INBOX CATENATE (TEXT {${long.length}+}\r\n${long})`)).toMatch(
        /^tag BAD .*NUL/,
      );
      expect((await client.run('APPEND INBOX CATENATE (TEXT ~{7+}\r\nA: b\r\n\0)')).at(-1)).toMatch(
        /UNKNOWN-CTE/,
      );
      expect((await client.run('APPEND INBOX CATENATE (TEXT ~{9+}\r\nA: b\r\n\r\n\0)')).at(-1)).toMatch(
        /^tag OK/,
      );
      const told = await client.run('UID FETCH 1 BODY.PEEK[TEXT]');
      expect(told.slice(-3)).toEqual([
        inVariant('* 1 FETCH (UID 1 BODY[TEXT] {4}', variant),
        'AA==)',
        'tag OK fetched',
      ]);
    });
  });

  describe('a literal8 with NUL', () => {
    test('where no part can be encoded: UNKNOWN-CTE, and nothing is kept', async () => {
      const client = await gateway.signIn('INBOX');
      for (const message of [
        'Subject: \0\r\n\r\nbody',
        'Content-Transfer-Encoding: base64\r\n\r\nAA\0==',
        'Content-Transfer-Encoding: x-own\r\n\r\n\0',
      ])
        expect(await refused(client, `APPEND INBOX ~{${message.length}+}\r\n${message}`)).toBe(
          'tag NO [UNKNOWN-CTE] NUL can be kept only in parts that have no transfer encoding yet',
        );
      expect(kept()).toBe(0);
    });

    test('without NUL it is kept as it came', async () => {
      const client = await gateway.signIn('INBOX');
      const message = 'Content-Transfer-Encoding: binary\r\n\r\n\xff\x01\n\r';
      expect((await client.run(`APPEND INBOX ~{${message.length}+}\r\n${message}`)).at(-1)).toMatch(
        /^tag OK/,
      );
      const [stored] = await plainMessages(blobs, gateway.messages);
      expect(stored?.toString('latin1')).toBe(message);
    });
  });

  describe('REPLACE', () => {
    test('by message number, into another mailbox, made of the message that it replaces', async () => {
      const client = await gateway.signIn();
      await client.append('Drafts', 'Subject: one\r\n\r\nbody\r\n', '(\\Flagged)');
      await client.run('SELECT Drafts');
      await client.play(
        `
      C: a REPLACE 1 Sent (\\Seen) CATENATE (TEXT {15+}
      C: To: b@c.test
      C: X URL /Drafts/;UID=1)
      S: * OK [APPENDUID … 1] the replacement is stored
      S: * 0 EXISTS
      S: a OK replaced
    `.replace(
          'S: * 0 EXISTS',
          variant === 'qresync' || variant === 'uidonly' ? 'S: * VANISHED 1' : 'S: * 1 EXPUNGE',
        ),
      );
      await client.run('SELECT Sent');
      await client.play(`
      C: b UID FETCH 1 (FLAGS BODY.PEEK[HEADER.FIELDS (TO)])
      S: * 1 FETCH (UID 1 FLAGS (\\Seen \\Recent) BODY[HEADER.FIELDS (TO)] {16}
      S: To: b@c.test
      S:
      S: )
      S: b OK fetched
    `);
    });

    test('counts only what it adds', async () => {
      await gateway.addUser('small@example.test', { quotaBytes: 1000, quotaMessages: 1 });
      const client = await gateway.signIn(undefined, 'small@example.test');
      const message = `Subject: x\r\n\r\n${'x'.repeat(800)}`;
      await client.append('Drafts', message);
      await client.run('SELECT Drafts');
      expect(await client.append('Drafts', message)).toMatch(/^tag NO \[OVERQUOTA\]/);
      const replacement = `Subject: x\r\n\r\n${'y'.repeat(900)}`;
      const answer = await client.run(`UID REPLACE 1 Drafts {${replacement.length}+}\r\n${replacement}`);
      expect(answer.at(-1)).toBe('tag OK replaced');
    });

    test('is refused before the message is sent', async () => {
      const client = await gateway.signIn();
      await client.append('Drafts', 'Subject: one\r\n\r\n');
      await client.play(`
      C: a REPLACE 1 Drafts {10}
      S: a BAD select a mailbox before …REPLACE
    `);
      await client.run('EXAMINE Drafts');
      await client.play(`
      C: b REPLACE 1 Drafts {10}
      S: b NO [CANNOT] …
    `);
      await client.run('SELECT Drafts');
      await client.play(`
      C: c REPLACE 1 Nowhere {10}
      S: c NO [TRYCREATE] …
      C[!uidonly]: d REPLACE 2 Drafts {10}
      S[!uidonly]: d BAD …
      C: e UID REPLACE 2 Drafts {10}
      S: e NO [NONEXISTENT] there is no message with that UID
      C: f REPLACE 1:2 Drafts {10}
      S: f BAD …
    `);
      expect(await client.run('FETCH 1 UID')).toEqual([
        inVariant('* 1 FETCH (UID 1)', variant),
        'tag OK fetched',
      ]);
    });

    test('of a message that another session has expunged: EXPUNGEISSUED, and nothing is added', async () => {
      const client = await gateway.signIn();
      await client.append('Drafts', 'Subject: one\r\n\r\n', '(\\Deleted)');
      await client.run('SELECT Drafts');
      const other = await gateway.signIn('Drafts');
      await other.run('EXPUNGE');
      const lines = await client.run('REPLACE 1 Drafts {11+}\r\nSubject: x\n');
      expect(lines.at(-1)).toMatch(/^tag NO \[EXPUNGEISSUED\]/);
      expect(await client.run('STATUS Drafts (MESSAGES)')).toContain('* STATUS Drafts (MESSAGES 0)');
    });
  });

  describe('mailboxes of other users (RFC 4314 §4)', () => {
    const WORK = '#user/alice@example.test/Work';
    const URL = '/%23user/alice@example.test/Work/;UID=1';

    test('a URL needs the right to read, REPLACE those to delete and to insert', async () => {
      await gateway.addUser('bob@example.test');
      const alice = await gateway.signIn();
      await alice.run('CREATE Work');
      await alice.append('Work', 'Subject: shared\r\n\r\n');
      const bob = await gateway.signIn(undefined, 'bob@example.test');
      expect(await refused(bob, `APPEND INBOX CATENATE (URL "${URL}")`)).toMatch(/^tag NO \[BADURL/);
      await alice.run('SETACL Work bob@example.test l');
      expect(await refused(bob, `APPEND INBOX CATENATE (URL "${URL}")`)).toMatch(/^tag NO \[BADURL/);
      await alice.run('SETACL Work bob@example.test lr');
      expect((await bob.run(`APPEND INBOX CATENATE (URL "${URL}")`)).at(-1)).toMatch(/^tag OK/);
      await bob.run(`SELECT "${WORK}"`);
      const replace = (mailbox: string): Promise<string> =>
        refused(bob, `UID REPLACE 1 "${mailbox}" {14+}\r\nSubject: y\r\n\r\n`);
      expect(await replace(WORK)).toMatch(/^tag NO \[(NOPERM|CANNOT)\]/);
      await alice.run('SETACL Work bob@example.test lrswi');
      await bob.run(`SELECT "${WORK}"`);
      expect(await replace(WORK)).toMatch(/^tag NO \[NOPERM\]/);
      await alice.run('SETACL Work bob@example.test lrswite');
      expect(await replace(WORK)).toBe('tag OK replaced');
      await alice.run('SELECT Work');
      const told = await alice.run('UID FETCH 2 BODY.PEEK[HEADER.FIELDS (SUBJECT)]');
      expect(told.join('\n')).toContain('Subject: y');
    });
  });
});
