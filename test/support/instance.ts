/** The whole of Quire as a person runs it: the command, in a process of its own, on free ports and a fresh data folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { dataPaths } from '../../infra/local/data-folder.ts';
import type { DemoAccount } from '../../infra/local/demo-accounts.ts';
import type { Listener } from '../../infra/local/instance.ts';
import { stopProcess } from './stop-process.ts';

const PROGRAM = path.join(import.meta.dirname, '../../infra/cli/quire.js');
/** Draining takes long where a client has not hung up. */
const STOP_MS = 20_000;
/** pino's number of `error`: what a gateway logs so is a fault of ours, even where the client gets over it. */
const ERROR_LEVEL = 50;

interface Ready {
  readonly imap: Listener;
  readonly imaps: Listener;
  readonly smtp: Listener;
  readonly accounts: readonly DemoAccount[];
}

/** One process of the command, and what it has logged. */
class CommandProcess {
  readonly #child: ChildProcess;
  readonly #log: string[] = [];
  readonly line: Promise<string>;

  constructor(args: readonly string[]) {
    const child = spawn(process.execPath, [PROGRAM, ...args, '--json', '--log-level', 'warn'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // No settings of whoever runs the tests.
      env: { PATH: process.env.PATH },
    });
    this.#child = child;
    createInterface({ input: child.stderr }).on('line', (line) => this.#log.push(line));
    const ended = once(child, 'close').then(() => {
      throw new Error(`quire ${args[0] ?? ''} ended before it was ready:\n${this.#log.join('\n')}`);
    });
    const first = once(createInterface({ input: child.stdout }), 'line') as Promise<[string]>;
    this.line = Promise.race([first.then(([line]) => line), ended]);
    // One of the two is always late.
    ended.catch(() => undefined);
  }

  /** Ends it; throws if it did not end well, or has logged a fault. */
  async stop(): Promise<void> {
    await stopProcess(this.#child, STOP_MS);
    const faults = this.#log.filter((line) => !line.startsWith('{') || levelOf(line) >= ERROR_LEVEL);
    if (this.#child.exitCode !== 0 || faults.length > 0) {
      const end = this.#child.signalCode ?? this.#child.exitCode;
      throw new Error(`an instance ended with ${end ?? 'nothing'} and logged:\n${this.#log.join('\n')}`);
    }
  }
}

const levelOf = (line: string): number => (JSON.parse(line) as { level: number }).level;

export class LocalInstance {
  readonly imap: Listener;
  readonly imaps: Listener;
  readonly smtp: Listener;
  readonly alice: DemoAccount;
  readonly bob: DemoAccount;
  /** The PEM file that a client is told to trust. */
  readonly certificate: string;
  readonly #data: string;
  readonly #processes: CommandProcess[];

  private constructor(data: string, first: CommandProcess, ready: Ready) {
    const [alice, bob] = ready.accounts;
    if (alice === undefined || bob === undefined) throw new Error('a first start makes two accounts');
    ({ imap: this.imap, imaps: this.imaps, smtp: this.smtp } = ready);
    this.alice = alice;
    this.bob = bob;
    this.certificate = dataPaths(data).certificate;
    this.#data = data;
    this.#processes = [first];
  }

  static async start(): Promise<LocalInstance> {
    const data = await mkdtemp(path.join(tmpdir(), 'quire-instance-'));
    const ports = ['--imap-port', '0', '--imaps-port', '0', '--smtp-port', '0'];
    const command = new CommandProcess(['start', '--data', data, ...ports]);
    try {
      return new LocalInstance(data, command, JSON.parse(await command.line) as Ready);
    } catch (error) {
      await command.stop().catch(() => undefined);
      await rm(data, { recursive: true, force: true });
      throw error;
    }
  }

  /** Starts a further gateway beside it, in its own process; it ends with the instance. */
  async startGateway(): Promise<Listener> {
    const gateway = new CommandProcess(['gateway', '--data', this.#data, '--imap-port', '0']);
    this.#processes.push(gateway);
    return (JSON.parse(await gateway.line) as Ready).imap;
  }

  /** Ends all its processes and removes its data; throws if one has ended badly or logged a fault. */
  async stop(): Promise<void> {
    const faults: unknown[] = [];
    // The stores go last: they are parts of the first.
    for (const each of this.#processes.splice(0).reverse()) {
      await each.stop().catch((fault: unknown) => faults.push(fault));
    }
    await rm(this.#data, { recursive: true, force: true });
    if (faults.length > 0) throw faults[0];
  }
}
