/**
 * One schedule: a thousand days of random use, drawn from a seed. It falls into events, each of which draws from a seed of
 * its own, so that one may be left out and the others stay what they were: this is how a failure is made small.
 */
import type { AccountId } from '../../../shared/account/ids.ts';
import type { AccountState } from '../../../shared/account/state.ts';
import { FOLD_LIMITS, type FoldLimits } from '../../../shared/account/fold.ts';
import { SMALL_LIMITS } from '../../support/folding.ts';
import { Draw } from '../draw.ts';
import { Violation, ensure } from '../violation.ts';
import { audit, unnamedObjects, visit } from './audit.ts';
import type { SimulatedGateway } from './gateway.ts';
import { act } from './people.ts';
import { ensureSame } from './pictures.ts';
import { BAD, FAIR, type SimulatedProcess } from './process.ts';
import {
  compactByHand,
  drawPolicy,
  expungeByHand,
  foldByHand,
  layDown,
  runCompaction,
  runExpunge,
  takeExpired,
  undelete,
} from './upkeep.ts';
import type { Witnessed } from './witness.ts';
import { World } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** A gateway that idles comes back within the year that an emptied key stays taken (I4). */
const IDLE_DAYS = 330;
/** Of a call of a process that is to die in an event. */
const CALLS_TO_DEATH = 25;

/** What happens, and how often. */
export const KINDS = {
  ...{ person: 60, receive: 12, deliver: 12, visit: 5 },
  ...{ fold: 8, compact: 3, expunge: 5, 'expunge by hand': 3, undelete: 2, policy: 1, pack: 3 },
  ...{ expire: 3, redrive: 1, idle: 1, restart: 1 },
};

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
  readonly #limits: FoldLimits;
  readonly #held: Held[] = [];
  readonly #kinds = new Map<string, number>();
  readonly #failures: unknown[] = [];

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    this.world = new World(new Draw(schedule.seed));
    this.#limits = schedule.seed % 2 === 0 ? FOLD_LIMITS : SMALL_LIMITS;
  }

  async toTheEnd(): Promise<ScheduleResult> {
    const { world } = this;
    await world.begin();
    const { days, lastEvent = Infinity } = this.#schedule;
    for (; world.day < days && this.event <= lastEvent; this.event++) {
      const draw = new Draw(mixed(this.#schedule.seed, this.event));
      world.turns.now += pauseOf(draw);
      if (this.#schedule.without?.has(this.event)) continue;
      await this.#happen(draw);
    }
    if (this.event <= lastEvent) await this.#settleAll();
    const accounts = [...world.witness.accounts.values()];
    const sum = (of: (account: Witnessed) => number): number =>
      accounts.reduce((all, each) => all + of(each), 0);
    return {
      days: Math.floor(world.day),
      events: this.event,
      records: sum(({ plain }) => plain.number),
      purged: sum(({ purged }) => purged.size),
      restored: sum(({ restored }) => restored),
      packs: sum(({ packs }) => packs.size),
      replaced: sum(({ replaced }) => replaced.size),
      tally: world.tally,
      kinds: this.#kinds,
    };
  }

  /** An event: some things at once, or one after the other. */
  async #happen(draw: Draw): Promise<void> {
    const { world } = this;
    world.turns.drawFrom(draw.fork());
    const bad = draw.chance(0.35);
    const things = draw.chance(0.6) ? 1 : 2 + draw.below(3);
    for (let index = 0; index < things; index++) void this.#thing(draw.fork(), bad).catch(this.#failed);
    await world.turns.untilQuiet();
    this.#throwFailure();
    world.replaceTheDead();
    this.#compareAll(draw);
    if (draw.chance(0.04)) await this.#audit();
  }

  readonly #failed = (error: unknown): void => {
    // What a client or a function is told when it cannot be done is no broken promise; what is not an answer is.
    if (error instanceof Violation) this.#failures.push(error);
  };

  #throwFailure(): void {
    this.world.witness.check();
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #thing(draw: Draw, bad: boolean): Promise<void> {
    const { world } = this;
    const kind = draw.weighted(KINDS);
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    const weather = bad ? BAD : FAIR;
    const prepared = (process: SimulatedProcess): SimulatedProcess => {
      process.weather = weather;
      const when = draw.chance(0.5) ? 'before' : 'after';
      process.doom(draw.chance(0.12) ? { at: draw.below(CALLS_TO_DEATH), when } : null);
      return process;
    };
    const account = draw.pick(world.accounts);
    if (account === undefined) return;
    switch (kind) {
      case 'person': {
        const gateway = draw.pick(this.#awake());
        if (!gateway) return;
        prepared(gateway.process);
        const person = { gateway, account, draw, word: world.word };
        const told = await act(person).catch((error: unknown) => `no answer: ${String(error)}`);
        world.tell(`${gateway.id} ${account.slice(0, 4)} ${told}`);
        return;
      }
      case 'receive':
        return world.post.receive(world.word(), draw, world.turns.now);
      case 'deliver': {
        const process = prepared(world.process('deliver'));
        const told = await world.post.deliver(
          process,
          world.messages(process),
          world.sender,
          draw,
          world.turns.now,
        );
        if (told !== null) world.tell(`${process.name}: ${told}`);
        return;
      }
      case 'fold': {
        const process = prepared(world.process('fold'));
        world.tell(`${process.name}: ${await foldByHand(world, process, account, this.#limits)}`);
        return;
      }
      case 'compact': {
        const process = prepared(world.process('compact'));
        world.tell(`${process.name}: ${await runCompaction(world, process, this.#limits)}`);
        return;
      }
      case 'visit': {
        const process = prepared(world.process('visit'));
        world.tell(`${process.name}: ${await visit(world, process, account)}`);
        return;
      }
      case 'expunge': {
        const process = prepared(world.process('expunge'));
        world.tell(`${process.name}: ${await runExpunge(world, process)}`);
        return;
      }
      case 'expunge by hand': {
        const process = prepared(world.process('expunge'));
        world.tell(`${process.name}: ${await expungeByHand(world, process, account)}`);
        return;
      }
      case 'pack': {
        const process = prepared(world.process('pack'));
        world.tell(`${process.name}: ${await compactByHand(world, process, account, this.#limits)}`);
        return;
      }
      case 'undelete': {
        const process = prepared(world.process('undelete'));
        world.tell(`${process.name}: ${await undelete(world, process, account, draw)}`);
        return;
      }
      case 'policy': {
        const process = prepared(world.process('administrator'));
        const change = drawPolicy(world.witness.account(account).plain.policy.hold, draw);
        world.tell(`${process.name}: ${await layDown(world, process, account, change)}`);
        return;
      }
      case 'expire': {
        world.tell(takeExpired(world, draw));
        return;
      }
      case 'redrive': {
        world.tell(`${world.post.redrive(draw, world.turns.now)} dead letters are redriven`);
        return;
      }
      case 'idle': {
        const gateway = draw.pick(this.#awake());
        if (!gateway) return;
        gateway.idleUntil = world.turns.now + draw.below(IDLE_DAYS) * DAY_MS;
        world.tell(
          `${gateway.id} is left alone until day ${Math.floor((gateway.idleUntil - world.turns.now) / DAY_MS + world.day)}`,
        );
        return;
      }
      case 'restart': {
        const gateway = draw.pick(world.gateways);
        if (gateway && !gateway.process.dead) world.restart(gateway);
        return;
      }
    }
  }

  #awake(): readonly SimulatedGateway[] {
    return this.world.gateways.filter(({ idleUntil }) => idleUntil <= this.world.turns.now);
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

  async #audit(): Promise<void> {
    const { world } = this;
    for (const account of world.accounts) {
      void audit(world, account).catch((error: unknown) => this.#failures.push(error));
      await world.turns.untilQuiet();
      this.#throwFailure();
    }
  }

  /** A good day at the end: whatever waits is done, and everything is looked at. */
  async #settleAll(): Promise<void> {
    const { world } = this;
    const draw = new Draw(mixed(this.#schedule.seed, -1));
    world.turns.drawFrom(draw.fork());
    for (let round = 0; world.post.waiting + world.post.dead.length > 0; round++) {
      ensure(round < 10_000, () => `I7: ${world.post.waiting} messages are never settled`);
      world.post.redrive(draw, world.turns.now);
      world.turns.now += HOUR_MS;
      world.post.hurry(world.turns.now);
      const process = world.process('deliver');
      void world.post
        .deliver(process, world.messages(process), world.sender, draw, world.turns.now)
        .catch(this.#failed);
      await world.turns.untilQuiet();
      this.#throwFailure();
    }
    this.#everythingArrived();
    // What was put in vain is older than the sweep wants it, and nothing is held any more.
    world.turns.now += 3 * DAY_MS;
    for (const account of world.accounts) await this.#cleanUp(account);
    await this.#audit();
    for (const gateway of world.gateways) {
      gateway.process.weather = FAIR;
      gateway.process.doom(null);
      for (const replica of gateway.replicas)
        void replica.sync().catch((error: unknown) => this.#failures.push(error));
    }
    await world.turns.untilQuiet();
    this.#throwFailure();
    this.#compareAll(draw);
  }

  /** Purges and sweeps: what is left then is named. */
  async #cleanUp(account: AccountId): Promise<void> {
    const { world } = this;
    const work = async (): Promise<void> => {
      await layDown(world, world.process('administrator'), account, { hold: false });
      await expungeByHand(world, world.process('expunge'), account);
      await foldByHand(world, world.process('fold'), account, this.#limits);
    };
    void work().catch((error: unknown) => this.#failures.push(error));
    await world.turns.untilQuiet();
    this.#throwFailure();
    const { purged } = world.witness.account(account);
    const left = [...purged].filter((blob) => world.blobs.objects.has(`blobs/${account}/${blob}`));
    ensure(left.length === 0, () => `I5: purged, and never deleted: ${left.join(', ')}`);
    const unnamed = unnamedObjects(world, account);
    ensure(unnamed.length === 0, () => `a sweep has left ${unnamed.join(', ')}`);
  }

  /** Whoever a message was sent to has it, and inbound is empty (I7); that nobody has it twice was seen before (I6). */
  #everythingArrived(): void {
    const { world } = this;
    for (const { subject, to } of world.post.sent)
      for (const account of to)
        ensure(
          world.witness.account(account).arrived.has(subject),
          () => `I7: ${subject} never came to ${account}`,
        );
    const left = [...world.inbound.objects.keys()];
    ensure(left.length === 0, () => `I7: settled, and still in inbound: ${left.join(', ')}`);
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
