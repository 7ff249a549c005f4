/** Extensions of the commands on mailboxes. */
import { conforms } from '../../support/conformance.ts';

conforms('CREATE-SPECIAL-USE', 'a mailbox is made for a use that nobody has', async (gateway) => {
  const client = await gateway.signIn();
  await client.play(`
    C: a CREATE Old
    S: a OK mailbox created
    C: b DELETE Archive
    S: b OK …
    C: c CREATE Attic (USE (\\Archive))
    S: c OK mailbox created
    C: d LIST "" Attic
    S: * LIST (\\HasNoChildren \\Archive) "/" Attic
    S: d OK mailboxes listed
    C: e CREATE Second (USE (\\Archive))
    S: e NO [USEATTR] mailbox "Attic" is in use as \\Archive already
    C: f LIST "" Second
    S: f OK mailboxes listed
  `);
});

conforms('LIST-EXTENDED', 'several patterns, selection and return options', async (gateway) => {
  const client = await gateway.signIn();
  await client.play(`
    C: a SUBSCRIBE Sent
    S: a OK …
    C: b LIST (SUBSCRIBED) "" ("S*" "X*")
    S: * LIST (\\Subscribed \\HasNoChildren \\Sent) "/" Sent
    S: b OK mailboxes listed
    C: c LIST "" "Trash" RETURN (CHILDREN)
    S: * LIST (\\HasNoChildren \\Trash) "/" Trash
    S: c OK mailboxes listed
  `);
});

conforms('CHILDREN', 'LIST tells who has children', async (gateway) => {
  const client = await gateway.signIn();
  await client.play(`
    C: a CREATE Work/Notes
    S: a OK mailbox created
    C: b LIST "" Work*
    S: * LIST (\\HasChildren) "/" Work
    S: * LIST (\\HasNoChildren) "/" Work/Notes
    S: b OK mailboxes listed
  `);
});

conforms('SPECIAL-USE', 'LIST tells uses, selects by them, and returns them', async (gateway) => {
  const client = await gateway.signIn();
  await client.play(`
    C: a LIST "" Drafts
    S: * LIST (\\HasNoChildren \\Drafts) "/" Drafts
    S: a OK mailboxes listed
    C: b LIST (SPECIAL-USE) "" "%"
    S: * LIST (\\HasNoChildren \\Archive) "/" Archive
    S: * LIST (\\HasNoChildren \\Drafts) "/" Drafts
    S: * LIST (\\HasNoChildren \\Junk) "/" Junk
    S: * LIST (\\HasNoChildren \\Sent) "/" Sent
    S: * LIST (\\HasNoChildren \\Trash) "/" Trash
    S: b OK mailboxes listed
    C: c LIST "" "T*" RETURN (SPECIAL-USE)
    S: * LIST (\\HasNoChildren \\Trash) "/" Trash
    S: c OK mailboxes listed
  `);
});

conforms('LIST-STATUS', 'LIST brings the status of each mailbox', async (gateway) => {
  const client = await gateway.signIn();
  await client.play(`
    C: a LIST "" "S*" RETURN (STATUS (MESSAGES UNSEEN))
    S: * LIST (\\HasNoChildren \\Sent) "/" Sent
    S: * STATUS Sent (MESSAGES 0 UNSEEN 0)
    S: a OK mailboxes listed
  `);
});

conforms('STATUS=SIZE', 'STATUS tells how many bytes a mailbox holds', async (gateway) => {
  const client = await gateway.signIn();
  await client.append('INBOX', 'Subject: x\r\n\r\nbody\r\n');
  await client.append('INBOX', 'Subject: y\r\n\r\nbody\r\n');
  await client.play(`
    C: a STATUS INBOX (SIZE)
    S: * STATUS INBOX (SIZE 40)
    S: a OK status told
  `);
});

conforms('NAMESPACE', 'tells the personal namespace and its delimiter', async (gateway) => {
  const client = await gateway.signIn();
  await client.play(`
    C: a NAMESPACE
    S: * NAMESPACE (("" "/")) …
    S: a OK namespaces told
    C: b NAMESPACE x
    S: b BAD …
  `);
});

conforms(
  'APPENDLIMIT',
  'CAPABILITY and STATUS tell it, and APPEND keeps to it',
  async (gateway) => {
    const client = await gateway.signIn();
    await client.play(`
    C: a CAPABILITY
    S: * CAPABILITY … APPENDLIMIT=1000 …
    S: a OK capabilities listed
    C: b STATUS INBOX (APPENDLIMIT)
    S: * STATUS INBOX (APPENDLIMIT 1000)
    S: b OK status told
    C: c APPEND INBOX {1001}
    S: c NO [TOOBIG] …
  `);
  },
  { gateway: { limits: { messageBytes: 1000 } } },
);

conforms('XLIST', 'tells older Outlook of its special folders', async (gateway) => {
  const client = await gateway.signIn();
  await client.run('CREATE Work/Notes (USE (\\Important))');
  await client.play(`
    C: a XLIST "" *
    S: * XLIST (\\HasNoChildren \\Inbox) "/" INBOX
    S: * XLIST (\\HasNoChildren) "/" Archive
    S: * XLIST (\\HasNoChildren \\Drafts) "/" Drafts
    S: * XLIST (\\HasNoChildren \\Spam) "/" Junk
    S: * XLIST (\\HasNoChildren \\Sent) "/" Sent
    S: * XLIST (\\HasNoChildren \\Trash) "/" Trash
    S: * XLIST (\\HasChildren) "/" Work
    S: * XLIST (\\HasNoChildren \\Important) "/" Work/Notes
    S: a OK mailboxes listed
    C: b XLIST "" ""
    S: * XLIST (\\Noselect) "/" ""
    S: b OK mailboxes listed
    C: c XLIST (SUBSCRIBED) "" *
    S: c BAD …
  `);
});
