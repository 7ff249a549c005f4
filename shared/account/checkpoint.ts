/**
 * The root of a checkpoint: an account's state at a record number without its messages, and the list of what holds them.
 *
 * The root item stays small (`ROOT_BYTES`), so that opening an account costs little however it is used; what does not
 * fit spills into parts, which are put before the root that names them and never overwritten.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { decode, encode } from 'cborg';
import { NO_ACL } from './acl.ts';
import { NO_ANNOTATIONS } from './annotations.ts';
import {
  annotationFields,
  annotationsOfFields,
  hasShared,
  sharedFields,
  sharedOf,
} from './checkpoint-sharing.ts';
import type { BlobId, MailboxId, ModSeq, PackId, RecordNumber, Uid } from './ids.ts';
import type { SpecialUse } from './ops.ts';
import { NO_POLICY, isDefault, policyFields, policyOfFields } from './policy.ts';
import { NO_READERS } from './readers.ts';
import { UnknownVersionError } from './unknown-version.ts';
import { type AccountState, type Mailbox, NO_KEYWORDS, knownName } from './state.ts';

/**
/**
 * Version 2 adds annotations, access control lists and readers, version 3 policy, the time of the last epoch, and packs
 * (I8). A checkpoint is written as the lowest that holds what is in it, so that a release that knows no other goes on
 * serving the accounts which do not use them.
 */
export const CHECKPOINT_VERSION = 3;
const PLAIN_VERSION = 1;
const SHARING_VERSION = 2;
/** A strongly consistent read of the root is at most 8 read units. */
export const ROOT_BYTES = 32_000;
/** A DynamoDB item is at most 400 KB, keys and attribute names included. */
export const PART_BYTES = 390_000;

/** Up to `MESSAGES_PER_SEGMENT` messages of one mailbox. */
export interface SegmentInfo {
  readonly firstUid: Uid;
  readonly lastUid: Uid;
  readonly count: number;
  /** The fold that wrote it: part of its key. In a bundle, the segment lies there under the same name. */
  readonly fold: string;
}

/** An S3 object of summaries. */
export interface ChunkInfo {
  /** How rows name it; never given out again. What is at an offset stays there, though the object grows. */
  readonly number: number;
  /** The fold that wrote the object: its key. The next fold may put a longer one in its place. */
  readonly fold: string;
  readonly bytes: number;
  /** Summaries that were put into it; 0: not known. */
  readonly count: number;
}

/** Rows that were expunged, in one item, for undelete and for the purge of their blobs. */
export interface GraveyardInfo {
  readonly fold: string;
  /** One fold may write several. */
  readonly part: number;
  readonly count: number;
}

/** Blobs that lie in one object. */
export interface PackInfo {
  readonly pack: PackId;
  /** How many, and their bytes, when it was made. */
  readonly count: number;
  readonly bytes: number;
  /** When it was made, seconds since the epoch. */
  readonly time: number;
}

/** What folds write beside root and bundle, each under a key of its own. */
export type FoldedItem =
  | { readonly kind: 'segment'; readonly mailbox: MailboxId; readonly firstUid: Uid; readonly fold: string }
  | { readonly kind: 'part'; readonly name: string; readonly fold: string }
  | { readonly kind: 'graveyard'; readonly part: number; readonly fold: string }
  | { readonly kind: 'chunk'; readonly fold: string }
  /** A summary that was too large for its record, and lies in a chunk now. */
  | { readonly kind: 'overflow'; readonly object: BlobId }
  /** The objects in which the blobs of a pack lay before. */
  | { readonly kind: 'packed'; readonly pack: PackId }
  /** A pack in which no row's blob lies any more. */
  | { readonly kind: 'pack'; readonly pack: PackId };

/** What a younger fold replaced; deleted from this list alone, a day after `since` (milliseconds). */
export interface Superseded {
  readonly since: number;
  readonly item: FoldedItem;
}

export interface Checkpoint {
  readonly fold: string;
  /** When it was written, milliseconds since the epoch. */
  readonly time: number;
  /** The state at `state.number`, no columns loaded. */
  readonly state: AccountState;
  readonly journalBytes: number;
  /** Whether all segments lie in the bundle of the same fold. */
  readonly bundled: boolean;
  readonly segments: ReadonlyMap<MailboxId, readonly SegmentInfo[]>;
  readonly chunks: readonly ChunkInfo[];
  readonly nextChunk: number;
  readonly graveyards: readonly GraveyardInfo[];
  readonly packs: readonly PackInfo[];
  readonly superseded: readonly Superseded[];
  /** Records up to this one have been emptied (I4). */
  readonly emptiedTo: RecordNumber;
  /** Earlier checkpoints whose records are not yet emptied: the records go a day after the checkpoint that covers them. */
  readonly covered: readonly { readonly number: RecordNumber; readonly time: number }[];
  /** Names of the parts that hold what did not fit the root. */
  readonly parts: readonly string[];
}

export interface EncodedCheckpoint {
  readonly root: Uint8Array;
  readonly parts: readonly { readonly name: string; readonly data: Uint8Array }[];
}

type Fields = readonly unknown[];

/** Bytes of the root, and of the parts that it names. */
export function encodeCheckpoint(checkpoint: Omit<Checkpoint, 'parts'>): EncodedCheckpoint {
  const version = versionFor(checkpoint);
  const body = zstdCompressSync(encode(bodyFields(checkpoint)));
  if (body.length <= ROOT_BYTES) return { root: encode([version, [], body]), parts: [] };
  const parts: { name: string; data: Uint8Array }[] = [];
  for (let at = 0; at < body.length; at += PART_BYTES)
    parts.push({ name: `root-${parts.length}`, data: body.subarray(at, at + PART_BYTES) });
  return { root: encode([version, parts.map((part) => part.name), new Uint8Array(0)]), parts };
}

function versionFor({ state, packs, superseded }: Omit<Checkpoint, 'parts'>): number {
  const { annotations, sharedAt, mailboxes, policy, epochAt } = state;
  const packing =
    packs.length > 0 || superseded.some(({ item }) => item.kind === 'pack' || item.kind === 'packed');
  if (epochAt > 0 || !isDefault(policy) || packing) return CHECKPOINT_VERSION;
  const shares = annotations.size > 0 || sharedAt > 0 || [...mailboxes.values()].some(hasShared);
  return shares ? SHARING_VERSION : PLAIN_VERSION;
}

/** Inverse of `encodeCheckpoint`. `readPart` rejects if the part is gone: a younger fold came between, so open again. */
export async function decodeCheckpoint(
  root: Uint8Array,
  readPart: (name: string) => Promise<Uint8Array>,
): Promise<Checkpoint> {
  const [version, names, inline] = decode(root) as [number, string[], Uint8Array];
  if (version < PLAIN_VERSION || version > CHECKPOINT_VERSION)
    throw new UnknownVersionError(`a checkpoint of version ${String(version)}`);
  const body = names.length === 0 ? inline : Buffer.concat(await Promise.all(names.map(readPart)));
  return { ...checkpointOf(decode(zstdDecompressSync(body)) as Fields), parts: names };
}

function bodyFields(checkpoint: Omit<Checkpoint, 'parts'>): Fields {
  const { state } = checkpoint;
  const version = versionFor(checkpoint);
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
    checkpoint.superseded.map(({ since, item }) => [since, item]),
    checkpoint.emptiedTo,
    checkpoint.covered.map(({ number, time }) => [number, time]),
    ...(version >= SHARING_VERSION ? [annotationFields(state.annotations), state.sharedAt] : []),
    ...(version >= CHECKPOINT_VERSION
      ? [policyFields(state.policy), state.epochAt, packFields(checkpoint.packs)]
      : []),
  ];
}

function checkpointOf(fields: Fields): Omit<Checkpoint, 'parts'> {
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
