/** Extensions by which a client keeps its copy of a mailbox up to date. */
import { conforms } from '../../support/conformance.ts';
import type { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';

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
    S: * 2 UIDFETCH (UID 2 FLAGS (\\Deleted \\Recent))
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
  { variants: ['plain', 'tls'] },
);
