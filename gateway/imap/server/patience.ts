/**
 * How long a connection waits. Of the limits for what comes next there is one at a time: setting another replaces it.
 * Beside them run the time to sign in, and the time for a client that does not read.
 */
import type { ReaderPhase } from '../wire/command-reader.ts';
import type { ImapLimits } from './limits.ts';
import type { Timer, Timers } from './timers.ts';

export type Limit =
  /** The client's next command. */
  | 'idle'
  /** The rest of a command. */
  | 'command'
  /** More of a message. */
  | 'message'
  /** A command that runs. */
  | 'answer'
  /** The end, after our last word. */
  | 'linger'
  | 'sign-in'
  /** A client that reads. */
  | 'write';

/** What a client is told whose time is up; of the others, nothing can be told. */
export const TOO_LONG: Partial<Record<Limit, string>> = {
  idle: 'you were idle for too long',
  command: 'the command took too long to arrive',
  message: 'the message took too long to arrive',
  'sign-in': 'you did not sign in in time',
};

export class Patience {
  readonly #limits: ImapLimits;
  readonly #timers: Timers;
  readonly #expired: (limit: Limit) => void;
  #limit: Limit | undefined;
  #timer: Timer | undefined;
  #signIn: Timer | undefined;
  #write: Timer | undefined;

  constructor(limits: ImapLimits, timers: Timers, expired: (limit: Limit) => void) {
    this.#limits = limits;
    this.#timers = timers;
    this.#expired = expired;
  }

  /** What is waited for at the moment. */
  get limit(): Limit | undefined {
    return this.#limit;
  }

  /** For the client's next bytes. The time for a command runs from its first byte to its last. */
  forBytes(phase: ReaderPhase): void {
    const { messageStallMs, idleMs, commandMs } = this.#limits;
    if (phase === 'message') this.#wait('message', messageStallMs);
    else if (phase !== 'command') this.#wait('idle', idleMs);
    else if (this.#limit !== 'command') this.#wait('command', commandMs);
  }

  forCommand(): void {
    this.#wait('idle', this.#limits.idleMs);
  }

  forAnswer(): void {
    this.#wait('answer', this.#limits.answerMs);
  }

  forEnd(): void {
    this.#wait('linger', this.#limits.lingerMs);
  }

  untilSignIn(): void {
    this.signedIn();
    this.#signIn = this.#timers.after(this.#limits.unauthenticatedMs, () => this.#expired('sign-in'));
  }

  signedIn(): void {
    this.#signIn?.cancel();
    this.#signIn = undefined;
  }

  whileUnread(): void {
    this.read();
    this.#write = this.#timers.after(this.#limits.writeStallMs, () => this.#expired('write'));
  }

  read(): void {
    this.#write?.cancel();
    this.#write = undefined;
  }

  end(): void {
    this.#clear();
    this.signedIn();
    this.read();
  }

  #wait(limit: Limit, ms: number): void {
    this.#timer?.cancel();
    this.#limit = limit;
    this.#timer = this.#timers.after(ms, this.#ring);
  }

  #clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#limit = undefined;
  }

  readonly #ring = (): void => {
    const limit = this.#limit;
    this.#clear();
    if (limit !== undefined) this.#expired(limit);
  };
}
