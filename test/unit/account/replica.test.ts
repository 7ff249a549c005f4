import { describe, expect, test } from '@jest/globals';
import { type Divergence, apply } from '../../../shared/account/apply.ts';
import type { AccountId, BlobId, RecordNumber } from '../../../shared/account/ids.ts';
import { AccountMissingError, JournalDamagedError } from '../../../shared/account/opening.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { isEmptied } from '../../../shared/account/record.ts';
import type { Decision } from '../../../shared/account/commit-request.ts';
import { Replica } from '../../../shared/account/replica.ts';
import { type AccountState, EMPTY_STATE, INBOX_ID, mailboxNamed } from '../../../shared/account/state.ts';
import { ReplicaCache } from '../../../shared/account/replica-cache.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';
import { createInbox, randomOp } from '../../support/random-ops.ts';
import { TestRim } from '../../support/rim.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const ACCOUNT = 'a0'.repeat(10) as AccountId;

function append(size = 1): Op {
  return {
    op: 'append',
    to: { inbox: true },
    blob: '0f'.repeat(16) as BlobId,
    size,
    system: 0,
    keywords: [],
    date: 0,
    zone: 0,
    summary: { inline: Uint8Array.of(1, 2, 3) },
  };
}

const everyMailbox = (state: AccountState) => [...state.mailboxes.keys()];
const always = <T>(ops: readonly Op[], value: T) => ({ decide: (): Decision<T> => ({ ops, value }) });

async function newAccount(store: MemoryJournalStore, account = ACCOUNT): Promise<void> {
  const usage = { messages: 0, bytes: 0 };
  const record = { number: 1 as RecordNumber, commit: 'first', time: 0, ops: [createInbox()], usage };
  await store.put(account, [{ ...record, journalBytes: 10 }]);
}

async function setUp() {
  const store = new MemoryJournalStore();
  await newAccount(store);
  let seed = 0;
  return { store, replica: () => new Replica(ACCOUNT, store, new TestRim(++seed)) };
}

/** What replaying the whole journal gives. */
function replayed(store: MemoryJournalStore): AccountState {
  const entries = [...store.account(ACCOUNT).entries.values()].sort((a, b) => a.number - b.number);
  return entries.reduce((state, entry) => (isEmptied(entry) ? state : apply(state, entry)), EMPTY_STATE);
}

function seen(state: AccountState): unknown {
  return [...state.mailboxes.values()].map(({ columns, ...mailbox }) => ({
    ...mailbox,
    rows: columns && Array.from({ length: columns.count }, (_, row) => columns.row(row)),
  }));
}

describe('commit', () => {
  test('what one replica was told done, another sees after sync', async () => {
    const { replica } = await setUp();
    const [one, two] = [replica(), replica()];
    await two.sync();
    await one.commit(always([append(7)], null));
    expect(mailboxNamed(await two.sync(), 'INBOX')).toMatchObject({ messages: 1, bytes: 7, uidNext: 2 });
  });

  test('a conflict is decided again on what came first, so that UIDs are given out once and in order', async () => {
    const { replica, store } = await setUp();
    const replicas = [replica(), replica(), replica()];
    await Promise.all(replicas.map((each) => each.sync()));
    const uids = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        (replicas[index % 3] as Replica).commit({
          decide: (state) => ({ ops: [append()], value: mailboxNamed(state, 'INBOX')?.uidNext }),
        }),
      ),
    );
    expect(uids.toSorted((a, b) => (a ?? 0) - (b ?? 0))).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(replayed(store).usage.messages).toBe(60);
  });

  test('concurrent commits of one replica share a record', async () => {
    const { replica, store } = await setUp();
    const one = replica();
    await one.sync();
    await Promise.all(Array.from({ length: 50 }, () => one.commit(always([append()], null))));
    expect(replayed(store).usage.messages).toBe(50);
    // The first goes alone, as nobody waits yet; the rest are grouped behind it.
    expect(store.account(ACCOUNT).entries.size).toBeLessThanOrEqual(4);
  });

  test('a refusal rests on the newest state, never on what this replica happened to know', async () => {
    const { replica } = await setUp();
    const [stale, other] = [replica(), replica()];
    await stale.sync();
    await other.commit(always([{ op: 'create', name: 'New', uidValidity: 5, use: null }], null));
    const found = await stale.commit({
      decide: (state) => {
        if (!mailboxNamed(state, 'New')) throw new Error('no such mailbox');
        return { ops: [], value: 'found' };
      },
    });
    expect(found).toBe('found');
  });

  test('the refusal of one commit fails no other of its group', async () => {
    const { replica } = await setUp();
    const one = replica();
    await one.sync();
    const results = await Promise.allSettled([
      one.commit(always([append()], 1)),
      one.commit({
        decide: () => {
          throw new Error('refused');
        },
      }),
      one.commit(always([append()], 3)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('a change too large for one item is spread over records of one transaction', async () => {
    const { replica, store } = await setUp();
    const one = replica();
    const huge = { ...append(), summary: { inline: new Uint8Array(200_000).fill(7) } };
    await one.commit(always([huge, huge, huge], null));
    expect(store.account(ACCOUNT).entries.size).toBeGreaterThan(2);
    expect(seen(await one.load([INBOX_ID]))).toEqual(seen(replayed(store)));
  });

  test('a single op too large for an item is refused, and the commits beside it are not', async () => {
    const { replica, store } = await setUp();
    const one = replica();
    await one.sync();
    const oversized = { ...append(), summary: { inline: new Uint8Array(500_000) } };
    const results = await Promise.allSettled([
      one.commit(always([append()], null)),
      one.commit(always([append(), oversized], null)),
      one.commit(always([append()], null)),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(replayed(store).usage.messages).toBe(2);
  });
});

describe('opening', () => {
  test('an account with neither checkpoint nor journal is an error, never an empty account', async () => {
    await expect(new Replica(ACCOUNT, new MemoryJournalStore(), new TestRim()).sync()).rejects.toThrow(
      AccountMissingError,
    );
  });

  test('a hole in the journal is an error, never skipped', async () => {
    const { store, replica } = await setUp();
    const one = replica();
    for (let count = 0; count < 3; count++) await one.commit(always([append()], null));
    store.account(ACCOUNT).entries.delete(3);
    await expect(replica().sync()).rejects.toThrow(JournalDamagedError);
  });
});

describe.each([11, 12, 13, 14])('three replicas at random, seed %i', (seed) => {
  test('all end equal to the replayed journal, without divergence', async () => {
    const random = seededRandom(seed);
    const { store } = await setUp();
    const divergences: Divergence[] = [];
    const report = (divergence: Divergence) => divergences.push(divergence);
    const replicas = [1, 2, 3].map(
      (id) =>
        new Replica(ACCOUNT, store, new TestRim(seed * 10 + id), { onDivergence: (_, each) => report(each) }),
    );
    for (let round = 0; round < 60; round++) {
      await Promise.all(
        replicas.map(async (replica) => {
          const roll = random();
          if (roll < 0.15) replica.shed();
          else if (roll < 0.3) await replica.sync();
          else
            await replica.commit({
              needs: everyMailbox,
              decide: (state) => ({ ops: [randomOp(random, state)], value: null }),
            });
        }),
      );
    }
    const expected = seen(replayed(store));
    for (const replica of replicas) {
      const state = await replica.sync();
      expect(seen(await replica.load([...state.mailboxes.keys()]))).toEqual(expected);
    }
    expect(divergences).toEqual([]);
  });
});

test('ten times more accounts than the budget holds: memory stays bounded and every account answers', async () => {
  const store = new MemoryJournalStore();
  const budgetBytes = 400_000;
  const cache = new ReplicaCache(store, new TestRim(), { budgetBytes });
  const accounts = Array.from(
    { length: 40 },
    (_, index) => index.toString(16).padStart(20, '0') as AccountId,
  );
  const leases = accounts.map((account) => cache.acquire(account));
  let held = 0;
  for (const [index, account] of accounts.entries()) {
    await newAccount(store, account);
    const replica = leases[index]?.replica as Replica;
    await replica.commit(
      always(
        Array.from({ length: 1000 }, () => append()),
        null,
      ),
    );
    await replica.load([INBOX_ID]);
    held += replica.bytes;
    expect(cache.bytes).toBeLessThanOrEqual(budgetBytes);
  }
  expect(held).toBeGreaterThan(10 * budgetBytes * 0.5);
  for (const { replica } of leases) {
    const state = await replica.load([INBOX_ID]);
    expect(state.mailboxes.get(INBOX_ID)?.columns?.count).toBe(1000);
    expect(cache.bytes).toBeLessThanOrEqual(budgetBytes);
  }
});
