/** One session with what it needs to act: arguments of chance, and the means to hold answers to the journal. */
import type { MailboxId } from '../../../shared/account/ids.ts';
import type { AccountState, Mailbox } from '../../../shared/account/state.ts';
import type { Draw } from '../draw.ts';
import { flagsAt } from '../journal-replay.ts';
import { ensure } from '../violation.ts';
import type { Replayed } from './guest-view.ts';
import type { OwnAccount } from './own-account.ts';
import type { Remembered } from './resync.ts';
import type { Answer, Selected, Session } from './session.ts';
import type { Tokens } from './tokens.ts';

export interface Guest {
  readonly address: string;
  /** Before the names of the shared mailboxes. */
  readonly prefix: string;
  readonly rightsOn: (mailbox: Mailbox) => string;
  /** Address and password. */
  readonly login: string;
  /** The guest's own account. */
  readonly own: OwnAccount;
}

/** What everybody works on. */
export interface Ground {
  readonly replay: Replayed;
  readonly tokens: Tokens;
  /** The address of the account's owner. */
  readonly owner: string;
  /** Addresses of those with whom the account can be shared. */
  readonly guests: readonly string[];
  /** Of the session's user, who is one of them; null: the owner. */
  readonly guest: Guest | null;
  /** Sends a message to the account by way of the delivery functions. */
  readonly deliver: (token: string, message: Buffer, draw: Draw) => Promise<void>;
}

/** Mailboxes that come and go. */
export const NAMES = ['Work', 'Work/a', 'Work/b', 'Lists', 'Lists/x/y', 'Old'] as const;

export class Player {
  readonly session: Session;
  readonly ground: Ground;
  readonly draw: Draw;
  /** What the user's client keeps from one connection to the next, by name. */
  readonly memory: Map<string, Remembered>;

  constructor(session: Session, ground: Ground, draw: Draw, memory: Map<string, Remembered>) {
    this.session = session;
    this.ground = ground;
    this.draw = draw;
    this.memory = memory;
  }

  // --- what was promised ------------------------------------------------------------------------------------------

  /** The message has come into the mailbox of that UIDVALIDITY, under that UID, by this command. */
  async arrived(
    answer: Answer,
    validity: number,
    uid: number,
    token: string,
    flags: string | null,
  ): Promise<void> {
    const { replay, tokens } = this.ground;
    const mailbox = [...replay.moments(answer.begin, answer.end)]
      .flatMap(({ mailboxes }) => [...mailboxes.values()])
      .find(({ uidValidity, uidNext }) => uidValidity === validity && uidNext > uid);
    const arrived = mailbox && replay.arrived(mailbox.id, uid);
    const told = `UID ${uid} of ${validity}`;
    ensure(
      mailbox !== undefined &&
        arrived !== undefined &&
        arrived.record > answer.begin &&
        arrived.record <= answer.end,
      () =>
        `${token} was acknowledged as ${told}, which is in no record from ${answer.begin + 1} to ${answer.end}`,
    );
    const found = await tokens.of(arrived.blob);
    ensure(found === token, () => `${told} was promised to ${token} and is ${found}`);
    if (flags === null) return;
    const came = (state: AccountState) =>
      rows(state, mailbox.id, [uid]).some(({ has }) => has.join(' ') === flags);
    this.happened(answer, `${token} with the flags "${flags}"`, came);
  }

  happened({ begin, end }: Answer, what: string, holds: (state: AccountState) => boolean): void {
    ensure(
      this.#once(begin, end, holds),
      () => `${what}: acknowledged, but true at no record from ${begin} to ${end}`,
    );
  }

  /** A refusal must have been right at some moment while the command ran. */
  refused(
    { text, begin, end }: Answer,
    command: string,
    reasons: Readonly<Record<string, (state: AccountState) => boolean>>,
  ): void {
    const code = /^\[([A-Z]+)/.exec(text)?.[1] ?? '';
    const reason = this.#reasonOfGuest(code, reasons) ?? reasons[code];
    ensure(reason !== undefined, () => `${command} was refused: ${text}`);
    ensure(
      this.#once(Math.min(begin, this.session.last), end, reason),
      () => `${command} was refused with ${text}, which was true at no record from ${begin} to ${end}`,
    );
  }

  /** What a guest lacks: the right, on any mailbox of the account, or the right to create what is not there. */
  #reasonOfGuest(
    code: string,
    {
      TRYCREATE: missing,
      NONEXISTENT: gone,
      NOPERM: known,
    }: Readonly<Record<string, (state: AccountState) => boolean>>,
  ): ((state: AccountState) => boolean) | undefined {
    const { guest } = this.ground;
    if (!guest) return undefined;
    const isMissing = (state: AccountState): boolean => missing?.(state) === true || gone?.(state) === true;
    if (code === 'NONEXISTENT') return isMissing;
    const lacks = ({ mailboxes }: AccountState): boolean =>
      [...mailboxes.values()].some((each) => !/i.*t.*e/.test(guest.rightsOn(each)));
    return code === 'NOPERM' ? (known ?? ((state) => lacks(state) || isMissing(state))) : undefined;
  }

  #once(from: number, to: number, holds: (state: AccountState) => boolean): boolean {
    for (const state of this.ground.replay.moments(from, to)) if (holds(state)) return true;
    return false;
  }

  lacks(state: AccountState, mailbox: MailboxId, uids: readonly number[]): boolean {
    return rows(state, mailbox, uids).length < uids.length;
  }

  // --- what to act on ---------------------------------------------------------------------------------------------

  where(): Selected {
    const { selected } = this.session;
    if (!selected) throw new Error('no mailbox is selected');
    return selected;
  }

  someUids(): number[] {
    const { uids } = this.session.view;
    return this.draw.chance(0.1) ? uids : this.draw.some(uids, 1 + this.draw.below(5));
  }

  someModSeq(): number {
    const known = this.session.view.entries.flatMap(({ modSeq }) => (modSeq === null ? [] : [modSeq]));
    return this.draw.pick(known) ?? 1;
  }

  /** Whether the next command names its messages by UID: whoever has no message numbers, or none that stay, always does. */
  byUid(probability: number): boolean {
    const { kind, watching } = this.session;
    return this.draw.chance(probability) || kind.uidOnly || watching === 'SELECTED';
  }

  numbers(uids: readonly number[]): number[] {
    return uids.map((uid) => this.session.view.entries.findIndex((entry) => entry.uid === uid) + 1);
  }

  /** The account's, as this session names it. */
  get inbox(): string {
    return `${this.ground.guest?.prefix ?? ''}INBOX`;
  }

  /** Mostly one that is there. */
  someName(): string {
    const there = [...this.ground.replay.state.mailboxes.values()].map(({ name }) => name);
    const prefix = this.ground.guest?.prefix ?? '';
    return this.draw.chance(0.1) ? prefix + this.draw.pick(NAMES) : (this.draw.pick(there) ?? this.inbox);
  }
}

/** A message as a state has it. */
export interface SeenRow {
  readonly uid: number;
  readonly has: readonly string[];
}

/** Those of `uids` that are there, with their flags. */
export function rows(state: AccountState, mailbox: MailboxId, uids: readonly number[]): SeenRow[] {
  const columns = state.mailboxes.get(mailbox)?.columns;
  return uids.flatMap((uid) => {
    const row = columns?.rowOf(uid) ?? -1;
    return columns && row >= 0 ? [{ uid, has: flagsAt(columns, row).split(' ').filter(Boolean) }] : [];
  });
}

export const quoted = (name: string): string => `"${name}"`;
