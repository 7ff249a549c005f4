/**
 * What a client missed while it was away (RFC 7162 §3.2.5, §3.2.6): which of the UIDs that it may know are gone, and which
 * messages have changed. Told by the journal as far back as it reaches; beyond that, everything that is not there.
 */
import type { Columns } from '../../../shared/account/columns.ts';
import type { RemovedRange } from '../../../shared/account/removals.ts';
import type { QresyncArguments } from '../wire/ast.ts';
import { NumberSet } from '../wire/sequence-set.ts';
import { vanishedLines } from './dialect.ts';
import type { SelectedMailbox } from './selected-mailbox.ts';
import type { Session } from './session.ts';
import { fetchLines } from './updates.ts';
import type { View } from './view.ts';

/**
 * The UIDs of `known` that the client must forget, of those that went above `modSeq`. `*` in `known` is the last UID that
 * was given out, for what vanished may have been the last.
 */
export async function vanishedSince(
  { home, id, view, current }: SelectedMailbox,
  known: NumberSet,
  modSeq: number,
): Promise<NumberSet> {
  // A client that is ahead of this knows what a restore from backup has taken back: it is told everything.
  const ahead = modSeq > (current?.highestModSeq ?? 0);
  const removed = ahead ? null : await home.replica.removedSince(id, modSeq);
  return vanishedFrom(view, known, removed);
}

/** `removed`: ranges of what went, or null if that is not known. What the view still holds is told of by EXPUNGE later. */
export function vanishedFrom(
  view: View,
  known: NumberSet,
  removed: readonly RemovedRange[] | null,
): NumberSet {
  const given = known.clipped(1, view.next - 1);
  const gone = removed ? given.meet(NumberSet.ofRanges(removed)) : given;
  return gone.without(view.uids);
}

/** The UIDs that the client may know, but for those of which its sequence match data prove that it is right (§3.2.5.2). */
export function knownUids(view: View, { knownUids: named, matches }: QresyncArguments): NumberSet {
  const last = view.next - 1;
  const known = named ? named.resolve(last) : NumberSet.ofRanges(last > 0 ? [{ low: 1, high: last }] : []);
  return known.clipped(matches ? provenUpTo(view, matches) + 1 : 1, last);
}

/**
 * The greatest UID of a pair that is right. UIDs only ever leave below it, so a client that has the same number for it has
 * everything below right.
 */
function provenUpTo(view: View, { numbers, uids }: NonNullable<QresyncArguments['matches']>): number {
  // Numbers above EXISTS prove nothing, and neither do the UIDs paired with them.
  const uidsInOrder = uids.resolve(0)[Symbol.iterator]();
  let proven = 0;
  for (const number of numbers.resolve(0)) {
    const uid = uidsInOrder.next();
    if (number > view.count || uid.done) break;
    if (view.uids[number - 1] === uid.value) proven = uid.value;
  }
  return proven;
}

/** SELECT with QRESYNC: the mailbox is selected, and described. */
export async function resync(session: Session, columns: Columns, args: QresyncArguments): Promise<void> {
  const { selected, dialect, writer } = session;
  const { view } = selected;
  if (args.uidValidity !== selected.uidValidity) return;
  const highest = selected.current?.highestModSeq ?? 0;
  if (args.modSeq === highest) return;
  const vanished = await vanishedSince(selected, knownUids(view, args), args.modSeq);
  for (const line of vanishedLines(vanished, true)) writer.write(line);
  const named = args.knownUids?.resolve(view.next - 1);
  const told = (uid: number): boolean => !named || named.contains(uid);
  const isRecent = (uid: number): boolean => selected.isRecent(uid, dialect);
  const above = args.modSeq > highest ? 0 : args.modSeq;
  for (const line of fetchLines(columns, view, { dialect, isRecent, above, told, telling: undefined })) {
    writer.write(line);
    if (writer.full) await writer.pace();
  }
}
