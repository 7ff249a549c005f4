/** Extensions of SEARCH. */
import { test } from '@jest/globals';
import { conforms, inVariants } from '../../support/conformance.ts';
import { NUMBERED } from '../../support/variants.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';

const message = (subject: string, body = 'body'): string => `Subject: ${subject}\r\n\r\n${body}\r\n`;

async function filled(gateway: TestGateway, subjects: readonly string[]): Promise<ImapClient> {
  const client = await gateway.signIn();
  for (const subject of subjects) await client.append('INBOX', message(subject));
  await client.run('SELECT INBOX');
  return client;
}

conforms('WITHIN', 'messages are older or younger by seconds', async (gateway) => {
  const client = await gateway.signIn();
  const hourAgo = new Date(gateway.rim.now() - 3_600_000);
  const [day = '', month = '', year = ''] = hourAgo.toUTCString().slice(5, 16).split(' ');
  const time = hourAgo.toISOString().slice(11, 19);
  await client.append('INBOX', message('old'), `"${day}-${month}-${year} ${time} +0000"`);
  await client.append('INBOX', message('new'));
  await client.run('SELECT INBOX');
  await client.play(`
    C: a UID SEARCH OLDER 3600
    S: * SEARCH 1
    S: a OK searched
    C: b UID SEARCH YOUNGER 60
    S: * SEARCH 2
    S: b OK searched
    C: c UID SEARCH OLDER 4000
    S: * SEARCH
    S: c OK searched
    C: d UID SEARCH OLDER -5
    S: d BAD …
    C: e UID SEARCH OLDER 0
    S: * SEARCH 1 2
    S: e OK searched
  `);
});

conforms(
  'PARTIAL',
  'a window of the results, of UIDs that are fetched, and what is saved of it',
  async (gateway) => {
    const client = await filled(gateway, ['a', 'b', 'a', 'a', 'b']);
    await client.play(`
    C: a UID SEARCH RETURN (PARTIAL 2:9 COUNT) SUBJECT a
    S: * ESEARCH (TAG "a") UID PARTIAL (2:9 3:4) COUNT 3
    S: a OK searched
    C: b UID SEARCH RETURN (PARTIAL -1:-2 SAVE) ALL
    S: * ESEARCH (TAG "b") UID PARTIAL (-1:-2 4:5)
    S: b OK searched
    C: c UID FETCH $ (UID)
    S: * 4 FETCH (UID 4)
    S: * 5 FETCH (UID 5)
    S: c OK fetched
    C: d UID SEARCH RETURN (PARTIAL 9:10) ALL
    S: * ESEARCH (TAG "d") UID PARTIAL (9:10 NIL)
    S: d OK searched
    C: e UID SEARCH RETURN (PARTIAL 1:2 ALL) ALL
    S: e BAD …
    C: f UID FETCH 1:* (UID) (PARTIAL -1:-2)
    S: * 4 FETCH (UID 4)
    S: * 5 FETCH (UID 5)
    S: f OK fetched
    C: g UID FETCH 2:4 (UID) (PARTIAL 1:1)
    S: * 2 FETCH (UID 2)
    S: g OK fetched
  `);
  },
);

conforms(
  'SEARCH=FUZZY',
  'what is nearly there is found, with how near it is, where an exact search misses it',
  async (gateway) => {
    const client = await filled(gateway, ['Project meeting', 'Lunch', 'Re: meting of the project']);
    await client.append('INBOX', message('Notes', 'we had a meeting'));
    await client.run('NOOP');
    await client.play(`
    C: a UID SEARCH SUBJECT "meeting project"
    S: * SEARCH
    S: a OK searched
    C: b UID SEARCH FUZZY SUBJECT "meeting project"
    S: * SEARCH 1 3
    S: b OK searched
    C: c UID SEARCH RETURN (ALL RELEVANCY) FUZZY TEXT meting
    S: * ESEARCH (TAG "c") UID ALL 1,3:4 RELEVANCY (71 100 57)
    S: c OK searched
    C: d UID SORT RETURN (ALL RELEVANCY) (RELEVANCY) UTF-8 FUZZY TEXT meting
    S: * ESEARCH (TAG "d") UID ALL 3,1,4 RELEVANCY (100 71 57)
    S: d OK sorted
    C: e UID SORT (RELEVANCY) UTF-8 FUZZY TEXT meting
    S: * SORT 3 1 4
    S: e OK sorted
    C: f UID SEARCH RETURN (RELEVANCY) TEXT meting
    S: f BAD RELEVANCY is of searches with FUZZY
    C: g UID SORT (RELEVANCY) UTF-8 ALL
    S: g BAD RELEVANCY is of searches with FUZZY
  `);
  },
);

conforms('CONTEXT=SEARCH', 'a search is kept up to date until it is cancelled', async (gateway) => {
  const client = await filled(gateway, ['a', 'b', 'a']);
  const other = await gateway.signIn('INBOX');
  await client.play(`
    C: a1 UID SEARCH RETURN (UPDATE CONTEXT COUNT) SUBJECT a UNDELETED
    S: * ESEARCH (TAG "a1") UID COUNT 2
    S: a1 OK searched
    C: a1 UID SEARCH RETURN (UPDATE) ALL
    S: a1 BAD the tag is that of a search that is kept up to date
  `);
  await other.append('INBOX', message('not this one'));
  await other.append('INBOX', message('a, too'));
  await client.play(`
    C: b1 NOOP
    S: * 5 EXISTS
    S: * ESEARCH (TAG "a1") UID ADDTO (0 5)
    S: b1 OK done
  `);
  await other.run('UID STORE 1 +FLAGS.SILENT (\\Deleted)');
  await client.play(`
    C: b2 NOOP
    S: * 1 FETCH (UID 1 FLAGS (…))
    S: * ESEARCH (TAG "a1") UID REMOVEFROM (0 1)
    S: b2 OK done
  `);
  await other.run('UID EXPUNGE 1');
  await other.run('UID STORE 3,5 +FLAGS.SILENT (\\Deleted)');
  await other.run('UID EXPUNGE 3');
  await client.play(`
    C: b3 NOOP
    S: * ESEARCH (TAG "a1") UID REMOVEFROM (0 3)
    S[!qresync !uidonly]: * 1 EXPUNGE
    S[!qresync !uidonly]: * 2 EXPUNGE
    S[qresync uidonly]: * VANISHED 1,3
    S: * 3 FETCH (UID 5 FLAGS (…))
    S: * ESEARCH (TAG "a1") UID REMOVEFROM (0 5)
    S: b3 OK done
    C: c1 CANCELUPDATE "a1"
    S: c1 OK no further updates
    C: c2 CANCELUPDATE "a1"
    S: c2 BAD …
  `);
  await other.append('INBOX', message('a'));
  await client.play(`
    C: d1 NOOP
    S: * 4 EXISTS
    S: d1 OK done
    C: d2 UID SEARCH RETURN (PARTIAL 1:1) SUBJECT a
    S: * ESEARCH (TAG "d2") UID PARTIAL (1:1 5)
    S: d2 OK searched
  `);
});

conforms(
  'MULTISEARCH',
  'several mailboxes are searched by one command, whatever is selected',
  async (gateway) => {
    const client = await gateway.signIn();
    for (const name of ['work', 'work/a', 'work/a/b', 'workshop']) {
      await client.run(`CREATE ${name}`);
      await client.append(name, message('chad'));
    }
    await client.append('INBOX', message('chad'));
    await client.append('INBOX', message('other'));
    await client.play(`
    C: a ESEARCH IN (mailboxes INBOX subtree "work") SUBJECT chad
    S: * ESEARCH (TAG "a" MAILBOX INBOX UIDVALIDITY …) UID ALL 1
    S: * ESEARCH (TAG "a" MAILBOX work UIDVALIDITY …) UID ALL 1
    S: * ESEARCH (TAG "a" MAILBOX work/a UIDVALIDITY …) UID ALL 1
    S: * ESEARCH (TAG "a" MAILBOX work/a/b UIDVALIDITY …) UID ALL 1
    S: a OK searched
    C: b ESEARCH IN (subtree-one work) RETURN (COUNT MIN) SUBJECT chad
    S: * ESEARCH (TAG "b" MAILBOX work UIDVALIDITY …) UID MIN 1 COUNT 1
    S: * ESEARCH (TAG "b" MAILBOX work/a UIDVALIDITY …) UID MIN 1 COUNT 1
    S: b OK searched
    C: c ESEARCH IN (mailboxes (INBOX nowhere)) RETURN (COUNT) SUBJECT nobody
    S: c OK searched
    C: d ESEARCH SUBJECT chad
    S: d BAD no mailbox is selected
    C[!uidonly]: e ESEARCH IN (inboxes) RETURN () 2:9
    S[!uidonly]: * ESEARCH (TAG "e" MAILBOX INBOX UIDVALIDITY …) UID ALL 2
    S[!uidonly]: e OK searched
    C: f ESEARCH IN (personal) RETURN (SAVE) ALL
    S: f BAD …
  `);
    await client.run('SELECT work');
    await client.play(`
    C: g ESEARCH SUBJECT chad
    S: * ESEARCH (TAG "g" MAILBOX work UIDVALIDITY …) UID ALL 1
    S: g OK searched
    C: h ESEARCH IN (selected) RETURN (SAVE) ALL
    S: h OK searched
    C: i UID SEARCH $
    S: * SEARCH 1
    S: i OK searched
    C: j ESEARCH IN (selected mailboxes INBOX) UID 1
    S: * ESEARCH (TAG "j" MAILBOX work UIDVALIDITY …) UID ALL 1
    S: * ESEARCH (TAG "j" MAILBOX INBOX UIDVALIDITY …) UID ALL 1
    S: j OK searched
    C: k ESEARCH IN (mailboxes work/a) $
    S: k BAD …
    C: l ESEARCH IN (selected-delayed) ALL
    S: l BAD …
  `);
  },
);

conforms('FILTERS', 'a search that is stored by name stands in for its text', async (gateway) => {
  const client = await filled(gateway, ['boss', 'team', 'boss']);
  await client.play(`
    C: a SETMETADATA "" (/private/filters/values/on-the-road "OR SUBJECT \\"boss\\" DELETED")
    S: a OK annotations set
    C: b UID SEARCH UID 2:9 FILTER on-the-road
    S: * SEARCH 3
    S: b OK searched
    C: c SETMETADATA "" (/private/filters/values/deep "NOT FILTER On-The-Road SUBJECT {4+}
    C: team")
    S: c BAD …
    C: d SETMETADATA "" (/private/filters/values/deep "NOT FILTER On-The-Road")
    S: d OK annotations set
    C: e UID SEARCH FILTER deep
    S: * SEARCH 2
    S: e OK searched
    C: f UID SEARCH FILTER nothing
    S: f NO [UNDEFINED-FILTER nothing] there is no filter of that name
    C: g SETMETADATA "" (/private/filters/values/loop "FILTER loop")
    S: g OK annotations set
    C: h UID SEARCH FILTER loop
    S: h NO [UNDEFINED-FILTER loop] there is no filter of that name
    C: i UID SEARCH CHARSET ISO-8859-1 FILTER deep
    S: i BAD [BADCHARSET (US-ASCII UTF-8)] a search that names a filter is in UTF-8
    C: j SETMETADATA "" (/private/filters/values/half "OR SMALLER")
    S: j NO [CANNOT] /filters/values/half is no search: …
    C: k SETMETADATA "" (/private/filters/values/lit {25+}
    C: SUBJECT {4+}
    C: team UNSEEN)
    S: k OK annotations set
    C: l UID SEARCH OR FILTER lit FILTER deep
    S: * SEARCH 2
    S: l OK searched
  `);
});

conforms('FILTERS', 'a filter that was stored on another gateway a moment ago is known', async (gateway) => {
  const client = await filled(gateway, ['boss', 'team']);
  await client.run('UID SEARCH ALL');
  const other = await secondGateway(gateway);
  try {
    const elsewhere = await other.signIn();
    await elsewhere.run('SETMETADATA "" (/private/filters/values/mine "SUBJECT team")');
    await client.play(`
    C: a UID SEARCH FILTER mine
    S: * SEARCH 2
    S: a OK searched
  `);
  } finally {
    await other.stop();
  }
});

conforms('PREVIEW', 'the first words of a message, without markup', async (gateway) => {
  const client = await gateway.signIn();
  await client.append('INBOX', 'Subject: a\r\n\r\nHello,\r\n  how are you?\r\n');
  await client.append('INBOX', 'Content-Type: image/png\r\n\r\n\x89PNG\r\n');
  await client.append(
    'INBOX',
    'Content-Type: text/html; charset=utf-8\r\n\r\n<p>Gr\xc3\xbc\xc3\x9fe</p>\r\n',
  );
  await client.run('SELECT INBOX');
  await client.play(`
    C: a UID FETCH 1:2 (PREVIEW)
    S: * 1 FETCH (UID 1 PREVIEW "Hello, how are you?")
    S: * 2 FETCH (UID 2 PREVIEW "")
    S: a OK fetched
    C: b UID FETCH 1 (PREVIEW (LAZY))
    S: * 1 FETCH (UID 1 PREVIEW "Hello, how are you?")
    S: b OK fetched
    C: c UID FETCH 3 PREVIEW
    S: * 3 FETCH (UID 3 PREVIEW {7}
    S: Gr\xc3\xbc\xc3\x9fe)
    S: c OK fetched
  `);
});

inVariants((variant) => {
  test('a search by message number is told what is expunged at once, though numbers must stay', async () => {
    const gateway = await TestGateway.start({ variant });
    try {
      await gateway.addUser();
      const client = await filled(gateway, ['a', 'b', 'c']);
      const other = await gateway.signIn('INBOX');
      await client.play(`
      C: a SEARCH RETURN (UPDATE) 2:3
      S: * ESEARCH (TAG "a")
      S: a OK searched
    `);
      await other.run('UID STORE 1:2 +FLAGS.SILENT (\\Deleted)');
      await other.run('EXPUNGE');
      await client.play(`
      C: b FETCH 3 (UID)
      S: * 3 FETCH (UID 3)
      S: * ESEARCH (TAG "a") REMOVEFROM (0 2)
      S: b OK fetched
      C: c NOOP
      S[!qresync]: * 1 EXPUNGE
      S[!qresync]: * 1 EXPUNGE
      S[qresync]: * VANISHED 1:2
      S: c OK done
    `);
    } finally {
      await gateway.stop();
    }
  });
}, NUMBERED);

inVariants((variant) => {
  test('the seventeenth search is not kept up to date, and is answered all the same', async () => {
    const gateway = await TestGateway.start({ variant });
    try {
      await gateway.addUser();
      const client = await filled(gateway, ['a']);
      for (let count = 1; count <= 16; count++)
        await client.play(`
        C: s${count} SEARCH RETURN (UPDATE) ALL
        S: * ESEARCH (TAG "s${count}")
        S: s${count} OK searched
      `);
      await client.play(`
      C: a SEARCH RETURN (UPDATE COUNT) ALL
      S: * ESEARCH (TAG "a") COUNT 1
      S: * NO [NOUPDATE "a"] no more searches can be kept up to date
      S: a OK searched
      C: b CANCELUPDATE "s7" "s2"
      S: b OK no further updates
      C: c SEARCH RETURN (UPDATE COUNT) ALL
      S: * ESEARCH (TAG "c") COUNT 1
      S: c OK searched
    `);
    } finally {
      await gateway.stop();
    }
  });
});

/** Another one on the same stores, which hears of nothing by itself. */
async function secondGateway({ journal, blobs, logins, variant }: TestGateway): Promise<TestGateway> {
  const account = logins.get('alice@example.test')?.account;
  if (account === undefined) throw new Error('alice has no account');
  const other = await TestGateway.start({ journal, blobs, variant });
  await other.admit('alice@example.test', account);
  return other;
}

conforms(
  'MULTISEARCH',
  'what another gateway has changed a moment ago is searched as it is now',
  async (gateway) => {
    const client = await gateway.signIn();
    await client.append('Junk', message('chad'));
    await client.play(`
    C: a ESEARCH IN (mailboxes Junk) UNSEEN
    S: * ESEARCH (TAG "a" MAILBOX Junk UIDVALIDITY …) UID ALL 1
    S: a OK searched
  `);
    const other = await secondGateway(gateway);
    try {
      const elsewhere = await other.signIn('Junk');
      await elsewhere.run('UID STORE 1 +FLAGS (\\Seen)');
      await elsewhere.append('Junk', message('chad'));
      await client.play(`
    C: b ESEARCH IN (mailboxes Junk) UNSEEN
    S: * ESEARCH (TAG "b" MAILBOX Junk UIDVALIDITY …) UID ALL 2
    S: b OK searched
  `);
    } finally {
      await other.stop();
    }
  },
);

conforms('MULTISEARCH', 'mailboxes that others share are searched by their rights', async (gateway) => {
  await gateway.addUser('bob@example.test');
  const alice = await gateway.signIn();
  for (const name of ['open', 'open/deep', 'open/hidden', 'listed', 'closed']) {
    await alice.run(`CREATE ${name}`);
    await alice.append(name, message('chad'));
  }
  await alice.run('SETACL open bob@example.test lr');
  await alice.run('SETACL open/deep bob@example.test lr');
  await alice.run('SETACL open/hidden bob@example.test r');
  await alice.run('SETACL listed bob@example.test l');
  await alice.run('DELETEACL closed bob@example.test');
  const bob = await gateway.signIn(undefined, 'bob@example.test');
  await bob.append('INBOX', message('chad'));
  await bob.run('SUBSCRIBE #user/alice@example.test/open/deep');
  await bob.play(`
    C: a ESEARCH IN (personal subtree #user/alice@example.test/open) SUBJECT chad
    S: * ESEARCH (TAG "a" MAILBOX INBOX UIDVALIDITY …) UID ALL 1
    S: * ESEARCH (TAG "a" MAILBOX #user/alice@example.test/open UIDVALIDITY …) UID ALL 1
    S: * ESEARCH (TAG "a" MAILBOX #user/alice@example.test/open/deep UIDVALIDITY …) UID ALL 1
    S: a OK searched
    C: b ESEARCH IN (mailboxes (#user/alice@example.test/open/hidden #user/alice@example.test/listed #user/alice@example.test/closed #user/nobody@example.test/INBOX)) SUBJECT chad
    S: * ESEARCH (TAG "b" MAILBOX #user/alice@example.test/open/hidden UIDVALIDITY …) UID ALL 1
    S: b OK searched
    C: c ESEARCH IN (subscribed) SUBJECT chad
    S: * ESEARCH (TAG "c" MAILBOX INBOX UIDVALIDITY …) UID ALL 1
    S: * ESEARCH (TAG "c" MAILBOX #user/alice@example.test/open/deep UIDVALIDITY …) UID ALL 1
    S: c OK searched
  `);
  await bob.run('SELECT #user/alice@example.test/open');
  await bob.play(`
    C: d ESEARCH IN (selected) SUBJECT chad
    S: * ESEARCH (TAG "d" MAILBOX #user/alice@example.test/open UIDVALIDITY …) UID ALL 1
    S: d OK searched
    C: e UID SORT (SUBJECT) UTF-8 UNSEEN
    S: * SORT 1
    S: e OK sorted
  `);
});
