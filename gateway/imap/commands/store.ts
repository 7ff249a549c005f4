/**
 * STORE and UID STORE (RFC 9051 §6.4.6), with UNCHANGEDSINCE (RFC 7162 §3.1.3): one record, however many messages.
 *
 * What the client hears: of a plain STORE the new flags of each message; of a .SILENT one nothing of what it can work out
 * by itself, but everything that others have changed on the same messages (RFC 9051 §6.4.6). Messages that came after the
 * client's last untagged response are not touched, even by `1:*`.
 */
import type { Columns } from '../../../shared/account/columns.ts';
import { decideGuestStore, mayStore } from '../../../shared/account/decide-guest.ts';
import { type StoreOutcome, decideStore } from '../../../shared/account/decide-messages.ts';
import { type Flags, combineKeywords, combineSystem } from '../../../shared/account/flags.ts';
import type { MailboxId } from '../../../shared/account/ids.ts';
import type { Decision } from '../../../shared/account/commit-request.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import { fetchHead, uidItem } from '../session/dialect.ts';
import { FlagText } from '../session/flag-text.ts';
import type { Home } from '../session/home.ts';
import { limited, tellLimit } from '../session/message-limit.ts';
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { Telling } from '../session/updates.ts';
import type { StoreArguments } from '../wire/ast.ts';
import type { CommandCursor } from '../wire/parser.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import { NumberSet } from '../wire/sequence-set.ts';
import { parseStore } from '../wire/store-grammar.ts';
import { byNumberAndUid, type CommandFamily, type Completion } from './command.ts';
import { flagsOf } from './flags.ts';
import { requireWritable } from './writable.ts';

export const store: CommandFamily = { commands: byNumberAndUid('STORE', run) };

async function run(session: Session, cursor: CommandCursor, byUid: boolean): Promise<Completion> {
  const args = parseStore(cursor);
  const flags = flagsOf(args.flags);
  requireWritable(session);
  if (args.unchangedSince !== undefined) session.enableCondstore();
  const { home, view, saved, id, watermark } = session.selected;
  const named = byUid ? view.resolveUids(args.set, saved) : view.resolveNumbers(args.set, saved);
  const { uids, code: limit } = limited(session, named);
  const outcome = await home.commit({
    needs: () => [id],
    decide: (state) => decideFor(home, state, id, uids, args, flags),
  });
  await tellUnchanged(session, args, uids, outcome, watermark);
  const modified = modifiedCode(session, outcome, byUid);
  const code = modified ?? limit;
  // "$" has lost what is expunged (RFC 5182 §2.1).
  const gone = outcome.missing.length > 0 && !byUid && !args.set.saved && !args.silent;
  if (modified || gone) tellLimit(session, limit);
  // RFC 2180 §4.2: a .SILENT STORE may pass over what has been expunged.
  if (gone) throw new No('some of the messages have been expunged', modified ?? 'EXPUNGEISSUED');
  return {
    text: modified ? 'stored, but for messages that have changed since' : 'stored',
    ...(code && { code }),
    answersFlags: true,
    ...(args.silent && { telling: silence(args.action, flags, outcome, watermark) }),
  };
}

/** In somebody else's mailbox, as far as the rights go (RFC 4314 §4). */
function decideFor(
  home: Home,
  state: AccountState,
  id: MailboxId,
  uids: Uint32Array,
  { action: mode, unchangedSince }: StoreArguments,
  flags: Flags,
): Decision<StoreOutcome> {
  const mailbox = state.mailboxes.get(id);
  const guest = mailbox && home.guestOf(mailbox);
  if (!guest) return decideStore(state, id, uids, mode, flags, unchangedSince);
  if (!mayStore(guest.rights, mode, flags)) throw new No('you may not change these flags here', 'NOPERM');
  const change = { mode, flags, ...(unchangedSince !== undefined && { unchangedSince }) };
  return decideGuestStore(state, id, guest, uids, change);
}

/** A message that had the flags already gets no new mod-sequence, so nothing else would answer for it. */
async function tellUnchanged(
  session: Session,
  { silent, unchangedSince }: StoreArguments,
  uids: Uint32Array,
  { before, changed, modified }: StoreOutcome,
  watermark: number,
): Promise<void> {
  if (silent && unchangedSince === undefined) return;
  const { selected, writer, dialect } = session;
  const others = new Set([...changed, ...modified]);
  const texts = new FlagText(before);
  for (const uid of uids) {
    const row = before.rowOf(uid);
    const modSeq = before.modSeqs[row] ?? 0;
    // What others have changed is told with everything else that the client has not heard of.
    if (row < 0 || others.has(uid) || modSeq > watermark) continue;
    const items = uidItem(dialect, uid);
    if (!silent) items.push(`FLAGS ${texts.at(row, selected.isRecent(uid, dialect))}`);
    if (dialect.modSeqs) items.push(`MODSEQ (${modSeq})`);
    writer.write(`${fetchHead(dialect, selected.view.numberOf(uid), uid)}${items.join(' ')})\r\n`);
    if (writer.full) await writer.pace();
  }
}

/** A client that asked for silence works out the flags by itself; it is told where it would get them wrong. */
function silence(
  action: StoreArguments['action'],
  flags: Flags,
  { before, changed }: StoreOutcome,
  watermark: number,
): (columns: Columns, row: number) => Telling {
  const own = new Set(changed);
  return (columns, row) => {
    const uid = columns.uids[row] ?? 0;
    const was = own.has(uid) ? before.rowOf(uid) : -1;
    if (was < 0 || (before.modSeqs[was] ?? 0) > watermark) return 'all';
    const system = combineSystem(before.system[was] ?? 0, action, flags.system);
    const keywords = combineKeywords(before.keywordsAt(was), action, flags.keywords);
    const expected =
      columns.system[row] === system && columns.keywordsAt(row).join(' ') === keywords.join(' ');
    return expected ? 'modseq' : 'all';
  };
}

/** MODIFIED names messages as the command did (RFC 7162 §3.1.3). */
function modifiedCode(
  session: Session,
  { modified }: StoreOutcome,
  byUid: boolean,
): ResponseCode | undefined {
  if (modified.length === 0) return undefined;
  const { view } = session.selected;
  const numbers = byUid ? modified : modified.map((uid) => view.numberOf(uid));
  return { code: 'MODIFIED', numbers: NumberSet.ofSorted(numbers) };
}
