/**
 * Makes the index of an account anew from its messages, where checkpoint and journal are lost: every object and every
 * pack is read once. Messages are exact; where each was, and its flags, are known as of its arrival (`recover.ts`). What was
 * expunged and not yet deleted for good comes back as well, for nothing tells it apart.
 *
 * What administrators had laid down for it (a legal hold, retention, a closing) is lost with the journal. So the account comes
 * back under a legal hold: nothing of it is deleted before somebody says what holds for it now.
 *
 * The account gets new mailboxes, with UIDVALIDITYs above all that it can have had, so that clients take nothing for what they
 * knew; and it begins at a record number beyond those of its old journal (`shared/account/epoch.ts`), put on condition that
 * its key is free. The checkpoint takes the place of whatever root there was, by compare-and-swap. Until that is done the
 * account is as lost as before; after it, it is whole: a death in between is mended by running it again.
 *
 * Whoever still knows the old journal must not run: as with a restore, see `begin-epoch.ts`.
 */
import { type PackInfo } from '../../shared/account/checkpoint.ts';
import { applyOp } from '../../shared/account/apply.ts';
import { firstOps } from '../../shared/account/decide-mailboxes.ts';
import { epochOp, rebornNumber } from '../../shared/account/epoch.ts';
import {
  type AccountId,
  type BlobId,
  type MailboxId,
  type PackId,
  type RecordNumber,
} from '../../shared/account/ids.ts';
import { EMPTY_CHECKPOINT } from '../../shared/account/opening.ts';
import type { Op } from '../../shared/account/ops.ts';
import { NO_POLICY } from '../../shared/account/policy.ts';
import { Packing } from '../../shared/account/packing.ts';
import { NO_PURGES } from '../../shared/account/purges.ts';
import { type JournalRecord, isEmptied } from '../../shared/account/record.ts';
import { type AccountState, EMPTY_STATE } from '../../shared/account/state.ts';
import type { Survey } from '../../shared/account/survey.ts';
import type { StoredObject } from '../../shared/blob/message-store.ts';
import type { EpochDeps } from './begin-epoch.ts';
import { checkAccount } from './check-account.ts';
import { installCheckpoint } from './install.ts';
import { makeMailboxes } from './make-mailboxes.ts';
import { type Recovered, keyMissing, mustKnowPacks, recoverMessages, restoring } from './recover.ts';

export interface RebuildOptions {
  /** Since when there is the account, milliseconds since the epoch. */
  readonly created: number;
}

export type RebuildResult =
  | {
      readonly kind: 'rebuilt';
      readonly number: RecordNumber;
      readonly messages: number;
      readonly mailboxes: number;
      /** Objects that are no messages that can be read, and packs of which nobody knows what lies in them. */
      readonly unreadable: readonly (BlobId | PackId)[];
    }
  /** Its index can be read, or mended: nothing was changed. */
  | { readonly kind: 'refused'; readonly why: string };

/** UIDVALIDITY runs ahead of the clock by one for each mailbox that was made in the same second. */
const UID_VALIDITY_AHEAD_MS = 10_000_000;

/** Rejects if the stores fail. */
export async function rebuildAccount(
  deps: EpochDeps,
  account: AccountId,
  { created }: RebuildOptions,
): Promise<RebuildResult> {
  const { survey, report } = await checkAccount({ ...deps, digests: 'none' }, account);
  if (!survey) return { kind: 'refused', why: 'a newer release has written it' };
  if (!report.findings.some(({ mendedBy }) => mendedBy === 'rebuild'))
    return { kind: 'refused', why: 'its index can be read, or be mended with --repair alone' };
  const { objects, damagedPacks } = await storedMessages(deps, account, survey);
  if (deps.leaveUnreadable !== true) mustKnowPacks(account, damagedPacks);
  const { recovered, unreadable } = await recoverMessages(deps, account, objects, survey.entries);
  // An index that does not name them would have them swept.
  if (unreadable.length > 0 && deps.leaveUnreadable !== true)
    throw keyMissing(account, unreadable.length, objects.length);
  const now = deps.rim.now();
  const highest = Math.max(0, survey.stored?.number ?? 0, ...survey.entries.map((entry) => entry.number));
  const begun = begunBefore(survey);
  const number = begun?.number ?? rebornNumber(highest, now - created);
  const state = stateOf(recovered, number, now);
  const record: JournalRecord = {
    number,
    commit: deps.rim.randomHex(12),
    time: now,
    ops: [epochOp(now, 0)],
    usage: state.usage,
    journalBytes: 0,
  };
  if (!begun && (await deps.journal.put(account, [record])).kind !== 'written')
    throw new Error(
      `account ${account} is written to while it is being rebuilt; stop what writes, and try again`,
    );
  const installed = await installCheckpoint({ ...deps, summaries: deps.messages }, account, {
    survey,
    known: {
      base: EMPTY_CHECKPOINT,
      journal: { tail: [record] },
      replay: { state, arrivals: [], restored: [], buried: [], purges: NO_PURGES, packing: new Packing() },
      rewrite: new Set(state.mailboxes.keys()),
    },
    graveyards: [],
    summaries: new Map(recovered.map(({ row, summary }) => [row.blob, summary])),
    overflow: [],
    chunks: [],
    over: { emptiedTo: (number - 1) as RecordNumber, covered: [], packs: packsOf(objects) },
  });
  if (installed === 'lost')
    throw new Error(`account ${account} got another checkpoint meanwhile; check it again`);
  return {
    kind: 'rebuilt',
    number,
    messages: recovered.length,
    mailboxes: state.mailboxes.size,
    unreadable: [...unreadable, ...damagedPacks.keys()],
  };
}

/** The record of a rebuilding that died before its checkpoint stood, if nothing has come behind it. */
function begunBefore({ entries }: Survey): JournalRecord | null {
  const last = entries.at(-1);
  if (!last || isEmptied(last)) return null;
  const [only, ...others] = last.ops;
  return only?.op === 'epoch' && others.length === 0 ? last : null;
}

/** Each message once, in its pack if it lies in one; without what a record that still stands has purged. */
async function storedMessages(
  deps: EpochDeps,
  account: AccountId,
  { entries }: Survey,
): Promise<{
  readonly objects: readonly StoredObject[];
  readonly damagedPacks: ReadonlyMap<PackId, string>;
}> {
  const purged = new Set(
    entries.flatMap((entry) =>
      isEmptied(entry) ? [] : entry.ops.flatMap((op) => (op.op === 'purge' ? op.blobs : [])),
    ),
  );
  const objects = new Map<BlobId, StoredObject>();
  const damagedPacks = new Map<PackId, string>();
  const stored = deps.messages.stored(account, (pack, { why }) => void damagedPacks.set(pack, why));
  for await (const object of stored) if (!purged.has(object.blob)) objects.set(object.blob, object);
  return { objects: [...objects.values()], damagedPacks };
}

function packsOf(objects: readonly StoredObject[]): PackInfo[] {
  const packs = new Map<PackId, PackInfo>();
  for (const { pack, bytes, modified } of objects) {
    if (pack === null) continue;
    const known = packs.get(pack) ?? { pack, count: 0, bytes: 0, time: Math.floor(modified / 1000) };
    packs.set(pack, { ...known, count: known.count + 1, bytes: known.bytes + bytes });
  }
  return [...packs.values()];
}

/** The account with its messages in the mailboxes that they arrived in. */
function stateOf(recovered: readonly Recovered[], number: RecordNumber, now: number): AccountState {
  const place = { record: number, index: 0, saved: Math.floor(now / 1000) };
  const applied = (state: AccountState, ops: readonly Op[]): AccountState =>
    ops.reduce((before, op) => applyOp(before, op, place), state);
  const later = now + UID_VALIDITY_AHEAD_MS;
  const [inbox, ...others] = firstOps(later);
  let state = applied(EMPTY_STATE, inbox ? [inbox] : []);
  // INBOX is the first of every account; no other id of the old life, which were counted from there, comes again.
  state = { ...state, nextMailbox: Math.floor(now / 1000) as MailboxId };
  state = applied(state, others);
  ({ state } = makeMailboxes(recovered, state, later));
  state = applied(state, restoring(recovered, state, []));
  return { ...state, number, epochAt: place.saved, policy: { ...NO_POLICY, hold: true } };
}
