/** The tables of docs/SCALE.md: for each number of mailboxes, what is asked of each limit, the scarcest first. */
import { shapeFor, sizeFor } from '../../infra/cost/shape.ts';
import { billOf } from '../../shared/cost/bill.ts';
import { SERVICES } from '../../shared/cost/items.ts';
import { pricesIn } from '../../shared/cost/prices.ts';
import { type Workload, usageOf } from '../../shared/cost/workload.ts';
import { type DayOptions, simulateDay } from './day.ts';
import { type Limit, limitsOf } from './limits.ts';

const SEED = 1;

export const SCALES: readonly DayOptions[] = [
  { mailboxes: 1_000, seed: SEED, organisation: 1_000, zones: 1 },
  { mailboxes: 1_000_000, seed: SEED, organisation: 1_000, zones: 3 },
  { mailboxes: 100_000_000, seed: SEED, organisation: 1_000, zones: 24 },
];

export function scaleReport(): string {
  return SCALES.map(section).join('\n\n');
}

const BILLED = [100, 10_000, 1_000_000];

/** The months of `quire cost --users N`, side by side. */
export function billReport(): string {
  const prices = pricesIn('us-east-1');
  const bills = BILLED.map((users) => {
    const workload: Workload = { users, messagesPerDay: 40, messageKb: 40, storedGb: 2, sessions: 2 };
    const shape = shapeFor(workload, { size: sizeFor(workload), tls: 'load-balancer', network: 'public' });
    return billOf(usageOf(workload, shape), prices);
  });
  const line = (name: string, of: (bill: (typeof bills)[number], users: number) => number): string =>
    `| ${name} | ${bills.map((bill, index) => money(of(bill, BILLED[index] ?? 1))).join(' | ')} |`;
  return [
    `| dollars a month | ${BILLED.map((users) => `${count(users)} users`).join(' | ')} |`,
    `| --- | ${BILLED.map(() => '---:').join(' | ')} |`,
    ...SERVICES.map((service) => line(service, (bill) => bill.byService[service])),
    line('**all**', (bill) => bill.total),
    line('**a user**', (bill, users) => bill.total / users),
    line('Amazon WorkMail, a user', () => 4),
  ].join('\n');
}

function money(dollars: number): string {
  return dollars.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function section(options: DayOptions): string {
  const day = simulateDay(options);
  const limits = [...limitsOf(options, day)].sort((a, b) => use(b) - use(a));
  const { mean, peakMinute, peakSecond, messagesPeakMinute, hottest } = day;
  return [
    `### ${count(options.mailboxes)} mailboxes`,
    `Deliveries a second: ${count(mean)} over the day, ${count(peakMinute)} in the busiest minute, ${count(peakSecond)} in the busiest second; ${count(messagesPeakMinute)} messages from SES in that minute. The mailbox that gets most has ${count(hottest.perDay)} a day, ${count(hottest.peakSecond)} in its busiest second.`,
    [
      '| limit | asked for | there is | used | raised | arithmetic |',
      '| --- | --- | --- | --- | --- | --- |',
      ...limits.map(row),
    ].join('\n'),
  ].join('\n\n');
}

export function use({ demand, limit }: Limit): number {
  return demand / limit;
}

function row(limit: Limit): string {
  const { what, unit, demand, kind, arithmetic } = limit;
  const used =
    use(limit) >= 10 ? `${count(use(limit))} ×` : `${(use(limit) * 100).toFixed(use(limit) < 0.1 ? 1 : 0)} %`;
  return `| ${what} | ${count(demand)} ${unit} | ${count(limit.limit)} | ${used} | ${kind} | ${arithmetic} |`;
}

function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 1 : 0 });
}
