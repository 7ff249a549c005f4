/**
 * The swarm: two gateways, three delivery functions and a fold at every 50 records, each its own process, on one account
 * at once, which its owner works on and two others with whom it is shared. Every session must be told of an account that was
 * so at one moment, and in the end the account must be what its journal makes of it, for whoever looks.
 */
import { KEEP_MS } from '../../../functions/compact/retire.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Mailbox } from '../../../shared/account/state.ts';
import type { Tally } from '../bad-day.ts';
import { Draw } from '../draw.ts';
import { ImapConnection } from '../imap-connection.ts';
import { JournalReplay } from '../journal-replay.ts';
import { Transcript } from '../transcript.ts';
import { Violation, ensure } from '../violation.ts';
import { compareEverything } from './conclusion.ts';
import { idle, learn, selectMailbox } from './looks.ts';
import { GuestView } from './guest-view.ts';
import { drawKind } from './kinds.ts';
import { Naps, type Wakefulness } from './naps.ts';
import { type Operation, operate } from './operations.ts';
import { OwnAccount } from './own-account.ts';
import { Player } from './player.ts';
import { type Remembered, remember } from './resync.ts';
import { Session } from './session.ts';
import { Tokens } from './tokens.ts';
import { type GuestUser, LOGIN, type World, startWorld } from './world.ts';

export const SWARM_FOLDS = ['sometimes', 'kept', 'emptied'] as const;
export type SwarmFolds = (typeof SWARM_FOLDS)[number];

export interface SwarmHuntOptions {
  readonly seed: number;
  readonly operations: number;
  /** No operation is begun after so many seconds. */
  readonly seconds: number;
  /** At once, on both gateways together. */
  readonly sessions: number;
  /**
   * When the account is folded: at every 50 records, or at every one; what is covered is emptied as early as I4 allows, or,
   * with `kept`, stays as long as in earnest. Default `sometimes`.
   */
  readonly folds?: SwarmFolds;
  readonly say: (line: string) => void;
}

export interface SwarmHuntResult {
  readonly operations: ReadonlyMap<string, number>;
  /** Sessions by their kind. */
  readonly kinds: ReadonlyMap<string, number>;
  readonly records: number;
  readonly folds: number;
  readonly emptied: number;
  readonly acknowledged: number;
  /** Messages whose outcome a session never heard of. */
  readonly unknown: number;
  /** Sessions that ended because their mailbox was deleted. */
  readonly deleted: number;
  /** The command that took longest, IDLE included. */
  readonly slowest: Session['slowest'];
  /** Messages that guests have taken into their own accounts. */
  readonly carried: number;
  /** Naps of gateways, by their kind. */
  readonly naps: Naps['count'];
  /** Conflicts that a delivery met at most. */
  readonly conflicts: number;
  /** States of the account that were kept in memory at most, so that sessions could be held to them. */
  readonly kept: number;
  /** What AWS did to the processes. */
  readonly faults: Tally;
}

const FOLD_EVERY = 50;
/** In the transcript of a failure; of sessions that have ended. */
const SHOWN_RECORDS = 200;
const SHOWN_ENDED = 20;
const WATCH_MS = 10;
const DRAIN_MS = 240_000;
const TOLD_EVERY_MS = 60_000;
/** Nothing takes so long that every session waits for it: somebody was never answered. */
const STALLED_MS = 300_000;

/** Throws a `Violation`; the transcripts are then in a file that its message names. */
export async function swarmHunt(options: SwarmHuntOptions): Promise<SwarmHuntResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'quire-hunt-swarm-'));
  const draw = new Draw(options.seed);
  const keepMs = options.folds === 'kept' ? KEEP_MS : 0;
  const world = await startWorld(path.join(folder, 'data'), draw.fork(), keepMs);
  const swarm = new Swarm(options, world, draw);
  try {
    const result = await swarm.run();
    await world.stop();
    await rm(folder, { recursive: true });
    return result;
  } catch (error) {
    const file = path.join(folder, 'transcript.txt');
    await writeFile(file, swarm.transcript());
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Violation(`seed ${options.seed}: ${said}\nTranscripts: ${file}`);
  } finally {
    swarm.close();
    await world.stop();
  }
}

/** Where a session sits, and what it draws from. */
interface Seat {
  readonly port: number;
  readonly gateway: number;
  readonly index: number;
  readonly draw: Draw;
  readonly until: number;
  readonly memory: Map<string, Remembered>;
  /** Who sits there, if not the owner. */
  readonly guest: GuestUser | null;
}

async function idleInInbox(player: Player): Promise<Operation> {
  if (!player.session.selected) await selectMailbox(player, 'INBOX', false);
  await idle(player);
  await learn(player);
  return 'idle';
}

class Swarm {
  readonly #options: SwarmHuntOptions;
  readonly #world: World;
  readonly #draw: Draw;
  readonly #replay: JournalReplay;
  readonly #tokens: Tokens;
  readonly #sessions = new Set<Session>();
  /** The last of them. */
  readonly #ended: Session[] = [];
  readonly #kinds = new Map<string, number>();
  #slowest: Session['slowest'] = { milliseconds: 0, command: '' };
  readonly #naps: Naps;
  readonly #done = new Map<string, number>();
  /** The accounts of guests. */
  readonly #owns: ReadonlyMap<GuestUser, OwnAccount>;
  /** The records from which on each sitting may ask for states. */
  readonly #holds = new Map<Seat, number>();
  #kept = 0;
  #left: number;
  #folds = 0;
  #emptied = 0;
  #deleted = 0;
  #failed = false;

  constructor(options: SwarmHuntOptions, world: World, draw: Draw) {
    this.#options = options;
    this.#world = world;
    this.#draw = draw;
    this.#naps = new Naps(this.#draw.fork());
    this.#left = options.operations;
    this.#replay = new JournalReplay(world.engine.journal, world.account);
    this.#tokens = new Tokens(world.engine.messages, world.account);
    const ownOf = (guest: GuestUser): OwnAccount =>
      new OwnAccount(world.engine.journal, guest.account, this.#tokens.inAccount(guest.account));
    this.#owns = new Map(world.guests.map((guest) => [guest, ownOf(guest)]));
    this.#replay.onRecord = (record) => this.#tokens.take(record);
  }

  async run(): Promise<SwarmHuntResult> {
    const until = performance.now() + this.#options.seconds * 1000;
    const { ports } = this.#world;
    await this.#shareInbox();
    const working = Array.from({ length: this.#options.sessions }, async (_, number) => {
      const gateway = number % ports.length;
      const index = Math.floor(number / ports.length);
      return this.#work({
        port: ports[gateway] ?? 0,
        gateway,
        index,
        draw: this.#draw.fork(),
        until,
        memory: new Map(),
        guest: this.#guestAt(number),
      });
    });
    const finished = new AbortController();
    const beside = Promise.all([this.#foldNowAndThen(finished.signal), this.#watch(finished.signal)]);
    beside.catch(() => {
      this.#failed = true;
      // Whoever waits for an answer would wait for ever.
      this.close();
    });
    const outcomes = await Promise.allSettled(working);
    finished.abort();
    await beside;
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    return this.#conclude();
  }

  /** Guests have somewhere to begin. */
  async #shareInbox(): Promise<void> {
    const imap = await ImapConnection.open(this.#world.ports[0] ?? 0, new Transcript('the owner'));
    for (const command of [
      `LOGIN ${LOGIN}`,
      ...this.#world.guests.map(({ address }) => `SETACL INBOX ${address} lrswite`),
    ]) {
      const { status, text } = await imap.run(command);
      ensure(status === 'OK', () => `${command} was answered ${status} ${text}`);
    }
    imap.destroy();
  }

  /** One session in three, and never the first of a gateway, which idles through naps. */
  #guestAt(number: number): GuestUser | null {
    const { guests, ports } = this.#world;
    if (number < ports.length || number % 3 !== 2) return null;
    return guests[Math.floor(number / 3) % guests.length] ?? null;
  }

  transcript(): string {
    const ops = this.#replay.newest(SHOWN_RECORDS).map(({ number, ops: its }) => {
      const shown = its.map((op) =>
        JSON.stringify(op, (key, value: unknown) => (key === 'summary' ? 0 : value)),
      );
      return `${number}: ${shown.join(' ')}`;
    });
    return [
      '--- records',
      ...ops,
      ...[...this.#ended, ...this.#sessions].map(({ transcript }) => String(transcript)),
      `--- processes draw their faults from ${this.#world.seeds.join(', ')}`,
      ...this.#world.log,
    ].join('\n');
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }

  async #work(seat: Seat): Promise<void> {
    try {
      while (this.#goesOn(seat)) {
        const wakefulness = this.#wakefulness(seat);
        if (wakefulness === 'awake') await this.#sitting(seat, 'awake', async (player) => operate(player));
        else if (wakefulness === 'one session idles' && seat.index === 0)
          await this.#sitting(seat, wakefulness, idleInInbox);
        else await delay(WATCH_MS);
      }
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  #goesOn({ until }: Seat): boolean {
    return this.#left > 0 && !this.#failed && performance.now() < until;
  }

  #wakefulness({ gateway }: Seat): Wakefulness {
    return this.#naps.of(gateway, this.#replay.number);
  }

  /** One connection, from LOGIN to its end. */
  async #sitting(
    seat: Seat,
    wakefulness: Wakefulness,
    act: (player: Player) => Promise<Operation>,
  ): Promise<void> {
    const { port, gateway, index, draw, guest } = seat;
    const who = guest?.address ?? 'the owner';
    const name = `session ${index} of gateway ${gateway}, of ${who}`;
    const view = guest && new GuestView(this.#replay, guest.account, guest.prefix);
    const replay = view ?? this.#replay;
    const own = (guest && this.#owns.get(guest)) ?? null;
    const kind = drawKind(draw);
    this.#holds.set(seat, replay.number);
    const session = await Session.open({ port, name, login: guest?.login ?? LOGIN, kind, replay });
    this.#sessions.add(session);
    this.#kinds.set(kind.name, (this.#kinds.get(kind.name) ?? 0) + 1);
    const ground = {
      replay,
      owner: this.#world.owner,
      guests: this.#world.guests.map(({ address }) => address),
      guest: guest && view && own && { ...guest, own, rightsOn: (each: Mailbox) => view.rightsOn(each) },
      tokens: this.#tokens,
      deliver: this.#world.deliver,
    };
    const player = new Player(session, ground, draw, seat.memory);
    let left = 20 + draw.below(200);
    try {
      while (left-- > 0 && this.#goesOn(seat) && this.#wakefulness(seat) === wakefulness) {
        this.#holds.set(seat, session.lastWhole);
        const operation = await act(player);
        this.#left--;
        this.#done.set(operation, (this.#done.get(operation) ?? 0) + 1);
        const wrong = this.#world.wrong();
        ensure(wrong === null, () => wrong ?? '');
      }
    } catch (error) {
      await session.explainEnd(error);
      this.#deleted++;
    }
    remember(player);
    session.close();
    this.#sessions.delete(session);
    this.#holds.delete(seat);
    this.#ended.push(session);
    this.#ended.splice(0, Math.max(0, this.#ended.length - SHOWN_ENDED));
    if (session.slowest.milliseconds > this.#slowest.milliseconds) this.#slowest = session.slowest;
  }

  async #foldNowAndThen(signal: AbortSignal): Promise<void> {
    let folded = 0;
    const { folds = 'sometimes' } = this.#options;
    const every = folds === 'sometimes' ? FOLD_EVERY : 1;
    while (!signal.aborted && !this.#failed) {
      // Every record is seen here before a fold may empty it.
      await this.#replay.catchUp();
      if (this.#replay.number - folded >= every) {
        folded = await this.#fold();
        for (const own of this.#owns.values()) await own.maintain(this.#world.fold);
        await this.#tokens.readArrived();
        this.#forget();
      }
      await delay(WATCH_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** What nobody can be held to any more, but for what the transcript of a failure shows. */
  #forget(): void {
    this.#kept = Math.max(this.#kept, this.#replay.kept.states);
    this.#replay.forgetBefore(Math.min(this.#replay.number - SHOWN_RECORDS, ...this.#holds.values()));
  }

  /** Tells now and then how far it is; throws if nothing goes on. */
  async #watch(signal: AbortSignal): Promise<void> {
    let [done, since] = [-1, performance.now()];
    for (;;) {
      await delay(TOLD_EVERY_MS, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      const count = this.#operations;
      const now = performance.now();
      if (count > done) [done, since] = [count, now];
      ensure(now - since < STALLED_MS, () => `nothing was done for ${STALLED_MS / 1000} s`);
      const { states, messages } = this.#replay.kept;
      const heap = (process.memoryUsage().heapUsed / 2 ** 20).toFixed(0);
      this.#options.say(
        `${count} operations, record ${this.#replay.number}, ${this.#folds} folds, ${this.#world.faults.total} faults; ${states} states and ${messages} messages kept, heap ${heap} MB`,
      );
    }
  }

  get #operations(): number {
    return [...this.#done.values()].reduce((sum, count) => sum + count, 0);
  }

  async #fold(): Promise<number> {
    const result = await this.#world.fold(this.#world.account);
    if (result.kind !== 'folded') throw new Violation(`a fold with nobody beside it says ${result.kind}`);
    this.#folds++;
    this.#naps.folded(result.number, this.#world.ports.length);
    this.#emptied += result.emptied;
    return result.number;
  }

  async #conclude(): Promise<SwarmHuntResult> {
    await this.#drained();
    await this.#replay.catchUp();
    const counts = await this.#tokens.account();
    await compareEverything(this.#world, this.#replay, this.#tokens, this.#owns);
    const wrong = this.#world.wrong();
    ensure(wrong === null, () => wrong ?? '');
    this.#forget();
    return {
      operations: this.#done,
      records: this.#replay.number,
      folds: this.#folds,
      emptied: this.#emptied,
      deleted: this.#deleted,
      naps: this.#naps.count,
      carried: [...this.#owns.values()].reduce((sum, { promised }) => sum + promised, 0),
      conflicts: this.#world.conflicts(),
      kept: this.#kept,
      faults: this.#world.faults,
      kinds: this.#kinds,
      slowest: this.#slowest,
      ...counts,
    };
  }

  /** Waits until every message has been delivered. */
  async #drained(): Promise<void> {
    const deadline = performance.now() + DRAIN_MS;
    for (;;) {
      let waiting = 0;
      for await (const entry of this.#world.inbound.list('')) if (entry.size >= 0) waiting++;
      if (waiting === 0) return;
      ensure(performance.now() < deadline, () => `${waiting} messages are still undelivered`);
      await delay(20);
    }
  }
}
