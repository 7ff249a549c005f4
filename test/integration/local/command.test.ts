/** The command as a person and a script use it: a process of its own, its output, how it ends. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { ImapFlow } from 'imapflow';
import nodemailer from 'nodemailer';
import type { Instance, Listener } from '../../../infra/local/instance.ts';
import { eventually, killAtOnce, processGone } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';

const PROGRAM = path.join(import.meta.dirname, '../../../infra/cli/quire.ts');
const ANY_PORT = ['--imap-port', '0', '--imaps-port', '0', '--smtp-port', '0'];

interface Ready {
  readonly imap: Listener;
  readonly imaps: Listener;
  readonly smtp: Listener;
  readonly accounts: readonly { readonly address: string; readonly password: string }[];
}

const running = new Set<ChildProcess>();

function quire(...args: string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // No settings of whoever runs the tests.
    env: { PATH: process.env.PATH },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

afterEach(async () => {
  for (const child of running) await killAtOnce(child);
});

/** Runs a command to its end. */
async function run(args: readonly string[], input = '') {
  const child = quire(...args);
  const ended = once(child, 'exit') as Promise<[number | null]>;
  child.stdin.end(input);
  const [output, errors, [status]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { output, errors, status };
}

/** Starts an instance; `ready` is its line, `rest` all that it prints on standard output after it. */
async function start(data: string, ...args: string[]) {
  const child = quire('start', '--json', '--data', data, ...ANY_PORT, ...args);
  const errors = text(child.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) throw new Error(`it did not start: ${await errors}`);
  return { child, errors, ready: JSON.parse(first.value) as Ready, rest: () => lines.next() };
}

async function interrupt(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  return (await ended)[0];
}

async function sendMail({ host, port }: Listener, to: string, subject: string): Promise<void> {
  const transport = nodemailer.createTransport({ host, port, ignoreTLS: true });
  await transport.sendMail({ from: 'jane@example.com', to, subject, text: 'Hello.' });
}

/** Raw messages of a person's INBOX. */
async function inbox({ host, port }: Listener, user: string, pass: string): Promise<string[]> {
  const client = new ImapFlow({
    host,
    port,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass },
    logger: false,
  });
  await client.connect();
  try {
    const lock = await client.getMailboxLock('INBOX');
    const messages: string[] = [];
    for await (const { source } of client.fetch('1:*', { source: true }))
      messages.push(source?.toString() ?? '');
    lock.release();
    return messages;
  } finally {
    await client.logout();
  }
}

const instanceOf = async (data: string): Promise<Instance> =>
  JSON.parse(await readFile(path.join(data, 'instance.json'), 'utf8')) as Instance;

describe('quire start', () => {
  test('--json prints one line, and nothing else, on standard output; Ctrl-C ends it with 0', async () => {
    const data = await temporaryFolder();
    const { child, ready, rest } = await start(data);
    const listener = { host: '127.0.0.1', port: expect.any(Number) };
    expect(ready).toEqual({
      imap: listener,
      imaps: listener,
      smtp: listener,
      accounts: [
        { address: 'alice@example.test', password: 'quire-demo' },
        { address: 'bob@example.test', password: 'quire-demo' },
      ],
    });
    const store = (await instanceOf(data)).dynamodb.pid;
    expect(await interrupt(child)).toBe(0);
    expect(await rest()).toEqual({ done: true, value: undefined });
    await expect(instanceOf(data)).rejects.toThrow('ENOENT');
    await processGone(store ?? 0);
  });

  test('mail that was accepted is there after a kill and a restart, delivered before it or not', async () => {
    const data = await temporaryFolder();
    const first = await start(data);
    for (const n of [1, 2, 3, 4, 5]) await sendMail(first.ready.smtp, 'alice@example.test', `message ${n}`);
    await killAtOnce(first.child);
    const second = await start(data);
    const subjects = async (): Promise<string[]> =>
      (await inbox(second.ready.imap, 'alice@example.test', 'quire-demo'))
        .map((message) => /^Subject: (.*)$/m.exec(message)?.[1]?.trim() ?? '')
        .sort();
    await eventually(async () => (await subjects()).length >= 5);
    expect(await subjects()).toEqual([1, 2, 3, 4, 5].map((n) => `message ${n}`));
  });

  test('the store killed alone is replaced, and instance.json tells of the new one', async () => {
    const data = await temporaryFolder();
    const { ready } = await start(data);
    const { pid } = (await instanceOf(data)).dynamodb;
    process.kill(pid ?? 0, 'SIGKILL');
    await eventually(async () => (await instanceOf(data)).dynamodb.pid !== pid);
    await sendMail(ready.smtp, 'bob@example.test', 'still here');
    await eventually(async () => (await inbox(ready.imap, 'bob@example.test', 'quire-demo')).length === 1);
  });

  test('--no-demo makes no accounts', async () => {
    const { ready } = await start(await temporaryFolder(), '--no-demo');
    expect(ready.accounts).toEqual([]);
  });

  test('for a person: where it listens, who is there, and lines to paste', async () => {
    const child = quire('start', '--data', await temporaryFolder(), ...ANY_PORT);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
    await eventually(() => output.includes('Ctrl-C'));
    for (const word of [
      'swaks --server 127.0.0.1:',
      "curl 'imap://",
      'Thunderbird',
      'alice@example.test',
      'quire-demo',
    ])
      expect(output).toContain(word);
    expect(await interrupt(child)).toBe(0);
  });

  test.each(['imap', 'imaps', 'smtp'])('a taken %s port is one sentence and 1', async (which) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const args = ANY_PORT.map((word, index) =>
      ANY_PORT[index - 1] === `--${which}-port` ? String(port) : word,
    );
    const result = await run([
      'start',
      '--json',
      '--log-level',
      'error',
      '--data',
      await temporaryFolder(),
      ...args,
    ]);
    taken.close();
    expect(result).toMatchObject({ status: 1, output: '' });
    expect(result.errors).toMatch(
      new RegExp(`^quire: [^\\n]*127\\.0\\.0\\.1:${port}[^\\n]*--${which}-port[^\\n]*\\.\\n$`),
    );
  });

  test('a folder that cannot be written is one sentence and 1', async () => {
    const file = path.join(await temporaryFolder(), 'file');
    await writeFile(file, '');
    const result = await run([
      'start',
      '--json',
      '--log-level',
      'error',
      '--data',
      path.join(file, 'data'),
      ...ANY_PORT,
    ]);
    expect(result).toMatchObject({ status: 1, output: '' });
    expect(result.errors).toMatch(
      /^quire: The data folder .*file\/data cannot be written \(ENOTDIR\)[^\n]*\n$/,
    );
  });

  test('a bad setting is one sentence and 1', async () => {
    expect(await run(['start', '--imap-port', 'imap'])).toEqual({
      status: 1,
      output: '',
      errors: 'quire: --imap-port is "imap", but a port is a whole number from 0 to 65535.\n',
    });
  });

  test('a second start on the same folder is one sentence and 1; the first goes on', async () => {
    const data = await temporaryFolder();
    const { child } = await start(data);
    const second = await run(['start', '--json', '--log-level', 'error', '--data', data, ...ANY_PORT]);
    expect(second.status).toBe(1);
    expect(second.errors).toMatch(
      /^quire: The data folder .* is in use by quire start \(process \d+\)[^\n]*\n$/,
    );
    expect(child.exitCode).toBeNull();
  });
});

describe('quire gateway', () => {
  test('serves what the running instance has, on a port of its own', async () => {
    const data = await temporaryFolder();
    const { ready } = await start(data);
    const gateway = quire('gateway', '--json', '--imap-port', '0', '--data', data);
    const [line] = (await once(createInterface({ input: gateway.stdout }), 'line')) as [string];
    const { imap } = JSON.parse(line) as Ready;
    expect(imap.port).not.toBe(ready.imap.port);
    await sendMail(ready.smtp, 'alice@example.test', 'both see it');
    await eventually(async () => (await inbox(imap, 'alice@example.test', 'quire-demo')).length === 1);
    expect(await interrupt(gateway)).toBe(0);
  });

  test('without an instance it says what is missing', async () => {
    const result = await run(['gateway', '--imap-port', '0', '--data', await temporaryFolder()]);
    expect(result.status).toBe(1);
    expect(result.errors).toMatch(/^quire: No instance is running on the data folder/);
  });
});

describe('quire user, quire alias', () => {
  test('work on a stopped instance and on a running one', async () => {
    const data = path.join(await temporaryFolder(), 'data');
    await mkdir(data);
    const at = ['--data', data];
    const add = await run(
      ['user', 'add', 'Carol@Example.test', '--password-stdin', '--name', 'Carol', ...at],
      'first-secret\n',
    );
    expect(add).toEqual({ status: 0, output: 'carol@example.test has an account.\n', errors: '' });
    const again = await run(['user', 'add', 'carol@example.test', '--password-stdin', ...at], 'x-secret-x');
    expect(again.status).toBe(1);
    expect(again.errors).toMatch(/^quire: the address carol@example\.test exists already[^\n]*\n$/);

    const { ready } = await start(data);
    // Somebody is there: this is no first start.
    expect(ready.accounts).toEqual([]);
    const alias = await run(['alias', 'add', 'team@example.test', 'carol@example.test', ...at]);
    expect(alias.output).toBe('team@example.test leads to carol@example.test.\n');
    await sendMail(ready.smtp, 'team@example.test', 'by alias');
    await eventually(
      async () => (await inbox(ready.imap, 'carol@example.test', 'first-secret')).length === 1,
    );

    await run(['user', 'password', 'carol@example.test', '--password-stdin', ...at], 'second-secret\n');
    await expect(inbox(ready.imap, 'carol@example.test', 'first-secret')).rejects.toThrow();
    expect(await inbox(ready.imap, 'carol@example.test', 'second-secret')).toHaveLength(1);

    await run(['user', 'disable', 'carol@example.test', ...at]);
    expect((await run(['user', 'list', ...at])).output).toBe('carol@example.test\tdisabled\tCarol\n');
    await expect(sendMail(ready.smtp, 'carol@example.test', 'too late')).rejects.toThrow(/550/);
    await run(['user', 'enable', 'carol@example.test', ...at]);

    const inUse = await run(['user', 'remove', 'carol@example.test', ...at]);
    expect([inUse.status, inUse.errors]).toEqual([1, expect.stringContaining('team@example.test')]);
    await run(['alias', 'remove', 'team@example.test', ...at]);
    expect((await run(['alias', 'list', ...at])).output).toBe('');
    expect((await run(['user', 'remove', 'carol@example.test', ...at])).status).toBe(0);
  });

  test('a password is never taken from a pipe unasked, nor an empty one at all', async () => {
    const at = ['--data', await temporaryFolder()];
    const unasked = await run(['user', 'add', 'carol@example.test', ...at], 'secret-one');
    expect([unasked.status, unasked.errors]).toEqual([1, expect.stringContaining('--password-stdin')]);
    const empty = await run(['user', 'add', 'carol@example.test', '--password-stdin', ...at], '\n');
    expect([empty.status, empty.errors]).toEqual([1, expect.stringContaining('the password')]);
  });

  test('--aws without its settings names the one that is missing', async () => {
    const result = await run(['user', 'list', '--aws', '--data', await temporaryFolder()]);
    expect([result.status, result.errors]).toEqual([
      1,
      expect.stringMatching(/^quire: set AWS_REGION[^\n]*\n$/),
    ]);
  });
});
