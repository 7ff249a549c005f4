/** A journal record as an item of the `mail` table, and back. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { AccountId } from '../account/ids.ts';
import {
  type JournalEntry,
  type JournalRecord,
  RECORD_VERSION,
  UnknownVersionError,
  decodeOps,
  encodeOps,
} from '../account/record.ts';
import { accountKeys, recordNumberOf } from './keys.ts';

export type Item = Record<string, AttributeValue>;

/**
 * Attributes: `v` version, `commit`, `time` (ms), `ops` (bytes, absent once emptied), `messages` and `bytes` (usage
 * after), `journal` (bytes of ops so far).
 */
export function recordItem(account: AccountId, record: JournalRecord): Item {
  return {
    ...emptiedItem(account, record),
    commit: { S: record.commit },
    time: { N: String(record.time) },
    ops: { B: encodeOps(record.ops) },
  };
}

/** What stays of a record that is emptied (I4). */
export function emptiedItem(
  account: AccountId,
  { number, usage, journalBytes }: Pick<JournalRecord, 'number' | 'usage' | 'journalBytes'>,
): Item {
  const { pk, sk } = accountKeys.record(account, number);
  return {
    pk: { S: pk },
    sk: { S: sk },
    v: { N: String(RECORD_VERSION) },
    messages: { N: String(usage.messages) },
    bytes: { N: String(usage.bytes) },
    journal: { N: String(journalBytes) },
  };
}

/** Throws `UnknownVersionError` if a newer release wrote it. */
export function entryOf(item: Item): JournalEntry {
  const number = recordNumberOf(stringOf(item, 'sk'));
  const version = numberOf(item, 'v');
  if (version !== RECORD_VERSION) throw new UnknownVersionError(`record ${number}, version ${version},`);
  const usage = { messages: numberOf(item, 'messages'), bytes: numberOf(item, 'bytes') };
  const journalBytes = numberOf(item, 'journal');
  const ops = item.ops?.B;
  if (!ops) return { number, usage, journalBytes, emptied: true };
  const commit = stringOf(item, 'commit');
  return { number, commit, time: numberOf(item, 'time'), ops: decodeOps(ops), usage, journalBytes };
}

export function stringOf(item: Item, name: string): string {
  const value = item[name]?.S;
  if (value === undefined) throw new Error(`an item of the mail table has no attribute ${name}`);
  return value;
}

export function numberOf(item: Item, name: string): number {
  const value = item[name]?.N;
  if (value === undefined) throw new Error(`an item of the mail table has no attribute ${name}`);
  return Number(value);
}

export function bytesOf(item: Item, name: string): Uint8Array {
  const value = item[name]?.B;
  if (value === undefined) throw new Error(`an item of the mail table has no attribute ${name}`);
  return value;
}
