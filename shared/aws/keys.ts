/**
 * The only place where keys of the `mail` table and of the `mail` bucket are built (I9): every function takes the
 * account first, so that a key of one account cannot be made from another's data.
 */
import type { Day } from '../account/due.ts';
import type { AccountId, BlobId, GatewayId, MailboxId, PackId, RecordNumber, Uid } from '../account/ids.ts';

/** Keys of one item: partition key and sort key. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** Record numbers have twelve digits, so that keys sort as numbers do. */
const RECORD_DIGITS = 12;
const JOURNAL = 'journal#';
const KEY = 'key#';

/** Beginnings of the partition keys, and of the names of objects: what IAM policies are made of. */
export const mailKeyPrefixes = {
  account: 'account#',
  segment: 'segment#',
  part: 'part#',
  watch: 'watch#',
  delivery: 'delivery#',
  work: 'work#',
  garbage: 'garbage#',
} as const;
export const mailObjectPrefixes = {
  blobs: 'blobs/',
  overflow: 'overflow/',
  summaries: 'summaries/',
  packs: 'packs/',
} as const;

export const accountKeys = {
  partition: (account: AccountId): string => `account#${account}`,
  checkpoint: (account: AccountId): ItemKey => ({ pk: `account#${account}`, sk: 'checkpoint' }),
  bundle: (account: AccountId): ItemKey => ({ pk: `account#${account}`, sk: 'bundle' }),
  record: (account: AccountId, number: RecordNumber): ItemKey => ({
    pk: `account#${account}`,
    sk: `${JOURNAL}${number.toString().padStart(RECORD_DIGITS, '0')}`,
  }),
  /** Bounds, both included, of the sort keys of all records after `number`. */
  recordsAfter: (number: RecordNumber): { from: string; to: string } => ({
    from: `${JOURNAL}${(number + 1).toString().padStart(RECORD_DIGITS, '0')}`,
    to: `${JOURNAL}${'9'.repeat(RECORD_DIGITS)}`,
  }),
  segment: (account: AccountId, mailbox: MailboxId, firstUid: Uid, fold: string): ItemKey => ({
    pk: `segment#${account}#${mailbox}`,
    sk: `${firstUid.toString().padStart(10, '0')}@${fold}`,
  }),
  graveyard: (account: AccountId, part: number, fold: string): ItemKey => ({
    pk: `segment#${account}#graveyard`,
    sk: `${part}@${fold}`,
  }),
  part: (account: AccountId, name: string, fold: string): ItemKey => ({
    pk: `part#${account}`,
    sk: `${name}@${fold}`,
  }),
  segments: (account: AccountId, mailbox: MailboxId): string => `segment#${account}#${mailbox}`,
  graveyards: (account: AccountId): string => `segment#${account}#graveyard`,
  parts: (account: AccountId): string => `part#${account}`,
  watchers: (account: AccountId): string => `watch#${account}`,
  watch: (account: AccountId, gateway: GatewayId): ItemKey => ({
    pk: `watch#${account}`,
    sk: `gateway#${gateway}`,
  }),
  delivery: (account: AccountId, messageId: string): ItemKey => ({
    pk: `delivery#${messageId}#${account}`,
    sk: '-',
  }),
} as const;

/** What the partition key of a marker names; null if it is no marker's. A message id may hold any character. */
export function markedDelivery(pk: string): { messageId: string; account: AccountId } | null {
  const at = pk.lastIndexOf('#');
  const start = mailKeyPrefixes.delivery.length;
  if (!pk.startsWith(mailKeyPrefixes.delivery) || at < start) return null;
  return { messageId: pk.slice(start, at), account: pk.slice(at + 1) as AccountId };
}

/** Gateways that live, or did. */
export const gatewayKeys = {
  partition: 'watch#gateways',
  gateway: (gateway: GatewayId): ItemKey => ({ pk: gatewayKeys.partition, sk: `gateway#${gateway}` }),
  parse: (sk: string): GatewayId => sk.slice('gateway#'.length) as GatewayId,
} as const;

/** What stands before and behind the `@` of the sort key of what a fold has put. */
export function foldedKeyOf(sk: string): { readonly what: string; readonly fold: string } {
  const at = sk.lastIndexOf('@');
  return { what: sk.slice(0, at), fold: sk.slice(at + 1) };
}

/** Number of a record from its sort key. */
export function recordNumberOf(sk: string): RecordNumber {
  return Number(sk.slice(JOURNAL.length)) as RecordNumber;
}

export const blobKeys = {
  /** All message blobs of one account. */
  messages: (account: AccountId): string => `blobs/${account}/`,
  message: (account: AccountId, blob: BlobId): string => `blobs/${account}/${blob}`,
  /** Below each of them an account's own prefix, with messages in it. */
  allMessages: [mailObjectPrefixes.blobs, mailObjectPrefixes.packs],
  /** A summary or op too large for a record, named by it. */
  overflow: (account: AccountId, blob: BlobId): string => `overflow/${account}/${blob}`,
  /** All packs of one account. */
  packs: (account: AccountId): string => `packs/${account}/`,
  /** Message blobs that lie in one object. */
  pack: (account: AccountId, pack: PackId): string => `packs/${account}/${pack}`,
  /** A chunk of summaries, written by a fold. */
  chunk: (account: AccountId, fold: string): string => `summaries/${account}/${fold}`,
  /** Prefixes below which everything lies that the account has. */
  all: (account: AccountId): readonly { readonly kind: ObjectKind; readonly prefix: string }[] => [
    { kind: 'message', prefix: blobKeys.messages(account) },
    { kind: 'pack', prefix: blobKeys.packs(account) },
    { kind: 'overflow', prefix: `overflow/${account}/` },
    { kind: 'chunk', prefix: `summaries/${account}/` },
  ],
} as const;

export type ObjectKind = 'message' | 'pack' | 'overflow' | 'chunk';

/** Of the table `keys`. */
export const keyItems = {
  prefix: KEY,
  of: (account: AccountId): ItemKey => ({ pk: `${KEY}${account}`, sk: '-' }),
  accountOf: (pk: string): AccountId => pk.slice(KEY.length) as AccountId,
} as const;

/** Work for the scheduled functions is spread over so many partitions, which are queried in parallel. */
export const WORK_SHARDS = 16;
/** `compact`: a fold is due; `pack`: it is a week since the account was looked through for what may be packed. */
export type WorkKind = 'compact' | 'pack';

export const workKeys = {
  /** All work of one kind in one shard, 0 ≤ `shard` < `WORK_SHARDS`. */
  shard: (kind: WorkKind, shard: number): string => `work#${kind}#${shard.toString().padStart(2, '0')}`,
  item: (kind: WorkKind, account: AccountId): ItemKey => ({
    pk: workKeys.shard(kind, shardOf(account)),
    sk: account,
  }),
  accountOf: (sk: string): AccountId => sk as AccountId,
} as const;

/** What time makes due: an account under a day. The days of a shard sort as they pass. */
export const calendarKeys = {
  shard: (shard: number): string => `garbage#${shard.toString().padStart(2, '0')}`,
  item: (account: AccountId, day: Day): ItemKey => ({
    pk: calendarKeys.shard(shardOf(account)),
    sk: `${dateOf(day)}#${account}`,
  }),
  /** Not below any sort key of that day or an earlier one, and below all of the next. */
  endOf: (day: Day): string => `${dateOf(day)}#~`,
  parse: (sk: string): { account: AccountId; day: Day } => {
    const [date = '', account = ''] = sk.split('#');
    return { account: account as AccountId, day: Date.parse(date) / DAY_MS };
  },
} as const;

const DAY_MS = 86_400_000;
const dateOf = (day: Day): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** FNV-1a, so that any spelling of account ids spreads evenly. */
function shardOf(account: AccountId): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(account)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % WORK_SHARDS;
}
