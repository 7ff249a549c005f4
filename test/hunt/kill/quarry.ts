/** The instance as the hunter sees it: started, stopped in a phase, killed in one of three ways, started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Instance } from '../../../infra/local/instance.ts';
import { dataPaths } from '../../../infra/local/data-folder.ts';
import { identityOf } from '../../../infra/local/process-identity.ts';
import { Tally } from '../bad-day.ts';
import type { Draw } from '../draw.ts';
import { Violation } from '../violation.ts';
import type { Notice, Order, Phase } from './phases.ts';
import { CHILD_ENVIRONMENT } from '../../support/child-environment.ts';

export const KILLS = ['group', 'parent', 'store'] as const;
/** `group`: gateway, functions, store and its watchdog, at once; `parent`: all but the store; `store`: that alone. */
export type Kill = (typeof KILLS)[number];

const PROGRAM = path.join(import.meta.dirname, 'instance.ts');
/** Each is far beyond what it takes on a busy machine. */
const START_MS = 120_000;
const PHASE_MS = 120_000;
const GONE_MS = 60_000;
const KEPT_LOG = 200;

export class Quarry {
  readonly data: string;
  imap = 0;
  smtp = 0;
  /** Lines of the log that tell of something wrong. */
  readonly log: string[] = [];
  readonly faults = new Tally();
  /** From which the instances drew their faults, in the order in which they were started. */
  readonly seeds: number[] = [];
  readonly #draw: Draw;
  #child: ChildProcess | undefined;
  #killed = false;
  readonly #waiting = new Set<(notice: Notice | null) => void>();

  /** `draw`: where the seeds of the instances' faults come from. */
  constructor(data: string, draw: Draw) {
    this.data = data;
    this.#draw = draw;
  }

  async start(): Promise<void> {
    const seed = this.#draw.below(2 ** 32);
    this.seeds.push(seed);
    const child = spawn(process.execPath, [PROGRAM, this.data, String(seed)], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: CHILD_ENVIRONMENT,
      // A group of its own, to be killed as one.
      detached: true,
    });
    this.#child = child;
    this.#killed = false;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#note(text));
    child.on('message', (notice: Notice) => {
      if (notice.notice === 'struck') this.faults.add(notice.struck);
      else this.#announce(notice);
    });
    child.on('exit', () => {
      // The one before may be heard of late.
      if (this.#child === child) this.#announce(null);
    });
    const ready = await this.#next(START_MS);
    if (ready?.notice !== 'ready')
      throw new Violation(`the instance does not start:\n${this.log.join('\n')}`);
    ({ imap: this.imap, smtp: this.smtp } = ready);
  }

  /** Whether it has ended without being killed. */
  get died(): boolean {
    const child = this.#child;
    return child !== undefined && !this.#killed && (child.exitCode !== null || child.signalCode !== null);
  }

  /** Resolves with the subject once it has stopped in the phase; null if the load does not lead there in time. */
  async stopIn(phase: Phase, skip: number): Promise<string | null> {
    this.#order({ order: 'stop in', phase, skip });
    const notice = await this.#next(PHASE_MS);
    return notice?.notice === 'stopped in' ? notice.subject : null;
  }

  goOn(lost: boolean): void {
    this.#order({ order: 'go on', lost });
  }

  /** Kills at once; resolves when what was killed is gone. */
  async kill(kind: Kill): Promise<void> {
    const { pid } = this.#alive();
    const below = descendants(pid);
    const store = below.find((each) => programOf(each) === 'dynoxide');
    if (store === undefined && kind !== 'parent') throw new Error('the instance has no store to be killed');
    if (kind === 'store') {
      await end([store as number]);
      return;
    }
    this.#killed = true;
    await end(kind === 'group' ? [...below, pid] : [pid]);
    // After the parent its store must go by itself.
    if (store !== undefined) await gone([store]);
  }

  /** Waits until the store that was killed runs again. */
  async storeIsBack(): Promise<void> {
    const { pid } = this.#alive();
    const deadline = performance.now() + GONE_MS;
    while (!descendants(pid).some((each) => programOf(each) === 'dynoxide')) {
      if (performance.now() > deadline) throw new Violation('the store does not come back');
      await delay(10);
    }
  }

  /** Where its stores are, by what it publishes. */
  async places(): Promise<Instance> {
    return JSON.parse(await readFile(dataPaths(this.data).instance, 'utf8')) as Instance;
  }

  /** Ends it for good; for when the hunt is over. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    this.#killed = true;
    await end([...descendants(child.pid), child.pid]);
  }

  #alive(): { pid: number } {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('there is no instance');
    return { pid };
  }

  #order(order: Order): void {
    this.#child?.send(order, () => undefined);
  }

  #announce(notice: Notice | null): void {
    for (const wake of this.#waiting) wake(notice);
    this.#waiting.clear();
  }

  /** Null: it ended, or said nothing in time. */
  async #next(milliseconds: number): Promise<Notice | null> {
    const timeout = new AbortController();
    const noticed = new Promise<Notice | null>((resolve) => this.#waiting.add(resolve));
    try {
      return await Promise.race([noticed, delay(milliseconds, null, { signal: timeout.signal })]);
    } finally {
      timeout.abort();
    }
  }

  #note(text: string): void {
    this.log.push(...text.split('\n').filter((line) => line !== ''));
    this.log.splice(0, Math.max(0, this.log.length - KEPT_LOG));
  }
}

/** All processes that `pid` has begun, and theirs. */
function descendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statOf(Number(name));
    if (fields) parents.set(Number(name), Number(fields[1]));
  }
  const found = [pid];
  for (const parent of found) for (const [child, its] of parents) if (its === parent) found.push(child);
  return found.slice(1);
}

/** Fields of proc(5) from the third, the state. */
function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    // It has ended since it was listed.
    return undefined;
  }
}

function programOf(pid: number): string | undefined {
  try {
    return path.basename(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '');
  } catch {
    return undefined;
  }
}

async function end(pids: readonly number[]): Promise<void> {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  await gone(pids);
}

async function gone(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + GONE_MS;
  while (pids.some((pid) => identityOf(pid) !== undefined)) {
    if (performance.now() > deadline) throw new Violation(`processes ${pids.join(', ')} do not end`);
    await delay(2);
  }
}
