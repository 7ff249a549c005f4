/** What replicas do while others write: each test is what a hunt has found. */
import { expect, test } from '@jest/globals';
import { type Divergence, apply } from '../../../shared/account/apply.ts';
import { decideCopy } from '../../../shared/account/decide-messages.ts';
import type { AccountId, BlobId, MailboxId, RecordNumber } from '../../../shared/account/ids.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { Replica } from '../../../shared/account/replica.ts';
import { EMPTY_STATE, INBOX_ID } from '../../../shared/account/state.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';
import { createInbox } from '../../support/random-ops.ts';
import { TestRim } from '../../support/rim.ts';

const ACCOUNT = 'a0'.repeat(10) as AccountId;
const WORK = 2 as MailboxId;
const QUOTA = { quotaBytes: 2 ** 40, quotaMessages: 2 ** 30 };

const append: Op = {
  op: 'append',
  to: { inbox: true },
  blob: '0f'.repeat(16) as BlobId,
  size: 7,
  system: 0,
  keywords: [],
  date: 0,
  zone: 0,
  summary: { inline: Uint8Array.of(1) },
};

async function begin(store: MemoryJournalStore): Promise<void> {
  const usage = { messages: 0, bytes: 0 };
  const first = { number: 1 as RecordNumber, commit: 'first', time: 0, ops: [createInbox()], usage };
  await store.put(ACCOUNT, [{ ...first, journalBytes: 10 }]);
}

/** Found by the swarm hunt, seed 5: a mailbox showed messages twice on the gateway that had dropped its columns. */
test('records that a replica has read anew while it loaded a copy’s source are not applied twice', async () => {
  const store = new MemoryJournalStore();
  const divergences: Divergence[] = [];
  const replica = (seed: number): Replica =>
    new Replica(ACCOUNT, store, new TestRim(seed), { onDivergence: (_, each) => divergences.push(each) });
  await begin(store);
  const [reader, writer] = [replica(1), replica(2)];
  const write = (...ops: Op[]) => writer.commit({ decide: () => ({ ops, value: null }) });
  await write(append, append);
  await reader.sync();
  // Under memory pressure columns and tail go; those of a mailbox that is created afterwards are there at once.
  reader.shed();
  await write({ op: 'create', name: 'Work', uidValidity: 1, use: null });
  await reader.sync();
  await writer.commit({
    needs: () => [INBOX_ID],
    decide: (state) =>
      decideCopy(state, {
        from: INBOX_ID,
        to: WORK,
        uids: Uint32Array.of(1, 2),
        all: false,
        quota: QUOTA,
      }),
  });
  const seen = await reader.sync();
  expect(divergences).toEqual([]);
  expect(seen.number).toBe(4);
  expect(seen.usage).toEqual({ messages: 4, bytes: 28 });
  expect(seen.mailboxes.get(WORK)).toMatchObject({ messages: 2, uidNext: 3, bytes: 14 });
  const whole = (await store.after(ACCOUNT, 0 as RecordNumber)).reduce(
    (state, entry) => apply(state, entry as Parameters<typeof apply>[1]),
    EMPTY_STATE,
  );
  const loaded = (await reader.load([WORK])).mailboxes.get(WORK)?.columns;
  expect(loaded?.count).toBe(whole.mailboxes.get(WORK)?.columns?.count);
  // And what it commits next is what the journal takes it for.
  await reader.commit({ decide: () => ({ ops: [append], value: null }) });
  await writer.sync();
  expect(divergences).toEqual([]);
});

/** Found by the swarm hunt: NOOP took seconds while other sessions of the account wrote. */
test('who reads does not wait for a writer who pauses after a conflict', async () => {
  const store = new MemoryJournalStore();
  await begin(store);
  let goOn: () => void = () => undefined;
  class PausingRim extends TestRim {
    override sleep(): Promise<void> {
      return new Promise((resolve) => (goOn = resolve));
    }
  }
  const [busy, other] = [
    new Replica(ACCOUNT, store, new PausingRim(1)),
    new Replica(ACCOUNT, store, new TestRim(2)),
  ];
  await busy.sync();
  const write = { decide: () => ({ ops: [append], value: 'done' }) };
  await other.commit(write);
  // Meets the other's record, catches up, and pauses.
  const committed = busy.commit(write);
  await other.commit(write);
  expect((await busy.sync()).usage.messages).toBe(2);
  goOn();
  expect(await committed).toBe('done');
  expect((await other.sync()).usage.messages).toBe(3);
});

/** Found by the swarm hunt: an APPEND took ten seconds, always one record behind those of others. */
test('a commit whose every pause others use to write comes first all the same', async () => {
  const store = new MemoryJournalStore();
  await begin(store);
  const write = { decide: () => ({ ops: [append], value: 'done' }) };
  const other = new Replica(ACCOUNT, store, new TestRim(2));
  let pauses = 0;
  class BusyRim extends TestRim {
    override async sleep(): Promise<void> {
      pauses++;
      await other.commit(write);
    }
  }
  const late = new Replica(ACCOUNT, store, new BusyRim(1));
  await late.sync();
  await other.commit(write);
  expect(await late.commit(write)).toBe('done');
  expect(pauses).toBe(1);
  expect((await late.sync()).usage.messages).toBe(3);
});
