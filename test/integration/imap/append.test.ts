import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { OutcomeUnknownError } from '../../../shared/account/journal-store.ts';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';

let gateway: TestGateway;
let journal: MemoryJournalStore;
let blobs: MemoryBlobStore;
inVariants((variant) => {
  beforeEach(async () => {
    journal = new MemoryJournalStore();
    blobs = new MemoryBlobStore();
    gateway = await TestGateway.start({ journal, blobs, variant });
    await gateway.addUser();
  });
  afterEach(() => gateway.stop());

  test('what is appended is there, byte for byte', async () => {
    const client = await gateway.signIn();
    await client.play(`
    C: a APPEND INBOX (\\Flagged $Todo) " 1-Feb-2024 12:34:56 +0100" {27}
    S: + go ahead
    C: Subject: one
    C:
    C: One body.
    C:
    S: a OK [APPENDUID … 1] appended
    C: b SELECT INBOX
    S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Todo)
    S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Todo \\*)] flags are kept
    S: * 1 EXISTS
    S: * 1 RECENT
    S[!uidonly]: * OK [UNSEEN 1] first unseen message
    S: * OK [UIDVALIDITY …] UIDs are valid
    S: * OK [UIDNEXT 2] next UID
    S: * OK [HIGHESTMODSEQ …] highest mod-sequence
    S: b OK [READ-WRITE] selected
    C: c UID FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])
    S: * 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent $Todo) INTERNALDATE " 1-Feb-2024 12:34:56 +0100" RFC822.SIZE 27 BODY[] {27}
    S: Subject: one
    S:
    S: One body.
    S: )
    S: c OK fetched
    C: d LOGOUT
    S: * BYE goodbye
    S: d OK logged out
    S: (end)
  `);
    expect(gateway.errors).toEqual([]);
  });

  describe('an APPEND is refused before its message is sent', () => {
    test.each([
      [
        'to a mailbox that is not there',
        'Nowhere {100}',
        'NO [TRYCREATE] there is no mailbox with that name',
      ],
      // RFC 9051 §6.3.12: TRYCREATE, unless it is certain that the mailbox cannot be created.
      ['to no name', '"" {100}', 'NO [NONEXISTENT] there is no mailbox with that name'],
      ['to a name that cannot be', 'a//b {100}', 'NO [NONEXISTENT] there is no mailbox with that name'],
      ['when it is too large', 'INBOX {99999999}', 'NO [TOOBIG] a message may have at most 41943040 bytes'],
      ['when it is empty', 'INBOX {0}', 'NO an empty message cannot be appended'],
      ['when it is beyond the quota', 'INBOX {6000}', 'NO [OVERQUOTA] the account may hold 5000 bytes'],
      ['with a flag that cannot be set', 'INBOX (\\Recent) {10}', 'BAD the flag \\Recent cannot be set'],
      [
        'as UTF8 before UTF8=ACCEPT',
        'INBOX UTF8 (~{10}',
        'BAD a UTF8 literal needs ENABLE UTF8=ACCEPT before',
      ],
    ])('%s', async (_, what, answer) => {
      await gateway.addUser('small@example.test', { quotaBytes: 5000 });
      const client = await gateway.signIn(undefined, 'small@example.test');
      await client.play(`
      C: a APPEND ${what}
      S: a ${answer}
      C: b NOOP
      S: b OK done
    `);
      expect(blobs.objects.size).toBe(0);
    });
  });

  test('a NUL that is no literal8: BAD, and no message', async () => {
    const client = await gateway.signIn('INBOX');
    expect(await client.append('INBOX', 'Subject: x\r\n\r\nbo\0dy\r\n')).toMatch(/^tag BAD .*NUL/);
    expect(await client.run('NOOP')).toEqual(['tag OK done']);
  });

  test('several messages in one command are one change', async () => {
    const client = await gateway.signIn();
    await client.play(`
    C: a APPEND INBOX (\\Seen) {6+}
    C: a: b
    C:  (\\Flagged) {6+}
    C: c: d
    C:
    S: a OK [APPENDUID … 1:2] appended
  `);
    expect(await client.run('STATUS INBOX (MESSAGES UNSEEN)')).toContain(
      '* STATUS INBOX (MESSAGES 2 UNSEEN 1)',
    );
  });

  test('several messages or none: an empty one cancels all, and so does one that cannot be kept (RFC 3502)', async () => {
    await gateway.addUser('small@example.test', { quotaBytes: 100 });
    const client = await gateway.signIn('INBOX', 'small@example.test');
    const message = `Subject: x\r\n\r\n${'y'.repeat(40)}`;
    const literal = (text: string): string => `{${text.length}+}\r\n${text}`;
    for (const [second, answer] of [
      ['', 'NO an empty message cannot be appended'],
      ['a: \0\r\n\r\n', 'BAD the literal holds a NUL byte: send it as a literal8, ~{n}'],
      [
        'a: \xe9\r\n\r\n',
        'NO [CANNOT] the header holds 8-bit characters: that needs ENABLE UTF8=ACCEPT before',
      ],
      [message, 'NO [OVERQUOTA] the account may hold 100 bytes'],
    ] as const) {
      const lines = await client.run(`APPEND INBOX ${literal(message)} ${literal(second)}`);
      expect(lines).toEqual([`tag ${answer}`]);
    }
    expect(await client.run('STATUS INBOX (MESSAGES UIDNEXT)')).toContain(
      '* STATUS INBOX (MESSAGES 0 UIDNEXT 1)',
    );
    expect((await client.run(`APPEND INBOX ${literal(message)}`)).at(-1)).toMatch(/^tag OK/);
  });

  test('UTF8=ACCEPT: a UTF8 literal, and mailbox names in UTF-8', async () => {
    const client = await gateway.signIn();
    await client.run('ENABLE UTF8=ACCEPT');
    await client.run('CREATE "Gr\xc3\xbc\xc3\x9fe & mehr"');
    const message = 'Subject: \xc3\xbc\r\n\r\n';
    const answer = await client.run(
      `APPEND "Gr\xc3\xbc\xc3\x9fe & mehr" UTF8 (~{${message.length}+}\r\n${message})`,
    );
    expect(answer.at(-1)).toMatch(/^tag OK \[APPENDUID \d+ 1\]/);
  });

  test('a message that waited too long for its record is stored again under a new name', async () => {
    const client = await gateway.signIn('INBOX');
    const { rim } = gateway;
    const put = blobs.put.bind(blobs);
    let first = true;
    blobs.put = async (...args) => {
      await put(...args);
      // The rest of a long MULTIAPPEND: the hour in which the blob may be named goes by.
      if (first) rim.time += 2 * 3_600_000;
      first = false;
    };
    expect(await client.append('INBOX', 'Subject: late\r\n\r\nbody\r\n')).toMatch(/^tag OK/);
    expect(blobs.messages).toHaveLength(2);
    const [stale = ''] = blobs.messages;
    blobs.objects.delete(stale);
    expect((await client.run('UID FETCH 1 BODY.PEEK[TEXT]')).at(-1)).toBe('tag OK fetched');
  });

  describe('when the store fails', () => {
    test('an unknown outcome: no answer at all, the connection ends', async () => {
      const client = await gateway.signIn();
      journal.put = (account) => Promise.reject(new OutcomeUnknownError(account, new Error('no answer')));
      client.send('a APPEND INBOX {14+}\r\nSubject: x\r\n\r\n\r\n');
      expect(await client.line()).toBe('(end)');
      expect(gateway.errors.map(({ message }) => message)).toEqual(['outcome unknown']);
    });

    test('a blob store that is full: NO, and an id that the log has too', async () => {
      const client = await gateway.signIn();
      blobs.put = () => Promise.reject(new Error('disk full'));
      const answer = await client.append('INBOX', 'Subject: x\r\n\r\n');
      const id = /^tag NO \[SERVERBUG\] .* by ([0-9a-f]{12})$/.exec(answer)?.[1];
      expect(gateway.errors).toMatchObject([{ fields: { id, command: 'APPEND' } }]);
      expect((await client.run('NOOP')).at(-1)).toBe('tag OK done');
    });
  });
});
