/**
 * The hunt for input that upsets the server: half of the inputs are valid commands in valid states, changed in one place;
 * others are words in any order, bytes at random, and commands as they should be. Each must be answered, whatever it is:
 * bad ones with BAD and a reason, valid ones with anything but BAD; the connection lives on, nothing takes longer than a
 * second, nothing is logged as an error, and memory does not grow.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MemoryGateway, PASSWORD } from '../../support/memory-gateway.ts';
import { Draw } from '../draw.ts';
import { Violation, ensure } from '../violation.ts';
import { type Phase, validCommand } from './commands.ts';
import { mutated, noise, soup } from './mutation.ts';
import { type Answer, Wire } from './wire.ts';

export interface GrammarOptions {
  readonly seed: number;
  readonly inputs: number;
  readonly say: (line: string) => void;
}

export interface GrammarResult {
  readonly inputs: number;
  /** By the first word of the answer; `closed` by what ended the connection. */
  readonly answers: ReadonlyMap<string, number>;
  /** Inputs, and those of them that were answered BAD. */
  readonly kinds: ReadonlyMap<Kind, { readonly inputs: number; readonly bad: number }>;
  readonly connections: number;
  readonly slowest: { readonly input: string; readonly milliseconds: number };
  /** Bytes of heap at the end of the first gateway, and of the last: one serves `INPUTS_PER_GATEWAY` inputs. */
  readonly heap: { readonly first: number; readonly last: number };
}

/** What an account gathers in a hunt would be most of the memory: each gateway begins with empty stores. */
const INPUTS_PER_GATEWAY = 20_000;
/** Connections that take turns, one of each phase and two that have selected. */
const PHASES: readonly Phase[] = ['not authenticated', 'authenticated', 'selected', 'selected'];
const MOST_MILLISECONDS = 1000;
/** Nobody answers any more, however busy the machine may be. */
const HANG_MILLISECONDS = 120_000;
const MOST_GROWTH_BYTES = 32 * 1024 * 1024;

export type Kind = 'mutated' | 'soup' | 'noise' | 'valid';
const KINDS: Readonly<Record<Kind, number>> = { mutated: 50, soup: 20, noise: 15, valid: 15 };

export async function grammarHunt({ seed, inputs, say }: GrammarOptions): Promise<GrammarResult> {
  const hunt = new Hunt(new Draw(seed));
  const collect = collector();
  let first = 0;
  let last = 0;
  for (let done = 0; done < inputs; done += INPUTS_PER_GATEWAY) {
    await hunt.round(Math.min(INPUTS_PER_GATEWAY, inputs - done));
    collect();
    last = process.memoryUsage().heapUsed;
    if (first === 0) first = last;
    ensure(
      last - first < MOST_GROWTH_BYTES,
      () => `the heap has grown by ${last - first} bytes in ${done + INPUTS_PER_GATEWAY} inputs`,
    );
    if (done % (5 * INPUTS_PER_GATEWAY) === 0)
      say(`${hunt.inputs} inputs, heap ${(last / 2 ** 20).toFixed(1)} MB`);
  }
  const { answers, kinds, connections, slowest } = hunt;
  return { inputs: hunt.inputs, answers, kinds, connections, slowest, heap: { first, last } };
}

class Hunt {
  readonly #draw: Draw;
  readonly answers = new Map<string, number>();
  readonly kinds = new Map<Kind, { inputs: number; bad: number }>();
  inputs = 0;
  connections = 0;
  slowest = { input: '', milliseconds: 0 };

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  /** So many inputs on a gateway of their own. */
  async round(inputs: number): Promise<void> {
    const gateway = new MemoryGateway({ limits: { messageBytes: 100_000, discardBytes: 1_000_000 } });
    await gateway.listen();
    try {
      await gateway.addUser();
      const wires = await Promise.all(PHASES.map((phase) => this.#ready(gateway, phase)));
      for (let done = 0; done < inputs; done++) {
        const place = done % PHASES.length;
        const [phase, wire] = [PHASES[place], wires[place]];
        if (!phase || !wire) throw new Error('a connection is missing');
        if (await this.#try(gateway, wire, phase)) continue;
        wire.destroy();
        wires[place] = await this.#ready(gateway, phase);
      }
      for (const wire of wires) wire.destroy();
    } finally {
      await gateway.stop();
    }
  }

  /** A connection in the phase. */
  async #ready(gateway: MemoryGateway, phase: Phase): Promise<Wire> {
    this.connections++;
    const wire = await Wire.connect(gateway.port);
    if (phase === 'not authenticated') return wire;
    await wire.exchange(`in LOGIN alice@example.test "${PASSWORD}"`);
    if (phase === 'selected') await this.#select(wire);
    return wire;
  }

  async #select(wire: Wire): Promise<void> {
    await wire.exchange('mk APPEND INBOX {22+}\r\nSubject: x\r\n\r\nhello\r\n\r\n');
    await wire.exchange('se SELECT INBOX');
  }

  /** One input; false if the connection is of no use any more. */
  async #try(gateway: MemoryGateway, wire: Wire, phase: Phase): Promise<boolean> {
    const kind = this.#draw.weighted(KINDS);
    const input = this.#input(kind, phase);
    this.inputs++;
    const { answer, milliseconds } = await timed(wire, input);
    const shown = (): string =>
      `input ${this.inputs}, ${kind}, ${phase}: ${JSON.stringify(input)}\n${answer.lines.slice(-20).join('\n')}`;
    const [failed] = gateway.errors;
    if (failed) throw new Violation(`${failed.message}: ${String(failed.fields.err)}\n${shown()}`);
    this.#judge(kind, input, answer, shown);
    if (answer.ended) return false;
    // A wrong password takes long on purpose. Other processes may have had the machine: what is slow by itself is so again.
    const guessed = answer.lines.some((line) => line.includes('[AUTHENTICATIONFAILED]'));
    if (!guessed && milliseconds > this.slowest.milliseconds)
      this.slowest = { input: input.slice(0, 60), milliseconds };
    if (milliseconds > MOST_MILLISECONDS && !guessed) {
      const again = (await timed(wire, input)).milliseconds;
      ensure(again <= MOST_MILLISECONDS, () => `it took ${again.toFixed(0)} ms, twice: ${shown()}`);
    }
    return this.#stillThere(wire, phase, answer);
  }

  #input(kind: Kind, phase: Phase): string {
    const draw = this.#draw;
    const tag = `t${this.inputs}`;
    switch (kind) {
      case 'valid':
        return `${tag} ${validCommand(draw, phase)}`;
      case 'mutated':
        return mutated(draw, `${tag} ${validCommand(draw, phase)}`);
      case 'soup':
        return `${tag} ${soup(draw)}`;
      case 'noise':
        return draw.chance(0.5) ? noise(draw) : `${tag} ${noise(draw)}`;
    }
  }

  #judge(kind: Kind, input: string, { lines, ended, left }: Answer, shown: () => string): void {
    const said = lines.filter((line) => /^\S+ (OK|NO|BAD|BYE)\b/.test(line));
    const last = said.at(-1);
    const word = last?.split(' ')[1] ?? (ended ? 'closed' : 'nothing');
    this.answers.set(word, (this.answers.get(word) ?? 0) + 1);
    const { inputs, bad } = this.kinds.get(kind) ?? { inputs: 0, bad: 0 };
    this.kinds.set(kind, { inputs: inputs + 1, bad: bad + (word === 'BAD' ? 1 : 0) });
    for (const line of said) {
      ensure(/^\S+ (OK|NO|BAD|BYE) \S/.test(line), () => `no reason is given: ${line}\n${shown()}`);
      ensure(!line.includes('[SERVERBUG]'), () => `the server failed\n${shown()}`);
    }
    // What ends a connection (LOGOUT, guessing, floods) says so.
    ensure(
      !ended || left || lines.some((line) => line.startsWith('* BYE ')),
      () => `the connection ended without BYE\n${shown()}`,
    );
    // Empty lines are passed over: iOS sends them.
    ensure(last !== undefined || ended || /^[\r\n]*$/.test(input), () => `no answer\n${shown()}`);
    if (kind !== 'valid') return;
    const tag = input.slice(0, input.indexOf(' '));
    const mine = lines.findLast((line) => line.startsWith(`${tag} `)) ?? '';
    ensure(
      /^\S+ (OK|NO) /.test(mine) || ended || mine.includes('no message has the number'),
      () => `a valid command was not understood\n${shown()}`,
    );
  }

  /** Whether the connection is still in its phase, or is so again. */
  async #stillThere(wire: Wire, phase: Phase, { lines }: Answer): Promise<boolean> {
    // What is enabled changes what is valid.
    if (lines.some((line) => line.startsWith('* ENABLED ') || line.includes('ompressed from here')))
      return false;
    if (phase === 'selected' && (await this.#answers(wire, 'CHECK'))) return true;
    if (phase === 'authenticated') await wire.exchange('ph UNSELECT');
    const signedIn = await this.#answers(wire, 'NAMESPACE');
    if (phase === 'selected' && signedIn) await this.#select(wire);
    return signedIn === (phase !== 'not authenticated');
  }

  /** Whether the command is answered OK. */
  async #answers(wire: Wire, command: string): Promise<boolean> {
    const { lines } = await wire.exchange(`ph ${command}`);
    return lines.some((line) => line.startsWith('ph OK '));
  }
}

async function timed(wire: Wire, input: string): Promise<{ answer: Answer; milliseconds: number }> {
  const begun = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Violation(`there is no answer to ${JSON.stringify(input)}`)),
      HANG_MILLISECONDS,
    );
  });
  try {
    const answer = await Promise.race([wire.exchange(input), hang]);
    return { answer, milliseconds: performance.now() - begun };
  } finally {
    clearTimeout(timer);
  }
}

/** Collects garbage, so that what is left is held by somebody. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
