/**
 * From what a client knows of its mailbox to what the mailbox is: the untagged responses that lead there (RFC 9051 §7).
 * Pure: the caller decides when they may be sent.
 */
import type { Columns } from '../../../shared/account/columns.ts';
import { permittedFlags } from '../../../shared/account/decide-guest.ts';
import { SYSTEM_FLAGS } from '../../../shared/account/flags.ts';
import type { Mailbox } from '../../../shared/account/state.ts';
import { type Dialect, fetchHead, goneLines, uidItem } from './dialect.ts';
import { FlagText } from './flag-text.ts';
import { ALL_KINDS, type ToldKinds } from './notifier.ts';
import { View } from './view.ts';

/** What the client knows. */
export interface Known {
  readonly view: View;
  /** Changes of messages up to this mod-sequence have been told. */
  readonly watermark: number;
  /** How many of the mailbox's keywords have been told. */
  readonly keywords: number;
}

/** How to tell of a changed message: in full, its mod-sequence only, or not at all. */
export type Telling = 'all' | 'modseq' | 'none';

export interface UpdateOptions {
  /** Message numbers may change now. */
  readonly expunges: boolean;
  readonly dialect: Dialect;
  readonly isRecent: (uid: number) => boolean;
  /** Which flags can be changed here: letters of `RIGHTS`; none after EXAMINE. */
  readonly rights: string;
  /** What is told of a changed message: a STORE has answered for its own. Default: all. */
  readonly telling?: ((columns: Columns, row: number) => Telling) | undefined;
  /** What the client wants to be told at all. Default: all. */
  readonly kinds?: ToldKinds;
}

export interface Updates {
  readonly view: View;
  /** Untagged responses with their CRLF, in the order in which they must be sent. */
  readonly lines: readonly string[];
  /** Messages are gone that the client was not told of. */
  readonly withheld: boolean;
}

/** `mailbox` must have its columns. RECENT is the caller's to add when `view.next` has moved: it claims first. */
export function updatesOf(known: Known, mailbox: Mailbox, columns: Columns, options: UpdateOptions): Updates {
  const lines: string[] = [];
  const before = known.view;
  const { kinds = ALL_KINDS } = options;
  const gone = kinds.messages ? goneFrom(before, columns) : [];
  if (options.expunges)
    lines.push(...goneLines(options.dialect, gone, (number) => before.uids[number - 1] ?? 0));
  const withheld = gone.length > 0 && !options.expunges;
  const view = kinds.messages ? nextView(before, mailbox, columns, withheld) : before;
  if (kinds.messages && hasArrivals(before, columns)) lines.push(exists(view.count));
  if (mailbox.keywords.length > known.keywords)
    lines.push(...flagLines(mailbox, options.rights, options.dialect));
  if (kinds.flags) changed(known, columns, view, options, lines);
  return { view, lines, withheld };
}

export function exists(count: number): string {
  return `* ${count} EXISTS\r\n`;
}

export function recent(count: number): string {
  return `* ${count} RECENT\r\n`;
}

/**
 * The flags that may be met in the mailbox, and those that this user may store for good (PERMANENTFLAGS, RFC 9051 §7.1;
 * RFC 4314 §5.1.1).
 */
export function flagLines(mailbox: Mailbox, rights: string, { words }: Dialect): string[] {
  const flags = [...SYSTEM_FLAGS.map(([, name]) => name), ...mailbox.keywords];
  const permitted = permittedFlags(rights);
  const system = SYSTEM_FLAGS.filter(([bit]) => bit & permitted).map(([, name]) => name);
  const permanent = rights.includes('w') ? [...system, ...mailbox.keywords, '\\*'] : system;
  const text = words(permanent.length === 0 ? 'read-only' : 'flags are kept');
  return [`* FLAGS (${flags.join(' ')})\r\n`, `* OK [PERMANENTFLAGS (${permanent.join(' ')})] ${text}\r\n`];
}

/** Message numbers of what is gone, ascending, as the view has them. */
function goneFrom(view: View, columns: Columns): number[] {
  const { uids } = view;
  const present = columns.uids;
  const gone: number[] = [];
  if (present === uids || (present.buffer === uids.buffer && columns.count >= view.count)) return gone;
  let row = 0;
  for (let place = 0; place < uids.length; place++) {
    const uid = uids[place] ?? 0;
    while (row < columns.count && (present[row] ?? 0) < uid) row++;
    if (row >= columns.count || present[row] !== uid) gone.push(place + 1);
  }
  return gone;
}

function hasArrivals(view: View, columns: Columns): boolean {
  return columns.count > 0 && (columns.uids[columns.count - 1] ?? 0) >= view.next;
}

function nextView(before: View, mailbox: Mailbox, columns: Columns, withheld: boolean): View {
  const next = Math.max(before.next, mailbox.uidNext);
  if (!withheld) return View.of(columns.uids, columns.count, next);
  const arrived = columns.uids.subarray(0, columns.count).filter((uid) => uid >= before.next);
  const uids = new Uint32Array(before.count + arrived.length);
  uids.set(before.uids);
  uids.set(arrived, before.count);
  return View.of(uids, uids.length, next);
}

/** FETCH responses for messages that the client knew and that have changed since. */
function changed(known: Known, columns: Columns, view: View, options: UpdateOptions, lines: string[]): void {
  const { dialect, isRecent, telling } = options;
  const told = (uid: number): boolean => uid < known.view.next;
  const above = known.watermark;
  for (const line of fetchLines(columns, view, { dialect, isRecent, above, told, telling })) lines.push(line);
}

export interface FetchLineOptions extends Pick<UpdateOptions, 'dialect' | 'isRecent'> {
  readonly telling: UpdateOptions['telling'];
  /** Messages whose mod-sequence is higher. */
  readonly above: number;
  readonly told: (uid: number) => boolean;
}

/** FETCH responses that nobody asked for: UID and flags of messages that have changed, with their mod-sequence. */
export function* fetchLines(columns: Columns, view: View, options: FetchLineOptions): Generator<string> {
  const { modSeqs, uids } = columns;
  const { dialect, above, told } = options;
  const flags = new FlagText(columns);
  for (let row = 0; row < columns.count; row++) {
    const modSeq = modSeqs[row] ?? 0;
    const uid = uids[row] ?? 0;
    if (modSeq <= above || !told(uid)) continue;
    const telling = options.telling?.(columns, row) ?? 'all';
    if (telling === 'none' || (telling === 'modseq' && !dialect.modSeqs)) continue;
    const items = uidItem(dialect, uid);
    if (telling === 'all') items.push(`FLAGS ${flags.at(row, options.isRecent(uid))}`);
    if (dialect.modSeqs) items.push(`MODSEQ (${modSeq})`);
    yield `${fetchHead(dialect, view.numberOf(uid), uid)}${items.join(' ')})\r\n`;
  }
}
