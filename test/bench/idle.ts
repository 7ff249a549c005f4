/**
 * What idle sessions hold in memory: a gateway in a process of its own, and clients here that sign in, select and idle.
 * Memory is read after several collections, when views have been packed and replicas shed what can be read again.
 */
import { BatchWriteItemCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { setTimeout as delay } from 'node:timers/promises';
import { inParallel } from '../../shared/parallel.ts';
import { partsIn } from '../../shared/account/checkpoint.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import { openAccount } from '../../shared/account/opening.ts';
import { type ItemKey, accountKeys } from '../../shared/aws/keys.ts';
import type { Item } from '../../shared/aws/record-item.ts';
import { type BenchStores, DOMAIN, startBenchStores } from './bench-stores.ts';
import { Child } from './child.ts';
import { filledAccount } from './filled-account.ts';
import type { Figure, Section } from './figure.ts';
import type { GatewayAnswer, GatewayProcessSettings, GatewayRequest } from './gateway-process.ts';
import { WireTimer } from './wire-timer.ts';

const SESSIONS = 1_000;
/** Not counted. */
const FIRST_SESSIONS = 100;
const SIZES = [10, 10_000];
/** What can be shed is shed at once: what is left is what no pressure on memory takes away. */
const REPLICA_BUDGET_BYTES = 0;
/** Views are packed when a session has been quiet for so long, which is much less than else. */
const REST_MS = 500;
const QUIET_MS = 2_000;
const AT_ONCE = 8;
const CLONES_PER_WRITE = 8;
/**
 * V8 compiles the code of functions that run often, and drops that of those that do not: hundreds of kilobytes, at any
 * moment between two looks, which belong to no session.
 */
const FLAGS = ['--expose-gc', '--no-flush-bytecode', '--no-opt', '--no-maglev', '--no-sparkplug'];

export const idle: Section = async ({ scale, say, nodeFlags }) => {
  const sessions = Math.max(1, Math.round(SESSIONS * scale));
  const stores = await startBenchStores();
  const flags = [...FLAGS, ...nodeFlags];
  try {
    say('connections');
    const greeted = await held(stores, flags, sessions, async ({ port }) => WireTimer.connect(port));
    const figures: Figure[] = [
      heap('connection', greeted, 'a client that was greeted and has not signed in'),
    ];
    for (const messages of SIZES) {
      say(`making ${sessions} accounts of ${messages} messages`);
      const addresses = await cloned(stores, messages, sessions);
      say('sessions on accounts of their own, as many on one account, and as many over TLS');
      const own = await held(
        stores,
        flags,
        sessions,
        idling((index) => addresses[index] ?? ''),
      );
      const shared = await held(
        stores,
        flags,
        sessions,
        idling(() => addresses[0] ?? ''),
      );
      const secured = await held(
        stores,
        flags,
        sessions,
        idling((index) => addresses[index] ?? '', true),
      );
      figures.push(...figuresOf(sessions, `of ${messages} messages`, { own, shared, secured }));
      if (messages !== SIZES[0]) continue;
      say('and as many that compress');
      figures.push(...(await compressed(stores, flags, addresses)));
    }
    return figures;
  } finally {
    await stores.stop();
  }
};

/** What COMPRESS=DEFLATE costs a session at rest: an inflater, and what was sent last. */
async function compressed(
  stores: BenchStores,
  flags: readonly string[],
  addresses: readonly string[],
): Promise<readonly Figure[]> {
  const sessions = addresses.length;
  const one = await held(stores, flags, sessions, async ({ port }, index) => {
    const client = await WireTimer.signIn(port, addresses[index] ?? '');
    await client.compress();
    await client.run('SELECT INBOX');
    await client.idle();
    return client;
  });
  return [
    heap('session that compresses', one, `${sessions} idle sessions with COMPRESS, each on its own account`),
    {
      ...{ name: 'the same, outside the heap', value: one.external, unit: 'bytes' },
      measures: 'array buffers, and what zlib has told V8 of',
    },
    {
      ...{ name: 'the same, resident memory', value: one.resident, unit: 'bytes' },
      measures: 'the process as the system sees it, by session',
    },
  ];
}

/** Bytes of heap of an idle session on an account of its own, replica included; for a test. */
export async function heapOfIdleSession(sessions: number, messages: number): Promise<number> {
  const stores = await startBenchStores();
  try {
    const addresses = await cloned(stores, messages, sessions);
    return (
      await held(
        stores,
        FLAGS,
        sessions,
        idling((index) => addresses[index] ?? ''),
      )
    ).heap;
  } finally {
    await stores.stop();
  }
}

type Open = (gateway: GatewayAnswer, index: number) => Promise<WireTimer>;

function idling(address: (index: number) => string, secured = false): Open {
  return async ({ port, tlsPort }, index) => {
    const client = await WireTimer.signIn(secured ? tlsPort : port, address(index), secured);
    await client.run('SELECT INBOX');
    await client.idle();
    return client;
  };
}

interface Held {
  /** Bytes by session. */
  readonly heap: number;
  readonly external: number;
  readonly resident: number;
}

function figuresOf(
  sessions: number,
  at: string,
  { own, shared, secured }: { readonly own: Held; readonly shared: Held; readonly secured: Held },
): Figure[] {
  const many = `${sessions} idle sessions`;
  const resident = 'the process as the system sees it, by session';
  return [
    heap(`session and account ${at}`, own, `${many}, each on its own account: heap by session`),
    {
      ...{ name: 'the same, outside the heap', value: own.external, unit: 'bytes' },
      measures: 'array buffers and what else V8 does not count as heap',
    },
    { ...{ name: 'the same, resident memory', value: own.resident, unit: 'bytes' }, measures: resident },
    heap(`session ${at}`, shared, `${many} on one account`),
    {
      ...{ name: `account ${at}`, value: own.heap - shared.heap, unit: 'bytes' },
      measures: 'the first less the session: the replica that an account has in a gateway',
    },
    heap(`session over TLS and account ${at}`, secured, `${many} over TLS, each on its own account`),
    { ...{ name: 'the same, resident memory', value: secured.resident, unit: 'bytes' }, measures: resident },
  ];
}

const heap = (name: string, { heap: value }: Held, measures: string): Figure => ({
  name,
  value,
  unit: 'bytes',
  measures,
});

/** What a gateway holds by session, of those after the first. */
async function held(
  stores: BenchStores,
  flags: readonly string[],
  sessions: number,
  open: Open,
): Promise<Held> {
  const settings: GatewayProcessSettings = {
    engine: stores.settings,
    replicaBudgetBytes: REPLICA_BUDGET_BYTES,
    restMs: REST_MS,
  };
  const gateway = new Child<GatewayRequest, GatewayAnswer>('gateway-process.ts', settings, flags);
  const clients: WireTimer[] = [];
  try {
    const ports = await gateway.first;
    const openAndRest = async (from: number, to: number): Promise<NodeJS.MemoryUsage> => {
      const indexes = Array.from({ length: to - from }, (_, index) => from + index);
      await inParallel(indexes, AT_ONCE, async (index) => void clients.push(await open(ports, index)));
      await delay(QUIET_MS);
      return (await gateway.ask({ do: 'memory' })).memory;
    };
    // What the first sessions bring once and for all (compiled code, connections to the stores) is in both.
    const first = Math.min(FIRST_SESSIONS, sessions >> 1);
    const before = await openAndRest(0, first);
    const after = await openAndRest(first, sessions);
    const by = (pick: (memory: NodeJS.MemoryUsage) => number): number =>
      (pick(after) - pick(before)) / (sessions - first);
    return {
      heap: by(({ heapUsed }) => heapUsed),
      external: by(({ external }) => external),
      resident: by(({ rss }) => rss),
    };
  } finally {
    for (const client of clients) client.close();
    await gateway.stop();
  }
}

/** Accounts with the folded items of one that was filled, each under its own id; their addresses. */
async function cloned(stores: BenchStores, messages: number, count: number): Promise<string[]> {
  const { engine } = stores;
  const template = await filledAccount(engine, { messages });
  const items = await foldedItems(stores, template);
  const indexes = Array.from({ length: count }, (_, index) => index);
  const addresses = indexes.map((index) => `user${index}.${messages}@${DOMAIN}`);
  await inParallel(indexes, AT_ONCE, async (index) => {
    const account = engine.rim.randomHex(10) as AccountId;
    const puts = items.map(({ keyOf, item }) => {
      const { pk, sk } = keyOf(account);
      return { PutRequest: { Item: { ...item, pk: { S: pk }, sk: { S: sk } } } };
    });
    for (let at = 0; at < puts.length; at += CLONES_PER_WRITE) {
      const request = {
        RequestItems: { [stores.settings.mailTable]: puts.slice(at, at + CLONES_PER_WRITE) },
      };
      await engine.dynamodb.send(new BatchWriteItemCommand(request));
    }
    await stores.addUser(addresses[index] ?? '', account);
  });
  return addresses;
}

interface FoldedItem {
  readonly keyOf: (account: AccountId) => ItemKey;
  readonly item: Item;
}

/** Root, bundle and segments; and the newest record, which every account has. */
async function foldedItems({ engine, settings }: BenchStores, account: AccountId): Promise<FoldedItem[]> {
  const { base } = await openAccount(engine.journal, account);
  const keys: ((of: AccountId) => ItemKey)[] = [
    accountKeys.checkpoint,
    ...(base.bundled ? [accountKeys.bundle] : []),
    (of) => accountKeys.record(of, base.state.number),
    ...partsIn(base.pages).map(
      ({ name, fold }) =>
        (of: AccountId) =>
          accountKeys.part(of, name, fold),
    ),
    ...[...base.segments].flatMap(([mailbox, segments]) =>
      base.bundled
        ? []
        : segments.map(
            ({ firstUid, fold }) =>
              (of: AccountId) =>
                accountKeys.segment(of, mailbox, firstUid, fold),
          ),
    ),
  ];
  return Promise.all(
    keys.map(async (keyOf) => {
      const { pk, sk } = keyOf(account);
      const Key = { pk: { S: pk }, sk: { S: sk } };
      const { Item } = await engine.dynamodb.send(
        new GetItemCommand({ TableName: settings.mailTable, Key, ConsistentRead: true }),
      );
      if (!Item) throw new Error(`the account that is cloned has no item ${sk}`);
      return { keyOf, item: Item };
    }),
  );
}
