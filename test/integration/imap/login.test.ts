import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PASSWORD, TestGateway } from '../../support/gateway.ts';
import { testTls } from '../../support/tls.ts';
import { inVariants } from '../../support/conformance.ts';
import { BEFORE_SIGN_IN, IN_THE_CLEAR } from '../../support/variants.ts';

inVariants((variant) => {
  let gateway: TestGateway;
  beforeEach(async () => {
    gateway = await TestGateway.start({ variant });
    await gateway.addUser();
  });
  afterEach(() => gateway.stop());

  const plain = (...parts: string[]): string => Buffer.from(parts.join('\0')).toString('base64');

  describe('AUTHENTICATE PLAIN', () => {
    const good = plain('', 'alice@example.test', PASSWORD);

    test('with the response in the command, or after a challenge', async () => {
      const one = await gateway.connect();
      await one.play(`
      C: a AUTHENTICATE PLAIN ${good}
      S: a OK [CAPABILITY IMAP4rev1 …] signed in
      C: b LOGIN a b
      S: b BAD LOGIN is not possible in the authenticated state
    `);
      const two = await gateway.connect();
      await two.play(`
      C: a AUTHENTICATE PLAIN
      S: +…
      C: ${good}
      S: a OK [CAPABILITY …] signed in
    `);
    });

    test('refusals', async () => {
      const client = await gateway.connect();
      await client.play(`
      C: a AUTHENTICATE PLAIN
      S: +…
      C: *
      S: a BAD AUTHENTICATE was cancelled
      C: b AUTHENTICATE PLAIN ===
      S: b BAD …
      C: c AUTHENTICATE CRAM-MD5
      S: c NO [CANNOT] only the mechanism PLAIN is known
      C: d AUTHENTICATE PLAIN ${plain('bob@example.test', 'alice@example.test', PASSWORD)}
      S: d NO [AUTHORIZATIONFAILED] …
      C: e AUTHENTICATE PLAIN ${plain('', 'alice@example.test', 'wrong')}
      S: e NO [AUTHENTICATIONFAILED] wrong user name or password
      C: f AUTHENTICATE PLAIN ${plain('alice@example.test', PASSWORD)}
      S: f BAD …
    `);
    });
  });

  test('a wrong password and an unknown user are answered alike, and later each time', async () => {
    const client = await gateway.connect();
    const waits: number[] = [];
    for (const name of ['alice@example.test', 'nobody@example.test', 'alice@example.test']) {
      const before = gateway.rim.time;
      expect(await client.run(`LOGIN ${name} wrong`)).toEqual([
        'tag NO [AUTHENTICATIONFAILED] wrong user name or password',
      ]);
      waits.push(gateway.rim.time - before);
    }
    expect(waits).toEqual([500, 1000, 2000]);
    for (let index = 3; index < 10; index++) client.send(`x${index} LOGIN a b\r\n`);
    const lines: string[] = [];
    for (let line = await client.line(); line !== '(end)'; line = await client.line()) lines.push(line);
    expect(lines.at(-1)).toBe('* BYE too many failed sign-ins');
  });

  test('commands out of place', async () => {
    const client = await gateway.connect();
    await client.play(`
    C: a SELECT INBOX
    S: a BAD sign in before SELECT
    C: b NONSENSE 1
    S: b BAD there is no command NONSENSE
    C: c UID NONSENSE
    S: c BAD there is no command UID NONSENSE
    C: d NOOP extra
    S: d BAD …
    C: e ID ("name" "test")
    S: * ID ("name" "Quire")
    S: e OK pleased to meet you
    C: f NOOP
    S: f OK done
    C: g APPEND INBOX {10}
    S: g BAD sign in before APPEND
    C: h STARTTLS
    S[!tls]: h BAD STARTTLS is not on offer: there is no certificate
    S[tls]: h BAD the connection is under TLS already
    C: i CAPABILITY
    S: * CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ ID AUTH=PLAIN SASL-IR…
    S: i OK capabilities listed
  `);
  });

  test('a disabled account', async () => {
    const login = gateway.logins.get('alice@example.test');
    if (login) gateway.logins.set('alice@example.test', { ...login, disabled: true });
    const client = await gateway.connect();
    expect(await client.run(`LOGIN alice@example.test "${PASSWORD}"`)).toEqual([
      'tag NO [CONTACTADMIN] this account is disabled',
    ]);
  });

  test("an account's own limit of connections holds; one that ends makes room", async () => {
    await gateway.addUser('carol@example.test', { maxConnections: 2 });
    const first = await gateway.signIn(undefined, 'carol@example.test');
    await gateway.signIn(undefined, 'carol@example.test');
    const third = await gateway.connect();
    const login = `LOGIN carol@example.test "${PASSWORD}"`;
    await third.play(`
    C: a ${login}
    S: a NO [LIMIT] there are too many connections to this account
  `);
    await first.run('LOGOUT');
    first.destroy();
    // The server learns of the end of a connection a moment after its client.
    let answer: string | undefined;
    for (let attempt = 0; attempt < 100 && !answer?.startsWith('tag OK'); attempt++)
      answer = (await third.run(login)).at(-1);
    expect(answer).toMatch(/^tag OK /);
  });
}, BEFORE_SIGN_IN);

inVariants(() => {
  test('STARTTLS', async () => {
    const secured = await TestGateway.start({ tls: await testTls() });
    await secured.addUser();
    const client = await secured.connect();
    expect((await client.run('CAPABILITY'))[0]).toContain(' STARTTLS ');
    // What is pipelined behind STARTTLS came in the clear and is not obeyed.
    client.send('s STARTTLS\r\n');
    expect(await client.line()).toBe('s OK begin TLS now');
    await client.startTls();
    expect((await client.run('CAPABILITY'))[0]).not.toContain('STARTTLS');
    expect((await client.run('STARTTLS'))[0]).toBe('tag BAD the connection is under TLS already');
    expect((await client.run(`LOGIN alice@example.test "${PASSWORD}"`))[0]).toMatch(/^tag OK/);
    await secured.stop();
  });
}, IN_THE_CLEAR);
