/**
 * What sessions may and may not see of one another, and the habits of clients, each by its name: `docs/CONFORMANCE.md` lists
 * them under "Quirks of clients".
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../../gateway/imap/server/limits.ts';
import { inVariants } from '../../support/conformance.ts';
import { PASSWORD, TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { NUMBERED, type Variant } from '../../support/variants.ts';

const MAIL = 'Subject: x\r\n\r\nbody\r\n';

let gateway: TestGateway;
/** Has INBOX selected, and knows of its first two messages. */
let client: ImapClient;
/** Another session of the same account, with INBOX selected. */
let other: ImapClient;

async function start(variant: Variant): Promise<void> {
  gateway = await TestGateway.start({ variant });
  await gateway.addUser();
  other = await gateway.signIn();
  for (let index = 0; index < 2; index++) await other.append('INBOX', MAIL);
  await other.run('SELECT INBOX');
  client = await gateway.signIn('INBOX');
}

inVariants((variant) => {
  beforeEach(() => start(variant));
  afterEach(() => gateway.stop());

  test('UID STORE 1:* leaves alone what came after the last untagged response', async () => {
    await other.append('INBOX', MAIL);
    await client.play(`
      C: a UID STORE 1:* +FLAGS.SILENT (\\Seen)
      S: * 3 EXISTS
      S: a OK stored
      C: b UID FETCH 1:* FLAGS
      S: * 1 FETCH (UID 1 FLAGS (\\Seen))
      S: * 2 FETCH (UID 2 FLAGS (\\Seen))
      S: * 3 FETCH (UID 3 FLAGS ())
      S: b OK fetched
    `);
  });

  test('UID EXPUNGE and UID MOVE of 1:* leave it alone as well', async () => {
    await other.append('INBOX', MAIL, '(\\Deleted)');
    expect((await client.run('UID EXPUNGE 1:*')).at(-1)).toBe('tag OK expunged');
    await other.append('INBOX', MAIL);
    await client.run('UID MOVE 1:3 Archive');
    expect(await client.run('STATUS INBOX (MESSAGES UIDNEXT)')).toContain(
      '* STATUS INBOX (MESSAGES 1 UIDNEXT 5)',
    );
  });

  test('UID FETCH n:* finds a message that another session has moved in', async () => {
    await other.append('Archive', MAIL);
    await other.run('SELECT Archive');
    await other.run('UID MOVE 1 INBOX');
    await client.play(`
      C: a NOOP
      S: * 3 EXISTS
      S: * 1 RECENT
      S: a OK done
      C: b UID FETCH 3:* RFC822.SIZE
      S: * 3 FETCH (UID 3 RFC822.SIZE 20)
      S: b OK fetched
    `);
  });

  test('COPY, MOVE, STORE, FETCH and EXPUNGE of UIDs that no longer exist are OK', async () => {
    await other.run('UID STORE 2 +FLAGS.SILENT (\\Deleted)');
    await other.run('EXPUNGE');
    for (const command of [
      'UID COPY 2 Archive',
      'UID MOVE 2,77 Archive',
      'UID STORE 2 +FLAGS (\\Seen)',
      'UID FETCH 2 FLAGS',
      'UID EXPUNGE 2',
    ])
      expect((await client.run(command)).at(-1)).toMatch(/^tag OK /);
    expect(await client.run('STATUS Archive (MESSAGES)')).toContain('* STATUS Archive (MESSAGES 0)');
  });

  test('what was expunged is told after the answer of a UID FETCH, never within it', async () => {
    await other.run('UID STORE 1 +FLAGS.SILENT (\\Deleted)');
    await other.run('EXPUNGE');
    const lines = await client.run('UID FETCH 1:2 RFC822.SIZE');
    const gone = variant === 'qresync' || variant === 'uidonly' ? '* VANISHED 1' : '* 1 EXPUNGE';
    expect(lines).toEqual([
      expect.stringMatching(/^\* 2 (UID)?FETCH .*RFC822.SIZE 20\)$/),
      gone,
      'tag OK fetched',
    ]);
  });

  test('a stray empty line before a tag, and a space at the end of a command, are let pass', async () => {
    await client.play(`
      C:
      C: a NOOP
      C:
      C:
      C: b UID FETCH 1 RFC822.SIZE${' '}
      S: a OK done
      S: * 1 FETCH (UID 1 RFC822.SIZE 20)
      S: b OK fetched
    `);
  });

  test('CHANGEDSINCE 0 brings everything', async () => {
    const lines = await client.run('UID FETCH 1:* (FLAGS) (CHANGEDSINCE 0)');
    expect(lines.filter((line) => line.includes('FETCH ('))).toHaveLength(2);
  });

  test('DONE and the next commands come in one packet', async () => {
    client.send('a IDLE\r\n');
    expect(await client.line()).toBe('+ idling');
    await client.play(`
      C: DONE
      C: b UID FETCH 1 RFC822.SIZE
      C: c NOOP
      S: a OK no longer idle
      S: * 1 FETCH (UID 1 RFC822.SIZE 20)
      S: b OK fetched
      S: c OK done
    `);
  });

  test('a UIDVALIDITY stays, whatever happens to a mailbox but its end', async () => {
    const validity = async (name: string): Promise<string> =>
      /UIDVALIDITY (\d+)/.exec((await client.run(`STATUS ${name} (UIDVALIDITY)`)).join())?.[1] ?? '';
    await other.run('CREATE Work');
    const before = await validity('Work');
    await other.run('RENAME Work Play');
    await other.run('UID COPY 1:2 Play');
    expect(await validity('Play')).toBe(before);
    await other.run('DELETE Play');
    await other.run('CREATE Play');
    expect(Number(await validity('Play'))).toBeGreaterThan(Number(before));
  });

  test('UIDs stick: UIDNOTSTICKY is never said', async () => {
    for (const command of ['SELECT Archive', 'EXAMINE INBOX', 'SELECT INBOX'])
      expect((await client.run(command)).join()).not.toContain('UIDNOTSTICKY');
    expect((await client.run('UID COPY 1 Archive')).join()).toMatch(/\[COPYUID \d+ 1 1\]/);
  });

  test('a mailbox that somebody has open can be renamed: INUSE is never said', async () => {
    await other.run('CREATE Work');
    await client.run('SELECT Work');
    expect(await other.run('RENAME Work Play')).toContainEqual(expect.stringMatching(/^tag OK/));
    expect(await client.run('NOOP')).toEqual(['tag OK done']);
    expect(await other.run('CREATE Play')).toContainEqual(expect.stringMatching(/^tag NO \[ALREADYEXISTS\]/));
  });

  test('one message goes and another comes: both are told, though there are as many as before', async () => {
    await other.run('UID STORE 1 +FLAGS.SILENT (\\Deleted)');
    await client.run('NOOP');
    await other.run('EXPUNGE');
    await other.append('INBOX', MAIL);
    await client.play(`
      C: a NOOP
      S[!qresync !uidonly]: * 1 EXPUNGE
      S[qresync uidonly]: * VANISHED 1
      S: * 2 EXISTS
      S: a OK done
    `);
  });

  test('APPENDUID and COPYUID have the UIDVALIDITY of the mailbox', async () => {
    const validity = async (name: string): Promise<string> =>
      /UIDVALIDITY ([1-9]\d*)/.exec((await client.run(`STATUS ${name} (UIDVALIDITY)`)).join())?.[1] ?? 'none';
    expect(await client.append('Archive', MAIL)).toBe(
      `tag OK [APPENDUID ${await validity('Archive')} 1] appended`,
    );
    expect((await client.run('UID COPY 1 Archive')).at(-1)).toBe(
      `tag OK [COPYUID ${await validity('Archive')} 1 2] copied`,
    );
  });

  test('what Apple Mail and Thunderbird for Android look for is announced together', async () => {
    const stranger = await gateway.connect();
    const before = await stranger.run('CAPABILITY');
    const after = await stranger.run(`LOGIN alice@example.test "${PASSWORD}"`);
    const offered = [...before, ...after].join().split(/[ ,\]]/);
    // All of the first line, or Apple Mail uses no UIDONLY; both of the second, or the other uses no SPECIAL-USE.
    for (const together of [
      'UIDONLY PARTIAL UIDBATCHES ENABLE ESEARCH',
      'SPECIAL-USE LIST-EXTENDED',
      'SASL-IR ID IDLE CONDSTORE COMPRESS=DEFLATE LIST-STATUS LITERAL+ MOVE UIDPLUS',
    ])
      expect(offered).toEqual(expect.arrayContaining(together.split(' ')));
    expect(offered).toContainEqual(expect.stringMatching(/^APPENDLIMIT=\d+$/));
  });

  test('who speaks every 24 minutes stays connected, whatever a load balancer thinks of idle flows', () => {
    expect(DEFAULT_LIMITS.idleMs).toBeGreaterThan(24 * 60_000);
    // A network load balancer closes a flow after 350 s; what TCP asks meanwhile counts.
    expect(DEFAULT_LIMITS.keepAliveMs).toBeLessThan(350_000);
  });

  test('a search for what is saved finds nothing of what came later', async () => {
    await client.run('UID SEARCH RETURN (SAVE) ALL');
    await other.append('INBOX', MAIL);
    await client.run('NOOP');
    await client.play(`
      C: a UID STORE $ +FLAGS.SILENT (\\Flagged)
      S: a OK stored
      C: b UID SEARCH RETURN (ALL) FLAGGED
      S: * ESEARCH (TAG "b") UID ALL 1:2
      S: b OK searched
    `);
  });
});

// Message numbers: UIDONLY has none.
inVariants((variant) => {
  beforeEach(() => start(variant));
  afterEach(() => gateway.stop());

  test('STORE 1:* leaves alone what came after the last untagged response', async () => {
    await other.append('INBOX', MAIL);
    await client.play(`
      C: a STORE 1:* +FLAGS.SILENT (\\Seen)
      S: * 3 EXISTS
      S: a OK stored
      C: b FETCH 3 FLAGS
      S: * 3 FETCH (FLAGS ())
      S: b OK fetched
    `);
  });

  test('message numbers do not move during FETCH, STORE and SEARCH, however they are pipelined', async () => {
    await other.run('UID STORE 1 +FLAGS.SILENT (\\Deleted)');
    await client.run('NOOP');
    await other.run('EXPUNGE');
    await client.play(`
      C: a FETCH 2 RFC822.SIZE
      C: b STORE 2 +FLAGS.SILENT (\\Seen)
      C: c SEARCH SEEN
      C: d NOOP
      S: * 2 FETCH (RFC822.SIZE 20)
      S: a OK fetched
      S: b OK stored
      S: * SEARCH 2
      S: c OK searched
      S[!qresync]: * 1 EXPUNGE
      S[qresync]: * VANISHED 1
      S: d OK done
    `);
  });

  const EXPUNGED = 'tag NO [EXPUNGEISSUED] some of the messages have been expunged';

  async function expungedByOther(): Promise<void> {
    await other.run('UID STORE 1 +FLAGS.SILENT (\\Deleted)');
    await client.run('NOOP');
    await other.run('EXPUNGE');
  }

  test.each(['COPY', 'MOVE'])(
    '%s of numbers whose messages are gone: EXPUNGEISSUED, and nothing is done',
    async (command) => {
      await expungedByOther();
      expect((await client.run(`${command} 1:2 Archive`)).at(-1)).toBe(EXPUNGED);
      expect(await client.run('STATUS Archive (MESSAGES)')).toContain('* STATUS Archive (MESSAGES 0)');
    },
  );

  test('STORE of numbers whose messages are gone: EXPUNGEISSUED, and the others are told with their new flags', async () => {
    await expungedByOther();
    const answer = await client.run('STORE 1:2 +FLAGS (\\Flagged)');
    expect(answer.at(0)).toMatch(/^\* 2 FETCH \(.*FLAGS \(\\Flagged/);
    expect(answer.at(-1)).toBe(EXPUNGED);
  });

  test('$ has lost what another session has expunged (RFC 5182 section 2.1): the others are stored, fetched and copied', async () => {
    await client.run('SEARCH RETURN (SAVE) ALL');
    await expungedByOther();
    await client.play(`
      C: a STORE $ +FLAGS.SILENT (\\Flagged)
      S: a OK stored
      C: b FETCH $ RFC822.SIZE
      S: * 2 FETCH (RFC822.SIZE 20)
      S: b OK fetched
    `);
    expect((await client.run('COPY $ Archive')).at(-1)).toMatch(/^tag OK \[COPYUID \d+ 2 1\] copied$/);
  });

  test('UID SEARCH by message numbers moves none', async () => {
    await other.run('UID STORE 1 +FLAGS.SILENT (\\Deleted)');
    await client.run('NOOP');
    await other.run('EXPUNGE');
    expect((await client.run('UID SEARCH 2')).join()).not.toMatch(/EXPUNGE|VANISHED/);
    expect((await client.run('UID SEARCH UID 2')).join()).toMatch(/EXPUNGE|VANISHED/);
  });
}, NUMBERED);
