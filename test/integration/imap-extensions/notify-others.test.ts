/** NOTIFY (RFC 5465) of mailboxes that other users share. The transcripts name their sections. */
import { expect, jest } from '@jest/globals';
import { conforms } from '../../support/conformance.ts';
import type { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';

const MAIL = 'Subject: x\r\n\r\nbody\r\n';
const BOB = 'bob@example.test';
const ALICES = '#user/alice@example.test';

/** Alice, who shares some of her mailboxes with Bob; and Bob. */
async function sharing(
  gateway: TestGateway,
  rights: Readonly<Record<string, string>>,
): Promise<{ readonly alice: ImapClient; readonly bob: ImapClient }> {
  await gateway.addUser(BOB);
  const alice = await gateway.signIn();
  for (const [mailbox, granted] of Object.entries(rights))
    await alice.run(`SETACL ${mailbox} ${BOB} ${granted}`);
  return { alice, bob: await gateway.signIn(undefined, BOB) };
}

conforms(
  'NOTIFY',
  'mail that comes into a mailbox of another user, and its flags, are told at once (§5.1, §5.2)',
  async (gateway) => {
    const { alice, bob } = await sharing(gateway, { Sent: 'lrs', Drafts: 'lr' });
    await bob.play(`
    C: a NOTIFY SET (MAILBOXES (${ALICES}/Sent #user/nobody@example.test/INBOX) (MessageNew MessageExpunge FlagChange))
    S: a OK watching
  `);
    await alice.append('Sent', MAIL);
    await alice.append('Drafts', MAIL);
    await bob.play(`
    S[plain tls]: * STATUS ${ALICES}/Sent (UIDNEXT 2 MESSAGES 1)
    S[uidonly]: * STATUS ${ALICES}/Sent (UIDNEXT 2 MESSAGES 1)
    S[condstore qresync]: * STATUS ${ALICES}/Sent (UIDNEXT 2 MESSAGES 1 UIDVALIDITY … HIGHESTMODSEQ …)
  `);
    // What this reader has seen is this reader's own: another session of his says so.
    const other = await gateway.signIn(`${ALICES}/Sent`, BOB);
    await other.run('UID STORE 1 +FLAGS (\\Seen)');
    await bob.play(`
    S: * STATUS ${ALICES}/Sent (UIDVALIDITY … UNSEEN 0…)
    C: b NOOP
    S: b OK done
  `);
  },
);

conforms(
  'NOTIFY',
  'the STATUS of what is watched comes before the answer, and of what may not be read that (§3.1)',
  async (gateway) => {
    const { alice, bob } = await sharing(gateway, { Sent: 'lr', Drafts: 'l', Trash: 'r' });
    await alice.append('Sent', MAIL);
    await bob.play(`
    C: a NOTIFY SET STATUS (SUBTREE ${ALICES} (MessageNew MessageExpunge))
    S: * LIST (\\HasNoChildren \\NoAccess) "/" ${ALICES}/Drafts
    S: * STATUS ${ALICES}/Sent (MESSAGES 1 UIDNEXT 2 UIDVALIDITY …)
    S: a OK watching
  `);
    await alice.append('Drafts', MAIL);
    await alice.append('Trash', MAIL);
    await bob.play(`
    C: b NOOP
    S: b OK done
  `);
  },
);

conforms(
  'NOTIFY',
  'a right that is granted or taken back makes a mailbox come or go (§5.4, §5.9)',
  async (gateway) => {
    const { alice, bob } = await sharing(gateway, { Sent: 'lr' });
    await alice.append('Drafts', MAIL);
    await bob.play(`
    C: a NOTIFY SET (SUBTREE ${ALICES} (MessageNew MessageExpunge MailboxName))
    S: a OK watching
  `);
    await alice.run(`SETACL Drafts ${BOB} lr`);
    await bob.play(`
    S: * LIST (\\HasNoChildren) "/" ${ALICES}/Drafts
    S: * STATUS ${ALICES}/Drafts (UIDNEXT 2 MESSAGES 1 UIDVALIDITY …)
  `);
    await alice.run('RENAME Drafts Plans');
    await bob.play(`
    S: * LIST (\\HasNoChildren) "/" ${ALICES}/Plans ("OLDNAME" (${ALICES}/Drafts))
  `);
    await alice.run(`SETACL Plans ${BOB} -r`);
    await bob.play(`
    S: * LIST (\\HasNoChildren \\NoAccess) "/" ${ALICES}/Plans
  `);
    await alice.append('Plans', MAIL);
    await alice.run(`SETACL Plans ${BOB} +r`);
    await bob.play(`
    S: * LIST (\\HasNoChildren) "/" ${ALICES}/Plans
    S: * STATUS ${ALICES}/Plans (UIDNEXT 3 MESSAGES 2 UIDVALIDITY …)
  `);
    await alice.run(`DELETEACL Plans ${BOB}`);
    await bob.play(`
    S: * LIST (\\NonExistent \\Noselect \\HasNoChildren \\NoAccess) "/" ${ALICES}/Plans
  `);
    await alice.append('Plans', MAIL);
    await alice.run('DELETE Sent');
    await bob.play(`
    S: * LIST (\\NonExistent \\Noselect \\HasNoChildren) "/" ${ALICES}/Sent
    C: b NOOP
    S: b OK done
  `);
  },
);

conforms(
  'NOTIFY',
  'SUBSCRIBED means the mailboxes of others, too, and as subscriptions change (§5.5, §6.4)',
  async (gateway) => {
    const { alice, bob } = await sharing(gateway, { Sent: 'lr', Drafts: 'lr' });
    await bob.run(`SUBSCRIBE ${ALICES}/Sent`);
    await bob.play(`
    C: a NOTIFY SET (SUBSCRIBED (MessageNew MessageExpunge SubscriptionChange))
    S: a OK watching
  `);
    await alice.append('Sent', MAIL);
    await bob.play(`
    S: * STATUS ${ALICES}/Sent (UIDNEXT 2 MESSAGES 1…)
  `);
    const other = await gateway.signIn(undefined, BOB);
    await other.run(`UNSUBSCRIBE ${ALICES}/Sent`);
    await bob.play(`
    S: * LIST (\\HasNoChildren) "/" ${ALICES}/Sent
  `);
    await alice.append('Sent', MAIL);
    await other.run(`SUBSCRIBE ${ALICES}/Drafts`);
    await bob.play(`
    S: * LIST (\\Subscribed \\HasNoChildren) "/" ${ALICES}/Drafts
    C: b NOOP
    S: b OK done
  `);
    await alice.append('Drafts', MAIL);
    await bob.play(`
    S: * STATUS ${ALICES}/Drafts (UIDNEXT 2 MESSAGES 1…)
  `);
  },
);

conforms(
  'NOTIFY',
  'what the client does itself in a mailbox of another user is not told to it (§5)',
  async (gateway) => {
    const { alice, bob } = await sharing(gateway, { Sent: 'lrswipkxte' });
    await bob.play(`
    C: a NOTIFY SET (SUBTREE ${ALICES} (MessageNew MessageExpunge FlagChange MailboxName MailboxMetadataChange))
    S: a OK watching
    C: b APPEND ${ALICES}/Sent {20+}
    C: Subject: x
    C:
    C: body
    C:
    S: b OK [APPENDUID … 1] appended
    C: c SETMETADATA ${ALICES}/Sent (/shared/comment "mine")
    S: c OK …
    C: d CREATE ${ALICES}/Sent/Bob
    S: d OK …
    C: e NOOP
    S: e OK done
  `);
    await alice.run('SETMETADATA Sent (/shared/comment "ours" /private/comment "hers")');
    await bob.play(`
    S[condstore qresync]: * STATUS ${ALICES}/Sent (UIDVALIDITY … HIGHESTMODSEQ …)
    S: * METADATA ${ALICES}/Sent /shared/comment
  `);
  },
);

conforms(
  'NOTIFY',
  'a mailbox of another user that is selected later is watched as well, and what is put there is not fetched for who did (§3.1, §5.2)',
  async (gateway) => {
    const { alice, bob } = await sharing(gateway, { Sent: 'lrsi' });
    await bob.play(`
    C: a NOTIFY SET (SELECTED (MessageNew (RFC822.SIZE) MessageExpunge FlagChange))
    S: a OK watching
  `);
    await bob.run(`SELECT ${ALICES}/Sent`);
    await alice.append('Sent', MAIL);
    await bob.play(`
    S: * 1 EXISTS
    S: * 1 FETCH (UID 1 RFC822.SIZE 20)
    C: b APPEND ${ALICES}/Sent {20+}
    C: Subject: x
    C:
    C: body
    C:
    S: * 2 EXISTS
    S: b OK [APPENDUID … 2] appended
  `);
  },
);

conforms('NOTIFY', 'too many accounts of others are too much (§3.1)', async (gateway) => {
  const client = await gateway.signIn();
  const many = Array.from({ length: 9 }, (_, index) => `#user/u${index}@example.test/INBOX`).join(' ');
  await client.play(`
    C: a NOTIFY SET (MAILBOXES (${many}) (MailboxName))
    S: a NO [NOTIFICATIONOVERFLOW] …
    C: b NOTIFY SET (SUBTREE #user (MailboxName))
    S: b NO [NOTIFICATIONOVERFLOW] …
    C: c NOTIFY SET (MAILBOXES #user/nobody@example.test/INBOX (MailboxName))
    S: c OK watching
  `);
});

conforms(
  'NOTIFY',
  'an account that cannot be read any more ends the watching, and no command (§5.8)',
  async (gateway) => {
    const { alice, bob } = await sharing(gateway, { Sent: 'lr' });
    await bob.play(`
    C: a NOTIFY SET (MAILBOXES ${ALICES}/Sent (MessageNew MessageExpunge)) (PERSONAL (MailboxName))
    S: a OK watching
  `);
    const after = gateway.journal.after.bind(gateway.journal);
    const owner = gateway.logins.get('alice@example.test')?.account;
    const failing = jest
      .spyOn(gateway.journal, 'after')
      .mockImplementation((account, ...more) =>
        account === owner ? Promise.reject(new Error('the table is on fire')) : after(account, ...more),
      );
    await alice.append('Sent', MAIL);
    await bob.play(`
    S: * OK [NOTIFICATIONOVERFLOW] nothing is told any more
    C: b NOOP
    S: b OK done
  `);
    failing.mockRestore();
    await alice.append('Sent', MAIL);
    await bob.play(`
    C: c NOOP
    S: c OK done
    C: d NOTIFY SET STATUS (MAILBOXES ${ALICES}/Sent (MessageNew MessageExpunge))
    S: * STATUS ${ALICES}/Sent (MESSAGES 2 UIDNEXT 3 UIDVALIDITY …)
    S: d OK watching
  `);
  },
);

conforms('NOTIFY', 'the accounts of others are let go with the session', async (gateway) => {
  const { alice, bob } = await sharing(gateway, { Sent: 'lr' });
  const end = `
    C: z LOGOUT
    S: * BYE goodbye
    S: z OK logged out
    S: (end)
  `;
  await bob.play(`
    C: a NOTIFY SET (MAILBOXES ${ALICES}/Sent (MessageNew MessageExpunge))
    S: a OK watching
  `);
  await alice.play(end);
  expect(gateway.cache.leased).toHaveLength(2);
  await bob.play(end);
  expect(gateway.cache.leased).toEqual([]);
});
