/**
 * What a command is. A command, or a family of commands, is one file that exports a `CommandFamily`, and one line in
 * `registry.ts`. What it brings beyond the base protocol has its line in `../extensions.ts`, of which CAPABILITY is made.
 */
import type { Activity } from '../../../shared/metrics/catalogue.ts';
import type { ExtensionName } from '../extensions.ts';
import type { LiteralAnnouncement, LiteralDecision } from '../wire/command.ts';
import type { CommandCursor } from '../wire/parser.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import type { Session, SessionPhase } from '../session/session.ts';
import type { UpdateOptions } from '../session/updates.ts';

/** What stands in the tagged OK. */
export interface Completion {
  readonly text: string;
  readonly code?: ResponseCode;
  /** What of the changes that follow this command has already told; see `UpdateOptions`. */
  readonly telling?: UpdateOptions['telling'];
  /** Flags that are told before this are its answer, whatever NOTIFY says. */
  readonly answersFlags?: boolean;
  /** The arguments were message numbers, which must not move before this is answered: no EXPUNGE, whatever `updates`. */
  readonly numbersStay?: boolean;
}

/** How a command's answer ends. */
export type Ending =
  | Completion
  /** The command has written its tagged response itself (LOGOUT, STARTTLS). */
  | 'answered'
  /** The session is over, the connection goes on with a new one (UNAUTHENTICATE). */
  | 'signed out'
  | Pause;

/** A command has said all that there is to say for now, and goes on when the client speaks (IDLE). */
export interface Pause {
  /** Something has happened since: tells the client. */
  news(): Promise<void>;
  /** Reads what the client says. */
  resume(): Promise<Completion>;
}

export interface Command {
  /** In upper case; `UID FETCH` for the variant with UIDs. */
  readonly name: string;
  /** Not served by a gateway that does not offer this; undefined for the base protocol. */
  readonly extension?: ExtensionName;
  /** The phases in which it may be given (RFC 9051 §3); elsewhere it is answered BAD. */
  readonly phases: readonly SessionPhase[];
  /**
   * What the client may be told of the selected mailbox before the tagged response:
   * - `everything`;
   * - `no expunge`: FETCH, STORE and SEARCH by message number, during which numbers must not move (RFC 9051 §7.5.1);
   * - `nothing`: the command speaks for itself (SELECT, LOGOUT).
   */
  readonly updates: 'everything' | 'no expunge' | 'nothing';
  /** What its requests are counted for; by default `read`. */
  readonly activity?: Activity;
  /** Decides about a literal of this command; without it literals are read into memory. `cursor` is behind the name. */
  literal?(
    session: Session,
    announcement: LiteralAnnouncement,
    cursor: CommandCursor,
  ): LiteralDecision | Promise<LiteralDecision>;
  /**
   * Parses the arguments (`cursor` is behind the name), does the work, writes untagged responses to `session.writer`.
   * Throws `No`, `Bad` or `ImapSyntaxError` to refuse.
   */
  run(session: Session, cursor: CommandCursor, tag: string): Promise<Ending> | Ending;
}

export interface CommandFamily {
  readonly commands: readonly Command[];
}

/** Phases of commands that may be given at any time. */
export const ANY_PHASE: readonly SessionPhase[] = ['not authenticated', 'authenticated', 'selected'];
/** Phases of commands on mailboxes. */
export const SIGNED_IN: readonly SessionPhase[] = ['authenticated', 'selected'];
/** Phases of commands on messages. */
export const SELECTED: readonly SessionPhase[] = ['selected'];
export type { SessionPhase } from '../session/session.ts';

/** What a command on messages does, told by number or by UID. */
export type RunOnMessages = (
  session: Session,
  cursor: CommandCursor,
  byUid: boolean,
  tag: string,
) => Promise<Ending>;

/** `name` and `UID name`: by numbers, which must not move meanwhile (RFC 9051 §7.5.1), and by UIDs, beside which they may. */
export function byNumberAndUid(
  name: string,
  run: RunOnMessages,
  more: Pick<Command, 'extension' | 'activity'> = {},
): Command[] {
  const form = (byUid: boolean): Command => ({
    ...more,
    name: byUid ? `UID ${name}` : name,
    phases: SELECTED,
    updates: byUid ? 'everything' : 'no expunge',
    run: (session, cursor, tag) => run(session, cursor, byUid, tag),
  });
  return [form(false), form(true)];
}
