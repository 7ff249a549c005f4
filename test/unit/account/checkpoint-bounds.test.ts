/** The root of a checkpoint keeps below its bound, and its parts below DynamoDB's, whatever an account holds. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Acl } from '../../../shared/account/acl.ts';
import { NO_ANNOTATIONS, withAnnotation } from '../../../shared/account/annotations.ts';
import {
  ROOT_BYTES,
  type SegmentInfo,
  type UnpagedCheckpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  partsIn,
} from '../../../shared/account/checkpoint.ts';
import type {
  AccountId,
  BlobId,
  MailboxId,
  ModSeq,
  PackId,
  RecordNumber,
  Uid,
} from '../../../shared/account/ids.ts';
import { PART_BYTES } from '../../../shared/account/checkpoint-pages.ts';
import { EMPTY_CHECKPOINT } from '../../../shared/account/opening.ts';
import { type Mailbox, knownName } from '../../../shared/account/state.ts';
import { below } from '../../support/random-ops.ts';
import { seededRandom } from '../../support/seeded-random.ts';

interface Extremes {
  readonly seed: number;
  readonly mailboxes: number;
  /** Characters of each name, drawn so that nothing compresses. */
  readonly nameLength: number;
  readonly subscriptions: number;
  /** Of 1,000 bytes each. */
  readonly annotations: number;
  readonly aclEntries: number;
  readonly segments: number;
  readonly chunks: number;
  readonly graveyards: number;
  readonly packs: number;
  readonly superseded: number;
}

function checkpointOf(extremes: Extremes): UnpagedCheckpoint {
  const random = seededRandom(extremes.seed);
  const hex = (bytes: number): string =>
    Array.from({ length: bytes }, () => below(random, 256).toString(16).padStart(2, '0')).join('');
  const text = (length: number): string =>
    Array.from({ length }, () => String.fromCodePoint(0x21 + below(random, 90))).join('');
  const list = <T>(count: number, make: (index: number) => T): T[] =>
    Array.from({ length: count }, (_, i) => make(i));
  let annotations = NO_ANNOTATIONS;
  for (let index = 0; index < extremes.annotations; index++) {
    const value = Uint8Array.from({ length: 1000 }, () => below(random, 256));
    annotations = withAnnotation(annotations, { scope: 'shared', name: `/private/${index}`, value });
  }
  const acl: Acl = new Map(
    list(extremes.aclEntries, () => {
      const identifier = `${text(40)}@example.org`;
      return [identifier, { identifier, account: hex(10) as AccountId, rights: 'lrswi' }];
    }),
  );
  const mailboxes = list(extremes.mailboxes, (index): Mailbox => ({
    id: (index + 1) as MailboxId,
    name: knownName(text(extremes.nameLength)),
    uidValidity: 1_700_000_000 + index,
    uidNext: below(random, 2 ** 32),
    messages: below(random, 1e6),
    unseen: below(random, 1e6),
    deleted: below(random, 1e6),
    bytes: below(random, 2 ** 40),
    highestModSeq: below(random, 2 ** 50) as ModSeq,
    recentFloor: below(random, 2 ** 32),
    use: null,
    keywords: ['$Forwarded'],
    acl: index === 0 ? acl : new Map(),
    annotations: index === 0 ? annotations : NO_ANNOTATIONS,
    readers: new Map(),
    columns: undefined,
  }));
  const segments = new Map<MailboxId, SegmentInfo[]>();
  for (let index = 0; index < extremes.segments; index++) {
    const mailbox = ((index % Math.max(1, extremes.mailboxes)) + 1) as MailboxId;
    const firstUid = (index * 5000 + 1) as Uid;
    const info = { firstUid, lastUid: (firstUid + 4999) as Uid, count: 4096, fold: hex(12) };
    segments.set(mailbox, [...(segments.get(mailbox) ?? []), info]);
  }
  return {
    ...EMPTY_CHECKPOINT,
    fold: hex(12),
    time: 1_700_000_000_000,
    state: {
      ...EMPTY_CHECKPOINT.state,
      number: 1_000_000 as RecordNumber,
      mailboxes: new Map(mailboxes.map((mailbox) => [mailbox.id, mailbox])),
      subscriptions: new Set(list(extremes.subscriptions, () => text(extremes.nameLength))),
    },
    segments,
    chunks: list(extremes.chunks, (number) => ({ number: number + 1, fold: hex(12), bytes: 1e6, count: 5 })),
    nextChunk: extremes.chunks + 1,
    graveyards: list(extremes.graveyards, (part) => ({ fold: hex(12), part, count: 4096 })),
    packs: list(extremes.packs, (time) => ({ pack: hex(16) as PackId, count: 2000, bytes: 1e7, time })),
    superseded: list(extremes.superseded, (since) => ({
      since,
      item: { kind: 'overflow' as const, object: hex(16) as BlobId },
    })),
  };
}

async function expectBounded(extremes: Extremes): Promise<{ parts: number; bytes: number }> {
  const checkpoint = checkpointOf(extremes);
  const { root, parts } = encodeCheckpoint(checkpoint);
  expect(root.length).toBeLessThanOrEqual(ROOT_BYTES + 100);
  for (const { data } of parts) expect(data.length).toBeLessThanOrEqual(PART_BYTES);
  const { fold } = checkpoint;
  const stored = new Map(parts.map(({ name, data }) => [`${name}@${fold}`, data]));
  const found = await decodeCheckpoint({ root, fold }, (name, of) => {
    const part = stored.get(`${name}@${of}`);
    return part ? Promise.resolve(part) : Promise.reject(new Error(`no part ${name} of ${of}`));
  });
  expect(partsIn(found.pages).map(({ name }) => name)).toEqual(parts.map(({ name }) => name));
  // What is in it by its bytes: to compare a million values one by one takes half a minute.
  const again = encodeCheckpoint(found);
  expect(Buffer.compare(again.root, root)).toBe(0);
  expect(again.parts.map(({ data }, index) => Buffer.compare(data, parts[index]?.data ?? root))).toEqual(
    parts.map(() => 0),
  );
  return { parts: parts.length, bytes: parts.reduce((sum, { data }) => sum + data.length, 0) };
}

const some = (max: number) => fc.oneof(fc.constant(0), fc.integer({ min: 0, max }));

test('random accounts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.nat(),
        mailboxes: some(60),
        nameLength: fc.integer({ min: 1, max: 1000 }),
        subscriptions: some(60),
        annotations: some(60),
        aclEntries: some(60),
        segments: some(300),
        chunks: some(300),
        graveyards: some(300),
        packs: some(300),
        superseded: some(300),
      }),
      async (extremes) => {
        await expectBounded(extremes);
      },
    ),
    { seed: 20_261_128, numRuns: 30 },
  );
});

test('2,000 mailboxes with names of 1,000 bytes, METADATA and lists to their limits, a million messages, many graves', async () => {
  const { parts, bytes } = await expectBounded({
    seed: 1,
    mailboxes: 2000,
    nameLength: 1000,
    subscriptions: 2000,
    annotations: 1024,
    aclEntries: 200,
    segments: 2500,
    chunks: 400,
    graveyards: 500,
    packs: 2500,
    superseded: 5000,
  });
  // Text of four megabytes that does not compress well, and a megabyte that does not at all.
  expect(bytes).toBeGreaterThan(4e6);
  expect(parts).toBeGreaterThan(30);
  expect(parts).toBeLessThan(150);
});
