/** Extensions of APPEND. */
import { conforms } from '../../support/conformance.ts';

const DRAFT = [
  'Subject: photos',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/plain',
  '',
  'look at this',
  '--b',
  'Content-Type: image/png',
  '',
  'PNG',
  '--b--',
  '',
].join('\r\n');

conforms('CATENATE', 'a message is made of text and of parts of others', async (gateway) => {
  const client = await gateway.signIn();
  await client.append('Drafts', DRAFT);
  await client.append('Drafts', 'Subject: second\r\n\r\nbody\r\n');
  await client.play(`
    C: a APPEND Drafts (\\Draft) CATENATE (URL "/Drafts/;UID=1/;SECTION=HEADER" TEXT {5+}
    C: --b
    C:  URL /Drafts/;UID=1/;SECTION=1.MIME URL /Drafts/;UID=1/;SECTION=1 TEXT {7}
    S: + go ahead
    C:
    C: --b
    C:  URL {16+}
    C: /Drafts/;UID=2/; TEXT {0}
    S: + go ahead
    C: )
    S: a NO [BADURL /Drafts/;UID=2/;] a URL cannot be used: …
    C: b APPEND Drafts (\\Draft) CATENATE (URL "/Drafts/;UID=1/;SECTION=HEADER" TEXT {5+}
    C: --b
    C:  URL /Drafts/;UID=1/;SECTION=1.MIME URL /Drafts/;UID=1/;SECTION=1 TEXT {39+}
    C:
    C: --b
    C: Content-Type: message/rfc822
    C:
    C:  URL /Drafts/;UID=2 TEXT {7+}
    C:
    C: --b--)
    S: b OK [APPENDUID … 3] appended
  `);
  await client.run('SELECT Drafts');
  await client.play(`
    C: c UID FETCH 3 BODY.PEEK[]
    S: * 3 FETCH (UID 3 BODY[] {178}
    S: Subject: photos
    S: Content-Type: multipart/mixed; boundary=b
    S:
    S: --b
    S: Content-Type: text/plain
    S:
    S: look at this
    S: --b
    S: Content-Type: message/rfc822
    S:
    S: Subject: second
    S:
    S: body
    S:
    S: --b--)
    S: c OK fetched
  `);
});

conforms('URL-PARTIAL', 'a URL may name bytes of a part', async (gateway) => {
  const client = await gateway.signIn();
  await client.append('Drafts', 'Subject: x\r\n\r\n0123456789\r\n');
  await client.play(`
    C: a APPEND INBOX CATENATE (URL "/Drafts/;UID=1/;SECTION=HEADER" URL /Drafts/;UID=1/;SECTION=TEXT/;PARTIAL=2.4 URL /Drafts/;UID=1/;SECTION=TEXT/;PARTIAL=8)
    S: a OK [APPENDUID … 1] appended
  `);
  await client.run('SELECT INBOX');
  await client.play(`
    C: b UID FETCH 1 BODY.PEEK[TEXT]
    S: * 1 FETCH (UID 1 BODY[TEXT] {8}
    S: 234589
    S: )
    S: b OK fetched
  `);
});

conforms('REPLACE', 'one message comes and the other goes, in one step', async (gateway) => {
  const client = await gateway.signIn();
  await client.append('Drafts', 'Subject: first\r\n\r\n', '(\\Flagged)');
  await client.append('Drafts', 'Subject: other\r\n\r\n');
  await client.run('SELECT Drafts');
  await client.play(`
    C: a UID REPLACE 1 Drafts (\\Draft) {19+}
    C: Subject: second
    C:
    C:
    S: * OK [APPENDUID … 3] the replacement is stored
    S[!qresync !uidonly]: * 1 EXPUNGE
    S[qresync uidonly]: * VANISHED 1
    S: * 2 EXISTS
    S: * 2 RECENT
    S: a OK replaced
    C: b UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])
    S: * 1 FETCH (UID 2 FLAGS (\\Recent) BODY[HEADER.FIELDS (SUBJECT)] {18}
    S: Subject: other
    S:
    S: )
    S: * 2 FETCH (UID 3 FLAGS (\\Draft \\Recent) BODY[HEADER.FIELDS (SUBJECT)] {19}
    S: Subject: second
    S:
    S: )
    S: b OK fetched
  `);
});

conforms(
  'BINARY',
  'APPEND takes NUL in a literal8: the part is encoded, and BINARY gives it back',
  async (gateway) => {
    const client = await gateway.signIn();
    const message = [
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: application/x-data',
      'Content-Transfer-Encoding: binary',
      '',
      '\0\x01\r\n\0',
      '--b--',
      '',
    ].join('\r\n');
    await client.play(`
    C: a APPEND INBOX ~{${message.length}+}
    C: ${message.replaceAll('\r\n', '\n      C: ')}
    S: a OK [APPENDUID … 1] appended
  `);
    await client.run('SELECT INBOX');
    await client.play(`
    C: b UID FETCH 1 (BODY.PEEK[1.MIME] BODY.PEEK[1] BINARY.SIZE[1])
    S: * 1 FETCH (UID 1 BODY[1.MIME] {71}
    S: Content-Type: application/x-data
    S: Content-Transfer-Encoding: base64
    S:
    S:  BODY[1] {8}
    S: AAENCgA= BINARY.SIZE[1] 5)
    S: b OK fetched
    C: c UID FETCH 1 BINARY.PEEK[1]
    S: * 1 FETCH (UID 1 BINARY[1] ~{5}
    S: \0\x01
    S: \0)
    S: c OK fetched
  `);
  },
);

conforms(
  'UTF8=ACCEPT',
  'a header with 8-bit characters is for those who have enabled it',
  async (gateway) => {
    const client = await gateway.signIn();
    const subject = 'Subject: Gr\xc3\xbc\xc3\x9fe';
    await client.play(`
    C: a APPEND INBOX {20+}
    C: ${subject}
    C:
    C:
    S: a NO [CANNOT] the header holds 8-bit characters: that needs ENABLE UTF8=ACCEPT before
    C: b ENABLE UTF8=ACCEPT
    S: * ENABLED UTF8=ACCEPT
    S: b OK enabled
    C: c APPEND INBOX {20+}
    C: ${subject}
    C:
    C:
    S: c OK [APPENDUID … 1] appended
    C: d APPEND INBOX UTF8 (~{20+}
    C: ${subject}
    C:
    C: )
    S: d OK [APPENDUID … 2] appended
  `);
  },
);
