/** One session with what it needs to act: arguments of chance, and the means to hold answers to the journal. */
import type { MailboxId } from '../../../shared/account/ids.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import type { Draw } from '../draw.ts';
import { type JournalReplay, flagsAt } from '../journal-replay.ts';
import { ensure } from '../violation.ts';
import type { Remembered } from './resync.ts';
import type { Answer, Selected, Session } from './session.ts';
import type { Tokens } from './tokens.ts';

/** What everybody works on. */
export interface Ground {
  readonly replay: JournalReplay;
  readonly tokens: Tokens;
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
    const reason = reasons[code];
    ensure(reason !== undefined, () => `${command} was refused: ${text}`);
    ensure(
      this.#once(Math.min(begin, this.session.last), end, reason),
      () => `${command} was refused with ${text}, which was true at no record from ${begin} to ${end}`,
    );
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

  /** Mostly one that is there. */
  someName(): string {
    const there = [...this.ground.replay.state.mailboxes.values()].map(({ name }) => name);
    return this.draw.chance(0.1) ? this.draw.pick(NAMES) : (this.draw.pick(there) ?? 'INBOX');
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
