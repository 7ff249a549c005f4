/** A root that spills: of its pages, only those are written anew that changed, and each part is either named or superseded. */
import { describe, expect, test } from '@jest/globals';
import { encode } from 'cborg';
import { zstdCompressSync } from 'node:zlib';
import { NO_ANNOTATIONS } from '../../../shared/account/annotations.ts';
import {
  type Checkpoint,
  ROOT_BYTES,
  type Superseded,
  type UnpagedCheckpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  partsIn,
} from '../../../shared/account/checkpoint.ts';
import { bodyFields } from '../../../shared/account/checkpoint-body.ts';
import type { BlobId, MailboxId, ModSeq, RecordNumber } from '../../../shared/account/ids.ts';
import { itemName } from '../../../shared/account/named.ts';
import { EMPTY_CHECKPOINT } from '../../../shared/account/opening.ts';
import { INBOX_ID, type Mailbox, knownName } from '../../../shared/account/state.ts';
import { append, commit, expectWhole } from '../../support/fold-ops.ts';
import { ACCOUNT, FoldingAccount } from '../../support/folding.ts';
import { below, pick } from '../../support/random-ops.ts';
import { seededRandom } from '../../support/seeded-random.ts';

type Random = () => number;

const MAILBOXES = 2_000;
const NAME_LENGTH = 200;

describe('an account of 2,000 mailboxes with long names', () => {
  test('a fold after a delivery writes one page of some twelve, and the others keep their keys', async () => {
    const account = await FoldingAccount.begun();
    account.keepMs = 0;
    const writer = account.replica();
    const random = seededRandom(7);
    for (let made = 0; made < MAILBOXES; made += 500)
      await commit(writer, () =>
        Array.from({ length: 500 }, (_, index) => ({
          op: 'create' as const,
          name: text(random, NAME_LENGTH),
          uidValidity: made + index + 2,
          use: null,
        })),
      );
    await account.fold();
    const { parts } = account.journal.account(ACCOUNT);
    const first = [...parts.keys()];
    expect(first.length).toBeGreaterThan(8);
    expect(first.length).toBeLessThan(40);
    expect(account.journal.account(ACCOUNT).checkpoint?.root.length).toBeLessThan(ROOT_BYTES);
    await commit(writer, () => [append(account)]);
    const result = await account.fold();
    const written = [...parts.keys()].filter((key) => !first.includes(key));
    expect(written).toHaveLength(1);
    // That one, and the summary's chunk; the message lies in the bundle.
    expect(result).toMatchObject({ kind: 'folded', items: 2, bundled: true });
    // Nothing was deleted yet: who reads by the older root finds all of it.
    expect(first.filter((key) => !parts.has(key))).toEqual([]);
    await expectWhole(account);
    await commit(writer, () => [append(account)]);
    await account.fold();
    // The page that the one before replaced went, and none that is still named.
    expect(first.filter((key) => !parts.has(key))).toHaveLength(1);
    expect(await account.garbage()).toEqual([]);
    await expectWhole(account);
  });

  test('a rename, a new mailbox and a deletion write the pages that they are in', async () => {
    const before = await installed(largeCheckpoint(seededRandom(3)), [], new Map());
    const { state } = before;
    const change = (mailboxes: ReadonlyMap<MailboxId, Mailbox>): number =>
      encodeCheckpoint({ ...before, fold: 'next', state: { ...state, mailboxes } }, before.pages).parts
        .length;
    const some = state.mailboxes.get(1_000 as MailboxId);
    if (!some) throw new Error('there is no such mailbox');
    const renamed = new Map(state.mailboxes).set(some.id, { ...some, name: knownName('Short') });
    const more = new Map(state.mailboxes).set(5_000 as MailboxId, { ...some, id: 5_000 as MailboxId });
    const fewer = new Map([...state.mailboxes].filter(([id]) => id !== some.id));
    expect(change(state.mailboxes)).toBe(0);
    for (const changed of [renamed, more, fewer]) {
      expect(change(changed)).toBeGreaterThanOrEqual(1);
      // An entry on which a cut fell takes it along.
      expect(change(changed)).toBeLessThanOrEqual(2);
    }
  });
});

test('along random checkpoints every part is either named or superseded, and none is both', async () => {
  for (const seed of [1, 2]) {
    const random = seededRandom(seed);
    const store = new Map<string, Uint8Array>();
    let base = await installed(
      { ...largeCheckpoint(random, 500), superseded: fillers(random, 400) },
      [],
      store,
    );
    let [kept, written] = [0, 0];
    for (let step = 0; step < 15; step++) {
      const next = changed(base, random, step);
      // What left the list was deleted.
      for (const { item } of base.superseded)
        if (!next.superseded.some((each) => each.item === item)) store.delete(itemName(item));
      const found = await installed(next, base.pages, store);
      const live = partsIn(found.pages).map(itemName);
      const superseded = found.superseded.flatMap(({ item }) =>
        item.kind === 'part' ? [itemName(item)] : [],
      );
      expect(live.filter((name) => superseded.includes(name))).toEqual([]);
      expect(new Set([...live, ...superseded])).toEqual(new Set(store.keys()));
      expect(superseded).toHaveLength(new Set(superseded).size);
      expect(Buffer.compare(shown(found), shown(next))).toBe(0);
      expect(found.superseded.slice(0, next.superseded.length)).toEqual(next.superseded);
      kept += found.pages.filter((page) => base.pages.includes(page) || page.fold !== found.fold).length;
      written += found.pages.filter(({ fold }) => fold === found.fold).length;
      base = found;
    }
    expect(kept).toBeGreaterThan(2 * written);
  }
});

test('parts of an older release, cut by bytes, are read, and superseded by pages', async () => {
  const old = largeCheckpoint(seededRandom(4));
  const body = zstdCompressSync(encode(bodyFields(old, 3)));
  const root = encode([3, ['root-0', 'root-1'], new Uint8Array(0)]);
  const halves = { 'root-0': body.subarray(0, 1_000), 'root-1': body.subarray(1_000) };
  const read = async (name: string, fold: string): Promise<Uint8Array> => {
    expect(fold).toBe(old.fold);
    return halves[name as keyof typeof halves];
  };
  const found = await decodeCheckpoint({ root, fold: old.fold }, read);
  expect(Buffer.compare(shown(found), shown(old))).toBe(0);
  const next = await installed({ ...found, fold: 'next' }, found.pages, new Map());
  expect(next.superseded.map(({ item }) => itemName(item))).toEqual([
    `part root-0@${old.fold}`,
    `part root-1@${old.fold}`,
  ]);
  expect(Buffer.compare(shown(next), shown({ ...old, fold: 'next' }))).toBe(0);
});

test('an account that becomes small again gives up its pages', async () => {
  const store = new Map<string, Uint8Array>();
  const large = await installed(largeCheckpoint(seededRandom(5)), [], store);
  const small = { ...EMPTY_CHECKPOINT, fold: 'small', time: 9 };
  const found = await installed(small, large.pages, store);
  expect(found.pages).toEqual([]);
  expect(found.superseded.map(({ item }) => itemName(item))).toEqual(partsIn(large.pages).map(itemName));
});

/** Puts what is new of `checkpoint`, and reads it back. */
async function installed(
  checkpoint: UnpagedCheckpoint,
  before: Checkpoint['pages'],
  store: Map<string, Uint8Array>,
): Promise<Checkpoint> {
  const { fold } = checkpoint;
  const { root, parts } = encodeCheckpoint(checkpoint, before);
  expect(root.length).toBeLessThanOrEqual(ROOT_BYTES);
  for (const { name, data } of parts) {
    const key = itemName({ kind: 'part', name, fold });
    expect(store.has(key)).toBe(false);
    store.set(key, data);
  }
  return decodeCheckpoint({ root, fold }, (name, of) => {
    const part = store.get(itemName({ kind: 'part', name, fold: of }));
    return part ? Promise.resolve(part) : Promise.reject(new Error(`no part ${name} of ${of}`));
  });
}

/** All that a checkpoint says, but for what it supersedes: to compare a million values one by one takes half a minute. */
function shown(checkpoint: UnpagedCheckpoint): Uint8Array {
  return encode(bodyFields({ ...checkpoint, superseded: [] }, 3));
}

const text = (random: Random, length: number): string =>
  Array.from({ length }, () => String.fromCodePoint(0x61 + below(random, 26))).join('');
const hex = (random: Random, bytes: number): string =>
  Array.from({ length: bytes }, () => below(random, 256).toString(16).padStart(2, '0')).join('');

function mailbox(random: Random, id: number): Mailbox {
  return {
    id: id as MailboxId,
    name: knownName(text(random, NAME_LENGTH)),
    uidValidity: 1_700_000_000 + id,
    uidNext: 1 + below(random, 100_000),
    messages: 0,
    unseen: 0,
    deleted: 0,
    bytes: 0,
    highestModSeq: 0 as ModSeq,
    recentFloor: 0,
    use: null,
    keywords: [],
    acl: new Map(),
    annotations: NO_ANNOTATIONS,
    readers: new Map(),
    columns: undefined,
  };
}

function largeCheckpoint(random: Random, count = MAILBOXES): UnpagedCheckpoint {
  const mailboxes = Array.from({ length: count }, (_, index) => mailbox(random, index + 1));
  const state = {
    ...EMPTY_CHECKPOINT.state,
    nextMailbox: (MAILBOXES + 1) as MailboxId,
    mailboxes: new Map(mailboxes.map((each) => [each.id, each])),
    subscriptions: new Set(mailboxes.slice(0, 200).map(({ name }) => name)),
  };
  const segments = new Map(
    mailboxes
      .slice(0, 300)
      .map(({ id }) => [id, [{ firstUid: 1, lastUid: 9, count: 9, fold: hex(random, 12) }]]),
  ) as unknown as Checkpoint['segments'];
  return { ...EMPTY_CHECKPOINT, fold: hex(random, 12), time: 1, state, segments };
}

function fillers(random: Random, count: number): Superseded[] {
  return Array.from({ length: count }, (_, since) => ({
    since,
    item: { kind: 'overflow' as const, object: hex(random, 16) as BlobId },
  }));
}

/** As folds change it: counters, names, mailboxes, and the list of what was superseded, at both ends. */
function changed(base: Checkpoint, random: Random, step: number): UnpagedCheckpoint {
  const { pages: _pages, ...checkpoint } = base;
  const mailboxes = new Map(base.state.mailboxes);
  const subscriptions = new Set(base.state.subscriptions);
  for (let times = below(random, 3); times > 0; times--) {
    const some = pick(random, [...mailboxes.values()]);
    const kind = below(random, 6);
    if (kind < 3) mailboxes.set(some.id, { ...some, uidNext: some.uidNext + below(random, 500) });
    else if (kind === 3) mailboxes.set(some.id, { ...some, name: knownName(text(random, 5)) });
    else if (kind === 4 && some.id !== INBOX_ID) mailboxes.delete(some.id);
    else mailboxes.set((10_000 + step * 3 + times) as MailboxId, mailbox(random, 10_000 + step * 3 + times));
    if (below(random, 4) === 0) subscriptions.add(some.name);
  }
  const gone = below(random, 3) === 0 ? below(random, 40) : 0;
  const time = base.time + 1;
  const fresh = fillers(random, below(random, 30)).map(({ item }) => ({ since: time, item }));
  return {
    ...checkpoint,
    fold: hex(random, 12),
    time,
    state: { ...base.state, number: (step + 1) as RecordNumber, mailboxes, subscriptions },
    superseded: [...base.superseded.slice(gone), ...fresh],
  };
}
