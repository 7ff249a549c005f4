/** What IMAP4rev2 decides once it is enabled (RFC 9051, appendix E). */
import { expect } from '@jest/globals';
import { conforms } from '../../support/conformance.ts';
import { NUMBERED } from '../../support/variants.ts';

const MAIL = 'From: "J\u00c3\u00bcrgen" <j@x>\r\nSubject: a\r\n\r\nbody\r\n';

// RECENT, UNSEEN and SEARCH are what it is about, and differ by it alone; what UIDONLY takes away is tested with it.
conforms(
  'IMAP4rev2',
  'ENABLE decides what is told: no RECENT, LIST in SELECT, ESEARCH, names and texts in UTF-8',
  async (gateway) => {
    const client = await gateway.signIn();
    await client.run('CREATE Entw&APw-rfe');
    await client.play(`
      C: a ENABLE imap4REV2
      S: * ENABLED IMAP4rev2
      S: a OK enabled
    `);
    await client.append('"Entw\u00c3\u00bcrfe"', MAIL);
    await client.append('"Entw\u00c3\u00bcrfe"', MAIL, '(\\Deleted)');
    await client.play(`
      C: b SELECT "Entw\u00c3\u00bcrfe"
      S: * FLAGS …
      S: * OK [PERMANENTFLAGS …
      S: * 2 EXISTS
      S: * OK [UIDVALIDITY …] UIDs are valid
      S: * OK [UIDNEXT 3] next UID
      S: * OK [HIGHESTMODSEQ …] highest mod-sequence
      S: * LIST (\\HasNoChildren) "/" "Entw\u00c3\u00bcrfe"
      S: b OK [READ-WRITE] selected
      C: c FETCH 1:2 (FLAGS ENVELOPE)
      S: * 1 FETCH (FLAGS () ENVELOPE (NIL "a" (("J\u00c3\u00bcrgen" NIL "j" "x")) …
      S: * 2 FETCH (FLAGS (\\Deleted) ENVELOPE …
      S: c OK fetched
      C: d SEARCH UNDELETED
      S: * ESEARCH (TAG "d") ALL 1
      S: d OK searched
      C: e UID SEARCH ANSWERED
      S: * ESEARCH (TAG "e") UID
      S: e OK searched
      C: f SEARCH RECENT
      S: * ESEARCH (TAG "f")
      S: f OK searched
      C: g STATUS "Entw\u00c3\u00bcrfe" (MESSAGES DELETED SIZE)
      S: * STATUS "Entw\u00c3\u00bcrfe" (MESSAGES 2 DELETED 1 SIZE ${2 * MAIL.length})
      S: g OK status told
      C: h SELECT INBOX
      S: * OK [CLOSED] the mailbox before is closed
    `);
  },
  { variants: NUMBERED },
);

conforms('IMAP4rev2', 'what is new is told without RECENT', async (gateway) => {
  const client = await gateway.signIn();
  await client.run('ENABLE IMAP4rev2');
  await client.run('SELECT INBOX');
  const other = await gateway.signIn();
  await other.run('ENABLE IMAP4rev2');
  await other.append('INBOX', MAIL);
  await client.play(`
      C: a NOOP
      S: * 1 EXISTS
      S: a OK done
      C: b UID STORE 1 +FLAGS (\\Seen)
      S: * 1 FETCH (UID 1 FLAGS (\\Seen))
      S: b OK stored
      C: c APPEND INBOX {${MAIL.length}+}
      C: ${MAIL.replaceAll('\r\n', '\n').trimEnd().split('\n').join('\n      C: ')}
      C:
      S: * 2 EXISTS
      S: c OK [APPENDUID …] appended
      C: d NOOP
      S: d OK done
    `);
});

conforms('IMAP4rev2', 'a name that is normalised is told with the one that was sent', async (gateway) => {
  const client = await gateway.signIn();
  await client.run('ENABLE IMAP4rev2');
  // a and a diaeresis, as a Mac writes it.
  await client.play(`
    C: a CREATE "Ra\u00cc\u0088te"
    S: * LIST (\\HasNoChildren) "/" "R\u00c3\u00a4te" ("OLDNAME" ("Ra\u00cc\u0088te"))
    S: a OK mailbox created
    C: b CREATE Work
    S: b OK mailbox created
  `);
  expect(await client.run('SELECT "Ra\u00cc\u0088te"')).toContain(
    '* LIST (\\HasNoChildren) "/" "R\u00c3\u00a4te" ("OLDNAME" ("Ra\u00cc\u0088te"))',
  );
  expect(await client.run('SELECT Work')).toContain('* LIST (\\HasNoChildren) "/" Work');
});
