/** The command as a process of its own, and the clients that tests drive an instance with. */
import { afterEach } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { ImapFlow } from 'imapflow';
import nodemailer from 'nodemailer';
import type { Instance, Listener } from '../../../infra/local/instance.ts';
import { killAtOnce } from './processes.ts';

const PROGRAM = path.join(import.meta.dirname, '../../../infra/cli/quire.js');
export const ANY_PORT = ['--imap-port', '0', '--imaps-port', '0', '--smtp-port', '0'];

export interface Ready {
  readonly imap: Listener;
  readonly imaps: Listener;
  readonly smtp: Listener;
  readonly accounts: readonly { readonly address: string; readonly password: string }[];
}

/** Still running. */
const running = new Set<ChildProcess>();

export function quire(...args: string[]) {
  return begin(args);
}

function begin(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    // No settings of whoever runs the tests.
    env: { PATH: process.env.PATH, ...environment },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

afterEach(async () => {
  for (const child of running) await killAtOnce(child);
});

/** Runs a command to its end. */
export async function run(
  args: readonly string[],
  input = '',
  environment?: Readonly<Record<string, string>>,
) {
  const child = begin(args, environment);
  const ended = once(child, 'exit') as Promise<[number | null]>;
  child.stdin.end(input);
  const [output, errors, [status]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { output, errors, status };
}

/** Starts an instance; `ready` is its line, `rest` all that it prints on standard output after it. */
export async function start(data: string, ...args: string[]) {
  const child = quire('start', '--json', '--data', data, ...ANY_PORT, ...args);
  const errors = text(child.stderr);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await lines.next();
  if (first.done === true) throw new Error(`it did not start: ${await errors}`);
  return { child, errors, ready: JSON.parse(first.value) as Ready, rest: () => lines.next() };
}

export async function interrupt(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit');
  child.kill('SIGINT');
  return (await ended)[0];
}

export async function sendMail({ host, port }: Listener, to: string, subject: string): Promise<void> {
  const transport = nodemailer.createTransport({ host, port, ignoreTLS: true });
  await transport.sendMail({ from: 'jane@example.com', to, subject, text: 'Hello.' });
}

/** Raw messages of a person's INBOX. */
export async function inbox({ host, port }: Listener, user: string, pass: string): Promise<string[]> {
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

export const instanceOf = async (data: string): Promise<Instance> =>
  JSON.parse(await readFile(path.join(data, 'instance.json'), 'utf8')) as Instance;
