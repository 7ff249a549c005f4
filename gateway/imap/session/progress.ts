/**
 * INPROGRESS (RFC 9585): while a command runs, its client hears now and then that it does, and where it can be counted, how
 * far it has come. Neither the client nor our own time limit takes it for dead then.
 */
import type { Timer } from '../server/timers.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import type { Session } from './session.ts';

/** RFC 9585 §4: every 10 to 15 seconds. */
export const PROGRESS_EVERY_MS = 12_000;

export class Progress {
  readonly #session: Session;
  readonly #tag: string;
  #timer: Timer;
  #done = 0;
  #goal = 0;
  #between: () => boolean = () => true;

  /** Of the command with that tag, from now on until `end`. */
  constructor(session: Session, tag: string) {
    this.#session = session;
    this.#tag = tag;
    this.#timer = this.#next();
  }

  /** So many of so many messages are done. */
  at(done: number, goal: number): void {
    this.#done = done;
    this.#goal = goal;
  }

  /** One more is done. */
  step(): void {
    this.#done++;
  }

  /** `between` tells whether a response may begin now: false in the middle of one that is sent in pieces. */
  speakOnly(between: () => boolean): void {
    this.#between = between;
  }

  end(): void {
    this.#timer.cancel();
  }

  #next(): Timer {
    return this.#session.services.timers.after(PROGRESS_EVERY_MS, () => {
      this.#speak();
      this.#timer = this.#next();
    });
  }

  #speak(): void {
    const { writer } = this.#session;
    // A client that is being sent a message knows that we are here.
    if (writer.inLiteral || !this.#between()) return;
    writer.status('*', 'OK', 'still at it', this.#code());
    // That a client is gone is noticed by the command itself.
    writer.flush().catch(() => undefined);
  }

  #code(): ResponseCode | undefined {
    if (!this.#session.offers('INPROGRESS')) return undefined;
    const counted = this.#goal > this.#done;
    // A tag with "]" would end the code (RFC 9585 §4).
    const tag = this.#tag.includes(']') ? undefined : this.#tag;
    return { code: 'INPROGRESS', tag, ...(counted && { done: this.#done, goal: this.#goal }) };
  }
}
