/**
 * The mailbox that a session has selected: what its client knows of it, and how it learns the rest.
 *
 * A mailbox that another session deletes is gone for good (its id is never used again): the session ends with BYE, which
 * RFC 2180 §3.3 allows and which every client survives, rather than pretend that each message was expunged.
 */
import type { MailboxId } from '../../../shared/account/ids.ts';
import { modSeqOf, type RecordNumber } from '../../../shared/account/ids.ts';
import type { Op } from '../../../shared/account/ops.ts';
import type { Change } from '../../../shared/account/replica.ts';
import type { AccountState, Mailbox } from '../../../shared/account/state.ts';
import { BatchRequests } from './batches.ts';
import { DecodedPlace } from './decoded-place.ts';
import type { Dialect } from './dialect.ts';
import { Contexts } from '../search/contexts.ts';
import type { Home } from './home.ts';
import { ALL_KINDS } from './notifier.ts';
import { RecentUids } from './recent.ts';
import { exists, flagLines, recent, type UpdateOptions, updatesOf } from './updates.ts';
import { View } from './view.ts';

/** The mod-sequences that a state contains end here. */
export function watermarkOf(state: AccountState): number {
  return modSeqOf((state.number + 1) as RecordNumber, 0) - 1;
}

export type TellOptions = Pick<UpdateOptions, 'expunges' | 'dialect' | 'telling' | 'kinds'>;

/** HIGHESTMODSEQ says up to where the client knows everything. */
const highest = (modSeq: number, { words }: Dialect): string =>
  `* OK [HIGHESTMODSEQ ${modSeq}] ${words('all is told up to here')}\r\n`;

const NOTHING_SAVED = new Uint32Array(0);

/** Untagged responses, and the mailbox that they lead up to; undefined if nothing was compared with it. */
export interface News {
  readonly lines: readonly string[];
  readonly mailbox: Mailbox | undefined;
}

export class SelectedMailbox {
  /** The account that the mailbox is in. */
  readonly home: Home;
  readonly id: MailboxId;
  readonly uidValidity: number;
  /** EXAMINE. */
  readonly readOnly: boolean;
  view: View = View.EMPTY;
  readonly recent = new RecentUids();
  readonly batches = new BatchRequests();
  /** The last search result that was saved (RFC 5182). */
  saved: Uint32Array = NOTHING_SAVED;
  /** Searches that are kept up to date (RFC 5267). */
  readonly contexts = new Contexts();
  readonly decodedPlace = new DecodedPlace();
  #watermark: number;
  #keywords: number;
  /** As PERMANENTFLAGS told them. */
  #rights: string;
  /**
   * Messages are gone that the client was not told of, the first of them above this mod-sequence; null: there are none.
   */
  #withheldAbove: number | null = null;
  /** Something happened that counters alone do not tell: flags, an expunge. */
  #touched = false;

  /** `mailbox` must have its columns: the client is told of them by SELECT. */
  constructor(home: Home, state: AccountState, mailbox: Mailbox, readOnly: boolean) {
    this.home = home;
    this.id = mailbox.id;
    this.uidValidity = mailbox.uidValidity;
    this.readOnly = readOnly;
    this.#watermark = watermarkOf(state);
    this.#keywords = mailbox.keywords.length;
    this.#rights = this.rightsOn(mailbox);
    const { columns } = mailbox;
    if (!columns) throw new Error('a mailbox is selected with its messages loaded');
    this.view = View.of(columns.uids, columns.count, mailbox.uidNext);
    this.#claim(mailbox);
  }

  /** Changes up to this mod-sequence have been told. */
  get watermark(): number {
    return this.#watermark;
  }

  /** Before a command on messages: whether a guest may still read them stands in the newest state (I9). */
  async refresh(): Promise<void> {
    if (this.home.guest !== null) await this.home.sync();
  }

  /** As this process knows it now; undefined if it is gone. */
  get current(): Mailbox | undefined {
    const state = this.home.replica.current;
    return state ? this.home.mailbox(state, this.id) : undefined;
  }

  /** Whether the client is told that the message is \Recent. */
  isRecent(uid: number, dialect: Dialect): boolean {
    return !dialect.rev2 && this.recent.has(uid);
  }

  /** What may be done with its messages: nothing after EXAMINE. */
  rightsOn(mailbox: Mailbox): string {
    return this.readOnly ? '' : this.home.rightsOn(mailbox);
  }

  get recentCount(): number {
    return this.recent.countIn(this.view.uids);
  }

  /** Sees every change of the account; cheap, and called in the middle of others' work. */
  note({ records }: Change): void {
    if (records === null || records.some(({ ops }) => ops.some((op) => this.#touches(op))))
      this.#touched = true;
  }

  #touches(op: Op): boolean {
    switch (op.op) {
      case 'flags':
      case 'expunge':
      case 'mend':
        return op.mailbox === this.id;
      case 'move':
        return op.from === this.id;
      case 'epoch':
        return true;
      case 'seen':
        return op.mailbox === this.id && op.reader === this.home.guest;
      default:
        return false;
    }
  }

  /** Whether the client could be told something. Looks at counters only. */
  hasNews(state: AccountState, expunges: boolean): boolean {
    const mailbox = this.home.mailbox(state, this.id);
    if (!mailbox) return true;
    if (this.#withheldAbove !== null && expunges) return true;
    if (this.rightsOn(mailbox) !== this.#rights) return true;
    return mailbox.highestModSeq > this.#watermark || mailbox.uidNext !== this.view.next;
  }

  /**
   * The untagged responses that bring the client up to the newest state that this process knows, and notes that it knows
   * it now. Null if the mailbox is gone. Loads columns only when something else than an arrival has happened.
   */
  async news(options: TellOptions): Promise<News | null> {
    const { replica } = this.home;
    const { kinds = ALL_KINDS } = options;
    let state = await this.home.state();
    let mailbox = this.home.mailbox(state, this.id);
    if (!mailbox) return null;
    if (!kinds.messages && !kinds.flags) return { lines: [], mailbox: undefined };
    const searched = this.contexts.haveNews(mailbox, mailbox.uidNext);
    if (!searched && !this.hasNews(state, options.expunges))
      return { lines: this.#reminder(options.dialect), mailbox };
    const permitted = this.#permissionLines(mailbox, options.dialect);
    if (!mailbox.columns) {
      const arrivals = !searched && kinds.messages && this.#pureArrivals(state, mailbox, options.dialect);
      if (arrivals) return { lines: [...permitted, ...arrivals], mailbox };
      state = await replica.load([this.id]);
      mailbox = this.home.mailbox(state, this.id);
    }
    if (!mailbox?.columns) return null;
    // What was noted while the columns were being loaded is in them, or it is still to be told.
    if (replica.current?.number === state.number) this.#touched = false;
    return { lines: [...permitted, ...this.#compare(state, mailbox, mailbox.columns, options)], mailbox };
  }

  /** The owner has changed what this session may do (RFC 4314 §5.1.1). */
  #permissionLines(mailbox: Mailbox, dialect: Dialect): readonly string[] {
    const rights = this.rightsOn(mailbox);
    if (rights === this.#rights) return [];
    this.#rights = rights;
    return flagLines(mailbox, rights, dialect);
  }

  #compare(
    state: AccountState,
    mailbox: Mailbox,
    columns: NonNullable<Mailbox['columns']>,
    options: TellOptions,
  ): string[] {
    const known = { view: this.view, watermark: this.#watermark, keywords: this.#keywords };
    const isRecent = (uid: number): boolean => this.isRecent(uid, options.dialect);
    const rights = this.#rights;
    const updates = updatesOf(known, mailbox, columns, { ...options, isRecent, rights });
    const arrived = updates.view.next > this.view.next;
    const withheldBefore = this.#withheldAbove;
    this.#withheldAbove = updates.withheld ? (withheldBefore ?? this.#watermark) : null;
    this.view = updates.view;
    // What was not told may be asked for later.
    if (options.kinds?.flags ?? true) this.#watermark = watermarkOf(state);
    this.#keywords = mailbox.keywords.length;
    const lines = [...updates.lines];
    if (arrived && this.#claim(mailbox) && !options.dialect.rev2) lines.push(recent(this.recentCount));
    if (withheldBefore !== null && !updates.withheld && options.dialect.qresync)
      lines.push(highest(mailbox.highestModSeq, options.dialect));
    return [...lines, ...this.#reminder(options.dialect)];
  }

  /**
   * A client that has read mod-sequences above that of an EXPUNGE which it was not told of would never hear of it if the
   * connection broke now: it is told how much it really knows (RFC 7162 §3.2, §6).
   */
  #reminder(dialect: Dialect): string[] {
    return dialect.qresync && this.#withheldAbove !== null ? [highest(this.#withheldAbove, dialect)] : [];
  }

  /** Without columns: the counters say that messages have come and nothing else has happened. */
  #pureArrivals(state: AccountState, mailbox: Mailbox, dialect: Dialect): string[] | null {
    const more = mailbox.messages - this.view.count;
    if (
      this.#touched ||
      this.#withheldAbove !== null ||
      more < 0 ||
      mailbox.uidNext - this.view.next !== more
    )
      return null;
    // A keyword that came with a message has to be announced.
    if (mailbox.keywords.length > this.#keywords) return null;
    this.view = this.view.appended(this.view.next, more);
    this.#watermark = watermarkOf(state);
    const lines = more > 0 ? [exists(this.view.count)] : [];
    return this.#claim(mailbox) && !dialect.rev2 ? [...lines, recent(this.recentCount)] : lines;
  }

  /**
   * Makes recent what is recent to nobody yet; true if there is such a message. EXAMINE claims nothing. To a guest nothing
   * is recent: that is the owner's to lose.
   */
  #claim(mailbox: Mailbox): boolean {
    if (this.home.guest !== null) return false;
    const next = Math.max(this.view.next, mailbox.uidNext);
    const floor = this.readOnly ? this.home.recent.floorOf(mailbox) : this.home.recent.claim(mailbox, next);
    const first = this.readOnly ? Math.max(floor, this.recent.end) : floor;
    this.recent.add(first, next);
    return first < next;
  }
}
