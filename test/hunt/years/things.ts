/** The things of which a schedule is made: what each does, and how often it comes up. */
import type { FoldLimits } from '../../../shared/account/fold.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { Draw } from '../draw.ts';
import { Violation } from '../violation.ts';
import { visit } from './audit.ts';
import type { SimulatedGateway } from './gateway.ts';
import { act } from './people.ts';
import { BAD, FAIR, type SimulatedProcess } from './process.ts';
import {
  close,
  compactByHand,
  drawPolicy,
  expungeByHand,
  foldByHand,
  layDown,
  reopen,
  runCompaction,
  runExpunge,
  takeExpired,
  undelete,
} from './upkeep.ts';
import type { World } from './world.ts';

const DAY_MS = 86_400_000;
/** A gateway that idles comes back within the year that an emptied key stays taken (I4). */
const IDLE_DAYS = 330;
/** Of a call of a process that is to die in an event. */
const CALLS_TO_DEATH = 25;
/** Of things, those that are done to an account that is closed for good, by who does not know. */
const TOO_LATE = 0.03;

/** What happens, and how often. */
export const KINDS = {
  ...{ person: 60, receive: 12, deliver: 12, visit: 5 },
  ...{ fold: 8, compact: 3, expunge: 5, 'expunge by hand': 3, undelete: 2, policy: 1, pack: 3 },
  ...{ expire: 3, redrive: 1, idle: 1, restart: 1, close: 0.6, reopen: 2 },
};

export type Kind = keyof typeof KINDS;

/** One of the things that happen at once. */
export class Thing {
  readonly kind: Kind;
  readonly #world: World;
  readonly #draw: Draw;
  readonly #bad: boolean;
  readonly #limits: FoldLimits;

  constructor(world: World, draw: Draw, bad: boolean, limits: FoldLimits) {
    this.#world = world;
    this.#draw = draw;
    this.#bad = bad;
    this.#limits = limits;
    this.kind = draw.weighted(KINDS);
  }

  async happen(): Promise<void> {
    const draw = this.#draw;
    const world = this.#world;
    const { closed, accounts } = world;
    const account = draw.pick(closed.length > 0 && draw.chance(TOO_LATE) ? closed : accounts);
    if (account === undefined) return;
    const { kind } = this;
    switch (kind) {
      case 'person':
        return this.#person(account);
      case 'receive':
        return world.post.receive(world.word(), draw, world.turns.now);
      case 'expire':
        world.tell(takeExpired(world, draw));
        return;
      case 'redrive':
        world.tell(`${world.post.redrive(draw, world.turns.now)} dead letters are redriven`);
        return;
      case 'idle':
        this.#idle();
        return;
      case 'restart': {
        const gateway = draw.pick(world.gateways);
        if (gateway && !gateway.process.dead) world.restart(gateway);
        return;
      }
      default: {
        const process = this.#prepared(world.process(kind));
        const told = await this.#run(kind, process, account);
        if (told !== null) world.tell(`${process.name}: ${told}`);
      }
    }
  }

  /** What processes do that live for one thing. */
  #run(
    kind: Exclude<Kind, 'person' | 'receive' | 'expire' | 'redrive' | 'idle' | 'restart'>,
    process: SimulatedProcess,
    account: AccountId,
  ): Promise<string | null> {
    const world = this.#world;
    const draw = this.#draw;
    switch (kind) {
      case 'deliver':
        return world.post.deliver(process, world.messages(process), world.sender, draw, world.turns.now);
      case 'fold':
        return foldByHand(world, process, account, this.#limits);
      case 'compact':
        return runCompaction(world, process, this.#limits);
      case 'visit':
        return visit(world, process, account);
      case 'expunge':
        return runExpunge(world, process);
      case 'expunge by hand':
        return expungeByHand(world, process, account);
      case 'pack':
        return compactByHand(world, process, account, this.#limits);
      case 'undelete':
        return undelete(world, process, account, draw);
      case 'policy':
        return layDown(
          world,
          process,
          account,
          drawPolicy(world.witness.account(account).plain.policy.hold, draw),
        );
      case 'close':
        return close(world, process, account, draw);
      case 'reopen':
        return reopen(world, process, account);
    }
  }

  async #person(account: AccountId): Promise<void> {
    const world = this.#world;
    const gateway = this.#draw.pick(this.#awake());
    if (!gateway) return;
    // While an account is closed, or is to be, nobody signs in; who was there already may go on.
    if (!world.directory.isActive(account) && this.#draw.chance(0.7)) return;
    this.#prepared(gateway.process);
    const { witness, word, accounts } = world;
    const others = accounts.filter((each) => each !== account);
    const person = { gateway, account, others, witness, draw: this.#draw, word };
    const told = await act(person).catch((error: unknown) => {
      if (error instanceof Violation) throw error;
      return `no answer: ${String(error)}`;
    });
    world.tell(`${gateway.id} ${account.slice(0, 4)} ${told}`);
  }

  #idle(): void {
    const { turns, tell, day } = this.#world;
    const gateway = this.#draw.pick(this.#awake());
    if (!gateway) return;
    gateway.idleUntil = turns.now + this.#draw.below(IDLE_DAYS) * DAY_MS;
    tell(
      `${gateway.id} is left alone until day ${Math.floor((gateway.idleUntil - turns.now) / DAY_MS + day)}`,
    );
  }

  /** A process on a day like this, which it may not survive. */
  #prepared(process: SimulatedProcess): SimulatedProcess {
    const draw = this.#draw;
    process.weather = this.#bad ? BAD : FAIR;
    const when = draw.chance(0.5) ? 'before' : 'after';
    process.doom(draw.chance(0.12) ? { at: draw.below(CALLS_TO_DEATH), when } : null);
    return process;
  }

  #awake(): readonly SimulatedGateway[] {
    return this.#world.gateways.filter(({ idleUntil }) => idleUntil <= this.#world.turns.now);
  }
}
