/** COPY, MOVE and REPLACE between accounts. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { MAX_ACROSS_MESSAGES } from '../../../gateway/imap/commands/copy-across.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';
import { inVariants } from '../../support/conformance.ts';
import { COSTLY, inVariant, type Variant } from '../../support/variants.ts';

const BOB = 'bob@example.test';
const ALICES = '#user/alice@example.test';
const mail = (subject: string): string => `From: a@b\r\nSubject: ${subject}\r\n\r\nbody of ${subject}\r\n`;

let gateway: TestGateway;
let blobs: MemoryBlobStore;
let journal: MemoryJournalStore;
let alice: ImapClient;
let bob: ImapClient;
let accounts: { readonly alice: AccountId; readonly bob: AccountId };

async function start(variant: Variant): Promise<void> {
  blobs = new MemoryBlobStore();
  journal = new MemoryJournalStore();
  gateway = await TestGateway.start({ blobs, journal, variant });
  accounts = { alice: await gateway.addUser(), bob: await gateway.addUser(BOB) };
  alice = await gateway.signIn('INBOX');
  bob = await gateway.signIn('INBOX', BOB);
  await alice.run(`SETACL INBOX ${BOB} lrswite`);
}

const subjects = async (client: ImapClient): Promise<string[]> => {
  const lines = await client.run('FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
  return lines.flatMap((line) => /^Subject: (.*)$/.exec(line)?.[1] ?? []);
};
const keysOf = (account: AccountId): string[] => blobs.messages.filter((key) => key.includes(account));

inVariants((variant) => {
  beforeEach(() => start(variant));
  afterEach(() => gateway.stop());

  const told = (line: string): string => inVariant(line, variant);
  /** What tells that messages have left: their numbers, one after the other, or their UIDs. */
  const gone = (uids: string, ...numbers: readonly number[]): string[] =>
    variant === 'qresync' || variant === 'uidonly'
      ? [`* VANISHED ${uids}`]
      : numbers.map((number) => `* ${number} EXPUNGE`);

  describe('from one\u2019s own account into another\u2019s', () => {
    beforeEach(async () => {
      for (const [subject, flags] of [
        ['one', '(\\Seen \\Flagged)'],
        ['two', '(work)'],
        ['three', ''],
      ] as const)
        expect(
          await bob.append('INBOX', mail(subject), `${flags} " 1-Feb-2024 12:34:56 +0100"`.trimStart()),
        ).toMatch(/^tag OK/);
      await bob.run('NOOP');
    });

    test('COPY: the messages are there, under the target\u2019s own keys, with date and flags', async () => {
      const before = keysOf(accounts.alice).length;
      expect((await bob.run(`COPY 1:2 ${ALICES}/INBOX`)).at(-1)).toMatch(
        /^tag OK \[COPYUID \d+ 1:2 1:2\] copied/,
      );
      expect(keysOf(accounts.alice).length).toBe(before + 2);
      expect(keysOf(accounts.bob).length).toBe(3);
      await alice.run('NOOP');
      expect(await subjects(alice)).toEqual(['one', 'two']);
      expect(await alice.run('FETCH 1:2 (FLAGS INTERNALDATE)')).toEqual([
        told('* 1 FETCH (FLAGS (\\Flagged \\Recent) INTERNALDATE " 1-Feb-2024 12:34:56 +0100")'),
        told('* 2 FETCH (FLAGS (\\Recent work) INTERNALDATE " 1-Feb-2024 12:34:56 +0100")'),
        'tag OK fetched',
      ]);
      // \Seen is the one's who copied it.
      await bob.run(`SELECT ${ALICES}/INBOX`);
      expect((await bob.run('FETCH 1 (FLAGS)'))[0]).toBe(told('* 1 FETCH (FLAGS (\\Flagged \\Seen))'));
    });

    test('MOVE: what is there is gone here', async () => {
      const answers = await bob.run(`MOVE 1,3 ${ALICES}/INBOX`);
      expect(answers[0]).toMatch(/^\* OK \[COPYUID \d+ 1,3 1:2\] moved/);
      expect(answers.slice(1)).toEqual([...gone('1,3', 1, 2), 'tag OK moved']);
      expect(await subjects(bob)).toEqual(['two']);
      await alice.run('NOOP');
      expect(await subjects(alice)).toEqual(['one', 'three']);
    });

    test('needs "i" there; where the mailbox is not, it is not told to be created', async () => {
      await alice.run(`SETACL INBOX ${BOB} lr`);
      expect((await bob.run(`COPY 1 ${ALICES}/INBOX`)).at(-1)).toMatch(/^tag NO \[NOPERM\]/);
      expect((await bob.run(`COPY 1 ${ALICES}/Nowhere`)).at(-1)).toMatch(/^tag NO \[NONEXISTENT\]/);
      expect(keysOf(accounts.alice)).toEqual([]);
    });

    test('over the owner\u2019s quota nothing is stored', async () => {
      const login = gateway.logins.get('alice@example.test');
      if (!login) throw new Error('alice is a user');
      gateway.logins.set('alice@example.test', { ...login, limits: { ...login.limits, quotaMessages: 2 } });
      expect((await bob.run(`COPY 1:3 ${ALICES}/INBOX`)).at(-1)).toMatch(/^tag NO \[OVERQUOTA\]/);
      expect(keysOf(accounts.alice)).toEqual([]);
    });

    test('a COPY that cannot read a message copies none of them, and leaves nothing behind', async () => {
      const [first = ''] = keysOf(accounts.bob);
      blobs.objects.delete(first);
      expect((await bob.run(`COPY 1:3 ${ALICES}/INBOX`)).at(-1)).toMatch(/^tag NO /);
      await alice.run('NOOP');
      expect(await subjects(alice)).toEqual([]);
      expect(keysOf(accounts.alice)).toEqual([]);
      expect(await subjects(bob)).toHaveLength(3);
    });
  });

  describe('from another\u2019s account into one\u2019s own', () => {
    beforeEach(async () => {
      for (const subject of ['one', 'two']) await alice.append('INBOX', mail(subject), '(\\Flagged)');
      await bob.run(`SELECT ${ALICES}/INBOX`);
      await bob.run('STORE 2 +FLAGS (\\Seen)');
    });

    test('COPY: \\Seen is as the reader had it', async () => {
      expect((await bob.run('COPY 1:2 Archive')).at(-1)).toMatch(/^tag OK \[COPYUID/);
      await bob.run('SELECT Archive');
      expect(await bob.run('FETCH 1:2 (FLAGS)')).toEqual([
        told('* 1 FETCH (FLAGS (\\Flagged \\Recent))'),
        told('* 2 FETCH (FLAGS (\\Flagged \\Seen \\Recent))'),
        'tag OK fetched',
      ]);
      expect(await subjects(bob)).toEqual(['one', 'two']);
    });

    test('MOVE takes them from their owner, for whom it may', async () => {
      await alice.run(`SETACL INBOX ${BOB} lrs`);
      expect((await bob.run('MOVE 1 Archive')).at(-1)).toMatch(/^tag NO \[NOPERM\]/);
      expect(keysOf(accounts.bob)).toEqual([]);
      await alice.run(`SETACL INBOX ${BOB} lrste`);
      const answers = await bob.run('MOVE 1 Archive');
      expect(answers).toEqual(expect.arrayContaining(gone('1', 1)));
      await alice.run('NOOP');
      expect(await subjects(alice)).toEqual(['two']);
    });

    test('MOVE of what may not leave any more when it has been stored: it is in no other place', async () => {
      const put = journal.put.bind(journal);
      const stored = jest.spyOn(journal, 'put').mockImplementation(async (...args) => {
        const outcome = await put(...args);
        if (args[0] === accounts.bob) {
          stored.mockRestore();
          await alice.run(`SETACL INBOX ${BOB} lrs`);
        }
        return outcome;
      });
      const answers = await bob.run('UID MOVE 1:2 Archive');
      expect(answers.at(-1)).toMatch(/^tag NO \[NOPERM\]/);
      expect(answers.join('\n')).not.toContain('COPYUID');
      expect(await bob.run('STATUS Archive (MESSAGES)')).toContain('* STATUS Archive (MESSAGES 0)');
      await alice.run('NOOP');
      expect(await subjects(alice)).toEqual(['one', 'two']);
    });

    const REPLACEMENT = `{${mail('new').length}+}\r\n${mail('new')}`;
    const meanwhile = (command: string): void => {
      const put = journal.put.bind(journal);
      // Between the record of the new message and that of the old one.
      const stored = jest.spyOn(journal, 'put').mockImplementation(async (...args) => {
        const answer = await put(...args);
        if (args[0] === accounts.bob) {
          stored.mockRestore();
          await alice.run(command);
        }
        return answer;
      });
    };

    test('REPLACE: the new one is there, the old one is gone here', async () => {
      const answers = await bob.run(`UID REPLACE 1 Archive (\\Flagged) ${REPLACEMENT}`);
      expect(answers.at(-1)).toMatch(/^tag OK (\[HIGHESTMODSEQ \d+\] )?replaced/);
      expect(answers[0]).toMatch(/^\* OK \[APPENDUID \d+ 1\]/);
      expect(answers).toEqual(expect.arrayContaining(gone('1', 1)));
      await alice.run('NOOP');
      expect(await subjects(alice)).toEqual(['two']);
      await bob.run('SELECT Archive');
      expect(await subjects(bob)).toEqual(['new']);
      expect(keysOf(accounts.bob)).toHaveLength(1);
    });

    test('REPLACE of what may not be taken out adds nothing, nor does one whose message goes meanwhile', async () => {
      meanwhile(`SETACL INBOX ${BOB} lrs`);
      const refused = await bob.run(`UID REPLACE 1 Archive ${REPLACEMENT}`);
      expect(refused.at(-1)).toMatch(/^tag NO \[NOPERM\]/);
      expect(refused.join('\n')).not.toContain('APPENDUID');
      expect((await bob.run(`UID REPLACE 1 Archive ${REPLACEMENT}`)).at(-1)).toMatch(/^tag NO \[NOPERM\]/);
      await alice.run(`SETACL INBOX ${BOB} lrswite`);
      await alice.run('UID STORE 2 +FLAGS.SILENT (\\Deleted)');
      meanwhile('EXPUNGE');
      const late = await bob.run(`UID REPLACE 2 Archive ${REPLACEMENT}`);
      expect(late.at(-1)).toMatch(/^tag NO \[EXPUNGEISSUED\]/);
      expect(await bob.run('STATUS Archive (MESSAGES)')).toContain('* STATUS Archive (MESSAGES 0)');
      expect(await subjects(alice)).toEqual(['one']);
    });

    test('a UID that is gone is passed over', async () => {
      await alice.run('STORE 1 +FLAGS (\\Deleted)');
      await alice.run('EXPUNGE');
      expect((await bob.run('UID COPY 1:2 Archive')).at(-1)).toMatch(/^tag OK \[COPYUID \d+ 2 1\]/);
    });
  });
});

inVariants((variant) => {
  beforeEach(() => start(variant));
  afterEach(() => gateway.stop());

  test('more than a command takes is refused before anything is read', async () => {
    const messages = Array.from({ length: 50 }, (_, index) => mail(String(index)));
    for (let count = 0; count <= MAX_ACROSS_MESSAGES; count += messages.length) {
      const literals = messages.map((text) => `{${text.length}+}\r\n${text}`).join(' ');
      expect((await bob.run(`APPEND INBOX ${literals}`)).at(-1)).toMatch(/^tag OK/);
    }
    await bob.run('NOOP');
    expect((await bob.run(`COPY 1:* ${ALICES}/INBOX`)).at(-1)).toMatch(/^tag NO \[LIMIT\]/);
    expect(keysOf(accounts.alice)).toEqual([]);
    expect((await bob.run(`COPY 1:250 ${ALICES}/INBOX`)).at(-1)).toMatch(
      /^tag OK \[COPYUID \d+ 1:250 1:250\]/,
    );
    expect(keysOf(accounts.alice)).toHaveLength(250);
  });

  test('a COPY of several batches that fails in a later one takes back what was there already', async () => {
    for (let count = 0; count < 150; count += 50) {
      const literals = Array.from({ length: 50 }, (_, index) => mail(String(count + index)));
      await bob.run(`APPEND INBOX ${literals.map((text) => `{${text.length}+}\r\n${text}`).join(' ')}`);
    }
    await bob.run('NOOP');
    const last = keysOf(accounts.bob).at(-1) ?? '';
    blobs.objects.delete(last);
    expect((await bob.run(`COPY 1:150 ${ALICES}/INBOX`)).at(-1)).toMatch(/^tag NO /);
    expect(await alice.run('STATUS INBOX (MESSAGES)')).toContain('* STATUS INBOX (MESSAGES 0)');
    // A MOVE keeps what it has done, and says so.
    const answers = await bob.run(`MOVE 1:150 ${ALICES}/INBOX`);
    expect(answers).toContainEqual(
      expect.stringMatching(/^\* OK \[COPYUID \d+ 1:100 \d+:\d+\] moved so far/),
    );
    expect(answers.at(-1)).toMatch(/^tag NO /);
    expect(await alice.run('STATUS INBOX (MESSAGES)')).toContain('* STATUS INBOX (MESSAGES 100)');
    expect(await bob.run('STATUS INBOX (MESSAGES)')).toContain('* STATUS INBOX (MESSAGES 50)');
  });
}, COSTLY);
