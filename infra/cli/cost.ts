/** `quire cost`: what a month on AWS would cost, before anything is deployed. */
import { Command, Option } from 'commander';
import { type Bill, billOf, dollarsOf } from '../../shared/cost/bill.ts';
import { MAINTENANCE, SERVICES } from '../../shared/cost/items.ts';
import { PRICED_REGIONS, type Prices, dollars, pricesOf } from '../../shared/cost/prices.ts';
import { type StandbyLine, standbyLines } from '../../shared/cost/standby.ts';
import {
  DAYS_PER_MONTH,
  type Shape,
  type Workload,
  oldVersionsOf,
  usageOf,
} from '../../shared/cost/workload.ts';
import { ACTIVITIES } from '../../shared/metrics/catalogue.ts';
import { shapeFor, sizeFor } from '../cost/shape.ts';
import type { SizeClass } from '../config/sizes.ts';
import { SetupError } from '../local/setup-error.ts';

/** What Amazon WorkMail asks for a user with 50 GB. [WorkMail pricing; the service ends on 31 March 2027] */
const WORKMAIL_DOLLARS = 4;

interface NumberOption {
  readonly flag: string;
  readonly help: string;
  readonly byDefault: number;
  readonly whole?: true;
  readonly most?: number;
}

const NUMBERS: Readonly<Record<keyof Workload, NumberOption>> = {
  users: { flag: 'users', help: 'people with a mailbox', byDefault: 100, whole: true, most: 10 ** 10 },
  messagesPerDay: { flag: 'messages-per-day', help: 'messages that each receives in a day', byDefault: 40 },
  // SES takes no message above 40 MB.
  messageKb: { flag: 'message-kb', help: 'size of a message, KB', byDefault: 40, most: 40 * 1_024 },
  storedGb: { flag: 'stored-gb', help: 'what each keeps, GB', byDefault: 2 },
  sessions: { flag: 'sessions', help: 'clients that each keeps connected', byDefault: 2 },
};

type Given = Readonly<Record<string, string | boolean | undefined>>;

export function costCommand(): Command {
  const command = new Command('cost').description(
    'print what a month on AWS would cost, by service and by activity, at list prices',
  );
  for (const { flag, help, byDefault } of Object.values(NUMBERS))
    command.option(`--${flag} <number>`, `${help} (default: ${byDefault})`);
  return command
    .addOption(new Option('--region <region>', `one of ${PRICED_REGIONS.join(', ')}`).default('us-east-1'))
    .addOption(
      new Option('--tls <where>', 'where TLS ends')
        .choices(['load-balancer', 'gateway'])
        .default('load-balancer'),
    )
    .addOption(
      new Option('--network <kind>', 'subnets of the tasks').choices(['public', 'private']).default('public'),
    )
    .option('--standby', 'print as well what copies in another region add')
    .option('--items', 'print each item with its quantity as well')
    .option('--json', 'print JSON')
    .action((given: Given) => void process.stdout.write(cost(given)));
}

function cost(given: Given): string {
  const workload = workloadOf(given);
  const prices = pricesFor(String(given.region));
  const size = sizeFor(workload);
  const shape = shapeFor(workload, {
    size,
    tls: given.tls as Shape['tls'],
    network: given.network as Shape['network'],
  });
  const usage = usageOf(workload, shape);
  const bill = billOf(usage, prices);
  // What they add: the last of the tiers that storage is in.
  const kept = usage.objectStorage - oldVersionsOf(workload, shape);
  const oldVersions =
    dollars(prices.objectGbMonth, usage.objectStorage) - dollars(prices.objectGbMonth, kept);
  const delivered = workload.users * workload.messagesPerDay * DAYS_PER_MONTH;
  const maintenance = (dollarsOf(bill, MAINTENANCE) / delivered) * 1_000;
  const standby = given.standby === true ? standbyLines(workload, usage, prices) : [];
  if (given.json === true) {
    const { asOf, inferred } = prices;
    const told = {
      workload,
      shape,
      size,
      prices: asOf,
      inferred,
      ...bill,
      oldVersions,
      maintenance,
      standby,
    };
    return `${JSON.stringify(told)}\n`;
  }
  const items = given.items === true;
  return report({ workload, prices, shape, size, bill, oldVersions, maintenance, standby, items });
}

function workloadOf(given: Given): Workload {
  const numbers = Object.entries(NUMBERS).map(([name, option]) => [name, numberOf(given[name], option)]);
  return Object.fromEntries(numbers) as Workload;
}

function numberOf(text: string | boolean | undefined, option: NumberOption): number {
  const { flag, byDefault, whole, most = Infinity } = option;
  if (text === undefined) return byDefault;
  const value = Number(text);
  const fits = Number.isFinite(value) && value > 0 && value <= most && (!whole || Number.isInteger(value));
  if (text !== '' && fits) return value;
  const bound = Number.isFinite(most) ? ` and at most ${most.toLocaleString('en-US')}` : '';
  throw new SetupError(
    `--${flag} is "${String(text)}", but it must be a ${whole ? 'whole number' : 'number'} above 0${bound}.`,
  );
}

function pricesFor(region: string): Prices {
  const prices = pricesOf(region);
  if (prices) return prices;
  throw new SetupError(
    `--region is "${region}", of which no prices are known here: give one of ${PRICED_REGIONS.join(', ')}.`,
  );
}

interface Report {
  readonly workload: Workload;
  readonly prices: Prices;
  readonly shape: Shape;
  readonly size: SizeClass;
  readonly bill: Bill;
  /** Dollars, part of S3's. */
  readonly oldVersions: number;
  /** Dollars for each thousand messages delivered. */
  readonly maintenance: number;
  /** None: not asked for. Not in the bill. */
  readonly standby: readonly StandbyLine[];
  readonly items: boolean;
}

function report(told: Report): string {
  const { workload, prices, shape, size, bill, oldVersions, maintenance, items } = told;
  const { users, messagesPerDay, messageKb, storedGb, sessions } = workload;
  const row = (name: string, dollars: number): string => {
    const share = bill.total === 0 ? 0 : (100 * dollars) / bill.total;
    return `  ${name.padEnd(18)}${money(dollars).padStart(15)}${`${share.toFixed(1)} %`.padStart(9)}`;
  };
  const perUser = bill.total / users;
  return [
    `A month of Quire in ${prices.region}, in dollars: list prices as known on ${prices.asOf}, without free tiers and taxes.`,
    `${count(users)} users; each receives ${count(messagesPerDay)} messages of ${count(messageKb)} KB a day, keeps ${count(storedGb)} GB and ${count(sessions)} clients connected.`,
    `Size ${size}: ${count(shape.tasks)} ${shape.tasks === 1 ? 'gateway' : 'gateways'} of ${shape.taskCpu} vCPU and ${shape.taskGb} GB; TLS ends at the ${shape.tls === 'gateway' ? 'gateway' : 'load balancer'}.`,
    '',
    'By service',
    ...SERVICES.flatMap((service) => [
      row(service, bill.byService[service]),
      ...(service === 'S3' ? [row('  old versions', oldVersions)] : []),
      ...(items ? itemLines(bill, service) : []),
    ]),
    '',
    'By activity',
    ...ACTIVITIES.map((activity) => row(activity, bill.byActivity[activity])),
    '',
    row('Total', bill.total),
    `  ${'A user'.padEnd(18)}${money(perUser).padStart(15)}   Amazon WorkMail: ${money(WORKMAIL_DOLLARS)}, for 50 GB`,
    `  ${'WorkMail in all'.padEnd(18)}${money(WORKMAIL_DOLLARS * users).padStart(15)}   ${(bill.total / (WORKMAIL_DOLLARS * users)).toFixed(2)} × as much is Quire`,
    `  ${'Maintenance'.padEnd(18)}${maintenance.toFixed(4).padStart(15)}   for each thousand messages delivered: folds, retention, purges`,
    ...standbySection(told.standby),
    '',
    'What people do all day is assumed (shared/cost/workload.ts); what it asks of the stores is measured.',
    ...inferredLines(prices),
    '',
  ].join('\n');
}

function standbySection(lines: readonly StandbyLine[]): string[] {
  if (lines.length === 0) return [];
  const total = lines.reduce((sum, line) => sum + line.dollars, 0);
  return [
    '',
    'A standby in another region, beside that, at the prices of this one (docs/DEPLOY.md, section 10)',
    ...lines.map(
      ({ name, dollars, quantity, unit }) =>
        `  ${name.padEnd(18)}${money(dollars).padStart(15)}   ${count(quantity)} ${unit}`,
    ),
    `  ${'In all'.padEnd(18)}${money(total).padStart(15)}`,
  ];
}

/** Prices that are not on a list that was seen. */
function inferredLines({ region, inferred }: Prices): string[] {
  if (inferred.length === 0) return [];
  return [
    `Of ${region}, ${inferred.length === 1 ? 'one price was' : `${inferred.length} prices were`} found on no list, and taken from others (shared/cost/price-list.ts):`,
    ...inferred.map(({ name, from }) => `  ${name}: ${from}`),
  ];
}

function itemLines(bill: Bill, service: string): string[] {
  return bill.lines
    .filter((line) => line.service === service)
    .map(
      ({ quantity, unit, activity, dollars }) =>
        `    ${money(dollars).padStart(15)}  ${count(quantity)} ${unit}, ${activity}`,
    );
}

function money(dollars: number): string {
  return dollars.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** As a person writes it: two decimals, or as many as show that it is not nothing. */
function count(value: number): string {
  if (value >= 10) return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
  if (value >= 0.01 || value === 0) return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
  return value.toLocaleString('en-US', { maximumSignificantDigits: 2, maximumFractionDigits: 20 });
}
