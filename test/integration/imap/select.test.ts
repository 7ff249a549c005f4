import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import { inVariant } from '../../support/variants.ts';
import { whileLoading } from '../../support/under-way.ts';

let gateway: TestGateway;
inVariants((variant) => {
  beforeEach(async () => {
    gateway = await TestGateway.start({ variant });
    await gateway.addUser();
  });
  afterEach(() => gateway.stop());

  const MAIL = 'Subject: x\r\n\r\nbody\r\n';

  test('a mailbox that is not there: NO, and nothing is selected any more', async () => {
    const client = await gateway.signIn('INBOX');
    await client.play(`
    C: a SELECT Nowhere
    S: * OK [CLOSED] the mailbox before is closed
    S: a NO [NONEXISTENT] there is no mailbox with that name
    C: b FETCH 1 FLAGS
    S: b BAD select a mailbox before …FETCH
    C: c CLOSE
    S: c BAD select a mailbox before CLOSE
  `);
  });

  test('the mailbox that has the name when it is opened, even if another session renames it before its messages are read', async () => {
    const client = await gateway.signIn();
    const other = await gateway.signIn();
    await client.append('Junk', MAIL);
    whileLoading(gateway, async () => {
      await other.run('RENAME Junk Waste');
      await other.run('CREATE Junk');
    });
    expect(await client.run('SELECT Junk')).toContain('* 0 EXISTS');
    whileLoading(gateway, async () => {
      await other.run('RENAME Waste Rubbish');
    });
    expect((await client.run('SELECT Waste')).at(-1)).toMatch(/^tag NO \[NONEXISTENT\]/);
  });

  test('EXAMINE lets nothing be changed', async () => {
    const client = await gateway.signIn();
    await client.append('INBOX', MAIL, '(\\Deleted)');
    await client.run('EXAMINE INBOX');
    for (const command of [
      'EXPUNGE',
      'UID EXPUNGE 1',
      'STORE 1 -FLAGS (\\Deleted)',
      'MOVE 1 Trash',
      'UID MOVE 1 Trash',
    ])
      expect(await client.run(command)).toEqual([
        'tag NO [CANNOT] the mailbox is open for reading only: SELECT it',
      ]);
    expect(await client.run('COPY 1 Trash')).toEqual([expect.stringMatching(/^tag OK \[COPYUID/)]);
  });

  test('CLOSE expunges in silence, UNSELECT and EXAMINE do not', async () => {
    const client = await gateway.signIn();
    for (let index = 0; index < 3; index++) await client.append('INBOX', MAIL, '(\\Deleted)');
    await client.play(`
    C: a EXAMINE INBOX
    S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
    S: * OK [PERMANENTFLAGS ()] read-only
    S: * 3 EXISTS
    S: * 3 RECENT
    S[!uidonly]: * OK [UNSEEN 1] first unseen message
    S: * OK [UIDVALIDITY …] UIDs are valid
    S: * OK [UIDNEXT 4] next UID
    S: * OK [HIGHESTMODSEQ …] highest mod-sequence
    S: a OK [READ-ONLY] examined
    C: b CLOSE
    S: b OK closed
  `);
    expect(await client.run('SELECT INBOX')).toContain('* 3 EXISTS');
    expect(await client.run('UNSELECT')).toEqual(['tag OK unselected']);
    expect(await client.run('SELECT INBOX')).toContain('* 3 EXISTS');
    expect(await client.run('CLOSE')).toEqual(['tag OK closed']);
    expect(await client.run('SELECT INBOX')).toContain('* 0 EXISTS');
  });

  describe('\\Recent', () => {
    test('is for the first session that selects, and for no other', async () => {
      const one = await gateway.signIn();
      await one.append('INBOX', MAIL);
      expect(await one.run('SELECT INBOX')).toContain('* 1 RECENT');
      const two = await gateway.signIn();
      expect(await two.run('SELECT INBOX')).toContain('* 0 RECENT');
      expect(await one.run('SEARCH RECENT')).toContain('* SEARCH 1');
      expect(await two.run('SEARCH RECENT')).toContain('* SEARCH');
      expect(await one.run('SELECT INBOX')).toContain('* 0 RECENT');
    });

    test('is carried by the next commit, so that another gateway knows', async () => {
      const one = await gateway.signIn();
      await one.append('INBOX', MAIL);
      await one.run('SELECT INBOX');
      const [login] = gateway.logins.values();
      const other = await TestGateway.start({ journal: gateway.journal, blobs: gateway.blobs, variant });
      await other.admit('alice@example.test', login?.account ?? ('' as never));
      const before = await other.signIn();
      expect(await before.run('EXAMINE INBOX')).toContain('* 1 RECENT');
      await one.run('STORE 1 +FLAGS (\\Seen)');
      const after = await other.signIn();
      expect(await after.run('EXAMINE INBOX')).toContain('* 0 RECENT');
      await other.stop();
    });
  });

  test('a mailbox that another session deletes: BYE, for there is nothing left to speak of', async () => {
    const one = await gateway.signIn();
    await one.run('CREATE Doomed');
    await one.append('Doomed', MAIL);
    const two = await gateway.signIn('Doomed');
    const three = await gateway.signIn('Doomed');
    three.send('i IDLE\r\n');
    expect(await three.line()).toBe('+ idling');
    expect(await one.run('DELETE Doomed')).toEqual([expect.stringMatching(/^tag OK/)]);
    await three.play(`
    S: * BYE the selected mailbox was deleted
    S: (end)
  `);
    await two.play(`
    C: a STORE 1 +FLAGS (\\Seen)
    S: * BYE the selected mailbox was deleted
    S: (end)
  `);
  });

  test('two gateways: what one does, the other sees at its next NOOP', async () => {
    const [login] = gateway.logins.values();
    const other = await TestGateway.start({ journal: gateway.journal, blobs: gateway.blobs, variant });
    await other.admit('alice@example.test', login?.account ?? ('' as never));
    const here = await gateway.signIn('INBOX');
    const there = await other.signIn('INBOX');
    for (let index = 0; index < 3; index++) await here.append('INBOX', MAIL);
    expect(await there.run('NOOP')).toEqual(['* 3 EXISTS', expect.stringContaining('RECENT'), 'tag OK done']);
    await there.run('STORE 2 +FLAGS.SILENT (\\Deleted)');
    // Decided on an old state, refused by the journal, decided again.
    expect(await here.run('STORE 3 +FLAGS.SILENT (\\Deleted)')).toContain('tag OK stored');
    const gone =
      variant === 'qresync' || variant === 'uidonly' ? ['* VANISHED 2:3'] : ['* 2 EXPUNGE', '* 2 EXPUNGE'];
    expect(await here.run('EXPUNGE')).toEqual([...gone, 'tag OK expunged']);
    expect(await there.run('UID COPY 2 Archive')).toEqual([...gone, expect.stringMatching(/^tag OK/)]);
    await other.stop();
  });

  test('a session that rests is told of arrivals without its messages being loaded', async () => {
    const small = await TestGateway.start({
      budgetBytes: 0,
      journal: gateway.journal,
      blobs: gateway.blobs,
      variant,
    });
    const [login] = gateway.logins.values();
    await small.admit('alice@example.test', login?.account ?? ('' as never));
    const client = await small.signIn('INBOX');
    client.send('a IDLE\r\n');
    expect(await client.line()).toBe('+ idling');
    const writer = await small.signIn();
    await writer.append('INBOX', MAIL);
    await client.play(`
    S: * 1 EXISTS
    S: * 1 RECENT
  `);
    const { replica } = small.cache.acquire(login?.account ?? ('' as never));
    expect([...(replica.current?.mailboxes.values() ?? [])].map(({ columns }) => columns)).toEqual(
      Array(replica.current?.mailboxes.size).fill(undefined),
    );
    // Flags are more than counters tell: now they are loaded.
    await writer.run('SELECT INBOX');
    await writer.run('STORE 1 +FLAGS (\\Flagged)');
    await client.play(`
    S: * 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent))
    C: DONE
    C: b FETCH 1 (UID FLAGS)
    S: a OK no longer idle
    S: * 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent))
    S: b OK fetched
  `);
    const elsewhere = await gateway.signIn('INBOX');
    await elsewhere.run('STORE 1 FLAGS.SILENT (\\Seen)');
    expect(await client.run('NOOP')).toEqual([
      inVariant('* 1 FETCH (UID 1 FLAGS (\\Seen \\Recent))', variant),
      'tag OK done',
    ]);
    await elsewhere.run('STORE 1 FLAGS.SILENT (\\Deleted)');
    await elsewhere.run('EXPUNGE');
    await elsewhere.append('INBOX', MAIL);
    const gone = variant === 'qresync' || variant === 'uidonly' ? '* VANISHED 1' : '* 1 EXPUNGE';
    expect(await client.run('NOOP')).toEqual([gone, '* 1 EXISTS', '* 1 RECENT', 'tag OK done']);
    await small.stop();
  });
});
