/**
 * Accounts with many messages, made in seconds: records with hundreds of appends each, put into the journal as any
 * writer would, and folded. What a reader finds is what years of deliveries would have left, but for the blobs: bodies
 * are put only if asked for.
 */
import { type FoldDeps, foldAccount } from '../../functions/compact/fold-account.ts';
import { apply } from '../../shared/account/apply.ts';
import type { AccountId, BlobId, MailboxId } from '../../shared/account/ids.ts';
import { beginAccount } from '../../shared/account/new-account.ts';
import { openAccount } from '../../shared/account/opening.ts';
import type { AppendOp } from '../../shared/account/ops.ts';
import { opBytes } from '../../shared/account/record.ts';
import { RecordBuilder } from '../../shared/account/record-builder.ts';
import { type AccountState, INBOX_ID, withColumns } from '../../shared/account/state.ts';
import type { Engine } from '../../shared/aws/engine.ts';
import { SummaryBuilder, encodeSummary } from '../../shared/message/summary.ts';
import { sampleMail } from './sample-mail.ts';

/** Below the bounds of a record (350 KB of ops, 1,024 ops). */
const BATCH_BYTES = 300_000;
const BATCH_OPS = 1_000;
/** Records between two folds: a fold holds all summaries of its tail in memory. */
const RECORDS_PER_FOLD = 200;

export interface FillOptions {
  readonly messages: number;
  readonly mailbox?: MailboxId;
  /** Bytes of each message. */
  readonly bytes?: number;
  /** Messages of one record; default: as many as fit. Deliveries have one each. */
  readonly perRecord?: number;
  /** One summary for all, where only their number matters; default: those of different sample messages. */
  readonly summary?: Uint8Array;
  /** Put the messages themselves as well, so that bodies can be fetched. */
  readonly bodies?: boolean;
  /** The id of each message's blob, by its number; default: drawn. */
  readonly blobOf?: (index: number) => BlobId;
  /** Fold at the end, so that nothing is above the checkpoint; default: true. */
  readonly fold?: boolean;
}

/** A new account with `messages` in one mailbox. */
export async function filledAccount(engine: Engine, options: FillOptions): Promise<AccountId> {
  const account = await beginAccount(engine.journal, engine.rim);
  await engine.keys?.begin(account);
  await fillAccount(engine, account, options);
  return account;
}

/** Appends messages to an account that nobody else writes to. */
export async function fillAccount(engine: Engine, account: AccountId, options: FillOptions): Promise<void> {
  const { messages, fold = true, perRecord = BATCH_OPS } = options;
  let { state, journalBytes } = await standing(engine, account);
  let made = 0;
  let records = 0;
  while (made < messages) {
    const ops: AppendOp[] = [];
    for (let bytes = 0; made < messages && ops.length < perRecord && bytes < BATCH_BYTES; made++) {
      const op = await appendOf(engine, account, made, options);
      bytes += opBytes(op);
      ops.push(op);
    }
    const time = engine.rim.now();
    const builder = new RecordBuilder(state, time);
    builder.add(ops);
    const built = builder.finish(engine.rim.randomHex(12), time, journalBytes);
    const outcome = await engine.journal.put(account, built.records);
    if (outcome.kind !== 'written') throw new Error(`somebody else writes to account ${account}`);
    ({ state } = built);
    journalBytes = built.records.at(-1)?.journalBytes ?? journalBytes;
    records += built.records.length;
    if (fold && records >= RECORDS_PER_FOLD && made < messages) {
      records = 0;
      await foldNow(engine, account);
    }
  }
  if (fold) await foldNow(engine, account);
}

/** Folds without the pauses that spare a partition of DynamoDB: the local store has none. */
export async function foldNow(engine: Engine, account: AccountId): Promise<void> {
  const rim = { ...engine.rim, sleep: () => Promise.resolve() };
  const { journal, folds, messages: summaries } = engine;
  const deps: FoldDeps = { journal, folds, summaries, packs: summaries.packs, rim };
  const { kind } = await foldAccount(deps, account);
  if (kind === 'lost') throw new Error(`another fold of account ${account} came first`);
}

async function standing(
  engine: Engine,
  account: AccountId,
): Promise<{ state: AccountState; journalBytes: number }> {
  const { base, tail } = await openAccount(engine.journal, account);
  const state = tail.reduce((before, record) => apply(before, record), base.state);
  const journalBytes = tail.at(-1)?.journalBytes ?? base.journalBytes;
  // Appends need no rows, and without them they are only counted.
  return { state: withColumns(state, INBOX_ID, undefined), journalBytes };
}

async function appendOf(
  engine: Engine,
  account: AccountId,
  index: number,
  { mailbox = INBOX_ID, bytes = 40_000, bodies = false, summary, blobOf }: FillOptions,
): Promise<AppendOp> {
  const blob = blobOf?.(index) ?? (engine.rim.randomHex(16) as BlobId);
  const stored = summary
    ? { blob, size: bytes, summary: { inline: summary } }
    : bodies
      ? await storedMessage(engine, account, index, bytes)
      : await summarized(engine, account, index, bytes);
  return {
    op: 'append',
    to: { mailbox },
    ...stored,
    system: 0,
    keywords: [],
    date: Math.floor(Date.UTC(2026, 0, 1) / 1000) + index * 977,
    zone: 0,
  };
}

async function storedMessage(engine: Engine, account: AccountId, index: number, bytes: number) {
  const raw = Buffer.from(sampleMail(index, { bytes }), 'latin1');
  const { blob, size, summary } = await engine.messages.put(account, raw, raw.length);
  return { blob, size, summary };
}

/** Summaries of so many different messages; the rest repeat them, for making one takes longer than storing it. */
const DIFFERENT = 500;
const made = new Map<string, { readonly size: number; readonly summary: Uint8Array }>();

async function summarized(engine: Engine, account: AccountId, index: number, bytes: number) {
  const key = `${index % DIFFERENT}/${bytes}`;
  let known = made.get(key);
  if (!known) {
    const builder = new SummaryBuilder();
    const raw = Buffer.from(sampleMail(index % DIFFERENT, { bytes }), 'latin1');
    builder.write(raw);
    known = { size: raw.length, summary: encodeSummary(builder.end()) };
    made.set(key, known);
  }
  const blob = engine.rim.randomHex(16) as BlobId;
  return { size: known.size, blob, summary: await engine.messages.place(account, blob, known.summary) };
}
