/**
 * DynamoDB's API on one machine: the `dynoxide` binary, a child process with one SQLite file.
 *
 * What is known of it, seen with 1.2.1: SQLite in WAL mode with an fsync at every commit, so that an answered write
 * outlives the process and the machine; two processes on one file take turns by SQLite's locks, so that an orphan
 * costs order, not data. Even so there is only one here:
 *
 * - The child is in a session of its own, else a Ctrl-C in the terminal would end it before the gateway has drained.
 * - If it dies alone it is started again on the same port, at once, for as long as it takes: clients of the API only
 *   see a refused connection, which they try again.
 * - If this process dies alone (`kill -9`), a watchdog ends the child: a shell that waits for the end of its standard
 *   input, which the kernel closes with this process. Should the watchdog die with us, the next start ends the orphan.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../shared/log.ts';
import { identityOf, isAlive } from './process-identity.ts';
import { errorCode, SetupError } from './setup-error.ts';

/** It is up within 30 ms here; a machine that needs longer than this has other troubles. */
const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 5_000;
/** Between restarts of a child that does not even come up. */
const RESTART_PAUSE_MS = 500;
/** Another program may take the free port between our look and the child's bind. */
const PORT_ATTEMPTS = 5;

export interface Dynoxide {
  readonly endpoint: string;
  /** Of the child that runs now; undefined while it is being restarted. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

export interface DynoxideOptions {
  /** The SQLite file; made if it is not there. */
  readonly database: string;
  readonly log: Log;
  /** Called whenever a dead child was replaced by a new one. */
  readonly restarted?: (pid: number) => void;
}

/** Starts the store and returns when it answers. The caller holds the lock of the data folder. */
export async function startDynoxide(options: DynoxideOptions): Promise<Dynoxide> {
  const binary = dynoxideBinary();
  await endOrphans(options.database, options.log);
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return supervise(await startChild(binary, port, options.database), binary, port, options);
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** Path of the binary for this platform. */
export function dynoxideBinary(): string {
  const platform = `${process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url).resolve(`@dynoxide/${platform}/dynoxide`);
  } catch (error) {
    throw new SetupError(
      `The embedded DynamoDB (npm package @dynoxide/${platform}) is not installed or does not exist for this platform: ` +
        'run DynamoDB Local or the like and give its address with --dynamodb-endpoint or QUIRE_DYNAMODB_ENDPOINT.',
      { cause: error },
    );
  }
}

class PortTakenError extends Error {}

type Watchdog = Pick<ChildProcess, 'kill'>;

interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly watchdog: Watchdog;
  /** Resolves when the child has ended, with how it ended. */
  readonly ended: Promise<string>;
}

async function startChild(binary: string, port: number, database: string): Promise<Child> {
  const child = spawn(
    binary,
    ['serve', '--host', '127.0.0.1', '--port', String(port), '--db-path', database],
    {
      // A session of its own: see above.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {},
    },
  );
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit ${String(code)}`));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${binary} cannot be run: ${await ended}`);
  const watchdog = startWatchdog(pid, binary);
  try {
    await listening(child, ended, database);
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    watchdog.kill('SIGKILL');
    throw error;
  }
  return { process: child, pid, watchdog, ended };
}

/** Waits for its line "listening on …": an answer at the port alone could be another program's. */
async function listening(child: ChildProcess, ended: Promise<string>, database: string): Promise<void> {
  let printed = '';
  const timeout = new AbortController();
  const ready = new Promise<'ready'>((resolve) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // Kept short: it prints two lines in its life.
      if (printed.length < 4096) printed += text;
      if (/listening on/i.test(printed)) resolve('ready');
    });
  });
  try {
    const outcome = await Promise.race([
      ready,
      ended,
      delay(START_TIMEOUT_MS, 'no answer in time', { signal: timeout.signal }),
    ]);
    if (outcome === 'ready') return;
    if (/already in use/i.test(printed)) throw new PortTakenError(printed.trim());
    if (/not a valid SQLite database|malformed/i.test(printed))
      throw new SetupError(
        `The database ${database} is damaged: put it back from a backup and run "quire restore", as docs/ADMINISTRATION.md says under "Restore".`,
      );
    throw new Error(`the embedded DynamoDB did not start (${outcome}): ${printed.trim()}`);
  } finally {
    timeout.abort();
  }
}

/** A shell that ends the child when this process has ended, however it ended. */
function startWatchdog(pid: number, binary: string): Watchdog {
  // Of the pid it kills it asks first whether that still is the store (Linux; elsewhere the next start finds it).
  const script = 'read -r _; [ "$(readlink "/proc/$1/exe")" = "$2" ] && kill -9 "$1"';
  const watchdog = spawn('/bin/sh', ['-c', script, 'quire-watchdog', String(pid), realpathSync(binary)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: '/usr/bin:/bin' },
  });
  // Without a shell there is no watchdog; the next start ends the orphan all the same.
  watchdog.on('error', () => undefined);
  watchdog.stdin.on('error', () => undefined);
  watchdog.unref();
  return watchdog;
}

function supervise(first: Child, binary: string, port: number, options: DynoxideOptions): Dynoxide {
  const { database, log } = options;
  const stopping = new AbortController();
  const isStopping = (): boolean => stopping.signal.aborted;
  let current: Child | undefined = first;

  const replace = async (): Promise<Child | undefined> => {
    while (!isStopping()) {
      try {
        return await startChild(binary, port, database);
      } catch (error) {
        log.error({ err: error }, 'the store cannot be started again yet; trying on');
        await delay(RESTART_PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    }
    return undefined;
  };
  const run = async (): Promise<void> => {
    while (current !== undefined) {
      const how = await current.ended;
      current.watchdog.kill('SIGKILL');
      current = undefined;
      if (isStopping()) return;
      log.error({ how }, 'the store has died; starting it again');
      current = await replace();
      if (current === undefined) return;
      log.info({ pid: current.pid }, 'the store runs again');
      // stop() may have come while it was starting: then nobody else ends it.
      if (isStopping()) current.process.kill('SIGTERM');
      else options.restarted?.(current.pid);
    }
  };
  const running = run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    get pid() {
      return current?.pid;
    },
    async stop() {
      stopping.abort();
      const child = current?.process;
      child?.kill('SIGTERM');
      const impatience = setTimeout(() => child?.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await running;
      clearTimeout(impatience);
    },
  };
}

/** Ends stores that an earlier instance left on the same file, and waits until they are gone. */
async function endOrphans(database: string, log: Log): Promise<void> {
  for (const pid of storesOn(database)) {
    const identity = identityOf(pid);
    if (identity === undefined) continue;
    log.warn({ pid }, 'an earlier instance was killed and left its store running; ending it');
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (errorCode(error) !== 'ESRCH') throw error;
    }
    while (isAlive(identity)) await delay(5);
  }
}

/** Pids of all stores on the file. Linux only; elsewhere SQLite's own locks keep two stores on one file apart. */
function storesOn(database: string): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const [program, ...args] = commandLine(pid);
      if (program === undefined || path.basename(program) !== 'dynoxide') return false;
      const given = args[args.indexOf('--db-path') + 1];
      return (
        args.includes('--db-path') && given !== undefined && path.resolve(given) === path.resolve(database)
      );
    });
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // It has ended since, or is another user's: not ours either way.
    return [];
  }
}

/** A port of the loopback interface that is free right now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has no port');
  return address.port;
}
