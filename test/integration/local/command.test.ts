/** The command as a person and a script use it: a process of its own, its output, how it ends. */
import { describe, expect, test } from '@jest/globals';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { run as runHere } from './command-here.ts';
import { eventually, killAtOnce, processGone } from './processes.ts';
import {
  ANY_PORT,
  inbox,
  instanceOf,
  interrupt,
  quire,
  run,
  sendMail,
  start,
  type Ready,
} from './quire-command.ts';
import { temporaryFolder } from './temporary-folder.ts';

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
    const result = await runHere([
      'start',
      '--no-demo',
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
    const result = await runHere([
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

  test('an address that this machine has not is one sentence that names --host', async () => {
    const result = await runHere([
      ...['start', '--json', '--log-level', 'error', '--no-demo', '--host', '192.0.2.1'],
      ...['--data', await temporaryFolder(), ...ANY_PORT],
    ]);
    expect(result).toEqual({
      status: 1,
      output: '',
      errors: 'quire: This machine has no address 192.0.2.1 to listen on: give another one with --host.\n',
    });
  });

  test('a reader of its output that has gone is no fault', async () => {
    const child = quire('--help');
    child.stdout.destroy();
    const ended = once(child, 'exit') as Promise<[number | null]>;
    const [errors, [status]] = await Promise.all([text(child.stderr), ended]);
    expect([errors, status]).toEqual(['', 0]);
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
    const { child } = await start(data, '--no-demo');
    const second = await run(['start', '--json', '--log-level', 'error', '--data', data, ...ANY_PORT]);
    expect(second.status).toBe(1);
    expect(second.errors).toMatch(
      /^quire: The data folder .* is in use by quire start \(process \d+\)[^\n]*\n$/,
    );
    expect(child.exitCode).toBeNull();
  });
});

test('a command loads what it works with, and no other', async () => {
  const hook = pathToFileURL(path.join(import.meta.dirname, 'loaded-modules.ts'));
  const { errors } = await run(['cost', '--users', '5'], '', { NODE_OPTIONS: `--import ${hook.href}` });
  const loaded = JSON.parse(errors) as string[];
  expect(loaded.some((url) => url.endsWith('/infra/cli/cost.ts'))).toBe(true);
  const dear = ['/infra/cli/start.ts', '/infra/cli/alias.ts', '/@aws-sdk/', '/smtp-server/', '/selfsigned/'];
  expect(loaded.filter((url) => dear.some((part) => url.includes(part)))).toEqual([]);
});

test('an older Node is told in one sentence which it takes', async () => {
  const older = "Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } })";
  const hook = `data:text/javascript,${encodeURIComponent(older)}`;
  const { status, output, errors } = await run(['--version'], '', { NODE_OPTIONS: `--import ${hook}` });
  expect([status, output]).toEqual([1, '']);
  expect(errors).toMatch(/^quire needs Node 24, and this is v[\d.]+: [^\n]*"npx quire"[^\n]*\n$/);
});

describe('quire gateway', () => {
  /** By the data folder of their instance. */
  const gateways = new Map<string, ChildProcess>();

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

  test.each<[string, (child: ChildProcess, data: string) => Promise<unknown>, string]>([
    ['has ended', interrupt, 'has ended'],
    ['was killed', killAtOnce, 'has ended'],
    [
      'was killed and started anew',
      async (child, data) => {
        // The gateway sees nothing of it meanwhile.
        gateways.get(data)?.kill('SIGSTOP');
        await killAtOnce(child);
        await start(data, '--no-demo');
        gateways.get(data)?.kill('SIGCONT');
      },
      'has been started again, with its stores elsewhere',
    ],
  ])(
    'ends with 1 and one sentence when its instance %s; its clients get BYE',
    async (_what, end, sentence) => {
      const data = await temporaryFolder();
      const { child } = await start(data, '--no-demo');
      const gateway = quire('gateway', '--json', '--log-level', 'warn', '--imap-port', '0', '--data', data);
      gateways.set(data, gateway);
      const errors = text(gateway.stderr);
      const ended = once(gateway, 'exit') as Promise<[number | null]>;
      const [line] = (await once(createInterface({ input: gateway.stdout }), 'line')) as [string];
      const { imap } = JSON.parse(line) as Ready;
      const client = connect(imap.port, imap.host);
      const heard = text(client);
      await once(client, 'readable');
      await end(child, data);
      expect((await ended)[0]).toBe(1);
      expect(await heard).toMatch(/^\* OK [^\r]*\r\n\* BYE [^\r]*\r\n$/);
      const lines = (await errors).trimEnd().split('\n');
      expect(lines.pop()).toMatch(
        new RegExp(`^quire: The instance on the data folder ${data} ${sentence}: [^\\n]*$`),
      );
      // That stores went with it is told in a word, not by where Node came to know.
      for (const line of lines) expect(JSON.parse(line)).not.toHaveProperty('err');
    },
  );
});
