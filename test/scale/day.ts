/**
 * One working day of mail for so many mailboxes, second by second: most of it comes by itself, and organisations write to
 * all of their people at once. Seeded: the same day for the same seed.
 */
import { seededRandom } from '../support/seeded-random.ts';

export interface DayOptions {
  readonly mailboxes: number;
  readonly seed: number;
  /** People of one organisation, who share a domain. */
  readonly organisation: number;
  /** Time zones over which they live, an hour apart. */
  readonly zones: number;
}

export interface Day {
  /** Messages that each mailbox gets on average. */
  readonly meanPerMailbox: number;
  /** Deliveries a second: over the day, in the busiest minute, in the busiest second. */
  readonly mean: number;
  readonly peakMinute: number;
  readonly peakSecond: number;
  /** Messages that SES hands over, a second, in the busiest minute: one with many recipients counts once. */
  readonly messagesPeakMinute: number;
  /** Of the mailbox that gets most: in a day, and in its busiest second. */
  readonly hottest: { readonly perDay: number; readonly peakSecond: number };
}

/** Taken out once: a test's global objects are slow to reach, a hundred million times. */
const { PI, SQRT2, abs, ceil, cos, exp, floor, log, max, min, round, sqrt } = Math;

const SECONDS = 86_400;
const MEAN_PER_DAY = 40;
/** Spread of a logarithm: one mailbox in a hundred gets fifteen times the median, one in a million two hundred times. */
const SIGMA = 1.15;
/** Messages to everybody in an organisation, in a day; the recipients of one transaction; how long they take to come in. */
const BROADCASTS = { perDay: 3, recipients: 50, seconds: 20 } as const;

export function simulateDay({ mailboxes, seed, organisation, zones }: DayOptions): Day {
  const random = seededRandom(seed);
  const people = min(organisation, mailboxes);
  const organisations = mailboxes / people;
  const perDay = mailboxes * MEAN_PER_DAY - organisations * people * BROADCASTS.perDay;
  const shares = dayShares(zones);
  const most = shares.reduce((top, share) => max(top, share), 0);
  const deliveries = new Float64Array(SECONDS);
  const messages = new Float64Array(SECONDS);
  for (let second = 0; second < SECONDS; second++) {
    const arrived = poisson(perDay * (shares[second] ?? 0), random);
    deliveries[second] = arrived;
    messages[second] = arrived;
  }
  for (let sent = poisson(organisations * BROADCASTS.perDay, random); sent > 0; sent--)
    broadcast(secondBy(shares, most, random), people, deliveries, messages);
  const total = deliveries.reduce((sum, count) => sum + count, 0);
  return {
    meanPerMailbox: total / mailboxes,
    mean: total / SECONDS,
    peakMinute: busiestMinute(deliveries),
    peakSecond: deliveries.reduce((most, count) => max(most, count), 0),
    messagesPeakMinute: busiestMinute(messages),
    hottest: hottestMailbox(mailboxes, shares, random),
  };
}

/** How much of a day's mail comes in each second: a night of a tenth, two busy halves, over all zones. */
function dayShares(zones: number): Float64Array {
  const shares = new Float64Array(SECONDS);
  for (let second = 0; second < SECONDS; second++) {
    for (let zone = 0; zone < zones; zone++) {
      const hour = (second / 3_600 + zone) % 24;
      shares[second] =
        (shares[second] ?? 0) + 0.1 + exp(-(((hour - 10.5) / 2.4) ** 2)) + exp(-(((hour - 15.5) / 2.6) ** 2));
    }
  }
  const sum = shares.reduce((total, share) => total + share, 0);
  return shares.map((share) => share / sum);
}

function broadcast(start: number, people: number, deliveries: Float64Array, messages: Float64Array): void {
  const each = people / BROADCASTS.seconds;
  for (let second = start; second < min(SECONDS, start + BROADCASTS.seconds); second++) {
    deliveries[second] = (deliveries[second] ?? 0) + each;
    messages[second] = (messages[second] ?? 0) + ceil(each / BROADCASTS.recipients);
  }
}

/** A second, by the shares, of which none is above `most`: drawn until one is accepted. */
function secondBy(shares: Float64Array, most: number, random: () => number): number {
  for (;;) {
    const second = floor(random() * SECONDS);
    if (random() * most <= (shares[second] ?? 0)) return second;
  }
}

function busiestMinute(counts: Float64Array): number {
  let most = 0;
  for (let minute = 0; minute < SECONDS / 60; minute++) {
    let sum = 0;
    for (let second = minute * 60; second < minute * 60 + 60; second++) sum += counts[second] ?? 0;
    most = max(most, sum / 60);
  }
  return most;
}

/** The largest of so many log-normal draws lies where one in so many is larger. */
function hottestMailbox(mailboxes: number, shares: Float64Array, random: () => number): Day['hottest'] {
  const mu = log(MEAN_PER_DAY) - SIGMA ** 2 / 2;
  const perDay = exp(mu + SIGMA * normalQuantile(1 - 1 / mailboxes));
  let peakSecond = 0;
  for (const share of shares) peakSecond = max(peakSecond, poisson(perDay * share, random));
  return { perDay, peakSecond };
}

/** By Knuth for few, by the normal approximation for many. */
function poisson(mean: number, random: () => number): number {
  if (mean > 60) {
    const normal = sqrt(-2 * log(1 - random())) * cos(2 * PI * random());
    return max(0, round(mean + sqrt(mean) * normal));
  }
  const limit = exp(-mean);
  let [count, product] = [0, random()];
  while (product > limit) {
    count++;
    product *= random();
  }
  return count;
}

/** Where a share of a standard normal distribution lies below; by bisection of its integral (Abramowitz and Stegun 7.1.26). */
function normalQuantile(share: number): number {
  let [low, high] = [-10, 10];
  for (let step = 0; step < 80; step++) {
    const middle = (low + high) / 2;
    if (normalBelow(middle) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function normalBelow(x: number): number {
  const t = 1 / (1 + 0.327_591_1 * (abs(x) / SQRT2));
  const series =
    t *
    (0.254_829_592 + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
  const tail = (series * exp(-(x ** 2) / 2)) / 2;
  return x > 0 ? 1 - tail : tail;
}
