/** QRESYNC's question, asked of random histories that are folded and emptied, by readers of every age. */
import { describe, expect, test } from '@jest/globals';
import { type MailboxId, type RecordNumber, modSeqOf } from '../../../shared/account/ids.ts';
import type { RemovedRange } from '../../../shared/account/removals.ts';
import type { Replica } from '../../../shared/account/replica.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import { FoldingAccount, SMALL_LIMITS } from '../../support/folding.ts';
import { below, pick } from '../../support/random-ops.ts';

const DAY = 86_400_000;

/** The UIDs of every mailbox, after each record. */
type History = Map<number, ReadonlyMap<MailboxId, ReadonlySet<number>>>;

function uidsOf(state: AccountState): ReadonlyMap<MailboxId, ReadonlySet<number>> {
  return new Map(
    [...state.mailboxes].map(([id, { columns }]) => [id, new Set(columns?.uids.subarray(0, columns.count))]),
  );
}

const covers = (ranges: readonly RemovedRange[], uid: number): boolean =>
  ranges.some(({ low, high }) => low <= uid && uid <= high);

async function live(account: FoldingAccount, writer: Replica, history: History): Promise<void> {
  for (let done = 0; done < 12; done++) {
    await account.act(writer, 1);
    if (writer.current) history.set(writer.current.number, uidsOf(writer.current));
  }
  account.rim.time += below(account.random, DAY);
  await account.fold();
}

describe.each([1, 2, 3, 4, 5, 6])('seed %i', (seed) => {
  test('what is told has left since, whoever asks; what left is told, or nothing is', async () => {
    const account = await FoldingAccount.begun(seed, SMALL_LIMITS);
    const writer = account.replica();
    const history: History = new Map([[1, uidsOf(await account.reopened(writer))]]);
    const readers: Replica[] = [];
    const outcomes = { told: 0, unknown: 0, read: 0 };
    for (let round = 0; round < 12; round++) {
      await live(account, writer, history);
      readers.push(account.replica());
      for (const reader of readers) await account.reopened(reader);
      for (let asked = 0; asked < 20; asked++) {
        const reader = pick(account.random, readers);
        const state = await account.reopened(reader);
        const id = pick(account.random, [...state.mailboxes.keys()]);
        const since = 1 + below(account.random, state.number);
        const modSeq = modSeqOf((since + 1) as RecordNumber, 0) - 1;
        let reads = 0;
        const after = account.journal.after.bind(account.journal);
        account.journal.after = (...args) => (reads++, after(...args));
        const removed = await reader.removedSince(id, modSeq);
        account.journal.after = after;
        outcomes.read += reads;
        outcomes[removed ? 'told' : 'unknown']++;
        const now = uidsOf(state).get(id) ?? new Set();
        const then = history.get(since)?.get(id) ?? new Set();
        if (!removed) continue;
        for (const uid of then) expect([uid, covers(removed, uid)]).toEqual([uid, !now.has(uid)]);
        for (const uid of now) expect([uid, covers(removed, uid)]).toEqual([uid, false]);
      }
    }
    // Otherwise this has tested less than it says.
    expect(outcomes.told).toBeGreaterThan(20);
    expect(outcomes.unknown).toBeGreaterThan(5);
    expect(outcomes.read).toBeGreaterThan(5);
  });
});
