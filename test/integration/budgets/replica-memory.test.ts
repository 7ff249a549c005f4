/**
 * The memory of a whole replica: the columns of 100,000 messages, and everything beside them. `npm run bench -- --only opening`
 * prints the same for other sizes.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AccountId, PackId } from '../../../shared/account/ids.ts';
import { openAccount } from '../../../shared/account/opening.ts';
import { blobBytesOf } from '../../../shared/account/pack-op.ts';
import { Replica } from '../../../shared/account/replica.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { type BenchStores, startBenchStores } from '../../bench/bench-stores.ts';
import { fillAccount, filledAccount, foldNow } from '../../bench/filled-account.ts';
import { heldByReplica } from '../../bench/opening.ts';

const MESSAGES = 100_000;
const BYTES_A_MESSAGE = 64;
const MESSAGES_A_PACK = 2_000;
/** Deliveries above the checkpoint, with real summaries: a fold is due after 28 such. */
const TAIL = 28;

let stores: BenchStores;
beforeAll(async () => {
  stores = await startBenchStores();
});
afterAll(() => stores.stop());

test('a replica of 100,000 messages takes less than 64 bytes each, its tail included, packed or not', async () => {
  const { engine } = stores;
  const account = await filledAccount(engine, { messages: MESSAGES, summary: Uint8Array.of(0) });
  const bytesEach = async (): Promise<number> => {
    await fillAccount(engine, account, { messages: TAIL, perRecord: 1, fold: false });
    expect((await openAccount(engine.journal, account)).tail).toHaveLength(TAIL);
    // What a process loads and compiles once.
    await heldByReplica(engine, account, [INBOX_ID]);
    return (await heldByReplica(engine, account, [INBOX_ID])) / MESSAGES;
  };
  expect(await bytesEach()).toBeLessThan(BYTES_A_MESSAGE);
  await packAll(account);
  expect(await bytesEach()).toBeLessThan(BYTES_A_MESSAGE);
});

/** As the compaction does, but for the packs themselves. */
async function packAll(account: AccountId): Promise<void> {
  const { engine } = stores;
  const replica = new Replica(account, engine.journal, engine.rim);
  await replica.sync();
  const columns = (await replica.load([INBOX_ID])).mailboxes.get(INBOX_ID)?.columns;
  for (let first = 0; columns && first < columns.count; first += MESSAGES_A_PACK) {
    const count = Math.min(MESSAGES_A_PACK, columns.count - first);
    const blobs = Array.from({ length: count }, (_, index) => columns.blobAt(first + index));
    const pack = engine.rim.randomHex(16) as PackId;
    const places = { blobs: blobBytesOf(blobs), lengths: blobs.map(() => 4_000) };
    const op = { op: 'pack' as const, pack, ...places, mailboxes: [INBOX_ID], buried: false, replaced: [] };
    await replica.commit({ decide: () => ({ ops: [op], value: null }) });
  }
  await foldNow(engine, account);
  const { packs } = (await openAccount(engine.journal, account)).base;
  expect(packs).toHaveLength(Math.ceil((columns?.count ?? 0) / MESSAGES_A_PACK));
}
