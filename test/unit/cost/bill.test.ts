/** The bill is what was used times its price; every dollar belongs to one service and to one activity. */
import { describe, expect, test } from '@jest/globals';
import { RECEIVING_REGIONS } from '../../../infra/config/regions.ts';
import { shapeFor, sizeFor } from '../../../infra/cost/shape.ts';
import { type Bill, billOf } from '../../../shared/cost/bill.ts';
import { ITEMS, ITEM_NAMES } from '../../../shared/cost/items.ts';
import { PRICE_LIST, type Price, type PriceRow } from '../../../shared/cost/price-list.ts';
import { PRICED_REGIONS, type Prices, dollars, pricesOf } from '../../../shared/cost/prices.ts';
import { PROFILE, type Requests } from '../../../shared/cost/profile.ts';
import { standbyLines } from '../../../shared/cost/standby.ts';
import { DAYS_PER_MONTH, type Workload, usageOf } from '../../../shared/cost/workload.ts';

const PRICES = pricesOf('us-east-1') as Prices;
const OFFICE: Workload = { users: 100, messagesPerDay: 40, messageKb: 40, storedGb: 2, sessions: 2 };

function usage(workload: Workload) {
  const shape = shapeFor(workload, {
    size: sizeFor(workload),
    tls: 'load-balancer',
    network: 'public',
  });
  return usageOf(workload, shape);
}
const bill = (workload: Workload): Bill => billOf(usage(workload), PRICES);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

describe('prices', () => {
  test('tiers: what lies in a tier has its price, whatever comes after', () => {
    const price = [
      { upTo: 10, price: 2 },
      { upTo: 30, price: 1 },
      { upTo: Infinity, price: 0.5 },
    ];
    expect([0, 5, 10, 20, 30, 40].map((quantity) => dollars(price, quantity))).toEqual([
      0, 10, 20, 30, 40, 45,
    ]);
    expect(dollars(0.25, 8)).toBe(2);
  });

  test.each(PRICED_REGIONS)('of %s: each has a price above 0, and tiers end in one without end', (region) => {
    const { region: named, asOf, inferred, ...prices } = pricesOf(region) as Prices;
    for (const { name, from } of inferred) expect(`${name}: ${from}`).toMatch(/^[A-Za-z' ]+: .{10,}$/);
    expect({ named, dated: /^\d{4}-\d{2}-\d{2}$/.test(asOf) }).toEqual({ named: region, dated: true });
    for (const price of Object.values(prices)) {
      const tiers = typeof price === 'number' ? [{ upTo: Infinity, price }] : price;
      expect(tiers.every((tier) => tier.price > 0)).toBe(true);
      expect(tiers.at(-1)?.upTo).toBe(Infinity);
      expect(tiers.map(({ upTo }) => upTo)).toEqual(tiers.map(({ upTo }) => upTo).sort((a, b) => a - b));
    }
  });

  test('every region that can be deployed to has all of them, each with the list that it is from', () => {
    expect([...PRICED_REGIONS].sort()).toEqual([...RECEIVING_REGIONS].sort());
    for (const { name, source, prices } of Object.values<PriceRow>(PRICE_LIST)) {
      expect({ name, dated: /20\d\d|^as [a-z]/.test(source) }).toEqual({ name, dated: true });
      expect(Object.keys(prices).sort()).toEqual([...PRICED_REGIONS].sort());
    }
  });

  test('no region costs less than us-east-1 for what is priced by region, but for requests to S3 in Tokyo', () => {
    const first = (price: Price): number => (typeof price === 'number' ? price : (price[0]?.price ?? NaN));
    const cheaper = Object.entries<PriceRow>(PRICE_LIST).flatMap(([name, { prices }]) =>
      PRICED_REGIONS.filter((region) => first(prices[region]) < first(prices['us-east-1'])).map(
        (region) => `${name} ${region}`,
      ),
    );
    expect(cheaper).toEqual(['objectPut ap-northeast-1', 'objectGet ap-northeast-1']);
  });

  test('a region without prices has none, rather than those of another', () => {
    expect(pricesOf('eu-north-9')).toBeUndefined();
  });
});

describe('the profile', () => {
  // docs/ARCHITECTURE.md, request budgets.
  test.each([
    ['delivery', 'writeUnits', 8],
    ['delivery', 'objectPuts', 1],
    ['append', 'writeUnits', 3],
    ['append', 'objectPuts', 1],
    ['change', 'writeUnits', 2],
    ['sync', 'readUnits', 1],
    ['session', 'readUnits', 60 + 1],
    ['idleStart', 'writeUnits', 1],
    ['wakeUp', 'readUnits', 1],
  ] as const)('of %s keeps the budget of %s: %i at most', (what, kind, budget) => {
    const requests: Requests = PROFILE[what];
    expect(requests[kind]).toBeLessThanOrEqual(budget);
  });
});

describe('a bill', () => {
  test('adds up by service and by activity to its total', () => {
    const { lines, byService, byActivity, total } = bill(OFFICE);
    const all = sum(lines.map((line) => line.dollars));
    for (const each of [sum(Object.values(byService)), sum(Object.values(byActivity)), total])
      expect(each).toBeCloseTo(all, 9);
    expect(all).toBeGreaterThan(0);
  });

  test('of a million messages of 40 KB: SES about $100, S3 puts about $10 with the copy that SES makes', () => {
    const delivered = { ...OFFICE, users: 1_000_000 / 40 / DAYS_PER_MONTH };
    const line = (item: string) => bill(delivered).lines.find((each) => each.item === item)?.dollars;
    expect(line('mailReceived')).toBeCloseTo(100, 6);
    expect(line('mailChunks')).toBeUndefined();
    expect((line('inboundPuts') ?? 0) + (line('deliverPuts') ?? 0)).toBeCloseTo(10, 6);
    expect(line('deliverWrites')).toBeCloseTo(PROFILE.delivery.writeUnits * 0.625, 6);
  });

  test('a message of 300 KB has one full chunk, one of 255 KB none', () => {
    const chunks = (messageKb: number) => usage({ ...OFFICE, messageKb }).mailChunks;
    expect(chunks(255)).toBe(0);
    expect(chunks(300)).toBe(usage(OFFICE).mailReceived);
  });

  test('the key is asked by tables, the queue and the topic as well, whether much or little is done', () => {
    const [one, many] = [OFFICE, { ...OFFICE, users: 10_000 }].map(usage);
    // Four roles and three tables, SES to the topic, the topic to the queue, Lambda from it; each anew every five minutes.
    expect(one?.serviceKeyRequests).toBe((4 * 3 + 2 + 2 + 1) * 12 * 730);
    expect(many?.serviceKeyRequests).toBe(one?.serviceKeyRequests);
    const line = bill(OFFICE).lines.find(({ item }) => item === 'serviceKeyRequests');
    expect(line).toMatchObject({ service: 'KMS', activity: 'keep' });
    expect(line?.dollars).toBeCloseTo(0.4468, 4);
  });

  test('more of anything costs no less', () => {
    const before = bill(OFFICE).total;
    for (const name of Object.keys(OFFICE) as (keyof Workload)[])
      expect(bill({ ...OFFICE, [name]: OFFICE[name] * 7 }).total).toBeGreaterThan(before);
  });

  test('an item of which nothing is used is not on it; of the others, every service has one', () => {
    const { lines } = bill({ ...OFFICE, messageKb: 300 });
    const named = new Set<string>(lines.map(({ item }) => item));
    const unused = ITEM_NAMES.filter((name) => !named.has(name));
    expect(unused).toEqual(['keepGets', 'searchReads', 'endpoints', 'secrets']);
    expect(new Set(ITEM_NAMES.map((name) => ITEMS[name].service)).size).toBe(11);
  });
});

describe('a standby in another region', () => {
  const lines = (workload: Workload, region = 'us-east-1') =>
    Object.fromEntries(
      standbyLines(workload, usage(workload), pricesOf(region) as Prices).map((line) => [line.name, line]),
    );

  test('writes each unit, and keeps each byte, a second time', () => {
    const used = usage(OFFICE);
    const { byService, lines: billed } = bill(OFFICE);
    const of = (item: string): number => billed.find((line) => line.item === item)?.dollars ?? NaN;
    const writes = billed.filter(({ item }) => item.endsWith('Writes'));
    const copies = lines(OFFICE);
    expect(copies['Copied writes']?.dollars).toBeCloseTo(sum(writes.map(({ dollars }) => dollars)), 9);
    expect(copies['Replicas of tables']?.dollars).toBeCloseTo(of('tableStorage'), 9);
    expect(copies['Their backups']?.dollars).toBeCloseTo(of('tableBackup'), 9);
    expect(copies['Copies of objects']?.dollars).toBeCloseTo(of('objectStorage'), 9);
    expect(copies['Copied objects']?.quantity).toBe(
      used.inboundPuts + used.deliverPuts + used.readPuts + used.compactPuts + used.keepPuts,
    );
    expect(sum(Object.values(copies).map(({ dollars }) => dollars))).toBeLessThan(
      byService.DynamoDB + byService.S3 + 5,
    );
  });

  test('carries what arrives twice over, as SES put it and as it is stored', () => {
    const delivered = usage(OFFICE).mailReceived;
    const gb = lines(OFFICE)['Between regions']?.quantity ?? 0;
    const once = (delivered * OFFICE.messageKb) / 1_024 ** 2;
    expect(gb).toBeGreaterThan(2 * once);
    expect(gb).toBeLessThan(4 * once);
    const [near, far] = ['eu-west-1', 'ap-northeast-1'].map(
      (region) => lines(OFFICE, region)['Between regions']?.dollars ?? NaN,
    );
    expect((far ?? 0) / (near ?? 0)).toBeCloseTo(4.5, 6);
  });
});

describe('the size', () => {
  test.each([
    [100, 2, 'small', 1],
    [10_000, 2, 'medium', 4],
    [1_000_000, 2, 'large', 100],
  ])('of %i users with %i clients each is %s, with %i gateways', (users, sessions, size, tasks) => {
    const workload = { ...OFFICE, users, sessions };
    expect(sizeFor(workload)).toBe(size);
    expect(shapeFor(workload, { size: sizeFor(workload), tls: 'gateway', network: 'public' }).tasks).toBe(
      tasks,
    );
  });
});
