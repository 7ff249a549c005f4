/**
 * What a process pays to open an account that it knows nothing of, with all messages of its INBOX: from the journal alone,
 * and from a checkpoint. Every message has the same summary, a byte, for openings do not read them; in a journal that was
 * never folded each would be read with its record.
 */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AccountId, MailboxId } from '../../shared/account/ids.ts';
import { Replica } from '../../shared/account/replica.ts';
import { type AccountState, INBOX_ID } from '../../shared/account/state.ts';
import { type Engine, type EngineSettings, openEngine } from '../../shared/aws/engine.ts';
import { RequestLog } from '../support/request-log.ts';
import { startBenchStores } from './bench-stores.ts';
import { type Figure, type Section, median } from './figure.ts';
import { fillAccount, filledAccount, foldNow } from './filled-account.ts';

const SIZES = [1_000, 10_000, 100_000, 1_000_000];
const SUMMARY = Uint8Array.of(0);

export const opening: Section = async ({ scale, runs, say }) => {
  const stores = await startBenchStores();
  const figures: Figure[] = [];
  try {
    for (const size of SIZES) {
      const messages = Math.max(1, Math.round(size * scale));
      say(`${messages} messages`);
      const options = { messages, summary: SUMMARY, fold: false };
      const account = await filledAccount(stores.engine, options);
      const times = messages > 100_000 ? 1 : runs;
      figures.push(...(await opened(stores.settings, account, messages, times, 'before folding')));
      await foldNow(stores.engine, account);
      // The usual tail above a checkpoint.
      await fillAccount(stores.engine, account, { ...options, messages: 20, perRecord: 1 });
      figures.push(...(await opened(stores.settings, account, messages + 20, times, 'folded')));
    }
  } finally {
    await stores.stop();
  }
  return figures;
};

async function opened(
  settings: EngineSettings,
  account: AccountId,
  messages: number,
  runs: number,
  when: string,
): Promise<Figure[]> {
  const times: number[] = [];
  let last: Opened | undefined;
  for (let run = 0; run < runs; run++) {
    last = await openOnce(settings, account);
    times.push(last.ms);
  }
  if (last?.count !== messages) throw new Error(`${last?.count ?? 0} messages instead of ${messages}`);
  const name = (what: string): string => `${messages} ${when}, ${what}`;
  const over = `of opening an account of ${messages} messages and loading all rows, ${when}`;
  return [
    { name: name('time'), value: median(times), unit: 'ms', measures: `${over}: median` },
    { name: name('round trips'), value: last.roundTrips, unit: '', measures: `${over}: one after the other` },
    { name: name('read units'), value: last.readUnits, unit: 'RRU', measures: `${over}: as the store told` },
    {
      name: name('columns'),
      value: last.columnBytes,
      unit: 'bytes a message',
      measures: 'typed arrays of the rows',
    },
    {
      name: name('memory'),
      value: last.heldBytes / messages,
      unit: 'bytes a message',
      measures:
        'heap and arrays that one more replica holds after the collector ran, tail and bundle included',
    },
  ];
}

interface Opened {
  readonly ms: number;
  readonly count: number;
  readonly roundTrips: number;
  readonly readUnits: number;
  readonly columnBytes: number;
  readonly heldBytes: number;
}

async function openOnce(settings: EngineSettings, account: AccountId): Promise<Opened> {
  const requests = new RequestLog();
  const engine = await openEngine(settings, { wrapTransport: (inner) => requests.wrap(inner) });
  // The first request of a client makes its connection, which is not what is measured.
  await engine.journal.newest(account, 'eventual');
  requests.reset();
  const replica = new Replica(account, engine.journal, engine.rim);
  const start = performance.now();
  await replica.sync();
  const state: AccountState = await replica.load([INBOX_ID]);
  const ms = performance.now() - start;
  const { roundTrips, readUnits } = requests.report();
  requests.reset();
  const held = await heldByReplica(engine, account, [INBOX_ID]);
  engine.close();
  const columns = state.mailboxes.get(INBOX_ID)?.columns;
  const count = columns?.count ?? 0;
  return { ms, count, roundTrips, readUnits, columnBytes: (columns?.bytes ?? 0) / count, heldBytes: held };
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/**
 * Bytes of heap and arrays that a replica of the account takes, tail and bundle included, with the rows of `mailboxes` loaded.
 * It is not the first one: that one has loaded and compiled what a process does once.
 */
export async function heldByReplica(
  { journal, rim }: Pick<Engine, 'journal' | 'rim'>,
  account: AccountId,
  mailboxes: readonly MailboxId[],
): Promise<number> {
  const before = await heldBytes();
  const replica = new Replica(account, journal, rim);
  await replica.sync();
  const state = await replica.load(mailboxes);
  const held = (await heldBytes()) - before;
  // Used here, so that it was held until then.
  if (replica.current !== state) throw new Error('somebody else writes to the account');
  return held;
}

async function heldBytes(): Promise<number> {
  // Some of it goes only when what it waited for has run.
  for (let round = 0; round < 3; round++) {
    await setImmediate();
    collectGarbage();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
