/**
 * One schedule: a thousand days of random use, drawn from a seed. It falls into events, each of which draws from a seed of
 * its own, so that one may be left out and the others stay what they were: this is how a failure is made small.
 */
import type { AccountId } from '../../../shared/account/ids.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import { FOLD_LIMITS, type FoldLimits } from '../../../shared/account/fold.ts';
import { SMALL_LIMITS } from '../../support/folding.ts';
import { Draw } from '../draw.ts';
import { Violation } from '../violation.ts';
import { audit } from './audit.ts';
import { ensureSame } from './pictures.ts';
import { restore } from './restoring.ts';
import { settleAll } from './settling.ts';
import { Stage } from './stage.ts';
import { Thing } from './things.ts';
import type { Witnessed } from './witnessed.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Of events, those at which the table is lost. */
const RESTORES = 0.006;

export interface Schedule {
  readonly seed: number;
  readonly days: number;
  /** Events that are left out. */
  readonly without?: ReadonlySet<number>;
  /** Nothing after this event matters. */
  readonly lastEvent?: number;
}

export interface ScheduleResult {
  readonly days: number;
  readonly events: number;
  readonly records: number;
  /** Blobs that were purged, and messages that came back. */
  readonly purged: number;
  readonly restored: number;
  /** Packs that were put to use, and that were replaced. */
  readonly packs: number;
  readonly replaced: number;
  /** Messages that were stored anew for another account. */
  readonly carried: number;
  /** Accounts that were closed for good. */
  readonly closed: number;
  readonly tally: Readonly<World['tally']>;
  /** What was done, by kind. */
  readonly kinds: ReadonlyMap<string, number>;
}

/** A promise that a schedule broke, with what led to it. */
export class ScheduleFailure extends Error {
  readonly schedule: Schedule;
  readonly event: number;

  constructor(schedule: Schedule, event: number, cause: unknown, transcript: string) {
    const what =
      cause instanceof Error ? (cause instanceof Violation ? cause.message : cause.stack) : String(cause);
    super(`seed ${schedule.seed}, event ${event}: ${what ?? ''}\n${transcript}`, { cause });
    this.name = 'ScheduleFailure';
    this.schedule = schedule;
    this.event = event;
  }
}

/** Runs a schedule to its end, or rejects with `ScheduleFailure`. */
export async function runSchedule(schedule: Schedule): Promise<ScheduleResult> {
  const run = new Run(schedule);
  try {
    return await run.toTheEnd();
  } catch (error) {
    throw new ScheduleFailure(schedule, run.event, error, run.world.transcript);
  }
}

/** A state that a slow reader goes on reading while the account moves on. */
interface Held {
  readonly account: AccountId;
  readonly state: AccountState;
}

class Run {
  readonly world: World;
  event = 0;
  readonly #schedule: Schedule;
  readonly #stage: Stage;
  readonly #limits: FoldLimits;
  readonly #held: Held[] = [];
  readonly #kinds = new Map<string, number>();

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    this.world = new World(new Draw(schedule.seed));
    this.#stage = new Stage(this.world);
    this.#limits = schedule.seed % 2 === 0 ? FOLD_LIMITS : SMALL_LIMITS;
  }

  async toTheEnd(): Promise<ScheduleResult> {
    const { world } = this;
    await world.begin();
    const { days, seed, without, lastEvent = Infinity } = this.#schedule;
    for (; world.day < days && this.event <= lastEvent; this.event++) {
      const draw = new Draw(mixed(seed, this.event));
      world.turns.now += pauseOf(draw);
      if (!without?.has(this.event)) await this.#happen(draw);
    }
    if (this.event <= lastEvent) {
      const draw = new Draw(mixed(seed, -1));
      await settleAll(this.#stage, draw, this.#limits);
      this.#compareAll(draw);
    }
    return this.#result();
  }

  #result(): ScheduleResult {
    const { day, witness, closed, tally } = this.world;
    const accounts = [...witness.accounts.values()];
    const sum = (of: (account: Witnessed) => number): number =>
      accounts.reduce((all, each) => all + of(each), 0);
    return {
      days: Math.floor(day),
      events: this.event,
      records: sum(({ plain }) => plain.records),
      purged: sum(({ purged }) => purged.size),
      restored: sum(({ restored }) => restored),
      packs: sum(({ packs }) => packs.size),
      replaced: sum(({ replaced }) => replaced.size),
      carried: [...witness.texts.values()].filter(({ carried }) => carried).length,
      closed: closed.length,
      tally,
      kinds: this.#kinds,
    };
  }

  /** An event: some things at once, or one after the other. */
  async #happen(draw: Draw): Promise<void> {
    const { world } = this;
    world.turns.drawFrom(draw.fork());
    if (draw.chance(RESTORES)) {
      this.#kinds.set('restore', (this.#kinds.get('restore') ?? 0) + 1);
      world.tell(await restore(this.#stage, draw, this.#limits));
      this.#compareAll(draw);
      return;
    }
    const bad = draw.chance(0.35);
    const things = draw.chance(0.6) ? 1 : 2 + draw.below(3);
    for (let index = 0; index < things; index++) {
      const thing = new Thing(world, draw.fork(), bad, this.#limits);
      this.#kinds.set(thing.kind, (this.#kinds.get(thing.kind) ?? 0) + 1);
      this.#stage.begin(thing.happen());
    }
    await this.#stage.quiet();
    world.replaceTheDead();
    await world.replaceTheClosed();
    world.forgetOldMarks();
    this.#compareAll(draw);
    if (draw.chance(0.04))
      for (const account of world.accounts) await this.#stage.whole(audit(world, account));
  }

  /** Every replica, however old, is what the account was at its record; and a state that was handed out is what it was. */
  #compareAll(draw: Draw): void {
    const { world } = this;
    for (const gateway of world.gateways)
      for (const replica of gateway.replicas) {
        const state = replica.current;
        if (!state) continue;
        ensureSame(world.witness.account(replica.account).plain, state, gateway.id);
        if (draw.chance(0.01)) this.#held.push({ account: replica.account, state });
      }
    if (this.#held.length > 5) this.#held.shift();
    for (const { account, state } of this.#held)
      ensureSame(world.witness.account(account).plain, state, 'a slow reader');
  }
}

/** How long nothing happens before an event: minutes, hours or days. */
function pauseOf(draw: Draw): number {
  const unit = draw.pick([MINUTE_MS, MINUTE_MS, HOUR_MS, HOUR_MS, DAY_MS] as const);
  return draw.below(unit === DAY_MS ? 4 * DAY_MS : 24 * unit);
}

/** A seed for one event of a schedule. */
function mixed(seed: number, event: number): number {
  return (Math.imul(seed + 1, 0x9e37_79b1) ^ Math.imul(event + 1, 0x85eb_ca6b)) >>> 0;
}
