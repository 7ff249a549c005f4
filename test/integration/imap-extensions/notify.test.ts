/** NOTIFY (RFC 5465). The transcripts name their sections. */
import { conforms } from '../../support/conformance.ts';
import { EXPUNGED_BY_NUMBER } from '../../support/variants.ts';

const MAIL = 'Subject: x\r\n\r\nbody\r\n';

conforms(
  'NOTIFY',
  'mail that comes into another mailbox is told at once, without a command (§5.2)',
  async (gateway) => {
    const one = await gateway.signIn('INBOX');
    const two = await gateway.signIn();
    await one.play(`
    C: a NOTIFY SET (SELECTED (MessageNew MessageExpunge)) (MAILBOXES (Sent Nowhere) (MessageNew MessageExpunge))
    S: a OK watching
  `);
    await two.append('Sent', MAIL);
    await two.append('Drafts', MAIL);
    await one.play(`
    S[plain tls]: * STATUS Sent (UIDNEXT 2 MESSAGES 1)
    S[uidonly]: * STATUS Sent (UIDNEXT 2 MESSAGES 1)
    S[condstore qresync]: * STATUS Sent (UIDNEXT 2 MESSAGES 1 UIDVALIDITY … HIGHESTMODSEQ …)
  `);
    await two.append('INBOX', MAIL);
    await one.play(`
    S: * 1 EXISTS
    S: * 1 RECENT
    C: b NOOP
    S: b OK done
  `);
  },
);

conforms(
  'NOTIFY',
  'a new message is told with the items that were asked for, but not to who has put it there',
  async (gateway) => {
    const one = await gateway.signIn('INBOX');
    const two = await gateway.signIn();
    await one.play(`
    C: a NOTIFY SET (SELECTED (MessageNew (FLAGS RFC822.SIZE) MessageExpunge FlagChange))
    S: a OK watching
  `);
    await two.append('INBOX', MAIL, '(\\Flagged)');
    await one.play(`
    S: * 1 EXISTS
    S: * 1 RECENT
    S: * 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent) RFC822.SIZE 20)
  `);
    await one.play(`
    C: b APPEND INBOX {20+}
    C: Subject: y
    C:
    C: body
    C:
    S: * 2 EXISTS
    S: * 2 RECENT
    S: b OK [APPENDUID … 2] appended
  `);
  },
);

conforms(
  'NOTIFY',
  'a new message is told with its mod-sequence to who has enabled CONDSTORE (RFC 7162 §3.2.4)',
  async (gateway) => {
    const one = await gateway.signIn();
    await one.run('SELECT INBOX (CONDSTORE)');
    const two = await gateway.signIn();
    await one.play(`
    C: a NOTIFY SET (SELECTED (MessageNew (RFC822.SIZE) MessageExpunge))
    S: a OK watching
  `);
    await two.append('INBOX', MAIL);
    await one.play(`
    S: * 1 EXISTS
    S: * 1 RECENT
    S: * 1 FETCH (UID 1 RFC822.SIZE 20 MODSEQ (2048))
  `);
  },
);

// By message number; under QRESYNC reminders (RFC 7162 §6) stand between.
conforms(
  'NOTIFY',
  'flags and expunges of the selected mailbox come at once; SELECTED-DELAYED holds an EXPUNGE back (§6.1)',
  async (gateway) => {
    const one = await gateway.signIn();
    for (let count = 0; count < 3; count++) await one.append('INBOX', MAIL);
    await one.run('SELECT INBOX');
    const two = await gateway.signIn('INBOX');
    await one.play(`
      C: a NOTIFY SET (SELECTED (MessageNew MessageExpunge FlagChange))
      S: a OK watching
    `);
    await two.run('UID STORE 2 +FLAGS (\\Deleted)');
    await one.play(`
      S: * 2 FETCH (UID 2 FLAGS (\\Deleted \\Recent))
    `);
    await two.run('EXPUNGE');
    await one.play(`
      S: * 2 EXPUNGE
      C: b NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge FlagChange))
      S: b OK watching
    `);
    await two.run('UID STORE 1 +FLAGS (\\Deleted)');
    await one.play(`
      S: * 1 FETCH (UID 1 FLAGS (\\Deleted \\Recent))
    `);
    await two.run('EXPUNGE');
    await two.run('UID STORE 3 +FLAGS (\\Seen)');
    await one.play(`
      S: * 2 FETCH (UID 3 FLAGS (\\Seen \\Recent))
      C: c NOOP
      S: * 1 EXPUNGE
      S: c OK done
    `);
  },
  { variants: EXPUNGED_BY_NUMBER },
);

conforms(
  'NOTIFY',
  'NONE, and SET without SELECTED: nothing is told of the selected mailbox (§3.1)',
  async (gateway) => {
    const one = await gateway.signIn('INBOX');
    const two = await gateway.signIn();
    await one.play(`
    C: a NOTIFY NONE
    S: a OK nothing is told any more
  `);
    await two.append('INBOX', MAIL);
    await one.play(`
    C: b NOOP
    S: b OK done
    C: c NOTIFY SET (PERSONAL (MailboxName))
    S: c OK watching
    C: d NOOP
    S: d OK done
    C: e NOTIFY SET (SELECTED (MessageNew MessageExpunge))
    S: * 1 EXISTS
    S: * 1 RECENT
    S: e OK watching
  `);
  },
);

conforms(
  'NOTIFY',
  'names that come, go and change, and their parents; children of a renamed mailbox are not told (§5.4)',
  async (gateway) => {
    const one = await gateway.signIn();
    const two = await gateway.signIn();
    await one.play(`
    C: a NOTIFY SET (PERSONAL (MailboxName))
    S: a OK watching
    C: b CREATE Mine
    S: b OK mailbox created
  `);
    await two.run('CREATE Work/Notes');
    await one.play(`
    S: * LIST (\\HasChildren) "/" Work
    S: * LIST (\\HasNoChildren) "/" Work/Notes
  `);
    await two.run('RENAME Work Play');
    await one.play(`
    S: * LIST (\\HasChildren) "/" Play ("OLDNAME" (Work))
  `);
    await two.run('DELETE Play/Notes');
    await one.play(`
    S: * LIST (\\NonExistent \\Noselect \\HasNoChildren) "/" Play/Notes
    S: * LIST (\\HasNoChildren) "/" Play
    C: c NOOP
    S: c OK done
  `);
  },
);

conforms(
  'NOTIFY',
  'a mailbox that is new with messages in it, and one that has taken the name of another, are told with their STATUS (§5.1, §5.2)',
  async (gateway) => {
    const one = await gateway.signIn();
    const two = await gateway.signIn();
    await two.append('INBOX', MAIL);
    await one.play(`
    C: a NOTIFY SET (PERSONAL (MessageNew MessageExpunge FlagChange))
    S: a OK watching
  `);
    await two.run('RENAME INBOX Kept');
    await one.play(`
    S[plain tls uidonly]: * STATUS INBOX (UIDNEXT 2 MESSAGES 0 UNSEEN 0)
    S[condstore qresync]: * STATUS INBOX (UIDNEXT 2 MESSAGES 0 UNSEEN 0 UIDVALIDITY … HIGHESTMODSEQ …)
    S: * STATUS Kept (UIDNEXT 2 MESSAGES 1 UIDVALIDITY … UNSEEN 1…)
  `);
    await two.run('DELETE Kept');
    await two.run('CREATE Kept');
    await one.play(`
    S: * STATUS Kept (UIDNEXT 1 MESSAGES 0 UIDVALIDITY …)
  `);
    await one.play(`
    C: b NOTIFY SET (PERSONAL (MessageNew MessageExpunge))
    S: b OK watching
  `);
    await two.run('DELETE Kept');
    await one.run('NOOP');
    await two.run('CREATE Kept');
    await one.play(`
    C: c NOOP
    S: c OK done
  `);
  },
);

conforms(
  'NOTIFY',
  'subscriptions, and annotations of mailboxes and of the server (§5.5 to §5.7)',
  async (gateway) => {
    const one = await gateway.signIn();
    const two = await gateway.signIn();
    await one.play(`
    C: a NOTIFY SET (SUBTREE Trash (SubscriptionChange MailboxMetadataChange)) (PERSONAL (ServerMetadataChange))
    S: a OK watching
  `);
    await two.run('UNSUBSCRIBE Trash');
    await two.run('SUBSCRIBE Trash');
    await two.run('SUBSCRIBE Sent');
    await one.play(`
    S: * LIST (\\HasNoChildren \\Trash) "/" Trash
    S: * LIST (\\Subscribed \\HasNoChildren \\Trash) "/" Trash
  `);
    await two.run('SETMETADATA Trash (/private/comment "old mail")');
    await two.run('SETMETADATA "" (/private/comment "me")');
    await one.play(`
    S: * METADATA Trash /private/comment
    S: * METADATA "" /private/comment
  `);
  },
);

conforms(
  'NOTIFY',
  'STATUS of what is watched, but of the selected mailbox, before the answer (§3.1)',
  async (gateway) => {
    const one = await gateway.signIn('INBOX');
    await one.play(`
    C: a NOTIFY SET STATUS (MAILBOXES (INBOX Sent) (MessageNew MessageExpunge)) (MAILBOXES Trash (MailboxName))
    S: * STATUS Sent (MESSAGES 0 UIDNEXT 1 UIDVALIDITY …)
    S: a OK watching
    C: b NOTIFY SET STATUS (MAILBOXES Drafts (MessageNew MessageExpunge FlagChange))
    S: * STATUS Drafts (MESSAGES 0 UIDNEXT 1 UIDVALIDITY … HIGHESTMODSEQ …)
    S: b OK watching
  `);
  },
);

conforms('NOTIFY', 'IDLE tells the same events (§4)', async (gateway) => {
  const one = await gateway.signIn('INBOX');
  const two = await gateway.signIn();
  await one.play(`
    C: a NOTIFY SET (INBOXES (MailboxName)) (MAILBOXES Sent (MessageNew MessageExpunge FlagChange))
    S: a OK watching
    C: b IDLE
    S: + idling
  `);
  await two.append('INBOX', MAIL);
  await two.append('Sent', MAIL);
  await one.play(`
    S: * STATUS Sent (UIDNEXT 2 MESSAGES 1 UNSEEN 1…)
    C: DONE
    S: b OK no longer idle
  `);
});

conforms(
  'NOTIFY',
  'a search that is kept up to date tells of what arrives with the items that UPDATE names (§7)',
  async (gateway) => {
    const one = await gateway.signIn('INBOX');
    const two = await gateway.signIn();
    await one.play(`
    C: a UID SEARCH RETURN (COUNT UPDATE (FLAGS)) SUBJECT x
    S: * ESEARCH (TAG "a") UID COUNT 0
    S: a OK searched
  `);
    await two.append('INBOX', 'Subject: other\r\n\r\n');
    await two.append('INBOX', MAIL, '(\\Flagged)');
    await one.play(`
    C: b NOOP
    S: * 2 EXISTS
    S: * 2 RECENT
    S: * 2 FETCH (UID 2 FLAGS (\\Flagged \\Recent))
    S: * ESEARCH (TAG "a") UID ADDTO (0 2)
    S: b OK done
  `);
  },
);

conforms('NOTIFY', 'what makes no sense is BAD, what is not known is NO with BADEVENT', async (gateway) => {
  const client = await gateway.signIn();
  await client.play(`
    C: a NOTIFY SET (SELECTED (MessageNew))
    S: a BAD events of messages need MessageNew and MessageExpunge, both
    C: b NOTIFY SET (SELECTED (MessageNew MessageExpunge MailboxName))
    S: b BAD the selected mailbox has events of messages only
    C: c NOTIFY SET (SELECTED NONE) (SELECTED-DELAYED NONE)
    S: c BAD …
    C: d NOTIFY SET (PERSONAL (MessageNew (UID) MessageExpunge))
    S: d BAD …
    C: e NOTIFY SET (PERSONAL (MessageNew MessageExpunge AnnotationChange))
    S: e NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange)] …
    C: f NOTIFY SET (PERSONAL (X-Weather))
    S: f NO [BADEVENT (…)] …
    C: g NOTIFY SET
    S: g BAD …
  `);
});

conforms(
  'NOTIFY',
  'what an administrator notes on the server for everybody is told to who watches it, but not to who has done it (§5.7)',
  async (gateway) => {
    const login = gateway.logins.get('alice@example.test');
    if (!login) throw new Error('alice is there');
    gateway.logins.set('alice@example.test', { ...login, administrator: true });
    await gateway.addUser('bob@example.test');
    const administrator = await gateway.signIn();
    const bob = await gateway.signIn(undefined, 'bob@example.test');
    await administrator.run('SETMETADATA "" (/shared/motd "hello")');
    for (const client of [administrator, bob])
      await client.play(`
    C: a NOTIFY SET (PERSONAL (ServerMetadataChange))
    S: a OK watching
  `);
    await administrator.play(`
    C: b SETMETADATA "" (/shared/comment "down at noon" /shared/motd NIL)
    S: b OK annotations set
    C: c SETMETADATA "" (/shared/comment "down at noon")
    S: c OK annotations set
    C: d NOOP
    S: d OK done
  `);
    await bob.play(`
    S: * METADATA "" /shared/motd /shared/comment
    C: e NOOP
    S: e OK done
    C: f NOTIFY NONE
    S: f OK nothing is told any more
  `);
    await administrator.run('SETMETADATA "" (/shared/comment NIL)');
    await bob.play(`
    C: g NOOP
    S: g OK done
  `);
  },
);
