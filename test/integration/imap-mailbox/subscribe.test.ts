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

  test('SUBSCRIBE and UNSUBSCRIBE, also of names that do not exist, and twice', async () => {
    const client = await gateway.signIn();
    await client.play(`
    C: a SUBSCRIBE Later/
    S: a OK subscribed
    C: b SUBSCRIBE Later
    S: b OK subscribed
    C: c LSUB "" L*
    S: * LSUB (\\NonExistent \\Noselect) "/" Later
    S: c OK subscriptions listed
    C: d UNSUBSCRIBE later
    S: d OK unsubscribed
    C: e UNSUBSCRIBE Later
    S: e OK unsubscribed
    C: f LSUB "" *
    S: * LSUB () "/" INBOX
    S: * LSUB () "/" Archive
    S: * LSUB () "/" Drafts
    S: * LSUB () "/" Junk
    S: * LSUB () "/" Sent
    S: * LSUB () "/" Trash
    S: f OK subscriptions listed
    C: g SUBSCRIBE a//b
    S: g NO [CANNOT] …
  `);
  });

  test('LSUB with % shows the level above a subscribed name as \\Noselect (RFC 3501 §6.3.9)', async () => {
    const client = await gateway.signIn();
    await client.run('CREATE foo/bar');
    await client.run('SUBSCRIBE foo/bar');
    await client.play(`
    C: a LSUB "" f%
    S: * LSUB (\\Noselect) "/" foo
    S: a OK subscriptions listed
    C: b LSUB "foo/" %
    S: * LSUB () "/" foo/bar
    S: b OK subscriptions listed
    C: c LSUB "" ""
    S: * LSUB (\\Noselect) "/" ""
    S: c OK subscriptions listed
  `);
  });
});
