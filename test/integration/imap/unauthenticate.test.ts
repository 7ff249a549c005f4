/** UNAUTHENTICATE (RFC 8437): what must not be left over (§4.1). */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { PASSWORD, TestGateway } from '../../support/gateway.ts';
import { inVariants } from '../../support/conformance.ts';

inVariants((variant) => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await TestGateway.start({ variant });
  });
  afterEach(async () => {
    await gateway.stop();
    expect(gateway.errors).toEqual([]);
  });

  test('what was enabled, selected and found is forgotten', async () => {
    await gateway.addUser();
    const client = await gateway.signIn();
    await client.run('ENABLE UTF8=ACCEPT CONDSTORE');
    await client.append('INBOX', 'Subject: x\r\n\r\nbody\r\n');
    await client.run('SELECT INBOX');
    await client.run('SEARCH RETURN (SAVE) ALL');
    await client.run('CREATE "Caf\xc3\xa9"');
    await client.run('LANGUAGE de');
    await client.unauthenticate();
    await client.play(`
    C: b LOGIN alice@example.test "${PASSWORD}"
    S: b OK …
    C: c LIST "" Caf*
    S: * LIST (\\HasNoChildren) "/" Caf&AOk-
    S: c OK mailboxes listed
  `);
    await client.run('SELECT INBOX');
    await client.play(`
    C: d FETCH $ UID
    S: d OK fetched
  `);
    const other = await gateway.signIn('INBOX');
    await other.run('STORE 1 +FLAGS (\\Flagged)');
    await client.play(`
    C: e NOOP
    S: * 1 FETCH (UID 1 FLAGS (\\Flagged))
    S: e OK done
  `);
  });

  test('it frees its place among the connections of the account, and failed sign-ins still count', async () => {
    await gateway.addUser('alice@example.test', { maxConnections: 1 });
    const client = await gateway.connect();
    for (let failed = 0; failed < 3; failed++)
      expect((await client.run('LOGIN alice@example.test wrong')).at(-1)).toMatch(/AUTHENTICATIONFAILED/);
    await client.run(`LOGIN alice@example.test "${PASSWORD}"`);
    const second = await gateway.connect();
    expect((await second.run(`LOGIN alice@example.test "${PASSWORD}"`)).at(-1)).toMatch(/^tag NO \[LIMIT\]/);
    await client.unauthenticate();
    expect((await second.run(`LOGIN alice@example.test "${PASSWORD}"`)).at(-1)).toMatch(/^tag OK/);
    for (let failed = 3; failed < 5; failed++)
      expect((await client.run('LOGIN alice@example.test wrong')).at(-1)).toMatch(/AUTHENTICATIONFAILED/);
    client.send('x LOGIN alice@example.test wrong\r\n');
    expect(await client.line()).toBe('* BYE too many failed sign-ins');
  });
});
