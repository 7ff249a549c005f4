/**
 * Tells the other gateways of commits. Runs after the tagged answer: nobody waits for it but a Lambda, whose process
 * stops when it returns (`settled`).
 */
import type { AccountId, GatewayId, RecordNumber } from '../account/ids.ts';
import type { Log } from '../log.ts';
import type { Wake, WakeSender, Watcher, WatchRegister } from './wake-queue.ts';

export interface WakerOptions {
  readonly watches: WatchRegister;
  readonly sender: WakeSender;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Log;
  /** This process, which needs no wake-up for what it did itself; null where there are no sessions. */
  readonly self: GatewayId | null;
}

export class Waker {
  readonly #options: WakerOptions;
  /** The newest record to tell of, by account; what comes while a round is under way joins the next. */
  readonly #due = new Map<AccountId, RecordNumber>();
  readonly #rounds = new Map<AccountId, Promise<void>>();

  constructor(options: WakerOptions) {
    this.#options = options;
  }

  /** The account's journal has grown to `number`. Never throws. */
  committed(account: AccountId, number: RecordNumber): void {
    this.#due.set(account, Math.max(number, this.#due.get(account) ?? 0) as RecordNumber);
    if (!this.#rounds.has(account)) this.#rounds.set(account, this.#tell(account));
  }

  /** Resolves when all that was committed so far has been told. */
  async settled(): Promise<void> {
    while (this.#rounds.size > 0) await Promise.all(this.#rounds.values());
  }

  async #tell(account: AccountId): Promise<void> {
    const { watches, now, log, self } = this.#options;
    for (;;) {
      const number = this.#due.get(account);
      if (number === undefined) break;
      this.#due.delete(account);
      try {
        const watchers = await watches.of(account, now() / 1000);
        const others = watchers.filter(({ gateway }) => gateway !== self);
        await Promise.all(others.map((watcher) => this.#send(watcher, { account, number })));
      } catch (error) {
        log.warn(
          { err: error, account, number },
          'who waits for wake-ups could not be read; other gateways will see this at their next poll',
        );
      }
    }
    this.#rounds.delete(account);
  }

  /** Each by itself: one gateway that cannot be told keeps no other from being told, nor `settled` from waiting for it. */
  async #send({ gateway, queue }: Watcher, wake: Wake): Promise<void> {
    const { watches, sender, log } = this.#options;
    try {
      if (!(await sender.send(queue, wake))) await watches.remove(wake.account, gateway);
    } catch (error) {
      log.warn(
        { err: error, ...wake, gateway },
        'a wake-up could not be sent; the gateway will see this at its next poll',
      );
    }
  }
}
