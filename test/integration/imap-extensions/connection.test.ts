/** Extensions about the connection and the session. */
import { conforms } from '../../support/conformance.ts';
import { PASSWORD } from '../../support/gateway.ts';
import { testTls } from '../../support/tls.ts';
import { BEFORE_SIGN_IN, IN_THE_CLEAR, UNCOMPRESSED } from '../../support/variants.ts';

conforms('LITERAL+', 'a literal is sent without waiting', async (gateway) => {
  const client = await gateway.signIn();
  await client.play(`
    C: a CREATE {3+}
    C: New
    S: a OK mailbox created
    C: b STATUS {3+}
    C: New (MESSAGES)
    S: * STATUS New (MESSAGES 0)
    S: b OK status told
  `);
});

conforms(
  'LITERAL-',
  'a literal of 4096 bytes is sent without waiting, a larger one is not',
  async (gateway) => {
    const client = await gateway.signIn();
    await client.play(`
      C: a CAPABILITY
      S: * CAPABILITY … LITERAL- …
      S: a OK capabilities listed
      C: b APPEND INBOX {4096+}
      C: ${'x'.repeat(4096)}
      S: b OK …
      C: c APPEND INBOX {4097+}
      C: ${'x'.repeat(4097)}
      S: c BAD [TOOBIG] a literal of more than 4096 bytes must wait for the answer to its announcement
      C: d STATUS {4097+}
      C: ${'x'.repeat(4097)} (MESSAGES)
      S: d BAD [TOOBIG] …
      C: e APPEND INBOX {4097}
      S: + go ahead
      C: ${'x'.repeat(4097)}
      S: e OK …
      C: f STATUS INBOX (MESSAGES)
      S: * STATUS INBOX (MESSAGES 2)
      S: f OK status told
    `);
    const [words] = await client.run('CAPABILITY');
    if (words?.includes('LITERAL+')) throw new Error('both are told (RFC 7888 §5)');
  },
  { gateway: { limits: { unaskedLiteralBytes: 4096 } } },
);

conforms('ID', 'says who is there, to anybody', async (gateway) => {
  const client = await gateway.connect();
  await client.play(`
    C: a ID ("name" "test" "version" NIL)
    S: * ID ("name" "Quire")
    S: a OK pleased to meet you
    C: b ID NIL
    S: * ID ("name" "Quire")
    S: b OK pleased to meet you
    C: c ID nonsense
    S: c BAD …
  `);
});

conforms(
  'STARTTLS',
  'is announced where it is possible, and begins TLS',
  async (gateway) => {
    const client = await gateway.connect();
    await client.play(`
      C: a CAPABILITY
      S: * CAPABILITY … STARTTLS …
      S: a OK capabilities listed
      C: b STARTTLS
      S: b OK begin TLS now
    `);
    await client.startTls();
    await client.play(`
      C: c STARTTLS
      S: c BAD the connection is under TLS already
    `);
  },
  { variants: IN_THE_CLEAR, gateway: { tls: await testTls() } },
);

conforms(
  'AUTH=PLAIN',
  'signs in after a challenge, or is cancelled',
  async (gateway) => {
    const client = await gateway.connect();
    const response = Buffer.from(`\0alice@example.test\0${PASSWORD}`).toString('base64');
    await client.play(`
      C: a AUTHENTICATE PLAIN
      S: + 
      C: *
      S: a BAD AUTHENTICATE was cancelled
      C: b AUTHENTICATE PLAIN
      S: + 
      C: ${response}
      S: b OK [CAPABILITY IMAP4rev1 …] …
    `);
  },
  { variants: BEFORE_SIGN_IN },
);

conforms(
  'SASL-IR',
  'the response comes with the command',
  async (gateway) => {
    const client = await gateway.connect();
    const response = Buffer.from(`\0alice@example.test\0${PASSWORD}`).toString('base64');
    await client.play(`
      C: a AUTHENTICATE PLAIN ${response}
      S: a OK [CAPABILITY IMAP4rev1 …] …
    `);
  },
  { variants: BEFORE_SIGN_IN },
);

// Signing in has switched something on in the other variants.
conforms(
  'ENABLE',
  'tells what it has switched on, and passes over what it does not know',
  async (gateway) => {
    const client = await gateway.signIn();
    await client.play(`
      C: a ENABLE X-NONSENSE CONDSTORE
      S: * ENABLED CONDSTORE
      S: a OK enabled
      C: b ENABLE X-NONSENSE
      S: * ENABLED
      S: b OK enabled
      C: c ENABLE
      S: c BAD …
    `);
    await client.run('SELECT INBOX');
    await client.play(`
      C: d ENABLE CONDSTORE
      S: d BAD …
    `);
  },
  { variants: BEFORE_SIGN_IN },
);

conforms('UTF8=ACCEPT', 'names are UTF-8 both ways, and an ampersand is an ampersand', async (gateway) => {
  const client = await gateway.signIn();
  const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
  await client.play(`
    C: a CREATE Caf&AOk-
    S: a OK mailbox created
    C: b LIST "" Caf*
    S: * LIST (\\HasNoChildren) "/" Caf&AOk-
    S: b OK mailboxes listed
    C: c ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: c OK enabled
    C: d LIST "" Caf*
    S: * LIST (\\HasNoChildren) "/" "${utf8('Café')}"
    S: d OK mailboxes listed
    C: e CREATE "R&D"
    S: e OK mailbox created
    C: f LIST "" R*
    S: * LIST (\\HasNoChildren) "/" R&D
    S: f OK mailboxes listed
  `);
});

conforms('LANGUAGE', 'texts are German or French for who asks', async (gateway) => {
  const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
  const stranger = await gateway.connect();
  await stranger.play(`
    C: a LANGUAGE fr
    S: * LANGUAGE (fr)
    S: a OK ${utf8('langue changée')}
    C: b LIST "" *
    S: b BAD connectez-vous avant LIST
    C: c LOGIN ada
    S: c BAD ${utf8('attendu : une espace et un mot de passe ; trouvé : la fin de la commande, colonne 12')}
  `);
  const client = await gateway.signIn();
  await client.play(`
    C: a LANGUAGE
    S: * LANGUAGE (i-default en de fr)
    S: a OK languages listed
    C: b LANGUAGE mul
    S: b NO [CANNOT] none of these languages is spoken here
    C: c LANGUAGE FR_CA
    S: c BAD …
    C: d LANGUAGE "it" de-AT
    S: * LANGUAGE (de)
    S: * NAMESPACE (("" "/")) (("#user/" "/" "TRANSLATION" ("Andere Benutzer/"))) NIL
    S: d OK Sprache gewechselt
    C: e CREATE INBOX
    S: e NO [ALREADYEXISTS] ${utf8('den Ordner „INBOX“ gibt es schon')}
    C: f SELECT "Gr&APwA3w-e"
    S: f NO [NONEXISTENT] es gibt keinen Ordner mit diesem Namen
    C: f1 LIST (REMOTE SUBSCRIBE) "" *
    S: f1 BAD unbekannte Auswahl von LIST: bekannt sind SUBSCRIBED, REMOTE, RECURSIVEMATCH und SPECIAL-USE
    C: f2 STATUS "Gr&APw" (MESSAGES)
    S: f2 BAD ${utf8('der Ordnername ist kein gültiges modifiziertes UTF-7: „&“ beginnt einen Lauf, den „-“ beenden muss; ein „&“ selbst schreibt man „&-“')}
    C: f3 SELECT INBOX
    S: * FLAGS (…)
    S: * OK [PERMANENTFLAGS (…)] Markierungen bleiben
    S: * 0 EXISTS
    S: * 0 RECENT
    S: * OK [UIDVALIDITY …] UIDs gelten
    S: * OK [UIDNEXT 1] ${utf8('nächste UID')}
    S: * OK [HIGHESTMODSEQ …] ${utf8('höchste Änderungsnummer')}
    S: f3 OK [READ-WRITE] ${utf8('ausgewählt')}
    C: g LANGUAGE it
    S: g NO [CANNOT] keine dieser Sprachen wird hier gesprochen
    C: h LANGUAGE default
    S: * LANGUAGE (i-default)
    S: * NAMESPACE (("" "/")) (("#user/" "/")) NIL
    S: h OK language changed
  `);
});

conforms(
  'I18NLEVEL=1',
  'texts compare by i;unicode-casemap, and no other comparator can be asked for',
  async (gateway) => {
    const client = await gateway.signIn();
    await client.append('INBOX', 'Subject: =?utf-8?Q?Caf=C3=A9?=\r\n\r\nbody\r\n');
    await client.append('INBOX', 'Subject: =?utf-8?Q?CAFE=CC=81?=\r\n\r\nbody\r\n');
    await client.append('INBOX', 'Subject: Cafe\r\n\r\nbody\r\n');
    await client.run('SELECT INBOX');
    await client.play(`
    C: a CAPABILITY
    S: * CAPABILITY … I18NLEVEL=1 …
    S: a OK capabilities listed
    C: b UID SEARCH RETURN (ALL) SUBJECT {5+}
    C: ${Buffer.from('CAFÉ').toString('latin1')}
    S: * ESEARCH (TAG "b") UID ALL 1:2
    S: b OK searched
    C: c COMPARATOR
    S: c BAD there is no command COMPARATOR
  `);
  },
);

conforms(
  'COMPRESS=DEFLATE',
  'both sides compress from the OK on, and each answer arrives whole',
  async (gateway) => {
    const client = await gateway.signIn();
    await client.play(`
      C: a CAPABILITY
      S: * CAPABILITY … COMPRESS=DEFLATE …
      S: a OK capabilities listed
    `);
    await client.compress();
    await client.play(`
      C: b COMPRESS DEFLATE
      S: b BAD [COMPRESSIONACTIVE] …
      C: c APPEND INBOX {20}
      S: + go ahead
      C: Subject: x
      C:
      C: body
      C:
      S: c OK …
      C: d STATUS INBOX (MESSAGES)
      S: * STATUS INBOX (MESSAGES 1)
      S: d OK status told
    `);
  },
  { variants: UNCOMPRESSED },
);

conforms(
  'UNAUTHENTICATE',
  'the connection goes on as a new one',
  async (gateway) => {
    await gateway.addUser('bob@example.test');
    await gateway.signIn();
    const client = await gateway.signIn('INBOX');
    await client.play(`
    C: a UNAUTHENTICATE now
    S: a BAD …
    C: b UNAUTHENTICATE
    C: c SELECT INBOX
    C: d UNAUTHENTICATE
    C: e CAPABILITY
    C: f LOGIN bob@example.test "${PASSWORD}"
    C: g NOOP
    C: h FETCH 1 FLAGS
    C: i CREATE Bobs
    S: b OK signed out
    S: c BAD sign in before SELECT
    S: d BAD sign in before UNAUTHENTICATE
    S: * CAPABILITY … AUTH=PLAIN…
    S: e OK capabilities listed
    S: f OK [CAPABILITY …] signed in
    S: g OK done
    S: h BAD select a mailbox before …FETCH
    S: i OK mailbox created
  `);
    const other = await gateway.signIn();
    await other.play(`
    C: a LIST "" Bobs
    S: a OK mailboxes listed
  `);
  },
  { variants: UNCOMPRESSED },
);

conforms('UNSELECT', 'leaves the mailbox without expunging', async (gateway) => {
  const client = await gateway.signIn();
  await client.append('INBOX', 'Subject: x\r\n\r\nbody\r\n', '(\\Deleted)');
  await client.run('SELECT INBOX');
  await client.play(`
    C: a UNSELECT
    S: a OK unselected
    C: b FETCH 1 FLAGS
    S: b BAD select a mailbox before …FETCH
    C: c STATUS INBOX (MESSAGES)
    S: * STATUS INBOX (MESSAGES 1)
    S: c OK status told
  `);
});

conforms('IDLE', 'tells of what another session does, and ends with DONE', async (gateway) => {
  const one = await gateway.signIn('INBOX');
  const two = await gateway.signIn('INBOX');
  await one.play(`
    C: a IDLE
    S: + idling
  `);
  await two.append('INBOX', 'Subject: x\r\n\r\nbody\r\n');
  await one.play(`
    S: * 1 EXISTS
    S: * 1 RECENT
    C: DONE
    S: a OK no longer idle
  `);
});
