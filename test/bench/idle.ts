/**
 * What idle sessions hold in memory: a gateway in a process of its own, and clients here that sign in, select and idle.
 * Memory is read after several collections, when views have been packed and replicas shed what can be read again.
 */
import { BatchWriteItemCommand, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { setTimeout as delay } from 'node:timers/promises';
import { inParallel } from '../../functions/parallel.ts';
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
const SIZES = [10, 10_000];
/** What can be shed is shed at once: what is left is what no pressure on memory takes away. */
const REPLICA_BUDGET_BYTES = 0;
/** Views are packed after half a minute of quiet. */
const QUIET_MS = 33_000;
const AT_ONCE = 8;
const CLONES_PER_WRITE = 8;

export const idle: Section = async ({ scale, say, nodeFlags }) => {
  const sessions = Math.max(1, Math.round(SESSIONS * scale));
  const stores = await startBenchStores();
  // V8 drops the code of functions that have not run for some collections: megabytes, at any moment between two looks.
  const flags = ['--expose-gc', '--no-flush-bytecode', ...nodeFlags];
  try {
    say('connections');
    const greeted = await held(stores, flags, sessions, async (port) => WireTimer.connect(port));
    const figures: Figure[] = [
      heap('connection', greeted, 'a client that was greeted and has not signed in'),
    ];
    for (const messages of SIZES) {
      say(`making ${sessions} accounts of ${messages} messages`);
      const addresses = await cloned(stores, messages, sessions);
      const idling = (address: (index: number) => string) => async (port: number, index: number) => {
        const client = await WireTimer.signIn(port, address(index));
        await client.run('SELECT INBOX');
        await client.idle();
        return client;
      };
      say('sessions on accounts of their own, and as many on one account');
      const [own, shared] = await Promise.all([
        held(
          stores,
          flags,
          sessions,
          idling((index) => addresses[index] ?? ''),
        ),
        held(
          stores,
          flags,
          sessions,
          idling(() => addresses[0] ?? ''),
        ),
      ]);
      const at = `of ${messages} messages`;
      figures.push(
        heap(
          `session and account ${at}`,
          own,
          `${sessions} idle sessions, each on its own account ${at}: heap by session`,
        ),
        {
          name: 'the same, outside the heap',
          value: own.external,
          unit: 'bytes',
          measures: 'array buffers and what else V8 does not count as heap',
        },
        heap(`session ${at}`, shared, `${sessions} idle sessions on one account ${at}`),
        {
          name: `account ${at}`,
          value: own.heap - shared.heap,
          unit: 'bytes',
          measures: 'the first less the second: the replica that an account has in a gateway',
        },
        {
          name: 'resident memory',
          value: own.resident,
          unit: 'bytes',
          measures: 'the process as the system sees it, by session on an account of its own',
        },
      );
    }
    return figures;
  } finally {
    await stores.stop();
  }
};

interface Held {
  /** Bytes by session. */
  readonly heap: number;
  readonly external: number;
  readonly resident: number;
}

const heap = (name: string, { heap: value }: Held, measures: string): Figure => ({
  name,
  value,
  unit: 'bytes',
  measures,
});

/** What a gateway holds more with `sessions` clients than without. */
async function held(
  stores: BenchStores,
  flags: readonly string[],
  sessions: number,
  open: (port: number, index: number) => Promise<WireTimer>,
): Promise<Held> {
  const settings: GatewayProcessSettings = {
    engine: stores.settings,
    replicaBudgetBytes: REPLICA_BUDGET_BYTES,
  };
  const gateway = new Child<GatewayRequest, GatewayAnswer>('gateway-process.ts', settings, flags);
  const clients: WireTimer[] = [];
  try {
    const { port } = await gateway.first;
    const openAndRest = async (from: number, to: number): Promise<NodeJS.MemoryUsage> => {
      const indexes = Array.from({ length: to - from }, (_, index) => from + index);
      await inParallel(indexes, AT_ONCE, async (index) => void clients.push(await open(port, index)));
      await delay(QUIET_MS);
      return (await gateway.ask({ do: 'memory' })).memory;
    };
    // What the first sessions bring once and for all (compiled code, connections to the stores) is in both.
    const half = sessions >> 1;
    const before = await openAndRest(0, half);
    const after = await openAndRest(half, sessions);
    const by = (pick: (memory: NodeJS.MemoryUsage) => number): number =>
      (pick(after) - pick(before)) / (sessions - half);
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
    ...base.parts.map((name) => (of: AccountId) => accountKeys.part(of, name, base.fold)),
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
