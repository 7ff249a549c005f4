/**
 * What Quire does on this machine: `npm run bench`. Times depend on the machine and on what else runs on it; requests and
 * their units do not, and are held by the tests in `test/integration/budgets`.
 */
import { availableParallelism, cpus } from 'node:os';
import { Command, Option } from 'commander';
import { blobs } from './blobs.ts';
import { bundles } from './bundles.ts';
import { deliveries } from './deliveries.ts';
import { type Figure, type Section, table } from './figure.ts';
import { idle } from './idle.ts';
import { mailbox } from './mailbox.ts';
import { maintenance } from './maintenance.ts';
import { opening } from './opening.ts';
import { storm } from './storm.ts';

const SECTIONS: Readonly<Record<string, Section>> = {
  deliveries,
  storm,
  mailbox,
  opening,
  idle,
  blobs,
  bundles,
  maintenance,
};

interface Flags {
  readonly only: readonly string[];
  readonly scale: string;
  readonly runs: string;
  readonly json: boolean;
  readonly nodeFlags: string;
}

const program = new Command('bench')
  .description(
    'Measures deliveries, a storm to one account, commands on a large mailbox, cold openings, idle sessions, how messages are stored, what is deployed on AWS, and maintenance of an account of a million messages.',
  )
  .addOption(new Option('--only <sections...>', 'what to measure').choices(Object.keys(SECTIONS)))
  .option('--scale <factor>', 'multiplies all sizes', '1')
  .option('--runs <number>', 'how often commands are timed; the median counts', '5')
  .option('--json', 'print JSON instead of tables', false)
  .option('--node-flags <flags>', 'flags for the processes that are measured, e.g. --cpu-prof', '')
  .parse();
const {
  only = Object.keys(SECTIONS),
  scale,
  runs,
  json,
  nodeFlags,
} = program.opts<Partial<Flags> & Omit<Flags, 'only'>>();
const factor = positive('--scale', scale);
const repeats = Math.ceil(positive('--runs', runs));

const results: Record<string, readonly Figure[]> = {};
for (const [name, section] of Object.entries(SECTIONS)) {
  if (!only.includes(name)) continue;
  const say = (text: string): void => void process.stderr.write(`${name}: ${text}\n`);
  const flags = nodeFlags.split(' ').filter((flag) => flag !== '');
  results[name] = await section({ scale: factor, runs: repeats, say, nodeFlags: flags });
  if (!json) process.stdout.write(`\n${name}\n${table(results[name])}\n`);
}
const machine = { cpus: availableParallelism(), model: cpus()[0]?.model ?? 'unknown', node: process.version };
const report = { machine, scale: factor, runs: repeats, results };
process.stdout.write(json ? `${JSON.stringify(report, null, 2)}\n` : `\n${JSON.stringify(report)}\n`);

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  process.stderr.write(`${flag} must be a number above 0, not ${JSON.stringify(text)}\n`);
  process.exit(1);
}
