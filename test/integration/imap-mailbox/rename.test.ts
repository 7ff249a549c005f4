import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';

let gateway: TestGateway;
inVariants((variant) => {
  beforeEach(async () => {
    gateway = await TestGateway.start({ variant });
    await gateway.addUser();
  });
  afterEach(async () => {
    await gateway.stop();
    expect(gateway.errors).toEqual([]);
  });

  test('RENAME takes the tree along, with messages, UIDVALIDITY and special use, and makes the names above', async () => {
    const client = await gateway.signIn();
    await client.append('Sent', 'Subject: one\r\n\r\nbody');
    await client.run('CREATE Sent/2024');
    await client.play(`
    C: a RENAME Sent Old/Post
    S: a OK mailbox renamed
    C: b LIST "" (Sent* Old*) RETURN (STATUS (MESSAGES UIDVALIDITY UIDNEXT))
    S: * LIST (\\HasChildren) "/" Old
    S: * STATUS Old (MESSAGES 0 UIDVALIDITY 1767225607 UIDNEXT 1)
    S: * LIST (\\HasChildren \\Sent) "/" Old/Post
    S: * STATUS Old/Post (MESSAGES 1 UIDVALIDITY 1767225602 UIDNEXT 2)
    S: * LIST (\\HasNoChildren) "/" Old/Post/2024
    S: * STATUS Old/Post/2024 (MESSAGES 0 UIDVALIDITY 1767225606 UIDNEXT 1)
    S: b OK mailboxes listed
    C: c SELECT Sent
    S: c NO [NONEXISTENT] …
  `);
  });

  test('RENAME of INBOX moves its messages to a new mailbox (RFC 3501 §6.3.5)', async () => {
    const client = await gateway.signIn();
    await client.run('CREATE INBOX/below');
    await client.append('INBOX', 'Subject: one\r\n\r\nbody', '(\\Seen $Todo)');
    await client.append('INBOX', 'Subject: two\r\n\r\nbody');
    const watching = await gateway.signIn('INBOX');
    await client.play(`
    C: a RENAME inbox Old
    S: a OK mailbox renamed
    C: b LIST "" * RETURN (STATUS (MESSAGES UNSEEN UIDNEXT SIZE))
    S: * LIST (\\HasChildren) "/" INBOX
    S: * STATUS INBOX (MESSAGES 0 UNSEEN 0 UIDNEXT 3 SIZE 0)
    S: * LIST (\\HasNoChildren) "/" INBOX/below
    S: * STATUS INBOX/below (MESSAGES 0 UNSEEN 0 UIDNEXT 1 SIZE 0)
    S: * LIST (\\HasNoChildren \\Archive) "/" Archive
    S: * STATUS Archive …
    S: * LIST (\\HasNoChildren \\Drafts) "/" Drafts
    S: * STATUS Drafts …
    S: * LIST (\\HasNoChildren \\Junk) "/" Junk
    S: * STATUS Junk …
    S: * LIST (\\HasNoChildren) "/" Old
    S: * STATUS Old (MESSAGES 2 UNSEEN 1 UIDNEXT 3 SIZE 40)
    S: * LIST (\\HasNoChildren \\Sent) "/" Sent
    S: * STATUS Sent …
    S: * LIST (\\HasNoChildren \\Trash) "/" Trash
    S: * STATUS Trash …
    S: b OK mailboxes listed
    C: c EXAMINE Old
    S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft $Todo)
    S: * OK [PERMANENTFLAGS …
    S: * 2 EXISTS
    S: * 2 RECENT
    S[!uidonly]: * OK [UNSEEN 2] …
    S: * OK [UIDVALIDITY …
    S: * OK [UIDNEXT 3] …
    S: * OK [HIGHESTMODSEQ …
    S: c OK [READ-ONLY] examined
    C: d UID FETCH 1:2 (FLAGS BODY.PEEK[HEADER])
    S: * 1 FETCH (UID 1 FLAGS (\\Seen \\Recent $Todo) BODY[HEADER] {16}
    S: Subject: one
    S: 
    S: )
    S: * 2 FETCH (UID 2 FLAGS (\\Recent) BODY[HEADER] {16}
    S: Subject: two
    S: 
    S: )
    S: d OK fetched
  `);
    await watching.play(`
    C: a NOOP
    S: * …
    S[!qresync !uidonly]: * …
    S: a OK …
  `);
  });

  test('RENAME is refused with the reason', async () => {
    const client = await gateway.signIn();
    await client.run('CREATE a/b');
    await client.play(`
    C: a RENAME a Sent
    S: a NO [ALREADYEXISTS] mailbox "Sent" exists already
    C: b RENAME a Inbox
    S: b NO [ALREADYEXISTS] mailbox "INBOX" exists already
    C: c RENAME a a/b/c
    S: c NO [CANNOT] a mailbox cannot be moved below itself
    C: d RENAME nowhere x
    S: d NO [NONEXISTENT] mailbox "nowhere" does not exist
    C: e RENAME INBOX Sent
    S: e NO [ALREADYEXISTS] mailbox "Sent" exists already
    C: f RENAME a
    S: f BAD …
    C: g LIST "" a*
    S: * LIST (\\HasChildren) "/" a
    S: * LIST (\\HasNoChildren) "/" a/b
    S: g OK mailboxes listed
  `);
  });

  test('a session keeps the mailbox that is renamed under it', async () => {
    const client = await gateway.signIn();
    await client.run('CREATE a');
    await client.append('a', 'Subject: one\r\n\r\nbody');
    await client.run('SELECT a');
    await client.play(`
    C: a RENAME a b
    S: a OK mailbox renamed
    C: b UID FETCH 1 UID
    S: * 1 FETCH (UID 1)
    S: b OK fetched
  `);
  });
});
