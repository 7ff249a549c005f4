/** Extensions by which a client keeps its copy of a mailbox up to date. */
import { expect } from '@jest/globals';
import { conforms } from '../../support/conformance.ts';
import type { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { BEFORE_SIGN_IN } from '../../support/variants.ts';

const message = (subject: string): string => `Subject: ${subject}\r\n\r\nbody\r\n`;

/** A client with so many messages in INBOX, which it has not selected. */
async function filled(gateway: TestGateway, messages: number): Promise<ImapClient> {
  const client = await gateway.signIn();
  for (let index = 1; index <= messages; index++) await client.append('INBOX', message(`${index}`));
  return client;
}

async function uidValidity(client: ImapClient): Promise<string> {
  const lines = await client.run('STATUS INBOX (UIDVALIDITY)');
  return /UIDVALIDITY (\d+)/.exec(lines.join())?.[1] ?? '';
}

conforms('QRESYNC', 'a mailbox is opened with what has changed, and with what is gone', async (gateway) => {
  const client = await filled(gateway, 5);
  const other = await gateway.signIn('INBOX');
  await other.run('UID STORE 2,4 +FLAGS.SILENT (\\Deleted)');
  await other.run('UID EXPUNGE 2');
  await other.run('UID STORE 3 +FLAGS.SILENT (\\Flagged)');
  await client.play(`
    C: a ENABLE QRESYNC
    S: * ENABLED QRESYNC
    S: a OK enabled
    C: b SELECT INBOX (QRESYNC (${await uidValidity(client)} 6144 1:5))
    S: * FLAGS …
    S: * OK [PERMANENTFLAGS …
    S: * 4 EXISTS
    S: * 0 RECENT
    S[!uidonly]: * OK [UNSEEN 1] first unseen message
    S: * OK [UIDVALIDITY …] UIDs are valid
    S: * OK [UIDNEXT 6] next UID
    S: * OK [HIGHESTMODSEQ 9216] highest mod-sequence
    S: * VANISHED (EARLIER) 2
    S: * 2 FETCH (UID 3 FLAGS (\\Flagged) MODSEQ (9216))
    S: * 3 FETCH (UID 4 FLAGS (\\Deleted) MODSEQ (7168))
    S: b OK [READ-WRITE] selected
    C: c UID EXPUNGE 1:*
    S: * VANISHED 4
    S: c OK [HIGHESTMODSEQ 10240] expunged
    C: d UID FETCH 1:* (FLAGS) (CHANGEDSINCE 9216 VANISHED)
    S: * VANISHED (EARLIER) 4
    S: d OK fetched
  `);
});

conforms(
  'UIDONLY',
  'no message number is told or taken',
  async (gateway) => {
    const client = await filled(gateway, 3);
    await client.run('UNSELECT');
    await client.play(`
    C: a ENABLE UIDONLY
    S: * ENABLED UIDONLY
    S: a OK enabled
    C: b SELECT INBOX
    S: * FLAGS …
    S: * OK [PERMANENTFLAGS …
    S: * 3 EXISTS
    S: * 3 RECENT
    S: * OK [UIDVALIDITY …] UIDs are valid
    S: * OK [UIDNEXT 4] next UID
    S: * OK [HIGHESTMODSEQ …] highest mod-sequence
    S: b OK [READ-WRITE] selected
    C: c UID STORE 2 FLAGS (\\Deleted)
    S: * 2 UIDFETCH (FLAGS (\\Deleted \\Recent))
    S: c OK stored
    C: d UID FETCH 2 FLAGS
    S: * 2 UIDFETCH (FLAGS (\\Deleted \\Recent))
    S: d OK fetched
    C: e UID FETCH 2:* (UID RFC822.SIZE)
    S: * 2 UIDFETCH (UID 2 RFC822.SIZE 20)
    S: * 3 UIDFETCH (UID 3 RFC822.SIZE 20)
    S: e OK fetched
    C: f EXPUNGE
    S: * VANISHED 2
    S: f OK expunged
    C: g FETCH 1 FLAGS
    S: g BAD [UIDREQUIRED] message numbers are not allowed once UIDONLY is enabled
    C: h UID SEARCH 1:2
    S: h BAD [UIDREQUIRED] message numbers are not allowed once UIDONLY is enabled: use UID
    C: i UID SEARCH UID 1:*
    S: * SEARCH 1 3
    S: i OK searched
    C: j UID MOVE 1 Trash
    S: * OK [COPYUID … 1 1] moved
    S: * VANISHED 1
    S: j OK moved
  `);
  },
  { variants: BEFORE_SIGN_IN },
);

conforms('OBJECTID', 'mailboxes, messages and threads have names that never change', async (gateway) => {
  const client = await gateway.signIn();
  const idOf = (lines: readonly string[]): string =>
    /MAILBOXID \((F[0-9a-f]+)\)/.exec(lines.join())?.[1] ?? '';
  const inbox = idOf(await client.run('STATUS INBOX (MAILBOXID)'));
  const made = idOf(await client.run('CREATE Work'));
  expect(made).not.toBe(inbox);
  await client.append('Work', 'Message-ID: <1@x>\r\nSubject: a\r\n\r\nbody\r\n');
  await client.append('Work', 'Message-ID: <2@x>\r\nReferences: <1@x>\r\nSubject: Re: a\r\n\r\nbody\r\n');
  await client.append('Work', 'Subject: b\r\n\r\nbody\r\n');
  await client.run('RENAME Work Play');
  expect(idOf(await client.run('STATUS Play (MAILBOXID)'))).toBe(made);
  expect(idOf(await client.run('SELECT Play'))).toBe(made);
  const idsOf = async (): Promise<string[][]> =>
    (await client.run('UID FETCH 1:* (EMAILID THREADID)')).flatMap((line) => {
      const found = /EMAILID \((M[0-9a-f]+)\) THREADID \((T[0-9a-f]+)\)/.exec(line);
      return found ? [found.slice(1)] : [];
    });
  const [[first, thread] = [], [second, same] = [], [third, other] = []] = await idsOf();
  expect(new Set([first, second, third]).size).toBe(3);
  expect(same).toBe(thread);
  expect(other).not.toBe(thread);
  await client.run('UID COPY 3 Archive');
  await client.run('UID MOVE 1:2 Archive');
  expect(idOf(await client.run('SELECT Archive'))).not.toBe(made);
  expect(await idsOf()).toEqual([
    [third, other],
    [first, thread],
    [second, thread],
  ]);
});

conforms('SAVEDATE', 'a message has the time at which it came into its mailbox', async (gateway) => {
  const client = await gateway.signIn();
  await client.append('INBOX', message('x'), '" 1-Feb-2020 12:00:00 +0100"');
  gateway.rim.time = Date.UTC(2026, 4, 6, 7, 8, 9);
  await client.run('SELECT INBOX');
  await client.run('UID COPY 1 Archive');
  await client.run('SELECT Archive');
  await client.play(`
    C: a UID FETCH 1 (INTERNALDATE SAVEDATE)
    S: * 1 FETCH (UID 1 INTERNALDATE " 1-Feb-2020 12:00:00 +0100" SAVEDATE " 6-May-2026 07:08:09 +0000")
    S: a OK fetched
  `);
});

conforms('OBJECTID', 'SEARCH finds by identifier', async (gateway) => {
  const client = await gateway.signIn();
  await client.append('INBOX', 'Message-ID: <1@x>\r\n\r\nbody\r\n');
  await client.append('INBOX', 'Message-ID: <2@x>\r\nIn-Reply-To: <1@x>\r\n\r\nbody\r\n');
  await client.append('INBOX', message('b'));
  await client.run('SELECT INBOX');
  const lines = (await client.run('UID FETCH 2 (EMAILID THREADID)')).join();
  const [, email = '', thread = ''] = /EMAILID \((\w+)\) THREADID \((\w+)\)/.exec(lines) ?? [];
  await client.play(`
    C: a UID SEARCH EMAILID ${email}
    S: * SEARCH 2
    S: a OK searched
    C: b UID SEARCH THREADID ${thread}
    S: * SEARCH 1 2
    S: b OK searched
    C: c UID SEARCH OR EMAILID ${email.toUpperCase()} THREADID ${email}
    S: * SEARCH
    S: c OK searched
    C: d UID SEARCH EMAILID a.b
    S: d BAD an object identifier has …
  `);
});

conforms('SAVEDATE', 'SEARCH finds by the day, in UTC', async (gateway) => {
  const client = await gateway.signIn();
  gateway.rim.time = Date.UTC(2026, 4, 6, 23, 59);
  await client.append('INBOX', message('x'), '" 1-Feb-2020 12:00:00 +0100"');
  gateway.rim.time = Date.UTC(2026, 4, 7, 0, 1);
  await client.append('INBOX', message('y'), '" 1-Feb-2020 12:00:00 +0100"');
  await client.run('SELECT INBOX');
  await client.play(`
    C: a UID SEARCH SAVEDBEFORE 7-May-2026
    S: * SEARCH 1
    S: a OK searched
    C: b UID SEARCH SAVEDON 7-May-2026
    S: * SEARCH 2
    S: b OK searched
    C: c UID SEARCH SAVEDSINCE 6-May-2026 SAVEDATESUPPORTED
    S: * SEARCH 1 2
    S: c OK searched
  `);
});

conforms('UIDBATCHES', 'a mailbox is cut into batches, the newest first', async (gateway) => {
  const client = await filled(gateway, 10);
  await client.run('SELECT INBOX');
  for (let messages = 10; messages < 1280; messages *= 2) await client.run('UID COPY 1:* INBOX');
  await client.run('UID STORE 1,1200:1280 +FLAGS.SILENT (\\Deleted)');
  await client.run('UID EXPUNGE 1:*');
  await client.play(`
    C: a UIDBATCHES 500
    S: * UIDBATCHES (TAG "a") 1280:700,699:200,199:1
    S: a OK batches told
    C: b UIDBATCHES 600 2:3
    S: * UIDBATCHES (TAG "b") 599:1
    S: b OK batches told
    C: c UIDBATCHES 2000
    S: * UIDBATCHES (TAG "c") 1280:1
    S: c OK batches told
    C: d UIDBATCHES 500 7:8
    S: * UIDBATCHES (TAG "d")
    S: d OK batches told
    C: e UIDBATCHES 499
    S: e NO [TOOFEW] a batch has at least 500 messages
    C: f UIDBATCHES 500 4:1
    S: f BAD [CLIENTBUG] a range of batches is written from low to high
    C: g UIDBATCHES 2000 1:100
    S: g NO [TOOMANY] a range of batches spans at most 100000 messages
    C: h UIDBATCHES 500
    S: h NO [LIMIT] the mailbox has hardly changed since these batches were told
  `);
});

conforms(
  'MESSAGELIMIT',
  'a command works on the last messages, says where it stopped, and does what is atomic not at all',
  async (gateway) => {
    const client = await filled(gateway, 7);
    expect((await client.run('CAPABILITY'))[0]).toMatch(/ MESSAGELIMIT=3 /);
    await client.run('UNSELECT');
    await client.run('SELECT INBOX');
    await client.play(`
      C: a UID FETCH 1:6 RFC822.SIZE
      S: * 6 FETCH (UID 6 RFC822.SIZE 20)
      S: * 5 FETCH (UID 5 RFC822.SIZE 20)
      S: * 4 FETCH (UID 4 RFC822.SIZE 20)
      S: a OK [MESSAGELIMIT 3 4] fetched
      C: a1 UID FETCH 1:* (ENVELOPE BODY.PEEK[HEADER.FIELDS (SUBJECT)])
      S: * 7 FETCH (UID 7 ENVELOPE (NIL "7" …) BODY[HEADER.FIELDS (SUBJECT)] {14}
      S: Subject: 7
      S: 
      S: )
      S: * 6 FETCH (UID 6 ENVELOPE (NIL "6" …) BODY[HEADER.FIELDS (SUBJECT)] {14}
      S: Subject: 6
      S: 
      S: )
      S: * 5 FETCH (UID 5 ENVELOPE (NIL "5" …) BODY[HEADER.FIELDS (SUBJECT)] {14}
      S: Subject: 5
      S: 
      S: )
      S: a1 OK [MESSAGELIMIT 3 5] fetched
      C: b UID FETCH 1:3 RFC822.SIZE
      S: * 1 FETCH (UID 1 RFC822.SIZE 20)
      S: * 2 FETCH (UID 2 RFC822.SIZE 20)
      S: * 3 FETCH (UID 3 RFC822.SIZE 20)
      S: b OK fetched
      C: c UID STORE 1:* +FLAGS.SILENT (\\Deleted)
      S: c OK [MESSAGELIMIT 3 5] stored
      C: d UID STORE 1:4 +FLAGS.SILENT (\\Deleted)
      S: d OK [MESSAGELIMIT 3 2] stored
      C: e UID COPY 1:* Archive
      S: e NO [MESSAGELIMIT 3 5] too many messages for one command: name fewer
      C: f STATUS Archive (MESSAGES)
      S: * STATUS Archive (MESSAGES 0)
      S: f OK status told
      C: g UID MOVE 1:* Archive
      S: * OK [COPYUID … 5:7 1:3] moved
      S[!qresync !uidonly]: * 5 EXPUNGE
      S[!qresync !uidonly]: * 5 EXPUNGE
      S[!qresync !uidonly]: * 5 EXPUNGE
      S[qresync]: * NO [MESSAGELIMIT 3 5] only the last of the messages
      S[qresync uidonly]: * VANISHED 5:7
      S[!qresync]: g OK [MESSAGELIMIT 3 5] moved
      S[qresync]: g OK moved
      C: h UID EXPUNGE 1:*
      S[!qresync !uidonly]: * 2 EXPUNGE
      S[!qresync !uidonly]: * 2 EXPUNGE
      S[!qresync !uidonly]: * 2 EXPUNGE
      S[qresync uidonly]: * VANISHED 2:4
      S: h OK expunged
    `);
    await client.run('SELECT Archive');
    await client.run('UID COPY 1:3 Archive');
    await client.run('NOOP');
    await client.run('UID STORE 1:3 +FLAGS.SILENT (\\Deleted)');
    await client.run('UID STORE 4:6 +FLAGS.SILENT (\\Deleted)');
    await client.play(`
      C: a UID EXPUNGE 1:*
      S[!qresync !uidonly]: * 4 EXPUNGE
      S[!qresync !uidonly]: * 4 EXPUNGE
      S[!qresync !uidonly]: * 4 EXPUNGE
      S[qresync]: * NO [MESSAGELIMIT 3 4] only the last of the messages
      S[qresync uidonly]: * VANISHED 4:6
      S[!qresync]: a OK [MESSAGELIMIT 3 4] expunged
      S[qresync]: a OK expunged
      C: b APPEND Archive {2+}
      C: a: {2+}
      C: a: {2+}
      C: a: {2+}
      C: a:
      S: b NO [MESSAGELIMIT 3] a command works on at most 3 messages
    `);
  },
  { gateway: { limits: { messagesPerCommand: 3 } } },
);

conforms(
  'MESSAGELIMIT',
  'EXPUNGE, CLOSE and STATUS have no limit',
  async (gateway) => {
    const client = await filled(gateway, 5);
    await client.run('SELECT INBOX');
    expect(await client.run('UID COPY 1:5 Archive')).toEqual([
      expect.stringMatching(/^tag NO \[MESSAGELIMIT/),
    ]);
    await client.run('UID STORE 3:5 +FLAGS.SILENT (\\Deleted)');
    await client.run('UID STORE 1:2 +FLAGS.SILENT (\\Deleted)');
    expect(await client.run('STATUS INBOX (MESSAGES DELETED UNSEEN)')).toContain(
      '* STATUS INBOX (MESSAGES 5 DELETED 5 UNSEEN 5)',
    );
    await client.run('EXPUNGE');
    expect(await client.run('STATUS INBOX (MESSAGES)')).toContain('* STATUS INBOX (MESSAGES 0)');
  },
  { gateway: { limits: { messagesPerCommand: 3 } } },
);

conforms(
  'MESSAGELIMIT',
  'SEARCH looks at the last messages that its sets name, and saves what it found',
  async (gateway) => {
    const client = await filled(gateway, 7);
    await client.run('SELECT INBOX');
    await client.play(`
      C: a UID SEARCH ALL
      S: * SEARCH 5 6 7
      S: a OK [MESSAGELIMIT 3 5] searched
      C: b UID SEARCH UID 1:4 SUBJECT 2
      S: * SEARCH 2
      S: b OK [MESSAGELIMIT 3 2] searched
      C: c UID SEARCH UID 1:3
      S: * SEARCH 1 2 3
      S: c OK searched
      C: d UID SEARCH RETURN (SAVE) ALL
      S: d OK [MESSAGELIMIT 3 5] searched
      C: e UID SEARCH RETURN (COUNT) $
      S: * ESEARCH (TAG "e") UID COUNT 3
      S: e OK searched
      C: f UID SEARCH UIDAFTER 5
      S: * SEARCH 6 7
      S: f OK searched
      C: g UID SEARCH UIDBEFORE 3
      S: * SEARCH 1 2
      S: g OK searched
      C: h UID SEARCH UIDBEFORE 1
      S: * SEARCH
      S: h OK searched
      C: i UID FETCH 1:* UID (PARTIAL -1:-4)
      S: i NO [MESSAGELIMIT 3] a command works on at most 3 messages
      C: j UID FETCH 1:* UID (PARTIAL 1:2)
      S: * 1 FETCH (UID 1)
      S: * 2 FETCH (UID 2)
      S: j OK fetched
      C: k UID THREAD REFERENCES UTF-8 ALL
      S: k NO [MESSAGELIMIT 3] a command works on at most 3 messages
      C: l UID SORT (SIZE) UTF-8 ALL
      S: l NO [MESSAGELIMIT 3] a command works on at most 3 messages
      C: m UID SORT (REVERSE ARRIVAL) UTF-8 UID 1:2
      S: * SORT 1 2
      S: m OK sorted
    `);
  },
  { gateway: { limits: { messagesPerCommand: 3 } } },
);
