/** QUOTA and QUOTASET (RFC 9208). */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { conforms, inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';

const ALICE = 'alice@example.test';
const BOB = 'bob@example.test';
const ROOT = `#user/${ALICE}`;
const MAIL = `From: a@b\r\n\r\n${'x'.repeat(1500)}\r\n`;

function makeAdministrator(gateway: TestGateway, address: string): void {
  const login = gateway.logins.get(address);
  if (!login) throw new Error(`${address} is no user of this test`);
  gateway.logins.set(address, { ...login, administrator: true });
}

conforms('QUOTA', 'what an account holds, and may hold', async (gateway) => {
  await gateway.addUser(BOB, { quotaBytes: 4096, quotaMessages: 3 });
  const client = await gateway.signIn(undefined, BOB);
  const root = `#user/${BOB}`;
  expect(await client.append('INBOX', MAIL)).toMatch(/^tag OK/);
  expect(await client.append('Sent', MAIL, '(\\Deleted)')).toMatch(/^tag OK/);
  expect((await client.run('CAPABILITY'))[0]).toMatch(/ QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE/);
  await client.play(`
    C: a GETQUOTAROOT INBOX
    S: * QUOTAROOT INBOX ${root}
    S: * QUOTA ${root} (STORAGE 3 4 MESSAGE 2 3)
    S: a OK quota roots told
    C: b GETQUOTAROOT Not/There
    S: * QUOTAROOT Not/There ${root}
    S: * QUOTA ${root} (STORAGE 3 4 MESSAGE 2 3)
    S: b OK quota roots told
    C: c GETQUOTA "${root}"
    S: * QUOTA ${root} (STORAGE 3 4 MESSAGE 2 3)
    S: c OK quota told
    C: d STATUS Sent (DELETED DELETED-STORAGE)
    S: * STATUS Sent (DELETED 1 DELETED-STORAGE ${MAIL.length})
    S: d OK status told
    C: e STATUS INBOX (DELETED-STORAGE)
    S: * STATUS INBOX (DELETED-STORAGE 0)
    S: e OK status told
  `);
  expect(await client.append('INBOX', MAIL)).toMatch(/^tag NO \[OVERQUOTA\] /);
});

conforms('QUOTASET', 'an administrator sets what an account may hold', async (gateway) => {
  await gateway.addUser(BOB);
  makeAdministrator(gateway, ALICE);
  const client = await gateway.signIn();
  expect((await client.run('CAPABILITY'))[0]).toMatch(/ QUOTASET/);
  await client.play(`
    C: a SETQUOTA "#user/${BOB}" (STORAGE 512 MESSAGE 100)
    S: * QUOTA #user/${BOB} (STORAGE 0 512 MESSAGE 0 100)
    S: a OK quota set
    C: b SETQUOTA "#user/${BOB}" (MESSAGE 5)
    S: * QUOTA #user/${BOB} (MESSAGE 0 5)
    S: b OK quota set
    C: c SETQUOTA "#user/${BOB}" ()
    S: * QUOTA #user/${BOB} ()
    S: c OK quota set
    C: d SETQUOTA "#user/${BOB}" (MAILBOX 5)
    S: d NO [CANNOT] …
    C: e SETQUOTA "#user/nobody@example.test" (MESSAGE 5)
    S: e NO [NONEXISTENT] …
    C: f GETQUOTA "#user/${BOB}"
    S: * QUOTA #user/${BOB} ()
    S: f OK quota told
  `);
});

inVariants((variant) => {
  let gateway: TestGateway;
  let alice: ImapClient;
  beforeEach(async () => {
    gateway = await TestGateway.start({ variant });
    await gateway.addUser(ALICE, { quotaBytes: 8192, quotaMessages: 10 });
    await gateway.addUser(BOB);
    alice = await gateway.signIn();
  });
  afterEach(() => gateway.stop());

  test('nobody else is told of a quota, or may set one', async () => {
    const bob = await gateway.signIn(undefined, BOB);
    await bob.play(`
    C: a GETQUOTA "${ROOT}"
    S: a NO [NONEXISTENT] there is no such quota root
    C: b GETQUOTA "#user/nobody@example.test"
    S: b NO [NONEXISTENT] there is no such quota root
    C: c GETQUOTA ""
    S: c NO [NONEXISTENT] there is no such quota root
    C: d SETQUOTA "#user/${BOB}" (MESSAGE 5)
    S: d NO [NOPERM] …
    C: e GETQUOTAROOT ${ROOT}/INBOX
    S: e NO [NONEXISTENT] …
  `);
    expect((await bob.run('CAPABILITY'))[0]).not.toContain('QUOTASET');
    await alice.run(`SETACL INBOX ${BOB} l`);
    expect((await bob.run(`GETQUOTAROOT ${ROOT}/INBOX`)).at(-1)).toMatch(/^tag NO \[NOPERM\]/);
    await alice.run(`SETACL INBOX ${BOB} lr`);
    await bob.play(`
    C: f GETQUOTAROOT ${ROOT}/INBOX
    S: * QUOTAROOT ${ROOT}/INBOX ${ROOT}
    S: * QUOTA ${ROOT} (STORAGE 0 8 MESSAGE 0 10)
    S: f OK quota roots told
  `);
  });

  test('what a guest puts into a mailbox counts to its owner, whose quota holds', async () => {
    await alice.run(`SETACL INBOX ${BOB} lri`);
    const bob = await gateway.signIn(undefined, BOB);
    for (let index = 0; index < 5; index++)
      expect(await bob.append(`${ROOT}/INBOX`, MAIL)).toMatch(/^tag OK/);
    expect(await bob.append(`${ROOT}/INBOX`, MAIL)).toMatch(/^tag NO \[OVERQUOTA\]/);
    expect(await alice.run(`GETQUOTA "${ROOT}"`)).toContain(`* QUOTA ${ROOT} (STORAGE 8 8 MESSAGE 5 10)`);
  });

  test('an account that holds more than it may is told so when it selects a mailbox', async () => {
    expect(await alice.append('INBOX', MAIL)).toMatch(/^tag OK/);
    makeAdministrator(gateway, BOB);
    const bob = await gateway.signIn(undefined, BOB);
    await bob.run(`SETQUOTA "${ROOT}" (STORAGE 1)`);
    const again = await gateway.signIn();
    expect(await again.run('SELECT INBOX')).toContainEqual(expect.stringMatching(/^\* NO \[OVERQUOTA\] /));
    expect(await bob.run('SELECT INBOX')).not.toContainEqual(expect.stringContaining('OVERQUOTA'));
  });

  test('what is no quota root and no list of limits is BAD', async () => {
    for (const command of [
      'GETQUOTA',
      'SETQUOTA x',
      'SETQUOTA x (STORAGE)',
      'SETQUOTA x STORAGE 5',
      'GETQUOTAROOT',
    ])
      expect(`${command}: ${(await alice.run(command)).at(-1) ?? ''}`).toContain(': tag BAD ');
  });
});
