/**
 * A process of a simulation as its stores know it: every call waits for its turn, may meet what AWS does on a bad day,
 * and may be the last: the process dies before the call has its effect, or after.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Rim } from '../../../shared/account/rim.ts';
import type { RetryOptions } from '../../../shared/aws/retry.ts';
import type {
  BlobEntry,
  BlobPutOptions,
  BlobStore,
  BodySize,
  ByteRange,
  ByteSuffix,
} from '../../../shared/blob/blob-store.ts';
import { CancelledError, type DynamoDbCommand, type MemoryDynamoDb } from '../../support/memory-dynamodb.ts';
import type { Draw } from '../draw.ts';
import type { Turns } from './turns.ts';

/** Nothing that a dead process does has an effect. */
export class DeadError extends Error {
  constructor(name: string) {
    super(`${name} is dead`);
    this.name = 'DeadError';
  }
}

/** How bad the day is: probabilities for a call. */
export interface Weather {
  /** Refused without effect: for load, or because another transaction is at the item. */
  readonly refusal: number;
  /** Failed before its effect. */
  readonly failure: number;
  /** The effect was there, the answer was lost. */
  readonly lostAnswer: number;
  /** Timed out; the effect comes within a minute. */
  readonly lateEffect: number;
  /** Of an eventual read, that it misses some of the newest writes. */
  readonly staleRead: number;
}

export const FAIR: Weather = { refusal: 0, failure: 0, lostAnswer: 0, lateEffect: 0, staleRead: 0.3 };
export const BAD: Weather = {
  refusal: 0.06,
  failure: 0.04,
  lostAnswer: 0.05,
  lateEffect: 0.04,
  staleRead: 0.5,
};
/** Longer than any request lives. */
const LATE_MS = 60_000;
/** Of the clocks of processes, either way. */
const SKEW_MS = 20_000;

export interface Death {
  /** At this call, counted from now. */
  readonly at: number;
  readonly when: 'before' | 'after';
}

export interface Surroundings {
  readonly turns: Turns;
  readonly table: MemoryDynamoDb;
  /** Is told of what a process met. */
  readonly tell: (line: string) => void;
  /** How many calls were made, faults met and processes lost. */
  readonly tally: { calls: number; faults: number; deaths: number };
}

export class SimulatedProcess {
  readonly name: string;
  readonly rim: Rim;
  weather = FAIR;
  readonly #around: Surroundings;
  readonly #draw: Draw;
  #death: Death | null = null;
  #dead = false;

  constructor(name: string, around: Surroundings, draw: Draw) {
    this.name = name;
    this.#around = around;
    this.#draw = draw;
    const skew = draw.below(2 * SKEW_MS) - SKEW_MS;
    const { turns } = around;
    this.rim = {
      now: () => turns.now + skew,
      random: () => draw.below(2 ** 32) / 2 ** 32,
      randomHex: (bytes) =>
        Array.from({ length: bytes }, () => draw.below(256).toString(16).padStart(2, '0')).join(''),
      sleep: (milliseconds) => turns.sleep(milliseconds),
    };
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** It will die, unless it makes fewer calls. */
  doom(death: Death | null): void {
    this.#death = death;
  }

  /** For the stores of this process: their pauses are of simulated time. */
  get retry(): RetryOptions {
    return { clock: { sleep: this.rim.sleep, random: this.rim.random } };
  }

  get client(): DynamoDBClient {
    const send = (command: DynamoDbCommand): Promise<object> => {
      const missed = this.#draw.chance(this.weather.staleRead) ? 1 + this.#draw.below(8) : 0;
      const what = command.constructor.name.replace('Command', '');
      return this.call(what, async () => this.#around.table.execute(command, missed));
    };
    return { send } as unknown as DynamoDBClient;
  }

  /** One call of a store. */
  async call<T>(what: string, effect: () => Promise<T>): Promise<T> {
    const { turns, tally } = this.#around;
    await turns.next();
    if (this.#dead) throw new DeadError(this.name);
    tally.calls++;
    const last = this.#death?.at === 0 ? this.#death.when : null;
    if (this.#death) this.#death = { ...this.#death, at: this.#death.at - 1 };
    if (last === 'before') this.#die(what, last);
    const result = await this.#weathered(what, effect);
    if (last === 'after') this.#die(what, last);
    return result;
  }

  #die(what: string, when: string): never {
    this.#dead = true;
    this.#around.tally.deaths++;
    this.#around.tell(`${this.name} dies ${when} ${what}`);
    throw new DeadError(this.name);
  }

  async #weathered<T>(what: string, effect: () => Promise<T>): Promise<T> {
    const { refusal, failure, lostAnswer, lateEffect } = this.weather;
    const meets = (probability: number, fault: string): boolean => {
      if (!this.#draw.chance(probability)) return false;
      this.#around.tally.faults++;
      this.#around.tell(`${this.name}: ${fault} at ${what}`);
      return true;
    };
    if (meets(refusal, 'refusal')) throw refused(what);
    if (meets(failure, 'failure')) throw failed();
    if (meets(lateEffect, 'late effect')) {
      const delay = this.#around.turns.sleep(this.#draw.below(LATE_MS));
      void delay.then(effect).catch(() => undefined);
      throw Object.assign(new Error('no answer in time'), { name: 'TimeoutError' });
    }
    if (!meets(lostAnswer, 'lost answer')) return effect();
    await effect();
    throw Object.assign(new Error('the connection was reset'), { code: 'ECONNRESET' });
  }
}

function refused(what: string): Error {
  if (what.startsWith('Transact')) return new CancelledError([{ Code: 'TransactionConflict' }]);
  return Object.assign(new Error('slow down'), { name: 'ProvisionedThroughputExceededException' });
}

function failed(): Error {
  return Object.assign(new Error('internal error'), { $metadata: { httpStatusCode: 500 } });
}

/** A store of objects as a process sees it. */
export class ProcessBlobs implements BlobStore {
  readonly #process: SimulatedProcess;
  readonly #store: BlobStore;

  constructor(process: SimulatedProcess, store: BlobStore) {
    this.#process = process;
    this.#store = store;
  }

  async put(
    key: string,
    body: Uint8Array | AsyncIterable<Uint8Array>,
    size: BodySize,
    options?: BlobPutOptions,
  ): Promise<void> {
    const whole: Uint8Array[] = [];
    if (body instanceof Uint8Array) whole.push(body);
    else for await (const chunk of body) whole.push(chunk);
    await this.#process.call(`put of ${key}`, () =>
      this.#store.put(key, Buffer.concat(whole), size, options),
    );
  }

  get(key: string, range?: ByteRange | ByteSuffix): Promise<AsyncIterable<Uint8Array>> {
    return this.#process.call(`get of ${key}`, () => this.#store.get(key, range));
  }

  delete(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return Promise.resolve();
    return this.#process.call(`delete of ${keys.join(' ')}`, () => this.#store.delete(keys));
  }

  async *list(prefix: string): AsyncIterable<BlobEntry> {
    await this.#process.call(`list of ${prefix}`, () => Promise.resolve());
    yield* this.#store.list(prefix);
  }

  async *folders(prefix: string): AsyncIterable<string> {
    await this.#process.call(`folders of ${prefix}`, () => Promise.resolve());
    yield* this.#store.folders(prefix);
  }
}
