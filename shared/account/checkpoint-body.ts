/** The fields of a checkpoint, in their order: what lies compressed in its root, and what of it may lie in pages. */
import { NO_ACL } from './acl.ts';
import { NO_ANNOTATIONS } from './annotations.ts';
import type { FoldedItem, PackInfo, UnpagedCheckpoint } from './checkpoint.ts';
import {
  annotationFields,
  annotationsOfFields,
  hasShared,
  sharedFields,
  sharedOf,
} from './checkpoint-sharing.ts';
import type { MailboxId, ModSeq, PackId, RecordNumber, Uid } from './ids.ts';
import type { SpecialUse } from './ops.ts';
import { NO_POLICY, isDefault, policyFields, policyOfFields } from './policy.ts';
import { NO_READERS } from './readers.ts';
import { type AccountState, type Mailbox, NO_KEYWORDS, knownName } from './state.ts';

export type Fields = readonly unknown[];

/**
 * Version 2 adds annotations, access control lists and readers, version 3 policy, the time of the last epoch, and packs (I8),
 * version 4 pages; before it, what did not fit a root was cut by bytes. A checkpoint is written as the lowest that holds what
 * is in it, so that a release that knows no other goes on serving the accounts which do not use them.
 */
export const CHECKPOINT_VERSION = 4;
export const PLAIN_VERSION = 1;
const SHARING_VERSION = 2;
const POLICY_VERSION = 3;

/** The lowest version that holds a checkpoint. */
export function versionFor({ state, packs, superseded }: UnpagedCheckpoint): number {
  const { annotations, sharedAt, mailboxes, policy, epochAt } = state;
  const packing =
    packs.length > 0 || superseded.some(({ item }) => item.kind === 'pack' || item.kind === 'packed');
  if (epochAt > 0 || !isDefault(policy) || packing) return POLICY_VERSION;
  const shares = annotations.size > 0 || sharedAt > 0 || [...mailboxes.values()].some(hasShared);
  return shares ? SHARING_VERSION : PLAIN_VERSION;
}

/** What a checkpoint says, as CBOR holds it. */
export function bodyFields(checkpoint: UnpagedCheckpoint, version: number): Fields {
  const { state } = checkpoint;
  return [
    checkpoint.fold,
    checkpoint.time,
    state.number,
    [state.usage.messages, state.usage.bytes],
    state.lastUidValidity,
    state.nextMailbox,
    [...state.mailboxes.values()].map(mailboxFields),
    [...state.subscriptions],
    checkpoint.journalBytes,
    checkpoint.bundled,
    [...checkpoint.segments].map(([mailbox, list]) => [
      mailbox,
      list.map((segment) => [segment.firstUid, segment.lastUid, segment.count, segment.fold]),
    ]),
    checkpoint.chunks.map((chunk) => [chunk.number, chunk.fold, chunk.bytes, chunk.count]),
    checkpoint.nextChunk,
    checkpoint.graveyards.map(({ fold, part, count }) => [fold, part, count]),
    supersededFields(checkpoint),
    checkpoint.emptiedTo,
    checkpoint.covered.map(({ number, time }) => [number, time]),
    ...(version >= SHARING_VERSION ? [annotationFields(state.annotations), state.sharedAt] : []),
    ...(version >= POLICY_VERSION
      ? [policyFields(state.policy), state.epochAt, packFields(checkpoint.packs)]
      : []),
  ];
}

export function supersededFields({ superseded }: UnpagedCheckpoint): Fields {
  return superseded.map(({ since, item }) => [since, item]);
}

/** Inverse of `bodyFields`, for every version. */
export function checkpointOf(fields: Fields): UnpagedCheckpoint {
  const [fold, time, number, usage, lastUidValidity, nextMailbox, tree, subscriptions, ...rest] = fields;
  const [
    journalBytes,
    bundled,
    segments,
    chunks,
    nextChunk,
    graveyards,
    superseded,
    emptiedTo,
    covered,
    annotations,
    sharedAt = 0,
    policy,
    epochAt = 0,
    packs = [],
  ] = rest;
  const [messages = 0, bytes = 0] = usage as number[];
  const mailboxes = (tree as Fields[]).map(mailboxOf);
  const state: AccountState = {
    number: number as RecordNumber,
    usage: { messages, bytes },
    lastUidValidity: lastUidValidity as number,
    nextMailbox: nextMailbox as MailboxId,
    mailboxes: new Map(mailboxes.map((mailbox) => [mailbox.id, mailbox])),
    subscriptions: new Set((subscriptions as string[]).map(knownName)),
    annotations: annotations === undefined ? NO_ANNOTATIONS : annotationsOfFields(annotations as Fields),
    sharedAt: sharedAt as RecordNumber,
    policy: policy === undefined ? NO_POLICY : policyOfFields(policy as Fields),
    epochAt: epochAt as number,
  };
  return {
    fold: fold as string,
    time: time as number,
    state,
    journalBytes: journalBytes as number,
    bundled: bundled as boolean,
    segments: new Map(
      (segments as [MailboxId, [Uid, Uid, number, string][]][]).map(([mailbox, list]) => [
        mailbox,
        list.map(([firstUid, lastUid, count, of]) => ({ firstUid, lastUid, count, fold: of })),
      ]),
    ),
    chunks: (chunks as [number, string, number, number?][]).map(([n, of, size, count = 0]) => ({
      number: n,
      fold: of,
      bytes: size,
      count,
    })),
    nextChunk: nextChunk as number,
    graveyards: (graveyards as [string, number, number][]).map(([of, part, count]) => ({
      fold: of,
      part,
      count,
    })),
    packs: packsOfFields(packs as Fields),
    superseded: (superseded as [number, FoldedItem][]).map(([since, item]) => ({ since, item })),
    emptiedTo: emptiedTo as RecordNumber,
    covered: (covered as [RecordNumber, number][]).map(([n, at]) => ({ number: n, time: at })),
  };
}

function packFields(packs: readonly PackInfo[]): Fields {
  return packs.map(({ pack, count, bytes, time }) => [Buffer.from(pack, 'hex'), count, bytes, time]);
}

function packsOfFields(fields: Fields): PackInfo[] {
  return (fields as [Uint8Array, number, number, number][]).map(([pack, count, bytes, time]) => ({
    pack: Buffer.from(pack).toString('hex') as PackId,
    count,
    bytes,
    time,
  }));
}

function mailboxFields(mailbox: Mailbox): Fields {
  const { id, name, uidValidity, uidNext, messages, unseen, deleted, bytes } = mailbox;
  const { highestModSeq, recentFloor, use, keywords } = mailbox;
  return [
    id,
    name,
    uidValidity,
    uidNext,
    messages,
    unseen,
    deleted,
    bytes,
    highestModSeq,
    recentFloor,
    use,
    keywords,
    ...(hasShared(mailbox) ? [sharedFields(mailbox)] : []),
  ];
}

function mailboxOf(fields: Fields): Mailbox {
  const [id, name, uidValidity, uidNext, messages, unseen, deleted, bytes, ...rest] = fields;
  const [highestModSeq, recentFloor, use, keywords, shared] = rest;
  return {
    id: id as MailboxId,
    name: knownName(name as string),
    uidValidity: uidValidity as number,
    uidNext: uidNext as number,
    messages: messages as number,
    unseen: unseen as number,
    deleted: deleted as number,
    bytes: bytes as number,
    highestModSeq: highestModSeq as ModSeq,
    recentFloor: recentFloor as number,
    use: use === null ? null : knownName(use as SpecialUse),
    keywords: (keywords as string[]).length > 0 ? (keywords as string[]) : NO_KEYWORDS,
    ...(shared === undefined ? NOT_SHARED : sharedOf(shared as Fields)),
    columns: undefined,
  };
}

const NOT_SHARED = { acl: NO_ACL, annotations: NO_ANNOTATIONS, readers: NO_READERS } as const;

export const SUPERSEDED_FIELD = 14;

const first = (entry: unknown): unknown => (Array.isArray(entry) ? (entry as Fields)[0] : entry);
const firstTwo = (entry: unknown): unknown => JSON.stringify((entry as Fields).slice(0, 2));

/** The lists among the fields of a body, those that every fold changes first; and what an entry is known by. */
export const LISTS: readonly (readonly [field: number, key: (entry: unknown) => unknown])[] = [
  [SUPERSEDED_FIELD, firstTwo],
  // Covered checkpoints, chunks, graveyards, segments by mailbox.
  [16, first],
  [11, first],
  [13, firstTwo],
  [10, first],
  // Packs, annotations of the account, subscriptions, mailboxes.
  [21, (entry) => Buffer.from(first(entry) as Uint8Array).toString('hex')],
  [17, firstTwo],
  [7, first],
  [6, first],
];
