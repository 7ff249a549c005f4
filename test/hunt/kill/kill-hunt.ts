/**
 * The kill hunt: `kill -9` at random moments during a load, restart, look. Whatever was acknowledged must be there, once,
 * and every mailbox must be what its journal makes of it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { engineSettings } from '../../../infra/local/stores.ts';
import { type Engine, openEngine } from '../../../shared/aws/engine.ts';
import { FolderBlobStore } from '../../../shared/blob/folder-blob-store.ts';
import { dataPaths } from '../../../infra/local/data-folder.ts';
import type { Tally } from '../bad-day.ts';
import { Draw } from '../draw.ts';
import { Violation } from '../violation.ts';
import { Audit, drained, replayOf } from './audit.ts';
import { Ledger } from './ledger.ts';
import { ACCOUNTS, Load } from './load.ts';
import { PHASES, type Phase } from './phases.ts';
import { KILLS, type Kill, Quarry } from './quarry.ts';

export interface KillHuntOptions {
  readonly seed: number;
  readonly kills: number;
  /** No kill is begun after so many seconds. */
  readonly seconds: number;
  readonly say: (line: string) => void;
}

/** When a kill falls: in a phase, or wherever the load is at that moment. */
const MOMENTS = [...PHASES, 'any moment'] as const;
type Moment = Phase | 'any moment';

export interface KillHuntResult {
  /** By kind and moment. */
  readonly kills: ReadonlyMap<string, number>;
  readonly counts: Ledger['counts'];
  readonly faults: Tally;
  readonly messages: number;
  readonly records: number;
}

/** A kill at `any moment` falls within so many milliseconds of load. */
const LOAD_MS = 400;
const SKIPPED = 12;
/** Commands that are acknowledged before a kill is prepared: without them it would have nothing to take. */
const PROMISED = 10;
/** Far beyond what it takes on a busy machine. */
const PROMISE_MS = 120_000;
const ACCEPT_MS = 120_000;

/** Throws a `Violation`; the transcripts are then in a file that its message names. */
export async function killHunt(options: KillHuntOptions): Promise<KillHuntResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'quire-hunt-kill-'));
  const hunt = new KillHunt(options, folder);
  try {
    const result = await hunt.run();
    await rm(folder, { recursive: true });
    return result;
  } catch (error) {
    const file = path.join(folder, 'transcript.txt');
    await writeFile(file, hunt.transcript());
    const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Violation(`seed ${options.seed}: ${said}\nTranscripts: ${file}`);
  } finally {
    await hunt.close();
  }
}

class KillHunt {
  readonly #options: KillHuntOptions;
  readonly #draw: Draw;
  readonly #quarry: Quarry;
  readonly #ledger = new Ledger();
  readonly #load: Load;
  readonly #kills = new Map<string, number>();
  #audits: readonly Audit[] = [];
  #engine: Engine | undefined;

  constructor(options: KillHuntOptions, folder: string) {
    this.#options = options;
    this.#draw = new Draw(options.seed);
    this.#load = new Load(this.#ledger, this.#draw.fork());
    this.#quarry = new Quarry(path.join(folder, 'data'), this.#draw.fork());
  }

  async run(): Promise<KillHuntResult> {
    const { kills, seconds, say } = this.#options;
    const until = performance.now() + seconds * 1000;
    await this.#quarry.start();
    let done = 0;
    for (const { kind, moment } of plan(kills, this.#draw)) {
      if (performance.now() >= until) break;
      await this.#strike(kind, moment);
      await this.#look();
      done++;
      if (done % 10 === 0) say(`${done} kills`);
    }
    for (const { replay } of this.#audits) await replay.recheck();
    return {
      kills: this.#kills,
      counts: this.#ledger.counts,
      faults: this.#quarry.faults,
      messages: ACCOUNTS.reduce((sum, account) => sum + this.#ledger.all(account).length, 0),
      records: this.#audits.reduce((sum, { replay }) => sum + replay.number, 0),
    };
  }

  transcript(): string {
    const { log, seeds } = this.#quarry;
    const faults = `--- instances drew their faults from ${seeds.join(', ')}`;
    return [...this.#load.transcripts.map(String), faults, '--- log of the last', ...log].join('\n');
  }

  async close(): Promise<void> {
    await this.#load.stop().catch(() => undefined);
    this.#engine?.close();
    await this.#quarry.close();
  }

  /** Load, kill, restart. */
  async #strike(kind: Kill, moment: Moment): Promise<void> {
    this.#load.start(this.#quarry);
    await this.#promised();
    if (moment === 'any moment') await delay(this.#draw.below(LOAD_MS));
    else await this.#stopIn(moment);
    await this.#quarry.kill(kind);
    const key = keyOf(kind, moment);
    this.#kills.set(key, (this.#kills.get(key) ?? 0) + 1);
    if (kind === 'store') {
      this.#quarry.goOn(moment === 'record written');
      await this.#quarry.storeIsBack();
      // Those who wait for the store find it again.
      await delay(this.#draw.below(LOAD_MS));
    }
    await this.#load.stop();
    if (this.#quarry.died) throw new Violation('the instance has ended by itself');
    if (kind !== 'store') await this.#quarry.start();
  }

  async #promised(): Promise<void> {
    const { counts } = this.#ledger;
    const enough = counts.acknowledged + PROMISED;
    const deadline = performance.now() + PROMISE_MS;
    while (counts.acknowledged < enough) {
      if (this.#quarry.died || performance.now() > deadline) throw new Violation('the load gets nowhere');
      await delay(1);
    }
  }

  async #stopIn(phase: Phase): Promise<void> {
    const subject = await this.#quarry.stopIn(phase, this.#draw.below(SKIPPED));
    if (subject === null) throw new Violation(`the load does not lead into the phase "${phase}"`);
    if (phase !== 'answered') return;
    const late = delay(ACCEPT_MS, undefined, { ref: false }).then(() => {
      throw new Violation(`message ${subject} was delivered, and its sender was not told 250`);
    });
    await Promise.race([this.#load.accepted(subject), late]);
  }

  async #look(): Promise<void> {
    const { data } = this.#quarry;
    const paths = dataPaths(data);
    await drained(await FolderBlobStore.open(paths.inbound));
    this.#engine?.close();
    const engine = await openEngine(engineSettings(await this.#quarry.places()));
    this.#engine = engine;
    if (this.#audits.length === 0)
      this.#audits = await Promise.all(
        ACCOUNTS.map(async (address) => new Audit(address, await replayOf(engine, address), this.#ledger)),
      );
    const blobs = await FolderBlobStore.open(paths.blobs);
    for (const audit of this.#audits) {
      audit.replay.readFrom(engine.journal);
      await audit.look({ blobs, messages: engine.messages }, this.#quarry.imap);
    }
  }
}

const keyOf = (kind: Kill, moment: Moment): string => `${kind} / ${moment}`;

/** Every round has each moment once, in an order of chance; every three rounds, each kind at each moment. */
function plan(kills: number, draw: Draw): { kind: Kill; moment: Moment }[] {
  const list: { kind: Kill; moment: Moment }[] = [];
  for (let round = 0; list.length < kills; round++) {
    const strikes = MOMENTS.map((moment, index) => ({ moment, kind: KILLS[(index + round) % KILLS.length] }));
    for (const { moment, kind } of draw.shuffled(strikes)) if (kind) list.push({ moment, kind });
  }
  return list.slice(0, kills);
}

/** Kills by kind and moment. */
export function killTable(kills: ReadonlyMap<string, number>): string {
  const width = 16;
  const cells = (list: readonly (string | number)[]): string =>
    list.map((cell) => String(cell).padStart(width)).join('');
  const count = (kind: Kill, moment: Moment): number => kills.get(keyOf(kind, moment)) ?? 0;
  const rows = MOMENTS.map((moment) => {
    const each = KILLS.map((kind) => count(kind, moment));
    return cells([moment, ...each, each.reduce((sum, value) => sum + value, 0)]);
  });
  const total = [...kills.values()].reduce((sum, value) => sum + value, 0);
  const sums = KILLS.map((kind) => MOMENTS.reduce((sum, moment) => sum + count(kind, moment), 0));
  return [cells(['killed in', ...KILLS, 'all']), ...rows, cells(['all', ...sums, total])].join('\n');
}
