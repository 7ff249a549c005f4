/**
 * The hunts: `npm run hunt -- [kill|swarm|grammar|years|folded|mutations|all] [options]`; `--help` lists them.
 * The seed is printed; what the machine's own timing adds is not in it. Ends with 1 if a promise was broken.
 */
import { parseArgs } from 'node:util';
import { grammarHunt } from './hunt/grammar/grammar-hunt.ts';
import { killHunt, killTable } from './hunt/kill/kill-hunt.ts';
import { foldedHunt } from './hunt/folded-hunt.ts';
import { mutationHunt } from './hunt/mutations/mutation-hunt.ts';
import { SWARM_FOLDS, swarmHunt } from './hunt/swarm/swarm-hunt.ts';
import { yearsHunt } from './hunt/years/years-hunt.ts';

const USAGE = `npm run hunt -- [kill|swarm|grammar|years|folded|mutations|all] [options]

  --seed N        what is drawn follows from it; else one is taken, and printed
  --seconds N     kill, swarm, years: nothing is begun after so many seconds (900)
  --kills N       kill: how many (60)
  --operations N  swarm: how many (2000; as many as the time allows if --seconds is given)
  --sessions N    swarm: at once, on both gateways together (20)
  --folds WHEN    swarm: sometimes, or at every record: kept for a day after, or emptied at once (sometimes)
  --inputs N      grammar: how many (100000)
  --days N        years: simulated days of a schedule (1000)
  --schedules N   years: how many (as many as the time allows)
  --only NAME     mutations: this one (all)

kill     an instance, its store or both are killed between two effects; nothing that was acknowledged may be missing
swarm    many sessions of every kind, of the owner and of guests, two gateways, deliveries and folds; each is told of
         an account that was so at one moment
grammar  valid commands mutated in one place, and bytes of chance; each is answered, and the connection lives on
years    simulated days of random use on stores in memory that fail before or after any effect: gateways, deliveries and
         the scheduled functions, against invariants and an account that knows nothing of checkpoints
folded   the suites of IMAP with a fold after every commit, and again with records emptied at once
mutations  guards are taken out of a copy of the sources, one at a time; each must make a named test fail

A broken promise ends the hunt with 1, the seed, and the file with the transcripts.`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: 'boolean', default: false },
    seed: { type: 'string' },
    seconds: { type: 'string' },
    kills: { type: 'string', default: '60' },
    operations: { type: 'string' },
    sessions: { type: 'string', default: '20' },
    folds: { type: 'string', default: 'sometimes' },
    inputs: { type: 'string', default: '100000' },
    days: { type: 'string', default: '1000' },
    schedules: { type: 'string' },
    only: { type: 'string', multiple: true },
  },
});

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`--${name} is "${text}", but it must be a whole number`);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What hunts take. */
function bounds() {
  const seed = numberOf('seed', values.seed ?? String(Date.now() % 1_000_000));
  return { seed, seconds: numberOf('seconds', values.seconds ?? '900') };
}

/** Whoever gives only the time wants all of it. */
function operationsOfSwarm(): number {
  if (values.operations !== undefined) return numberOf('operations', values.operations);
  return values.seconds === undefined ? 2000 : Infinity;
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
    const operations = operationsOfSwarm();
    const sessions = numberOf('sessions', values.sessions);
    const folds = SWARM_FOLDS.find((each) => each === values.folds);
    if (!folds)
      throw new Error(`--folds is "${values.folds}", but it must be one of ${SWARM_FOLDS.join(', ')}`);
    const bound = operations === Infinity ? '' : `${operations} operations, `;
    say(`swarm hunt: ${sessions} sessions, ${bound}seed ${seed}, at most ${seconds} s`);
    const begun = performance.now();
    const result = await swarmHunt({ seed, operations, seconds, sessions, folds, say });
    const counts = [...result.operations].sort().map(([name, count]) => `${count} ${name}`);
    const done = [...result.operations.values()].reduce((sum, value) => sum + value, 0);
    const kinds = [...result.kinds].sort().map(([name, count]) => `${count} ${name}`);
    say(`${done} operations: ${counts.join(', ')}`);
    say(`sessions: ${kinds.join(', ')}`);
    say(String(result.faults));
    say(
      `${result.records} records, ${result.folds} folds, ${result.emptied} records emptied, ${result.acknowledged} messages acknowledged, ${result.unknown} unknown, ${result.carried} carried into other accounts, ${result.deleted} sessions lost their mailbox, ${result.naps['nobody is there']} + ${result.naps['one session idles']} naps, at most ${result.conflicts} conflicts of a delivery, ${result.kept} states kept at most, the slowest command (${result.slowest.command.slice(0, 40)}) took ${result.slowest.milliseconds.toFixed(0)} ms; all as the journal says in ${((performance.now() - begun) / 1000).toFixed(0)} s`,
    );
    if (operations !== Infinity && done < operations)
      throw new Error(`the time was enough for ${done} operations of ${operations}`);
  },
  async grammar(): Promise<void> {
    const { seed } = bounds();
    const inputs = numberOf('inputs', values.inputs);
    say(`grammar hunt: ${inputs} inputs, seed ${seed}`);
    const begun = performance.now();
    const { answers, kinds, connections, slowest, heap } = await grammarHunt({ seed, inputs, say });
    const counts = [...answers].sort().map(([word, count]) => `${count} ${word}`);
    const each = [...kinds].map(([kind, of]) => `${of.inputs} ${kind}, of which ${of.bad} BAD`);
    say(each.join('; '));
    const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
    say(
      `answered: ${counts.join(', ')}; ${connections} connections; the slowest (${JSON.stringify(slowest.input.slice(0, 40))}) took ${slowest.milliseconds.toFixed(0)} ms; heap ${megabytes(heap.first)} MB at first, ${megabytes(heap.last)} MB at last; in ${((performance.now() - begun) / 1000).toFixed(0)} s`,
    );
  },
  async years(): Promise<void> {
    const { seed, seconds } = bounds();
    const days = numberOf('days', values.days);
    const schedules = values.schedules === undefined ? Infinity : numberOf('schedules', values.schedules);
    say(`years hunt: schedules of ${days} days from seed ${seed} on, at most ${seconds} s`);
    const begun = performance.now();
    const result = await yearsHunt({ seed, days, schedules, seconds, say });
    const passed = (performance.now() - begun) / 1000;
    const counts = [...result.kinds].sort().map(([name, count]) => `${count} ${name}`);
    say(
      `${result.schedules} schedules, seeds ${seed} to ${seed + result.schedules - 1}: ${result.days} days, ${result.events} events (${counts.join(', ')}), ${result.records} records, ${result.purged} messages purged, ${result.restored} brought back, ${result.packs} packs of which ${result.replaced} were replaced, ${result.carried} messages stored anew for another account, ${result.closed} accounts closed, ${result.calls} calls of stores, ${result.faults} faults, ${result.deaths} processes died; all held in ${passed.toFixed(0)} s, ${(result.days / passed).toFixed(0)} days a second`,
    );
  },
  async folded(): Promise<void> {
    const failed = await foldedHunt({ seconds: numberOf('seconds', values.seconds ?? '3600'), say });
    if (failed.length > 0) throw new Error(`${failed.length} tests fail with folds`);
  },
  async mutations(): Promise<void> {
    const survivors = await mutationHunt({ say, ...(values.only && { only: values.only }) });
    if (survivors.length > 0) throw new Error(`nobody has noticed ${survivors.join(', ')}`);
  },
};

async function hunt(): Promise<void> {
  const [which = 'all'] = positionals;
  const chosen = Object.entries(HUNTS).filter(([name]) => which === 'all' || which === name);
  if (chosen.length === 0)
    throw new Error(`there is no hunt "${which}": kill, swarm, grammar, years, folded, mutations or all`);
  for (const [, run] of chosen) await run();
}

try {
  if (values.help) say(USAGE);
  else await hunt();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
