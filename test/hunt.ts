/**
 * The hunts: `npm run hunt -- [kill|swarm|grammar|all] [--seed N] [--seconds N] [--kills N] [--operations N] [--inputs N]`.
 * The seed is printed; what the machine's own timing adds is not in it. Ends with 1 if a promise was broken.
 */
import { parseArgs } from 'node:util';
import { grammarHunt } from './hunt/grammar/grammar-hunt.ts';
import { killHunt, killTable } from './hunt/kill/kill-hunt.ts';
import { swarmHunt } from './hunt/swarm/swarm-hunt.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    seconds: { type: 'string', default: '900' },
    kills: { type: 'string', default: '60' },
    operations: { type: 'string', default: '2000' },
    inputs: { type: 'string', default: '100000' },
  },
});

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`--${name} is "${text}", but it must be a whole number`);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What both hunts take. */
function bounds() {
  const seed = numberOf('seed', values.seed ?? String(Date.now() % 1_000_000));
  return { seed, seconds: numberOf('seconds', values.seconds) };
}

const HUNTS = {
  async kill(): Promise<void> {
    const { seed, seconds } = bounds();
    const kills = numberOf('kills', values.kills);
    say(`kill hunt: ${kills} kills, seed ${seed}, at most ${seconds} s`);
    const begun = performance.now();
    const result = await killHunt({ seed, kills, seconds, say });
    say(killTable(result.kills));
    say(String(result.faults));
    const { acknowledged, refused, unknown } = result.counts;
    say(
      `${result.messages} messages, ${result.records} records, ${acknowledged} commands acknowledged, ${refused} refused, ${unknown} cut off; nothing lost in ${((performance.now() - begun) / 1000).toFixed(0)} s`,
    );
    const done = [...result.kills.values()].reduce((sum, value) => sum + value, 0);
    if (done < kills) throw new Error(`the time was enough for ${done} kills of ${kills}`);
  },
  async swarm(): Promise<void> {
    const { seed, seconds } = bounds();
    const operations = numberOf('operations', values.operations);
    say(`swarm hunt: ${operations} operations, seed ${seed}, at most ${seconds} s`);
    const begun = performance.now();
    const result = await swarmHunt({ seed, operations, seconds, say });
    const counts = [...result.operations].sort().map(([name, count]) => `${count} ${name}`);
    const done = [...result.operations.values()].reduce((sum, value) => sum + value, 0);
    say(`${done} operations: ${counts.join(', ')}`);
    say(String(result.faults));
    say(
      `${result.records} records, ${result.folds} folds, ${result.emptied} records emptied, ${result.acknowledged} messages acknowledged, ${result.unknown} unknown, ${result.deleted} sessions lost their mailbox, ${result.naps['nobody is there']} + ${result.naps['one session idles']} naps, at most ${result.conflicts} conflicts of a delivery, the slowest command (${result.slowest.command.slice(0, 40)}) took ${result.slowest.milliseconds.toFixed(0)} ms; all as the journal says in ${((performance.now() - begun) / 1000).toFixed(0)} s`,
    );
    if (done < operations) throw new Error(`the time was enough for ${done} operations of ${operations}`);
  },
  async grammar(): Promise<void> {
    const { seed } = bounds();
    const inputs = numberOf('inputs', values.inputs);
    say(`grammar hunt: ${inputs} inputs, seed ${seed}`);
    const begun = performance.now();
    const { answers, connections, slowest, heap } = await grammarHunt({ seed, inputs, say });
    const counts = [...answers].sort().map(([word, count]) => `${count} ${word}`);
    const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
    say(
      `answered: ${counts.join(', ')}; ${connections} connections; the slowest took ${slowest.milliseconds.toFixed(0)} ms; heap ${megabytes(heap.first)} MB at first, ${megabytes(heap.last)} MB at last; in ${((performance.now() - begun) / 1000).toFixed(0)} s`,
    );
  },
};

try {
  const [which = 'all'] = positionals;
  const chosen = Object.entries(HUNTS).filter(([name]) => which === 'all' || which === name);
  if (chosen.length === 0) throw new Error(`there is no hunt "${which}": kill, swarm, grammar or all`);
  for (const [, hunt] of chosen) await hunt();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
