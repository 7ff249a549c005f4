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

  test('DELETE takes a mailbox and its messages; names below it stay, and the level can be seen', async () => {
    const client = await gateway.signIn();
    await client.run('CREATE a/b');
    await client.append('a', 'Subject: one\r\n\r\nbody');
    await client.play(`
    C: a DELETE a
    S: a OK mailbox deleted
    C: b LIST "" a*
    S: * LIST (\\NonExistent \\Noselect \\HasChildren) "/" a
    S: * LIST (\\HasNoChildren) "/" a/b
    S: b OK mailboxes listed
    C: c LIST "" a%
    S: * LIST (\\NonExistent \\Noselect \\HasChildren) "/" a
    S: c OK mailboxes listed
    C: d SELECT a
    S: d NO [NONEXISTENT] …
    C: e DELETE a
    S: e NO [HASCHILDREN] "a" is only a level above other mailboxes: delete those
    C: f CREATE a
    S: f OK mailbox created
    C: g STATUS a (MESSAGES UIDNEXT UIDVALIDITY)
    S: * STATUS a (MESSAGES 0 UIDNEXT 1 UIDVALIDITY 1767225608)
    S: g OK status told
  `);
  });

  test('DELETE of INBOX, or of nothing, is refused', async () => {
    const client = await gateway.signIn();
    await client.play(`
    C: a DELETE inbox
    S: a NO [CANNOT] INBOX cannot be deleted
    C: b DELETE nowhere
    S: b NO [NONEXISTENT] mailbox "nowhere" does not exist
    C: c DELETE
    S: c BAD …
  `);
  });

  test('who deletes the mailbox that is selected goes on without one; another session of it is told BYE', async () => {
    const client = await gateway.signIn();
    await client.run('CREATE gone');
    await client.run('SELECT gone');
    const other = await gateway.signIn('gone');
    await client.play(`
    C: a DELETE gone
    S: a OK mailbox deleted; no mailbox is selected any more
    C: b CLOSE
    S: b BAD select a mailbox before CLOSE
    C: c NOOP
    S: c OK …
  `);
    other.send('a NOOP\r\n');
    const lines = [await other.line(), await other.line(), await other.line()];
    expect(lines).toContain('(end)');
    expect(lines.join('\n')).toMatch(/^\* BYE the selected mailbox was deleted$/m);
  });

  test('the subscription to a deleted mailbox stays (RFC 9051 §6.3.7)', async () => {
    const client = await gateway.signIn();
    await client.play(`
    C: a DELETE Junk
    S: a OK mailbox deleted
    C: b LIST (SUBSCRIBED) "" J*
    S: * LIST (\\NonExistent \\Noselect \\Subscribed \\HasNoChildren) "/" Junk
    S: b OK mailboxes listed
    C: c LSUB "" J*
    S: * LSUB (\\NonExistent \\Noselect) "/" Junk
    S: c OK subscriptions listed
  `);
  });
});
