/**
 * What was promised: kept outside of the processes that are killed. Each message has the places where it may be: one,
 * unless a command was under way when the connection broke. A look at the account settles which it was, and from then
 * on that is what was promised.
 */
import { digestOf } from '../message.ts';
import { ensure } from '../violation.ts';

/** Where a message is, and how. `uid` is unknown until somebody was told, or has looked. */
export interface Place {
  readonly mailbox: string;
  readonly uid: number | null;
  /** In the form of `flagsAt`. */
  readonly flags: string;
}

export interface Tracked {
  readonly token: string;
  readonly account: string;
  readonly origin: 'append' | 'smtp';
  readonly digest: string;
  readonly size: number;
  /** Null: it is nowhere. */
  possible: readonly (Place | null)[];
  /** UIDs that were known in the mailbox before a command began that may have brought it there. */
  floor: number;
  /** What was tried with it, for whoever looks for the cause. */
  readonly history: string[];
}

/** Part of one command: what it makes of one message. */
export interface Change {
  readonly tracked: Tracked;
  readonly to: (place: Place | null) => Place | null;
}

/** The changes of one command of which nothing is known: all of them happened, or none. */
interface Unsettled {
  readonly what: string;
  readonly parts: readonly { tracked: Tracked; before: Tracked['possible']; after: Tracked['possible'] }[];
}

export class Ledger {
  readonly #tracked = new Map<string, Tracked>();
  /** By account and mailbox: the highest UID that is known, and which token has which UID. */
  readonly #highest = new Map<string, number>();
  readonly #owners = new Map<string, string>();
  #unsettled: Unsettled[] = [];
  /** Commands by how they ended. */
  readonly counts = { acknowledged: 0, refused: 0, unknown: 0 };

  all(account: string): Tracked[] {
    return [...this.#tracked.values()].filter((tracked) => tracked.account === account);
  }

  get(account: string, token: string): Tracked | undefined {
    return this.#tracked.get(`${account}/${token}`);
  }

  /** A message that is about to be sent. */
  announce(account: string, token: string, origin: Tracked['origin'], message: Buffer): Tracked {
    const digest = digestOf(message);
    const size = message.length;
    const tracked: Tracked = {
      ...{ token, account, origin, digest, size, possible: [null], floor: 0, history: [] },
    };
    this.#tracked.set(`${account}/${token}`, tracked);
    return tracked;
  }

  /** Begins a command. Call one of the three as soon as its answer is there, or will never be. */
  begin(what: string, changes: readonly Change[]) {
    for (const { tracked, to } of changes) {
      const target = tracked.possible.map(to).find((place) => place !== null);
      if (target) tracked.floor = this.#highest.get(`${tracked.account}/${target.mailbox}`) ?? 0;
    }
    const end = (how: string): void => {
      for (const { tracked } of changes) tracked.history.push(`${what}: ${how}`);
    };
    return {
      /** `uids`: of the messages, in their order, where the answer told. */
      acknowledged: (uids: readonly number[] = []): void => {
        end('OK');
        this.counts.acknowledged++;
        changes.forEach(({ tracked, to }, index) => {
          const uid = uids[index];
          const told = (place: Place | null) => (place && uid !== undefined ? { ...place, uid } : place);
          tracked.possible = tracked.possible.map((place) => told(to(place)));
          for (const place of tracked.possible) if (place) this.#hold(tracked, place, uid !== undefined);
        });
      },
      refused: (answer: string): void => {
        end(answer);
        this.counts.refused++;
      },
      unknown: (): void => {
        end('?');
        this.counts.unknown++;
        const parts = changes.map(({ tracked, to }) => {
          const before = tracked.possible;
          const after = before.map(to);
          tracked.possible = [...before, ...after];
          return { tracked, before, after };
        });
        this.#unsettled.push({ what, parts });
      },
    };
  }

  /** What was found of a message. Throws if it is not among what was promised; else that is the promise from now on. */
  settle(tracked: Tracked, found: Place | null): void {
    const fits = tracked.possible.some((place) => samePlace(place, found));
    ensure(
      fits,
      () =>
        `message ${tracked.token} of ${tracked.account} is ${inWords(found)}, but was promised ${tracked.possible.map(inWords).join(' or ')}\n  ${tracked.history.join('\n  ')}`,
    );
    if (found)
      this.#hold(
        tracked,
        found,
        tracked.possible.some((place) => place?.uid !== found.uid),
      );
  }

  /**
   * Call when all messages of an account are settled in `found`: what one command did to several of them is done to all
   * or to none. (One mail to two accounts may reach one before the other.)
   */
  settled(found: ReadonlyMap<Tracked, Place | null>): void {
    const open = this.#unsettled;
    this.#unsettled = [];
    for (const { what, parts: all } of open) {
      const parts = all.filter(({ tracked }) => found.has(tracked));
      const others = all.filter(({ tracked }) => !found.has(tracked));
      if (others.length > 0) this.#unsettled.push({ what, parts: others });
      const did = parts.map(({ tracked, before, after }) => {
        const place = found.get(tracked) ?? null;
        const fits = (possible: Tracked['possible']) => possible.some((each) => samePlace(each, place));
        return { before: fits(before), after: fits(after) };
      });
      ensure(
        did.every(({ before }) => before) || did.every(({ after }) => after),
        () => `"${what}" was done in part: ${parts.map(({ tracked }) => tracked.token).join(', ')}`,
      );
    }
    for (const [tracked, place] of found) tracked.possible = [place];
  }

  /** No UID is ever another message's, and what comes later has a higher one. */
  #hold(tracked: Tracked, { mailbox, uid }: Place, arrives: boolean): void {
    if (uid === null) return;
    const { account, token } = tracked;
    const key = `${account}/${mailbox}`;
    const owner = this.#owners.get(`${key}/${uid}`);
    ensure(
      owner === undefined || owner === token,
      () => `UID ${uid} of ${key} was ${String(owner)}'s and is ${token}'s now`,
    );
    if (owner === undefined && arrives)
      ensure(uid > tracked.floor, () => `${token} came into ${key} after UID ${tracked.floor} as UID ${uid}`);
    this.#owners.set(`${key}/${uid}`, token);
    this.#highest.set(key, Math.max(uid, this.#highest.get(key) ?? 0));
  }
}

function samePlace(promised: Place | null, found: Place | null): boolean {
  if (!promised || !found) return promised === found;
  return (
    promised.mailbox === found.mailbox &&
    promised.flags === found.flags &&
    (promised.uid === null || promised.uid === found.uid)
  );
}

function inWords(place: Place | null): string {
  if (!place) return 'nowhere';
  return `in ${place.mailbox} (UID ${place.uid ?? '?'}, flags "${place.flags}")`;
}
