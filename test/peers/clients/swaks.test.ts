/** swaks delivers; a client that idles on another gateway, a process of its own, is told. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ImapFlow } from 'imapflow';
import { once } from 'node:events';
import { LocalInstance } from '../../support/instance.ts';
import { homeFolder } from './home-folder.ts';
import { connectImapFlow } from './imapflow-client.ts';
import { outputOf, runProgram } from './program.ts';

let instance: LocalInstance;
let home: string;
let client: ImapFlow;

beforeAll(async () => {
  home = await homeFolder();
  instance = await LocalInstance.start();
  client = await connectImapFlow(await instance.startGateway(), instance.alice);
  await client.mailboxOpen('INBOX');
});
afterAll(() => client.close());
afterAll(() => instance.stop());

const swaks = (...args: readonly string[]): string[] => [
  ...['--server', instance.smtp.host, '--port', String(instance.smtp.port)],
  ...['--from', 'jane@example.com', '--suppress-data', ...args],
];

describe.each([
  { how: 'in plain', options: [] },
  { how: 'after STARTTLS', options: ['--tls', '--tls-verify'] },
])('delivers $how', ({ how, options }) => {
  test('to a client that idles on another gateway', async () => {
    const trust = options.length === 0 ? [] : ['--tls-ca-path', instance.certificate];
    const exists = once(client, 'exists') as Promise<[{ count: number; prevCount: number }]>;
    const idling = client.idle();
    const log = await outputOf(
      home,
      'swaks',
      swaks('--to', instance.alice.address, '--header', `Subject: ${how}`, ...options, ...trust),
    );
    expect(log.includes('TLS started')).toBe(options.length > 0);
    const [{ count, prevCount }] = await exists;
    expect(count).toBe(prevCount + 1);
    // Any command ends the idling.
    const message = await client.fetchOne('*', { envelope: true, source: true });
    await idling;
    expect(message).toMatchObject({ envelope: { subject: how, from: [{ address: 'jane@example.com' }] } });
    const source = message ? (message.source?.toString() ?? '') : '';
    expect(source.match(/^Return-Path: .*$/gm)).toEqual(['Return-Path: <jane@example.com>']);
    expect(source).toContain(`Delivered-To: ${instance.alice.address}`);
  });
});

test('several recipients in one transaction each get it, an address in Bcc too', async () => {
  const { alice, bob } = instance;
  const bobs = await connectImapFlow(instance.imap, bob);
  await bobs.mailboxOpen('INBOX');
  const both = Promise.all([once(client, 'exists'), once(bobs, 'exists')]);
  const idling = [client.idle(), bobs.idle()];
  await outputOf(
    home,
    'swaks',
    swaks('--to', `${alice.address},${bob.address}`, '--header', `To: ${alice.address}`),
  );
  await both;
  await bobs.logout();
  await client.noop();
  await Promise.all(idling);
});

test('an address that nobody has is refused when it is named', async () => {
  // 24: no recipient was accepted (swaks, EXIT CODES).
  const { status, output } = await runProgram(home, 'swaks', swaks('--to', 'nobody@example.test'));
  expect(status).toBe(24);
  expect(output).toMatch(/^<\*\* 550 /m);
});
