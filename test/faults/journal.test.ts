/**
 * The journal on a real store behind a transport that fails as AWS does: every seeded run draws its own faults. What was
 * acknowledged is there once and in order, what was not is there at most once, and every replica ends equal.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Divergence, apply } from '../../shared/account/apply.ts';
import { type Delivery, deliverTo } from '../../shared/account/delivery.ts';
import type { AccountId, BlobId, RecordNumber } from '../../shared/account/ids.ts';
import { OutcomeUnknownError } from '../../shared/account/journal-store.ts';
import { beginAccount } from '../../shared/account/new-account.ts';
import type { AppendOp } from '../../shared/account/ops.ts';
import { isEmptied } from '../../shared/account/record.ts';
import { Replica } from '../../shared/account/replica.ts';
import { type AccountState, EMPTY_STATE, INBOX_ID } from '../../shared/account/state.ts';
import { dynamoDbClient } from '../../shared/aws/clients.ts';
import { DynamoDbJournalStore } from '../../shared/aws/dynamodb-journal-store.ts';
import { type TestDynoxide, startTestDynoxide } from '../support/dynoxide.ts';
import { FaultTransport } from '../support/fault-transport.ts';
import { randomOp } from '../support/random-ops.ts';
import { TestRim } from '../support/rim.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { StaleReads } from '../support/stale-reads.ts';

let store: TestDynoxide;
let plain: DynamoDBClient;
beforeAll(async () => {
  store = await startTestDynoxide();
  plain = dynamoDbClient(store.settings);
});
afterAll(async () => {
  plain.destroy();
  await store.stop();
});

const NO_WAIT = { sleep: async () => Promise.resolve(), random: () => 0 };
const QUOTA = { quotaBytes: Number.MAX_SAFE_INTEGER, quotaMessages: Number.MAX_SAFE_INTEGER };

/** What AWS does on a bad day, to every call that it fits. */
const BAD_DAY = [
  { fault: 'transaction-conflict', probability: 0.05 },
  { fault: 'throttle', probability: 0.05 },
  { fault: 'server-error', probability: 0.03 },
  { fault: 'server-error-after-effect', probability: 0.04 },
  { fault: 'reset-before-effect', probability: 0.03 },
  { fault: 'reset-after-effect', probability: 0.04 },
  { fault: 'late-effect', probability: 0.04 },
  { fault: 'unprocessed', probability: 0.2 },
  { fault: 'empty-page', probability: 0.1 },
  { fault: 'short-page', probability: 0.1 },
  { fault: 'stale-read', probability: 0.3 },
] as const;

function appendOp(blob: BlobId): AppendOp {
  return {
    op: 'append',
    to: { inbox: true },
    blob,
    size: 10,
    system: 0,
    keywords: [],
    date: 0,
    zone: 0,
    summary: { inline: Uint8Array.of(1) },
  };
}

/** What a writer was told. */
interface Told {
  readonly acknowledged: Set<BlobId>;
  readonly unknown: Set<BlobId>;
}

class World {
  readonly divergences: Divergence[] = [];
  readonly told: Told = { acknowledged: new Set(), unknown: new Set() };
  readonly faults: FaultTransport;
  readonly #client: DynamoDBClient;
  readonly #seed: number;
  readonly #random: () => number;
  #count = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = seededRandom(seed);
    this.faults = new FaultTransport({
      rules: BAD_DAY,
      random: seededRandom(seed + 7),
      staleReads: new StaleReads(),
    });
    this.#client = dynamoDbClient(store.settings, { wrapTransport: this.faults.wrap });
  }

  get journal(): DynamoDbJournalStore {
    return new DynamoDbJournalStore(this.#client, 'mail', { clock: NO_WAIT });
  }

  replica(account: AccountId): Replica {
    const rim = new TestRim(this.#seed * 100 + ++this.#count);
    return new Replica(account, this.journal, rim, {
      onDivergence: (_, found) => this.divergences.push(found),
    });
  }

  newBlob(): BlobId {
    return Array.from({ length: 32 }, () => Math.floor(this.#random() * 16).toString(16)).join('') as BlobId;
  }

  /** An append through a replica, as a gateway does it. */
  async append(replica: Replica): Promise<void> {
    const blob = this.newBlob();
    try {
      await replica.commit({ decide: () => ({ ops: [appendOp(blob)], value: null }) });
      this.told.acknowledged.add(blob);
    } catch (error) {
      if (error instanceof OutcomeUnknownError) this.told.unknown.add(blob);
    }
  }

  /** A delivery, handed over until it is settled, with a new blob each time. */
  async deliver(account: AccountId, messageId: string): Promise<BlobId[]> {
    const blobs: BlobId[] = [];
    const rim = new TestRim(this.#seed * 100 + ++this.#count);
    for (let attempt = 0; attempt < 50; attempt++) {
      const blob = this.newBlob();
      blobs.push(blob);
      const delivery: Delivery = { messageId, append: appendOp(blob), freshUntil: Infinity };
      try {
        await deliverTo(account, [delivery], QUOTA, { journal: this.journal, rim });
        return blobs;
      } catch {
        // Comes again.
      }
    }
    throw new Error(`message ${messageId} was not settled in 50 attempts`);
  }

  /** Random changes of other kinds. */
  async change(replica: Replica): Promise<void> {
    await replica
      .commit({
        needs: (state) => [...state.mailboxes.keys()],
        decide: (state) => {
          const op = randomOp(this.#random, state);
          // Messages must stay where the count at the end finds them.
          const keeps =
            op.op === 'flags' || op.op === 'create' || op.op === 'recent' || op.op === 'subscribe';
          return { ops: keeps ? [op] : [], value: null };
        },
      })
      .catch(() => undefined);
  }

  close(): void {
    this.#client.destroy();
  }
}

async function replayed(account: AccountId): Promise<AccountState> {
  const entries = await new DynamoDbJournalStore(plain, 'mail').after(account, 0 as RecordNumber, 'strong');
  entries.forEach((entry, index) => expect(entry.number).toBe(index + 1));
  return entries.reduce((state, entry) => (isEmptied(entry) ? state : apply(state, entry)), EMPTY_STATE);
}

function seen(state: AccountState): unknown {
  return [...state.mailboxes.values()].map(({ columns, ...mailbox }) => ({
    ...mailbox,
    rows: columns && Array.from({ length: columns.count }, (_, row) => columns.row(row)),
  }));
}

describe.each([1, 2])('a bad day at AWS, seed %i', (seed) => {
  test('nothing acknowledged is lost, nothing is doubled, every replica ends equal', async () => {
    const world = new World(seed);
    const account = await beginAccount(new DynamoDbJournalStore(plain, 'mail'), new TestRim(seed));
    const replicas = [1, 2, 3].map(() => world.replica(account));
    const deliveries: BlobId[][] = [];
    await Promise.all([
      ...replicas.map(async (replica) => {
        for (let round = 0; round < 15; round++) {
          await world.append(replica);
          await world.change(replica);
          if (round % 5 === 4) replica.shed();
        }
      }),
      ...[1, 2, 3].map(async (lambda) => {
        for (let round = 0; round < 8; round++)
          deliveries.push(await world.deliver(account, `message-${(round + lambda) % 8}`));
      }),
    ]);
    await world.faults.releaseLate();
    world.faults.setRules([]);
    const state = await replayed(account);
    const columns = state.mailboxes.get(INBOX_ID)?.columns;
    const blobs = Array.from({ length: columns?.count ?? 0 }, (_, row) => columns?.blobAt(row) as BlobId);
    const { acknowledged, unknown } = world.told;
    expect(new Set(blobs).size).toBe(blobs.length);
    expect([...acknowledged].filter((blob) => !blobs.includes(blob))).toEqual([]);
    const delivered = blobs.filter((blob) => deliveries.some((attempts) => attempts.includes(blob)));
    // Eight messages, each handed to three functions, some of them many times.
    expect(delivered.length).toBe(8);
    const others = blobs.filter((blob) => !acknowledged.has(blob) && !unknown.has(blob));
    expect(others).toEqual(delivered);
    for (const replica of replicas) {
      await replica.sync();
      expect(seen(await replica.load([...state.mailboxes.keys()]))).toEqual(seen(state));
    }
    expect(world.divergences).toEqual([]);
    expect([...world.faults.injected.keys()].length).toBeGreaterThan(6);
    world.close();
  });
});
