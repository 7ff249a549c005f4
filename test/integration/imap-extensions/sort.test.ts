/** SORT and THREAD. */
import { conforms } from '../../support/conformance.ts';
import type { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';

interface Mail {
  readonly from?: string;
  readonly subject?: string;
  readonly date?: string;
  readonly more?: string;
  readonly body?: string;
}

function message({
  from = 'a@x.test',
  subject = '',
  date = '1 Jan 2024 00:00:00 +0000',
  more = '',
  body = '',
}: Mail): string {
  return `From: ${from}\r\nSubject: ${subject}\r\nDate: ${date}\r\n${more}\r\n${body}\r\n`;
}

async function filled(gateway: TestGateway, mails: readonly Mail[]): Promise<ImapClient> {
  const client = await gateway.signIn();
  // They came one a day.
  for (const [index, mail] of mails.entries())
    await client.append('INBOX', message(mail), `" ${index + 1}-Jan-2024 12:00:00 +0000"`);
  await client.run('SELECT INBOX');
  return client;
}

const SAMPLE: readonly Mail[] = [
  { from: 'Zoe <bob@x.test>', subject: 'Re: pears', date: '3 Jan 2024 00:00:00 +0000', body: 'x'.repeat(50) },
  { from: 'Adam <Carl@x.test>', subject: 'Apples', date: '1 Jan 2024 23:30:00 -0800', body: 'y' },
  { from: 'anna@x.test', subject: '[list] PEARS (fwd)', date: '2 Jan 2024 00:00:00 +0000', body: 'x' },
];

conforms('SORT', 'by subject, sender, date and size, each way, for what is searched', async (gateway) => {
  const client = await filled(gateway, SAMPLE);
  await client.play(`
    C: a UID SORT (SUBJECT) UTF-8 ALL
    S: * SORT 2 1 3
    S: a OK sorted
    C: b UID SORT (SUBJECT DATE) US-ASCII ALL
    S: * SORT 2 3 1
    S: b OK sorted
    C: c UID SORT (REVERSE SUBJECT REVERSE DATE) UTF-8 ALL
    S: * SORT 1 3 2
    S: c OK sorted
    C: d UID SORT (DATE) UTF-8 ALL
    S: * SORT 3 2 1
    S: d OK sorted
    C: e UID SORT (FROM) UTF-8 ALL
    S: * SORT 3 1 2
    S: e OK sorted
    C: f UID SORT (REVERSE SIZE) UTF-8 SUBJECT pears
    S: * SORT 1 3
    S: f OK sorted
    C: g UID SORT (ARRIVAL) UTF-8 BODY nowhere
    S: * SORT
    S: g OK sorted
    C: h UID SORT (SUBJECT) MOON ALL
    S: h NO [BADCHARSET …
    C: i UID SORT (MOON) UTF-8 ALL
    S: i BAD …
    C: j UID SORT (DATE) ISO-8859-1 SUBJECT "P\xc4RS"
    S: * SORT
    S: j OK sorted
  `);
});

conforms('SORT=DISPLAY', 'by the names that people see', async (gateway) => {
  const client = await filled(gateway, SAMPLE);
  await client.play(`
    C: a UID SORT (DISPLAYFROM) UTF-8 ALL
    S: * SORT 2 3 1
    S: a OK sorted
    C: b UID SORT (REVERSE DISPLAYFROM) UTF-8 ALL
    S: * SORT 1 3 2
    S: b OK sorted
  `);
});

conforms('ESORT', 'sorted results by the options of ESEARCH, and saved', async (gateway) => {
  const client = await filled(gateway, SAMPLE);
  await client.play(`
    C: a UID SORT RETURN () (REVERSE DATE) UTF-8 ALL
    S: * ESEARCH (TAG "a") UID ALL 1:3
    S: a OK sorted
    C: b UID SORT RETURN (MIN MAX COUNT ALL) (DATE) UTF-8 ALL
    S: * ESEARCH (TAG "b") UID MIN 3 MAX 1 ALL 3,2,1 COUNT 3
    S: b OK sorted
    C: c UID SORT RETURN (SAVE MIN) (DATE) UTF-8 ALL
    S: * ESEARCH (TAG "c") UID MIN 3
    S: c OK sorted
    C: d UID SEARCH $
    S: * SEARCH 3
    S: d OK searched
  `);
});

conforms('CONTEXT=SORT', 'a sorted list has its news at their places', async (gateway) => {
  const client = await filled(gateway, SAMPLE);
  const other = await gateway.signIn('INBOX');
  await client.play(`
    C: a1 UID SORT RETURN (UPDATE PARTIAL 1:2) (SUBJECT) UTF-8 UNDELETED
    S: * ESEARCH (TAG "a1") UID PARTIAL (1:2 2,1)
    S: a1 OK sorted
  `);
  await other.append('INBOX', message({ subject: 'bananas' }));
  await other.append('INBOX', message({ subject: 'aardvark' }));
  await other.append('INBOX', message({ subject: 'blackberries' }));
  await client.play(`
    C: a2 NOOP
    S: * 6 EXISTS
    S: * ESEARCH (TAG "a1") UID ADDTO (1 5 3 4,6)
    S: a2 OK done
  `);
  // The list is 5 2 4 6 1 3 now.
  await other.run('UID STORE 2,4,3 +FLAGS.SILENT (\\Deleted)');
  await client.play(`
    C: a3 UID SEARCH RETURN (COUNT) ALL
    S: * ESEARCH (TAG "a3") UID COUNT 6
    S: * 2 FETCH (UID 2 FLAGS (…))
    S: * 3 FETCH (UID 3 FLAGS (…))
    S: * 4 FETCH (UID 4 FLAGS (…))
    S: * ESEARCH (TAG "a1") UID REMOVEFROM (2 2,4 4 3)
    S: a3 OK searched
    C: a4 CANCELUPDATE "a1"
    S: a4 OK no further updates
  `);
});

const THREADED: readonly Mail[] = [
  { subject: 'Trip', more: 'Message-ID: <1@x>\r\n' },
  {
    subject: 'Re: Trip',
    date: '2 Jan 2024 00:00:00 +0000',
    more: 'Message-ID: <"2"@x>\r\nReferences: <1@x>\r\n',
  },
  { subject: 'Other', date: '3 Jan 2024 00:00:00 +0000', more: 'Message-ID: <3@x>\r\n' },
  { subject: 'Re: Trip', date: '4 Jan 2024 00:00:00 +0000', more: 'In-Reply-To: <2@x> (from b)\r\n' },
  { subject: 'Fwd: other', date: '5 Jan 2024 00:00:00 +0000', more: 'Message-ID: <5@x>\r\n' },
  { subject: 'Re: Trip', date: '6 Jan 2024 00:00:00 +0000', more: 'References: <0@x> <1@x>\r\n' },
];

conforms('THREAD=REFERENCES', 'by references, and then by subjects', async (gateway) => {
  const client = await filled(gateway, THREADED);
  await client.play(`
    C: a UID THREAD REFERENCES UTF-8 ALL
    S: * THREAD (1 (2 4)(6))(3 5)
    S: a OK threaded
    C: b UID THREAD REFERENCES US-ASCII NOT UID 1
    S: * THREAD ((2 4)(6))(3 5)
    S: b OK threaded
    C: c UID THREAD REFERENCES UTF-8 TEXT gewp
    S: * THREAD
    S: c OK threaded
    C: d UID THREAD MOON UTF-8 ALL
    S: d BAD …
  `);
});

conforms('THREAD=REFS', 'by references alone, what was added to last at the end', async (gateway) => {
  const client = await filled(gateway, THREADED);
  await client.play(`
    C: a UID THREAD REFS UTF-8 ALL
    S: * THREAD (3)(5)(1 (2 4)(6))
    S: a OK threaded
    C: b UID THREAD REFS UTF-8 UID 1:3
    S: * THREAD (1 2)(3)
    S: b OK threaded
  `);
});

conforms('THREAD=ORDEREDSUBJECT', 'by subjects alone', async (gateway) => {
  const client = await filled(gateway, THREADED);
  await client.play(`
    C: a UID THREAD ORDEREDSUBJECT UTF-8 ALL
    S: * THREAD (1 (2)(4)(6))(3 5)
    S: a OK threaded
  `);
});
