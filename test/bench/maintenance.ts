/**
 * Maintenance of an account with a million small messages: one step after the other, each in a fresh process that has the heap
 * which Lambda would give it. Messages are virtual (`virtual-messages.ts`), the index is real.
 */
import { DAY_SECONDS } from '../../shared/account/policy.ts';
import { SummaryBuilder, encodeSummary } from '../../shared/message/summary.ts';
import { startBenchStores } from './bench-stores.ts';
import { Child } from './child.ts';
import type { Figure, Section } from './figure.ts';
import { fillAccount, filledAccount } from './filled-account.ts';
import type { MaintenanceReport } from './maintenance-process.ts';
import {
  HOUR_MS,
  type MaintenanceSettings,
  type Step,
  engineAhead,
  expungeFirst,
  settle,
} from './maintenance-work.ts';
import { messageOf, virtualBlob } from './virtual-messages.ts';

const MESSAGES = 1_000_000;
const BYTES = 2_000;
const EXPUNGED = 10_000;
const DAY_MS = DAY_SECONDS * 1_000;
const MIB = 2 ** 20;
/** By then the records that filled the account are emptied, as those of any but the last day are. */
const START_MS = 2 * DAY_MS;

/** As `infra/stacks/maintenance.ts` has them; what an administrator runs has no such bound, and is held to the larger one. */
const COMPACT_MIB = 1_024;
const EXPUNGE_MIB = 2_048;
const MEMORY_MIB: Readonly<Record<Step, number>> = {
  fold: COMPACT_MIB,
  check: EXPUNGE_MIB,
  undelete: EXPUNGE_MIB,
  purge: EXPUNGE_MIB,
  sweep: EXPUNGE_MIB,
  pack: COMPACT_MIB,
};

export const maintenance: Section = async ({ scale, say, nodeFlags }) => {
  const count = Math.max(1, Math.round(MESSAGES * scale));
  const expunged = Math.max(1, Math.round(EXPUNGED * scale));
  const stores = await startBenchStores();
  const figures: Figure[] = [];
  try {
    say(`filling an account of ${count} messages`);
    const { engine } = stores;
    const summary = summaryOf(BYTES);
    const account = await filledAccount(engine, {
      messages: count,
      bytes: BYTES,
      summary,
      blobOf: virtualBlob,
    });
    const run = async (step: Step, ahead: number): Promise<void> => {
      say(step);
      const about = { account, count: count + 1, bytes: BYTES, ahead };
      const settings: MaintenanceSettings = { engine: stores.settings, ...about };
      const flags = [...heapOf(MEMORY_MIB[step]), ...nodeFlags];
      const child = new Child<never, MaintenanceReport>(
        'maintenance-process.ts',
        { ...settings, step },
        flags,
      );
      figures.push(...figuresOf(step, await child.first));
      await child.stop();
    };
    say('letting two days pass');
    await settle(engineAhead(engine, START_MS), account);
    const one = { messages: 1, bytes: BYTES, summary, blobOf: () => virtualBlob(count), fold: false };
    await fillAccount(engineAhead(engine, START_MS), account, one);
    await run('fold', START_MS);
    await run('check', START_MS);
    await expungeFirst(engineAhead(engine, START_MS + HOUR_MS), account, expunged);
    await run('undelete', START_MS + 1.5 * HOUR_MS);
    await expungeFirst(engineAhead(engine, START_MS + 2 * HOUR_MS), account, expunged);
    await run('purge', START_MS + 8 * DAY_MS);
    // What was purged is there again for a new process, as if its deletion had died: the sweep finds it.
    await run('sweep', START_MS + 8 * DAY_MS);
    await run('pack', START_MS + 9 * DAY_MS);
    return figures;
  } finally {
    await stores.stop();
  }
};

/** The heap that Lambda's runtime gives Node of so much memory. */
function heapOf(mib: number): string[] {
  return [`--max-old-space-size=${Math.floor(mib * 0.9)}`, `--max-semi-space-size=${Math.floor(mib * 0.05)}`];
}

/** Of a virtual message. */
export function summaryOf(bytes: number): Uint8Array {
  const builder = new SummaryBuilder();
  builder.write(messageOf(0, bytes));
  return encodeSummary(builder.end());
}

function figuresOf(step: Step, report: MaintenanceReport): Figure[] {
  const { what, requests, readUnits, writeUnits, ms, cpuMs, peakBytes } = report;
  const asked = Object.entries(requests).map(([name, times]) => `${times} ${name}`);
  const calls = Object.values(requests).reduce((sum, times) => sum + times, 0);
  const memory = `of the process at its largest; ${MEMORY_MIB[step]} MiB are there`;
  return [
    { name: `${step}, requests`, value: calls, unit: '', measures: asked.join(', ') },
    { name: `${step}, read units`, value: readUnits, unit: 'RRU', measures: what },
    { name: `${step}, write units`, value: writeUnits, unit: 'WRU', measures: what },
    { name: `${step}, time`, value: ms, unit: 'ms', measures: 'with the embedded stores, without pauses' },
    { name: `${step}, processor`, value: cpuMs, unit: 'ms', measures: 'of all threads' },
    { name: `${step}, memory`, value: peakBytes / MIB, unit: 'MiB', measures: memory },
  ];
}
