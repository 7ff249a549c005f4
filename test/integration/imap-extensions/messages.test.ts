/** Extensions of the commands on messages. */
import { conforms } from '../../support/conformance.ts';
import type { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { NUMBERED } from '../../support/variants.ts';

const message = (subject: string): string => `Subject: ${subject}\r\n\r\nbody\r\n`;

async function filled(gateway: TestGateway, subjects: readonly string[]): Promise<ImapClient> {
  const client = await gateway.signIn();
  for (const subject of subjects) await client.append('INBOX', message(subject));
  await client.run('SELECT INBOX');
  return client;
}

conforms('UIDPLUS', 'APPEND, COPY and UID EXPUNGE speak of UIDs', async (gateway) => {
  const client = await filled(gateway, ['a', 'b']);
  await client.play(`
    C: a APPEND INBOX (\\Deleted) {18+}
    C: Subject: c
    C:
    C: body
    S: * 3 EXISTS
    S: * 3 RECENT
    S: a OK [APPENDUID … 3] appended
    C: b UID COPY 1,3 Archive
    S: b OK [COPYUID … 1,3 1:2] copied
    C: c UID STORE 1 +FLAGS.SILENT (\\Deleted)
    S: c OK stored
    C: d UID EXPUNGE 2:3
    S[!qresync !uidonly]: * 3 EXPUNGE
    S[qresync uidonly]: * VANISHED 3
    S: d OK expunged
    C: e UID SEARCH ALL
    S: * SEARCH 1 2
    S: e OK searched
  `);
});

conforms('MULTIAPPEND', 'several messages are one change', async (gateway) => {
  const client = await gateway.signIn('INBOX');
  await client.play(`
    C: a APPEND INBOX (\\Seen) {12+}
    C: Subject: a
    C:  {12+}
    C: Subject: b
    C:
    S: * 2 EXISTS
    S: * 2 RECENT
    S: a OK [APPENDUID … 1:2] appended
  `);
});

conforms('BINARY', 'a part comes decoded, with its size', async (gateway) => {
  const client = await gateway.signIn();
  await client.append('INBOX', 'MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n');
  await client.run('SELECT INBOX');
  await client.play(`
      C: a UID FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1])
      S: * 1 FETCH (UID 1 BINARY.SIZE[1] 5 BINARY[1] {5}
      S: hello)
      S: a OK fetched
    `);
});

conforms('MOVE', 'messages go from one mailbox to the other in one step', async (gateway) => {
  const client = await filled(gateway, ['a', 'b', 'c']);
  await client.play(`
    C: a UID MOVE 2 Trash
    S: * OK [COPYUID … 2 1] moved
    S[!qresync !uidonly]: * 2 EXPUNGE
    S[qresync uidonly]: * VANISHED 2
    S: a OK moved
    C: b STATUS Trash (MESSAGES)
    S: * STATUS Trash (MESSAGES 1)
    S: b OK status told
  `);
});

conforms('ESEARCH', 'what is asked for, with the tag', async (gateway) => {
  const client = await filled(gateway, ['a', 'b', 'a']);
  await client.play(`
    C: a UID SEARCH RETURN (MIN MAX COUNT ALL) SUBJECT a
    S: * ESEARCH (TAG "a") UID MIN 1 MAX 3 ALL 1,3 COUNT 2
    S: a OK searched
    C: b UID SEARCH RETURN () SUBJECT b
    S: * ESEARCH (TAG "b") UID ALL 2
    S: b OK searched
    C: c UID SEARCH RETURN (MIN) SUBJECT z
    S: * ESEARCH (TAG "c") UID
    S: c OK searched
  `);
});

conforms('SEARCHRES', 'a result is kept and named by $', async (gateway) => {
  const client = await filled(gateway, ['a', 'b', 'a']);
  await client.play(`
    C: a UID SEARCH RETURN (SAVE) SUBJECT a
    S: a OK searched
    C: b UID STORE $ +FLAGS.SILENT (\\Flagged)
    S: b OK stored
    C: c UID SEARCH $ FLAGGED
    S: * SEARCH 1 3
    S: c OK searched
  `);
});

// Mod-sequences are told under UIDONLY in UIDFETCH, which the transcript below does not speak of.
conforms(
  'CONDSTORE',
  'SELECT tells the highest mod-sequence, FETCH each one, and STORE keeps to one',
  async (gateway) => {
    const client = await filled(gateway, ['a', 'b']);
    await client.play(`
      C: a STATUS INBOX (HIGHESTMODSEQ)
      S[plain tls]: * OK [HIGHESTMODSEQ 3072] highest mod-sequence
      S: * STATUS INBOX (HIGHESTMODSEQ 3072)
      S: a OK status told
      C: b FETCH 1:2 (UID MODSEQ)
      S: * 1 FETCH (UID 1 MODSEQ (2048))
      S: * 2 FETCH (UID 2 MODSEQ (3072))
      S: b OK fetched
      C: c STORE 1:2 (UNCHANGEDSINCE 2048) +FLAGS.SILENT (\\Seen)
      S: * 1 FETCH (UID 1 MODSEQ (4096))
      S: c OK [MODIFIED 2] stored, but for messages that have changed since
      C: d FETCH 1:* (FLAGS) (CHANGEDSINCE 3072)
      S: * 1 FETCH (FLAGS (\\Seen \\Recent) MODSEQ (4096))
      S: d OK fetched
      C: e SEARCH MODSEQ 4096
      S: * SEARCH 1 (MODSEQ 4096)
      S: e OK searched
    `);
  },
  { variants: NUMBERED },
);
