/** A month's bill: what was used, times its price. */
import type { Activity } from '../metrics/catalogue.ts';
import { ACTIVITIES } from '../metrics/catalogue.ts';
import { ITEMS, ITEM_NAMES, type ItemName, SERVICES, type Service, type Usage } from './items.ts';
import { type Prices, dollars } from './prices.ts';

export interface BillLine {
  readonly item: ItemName;
  readonly service: Service;
  readonly activity: Activity;
  readonly quantity: number;
  readonly unit: string;
  readonly dollars: number;
}

export interface Bill {
  /** Without those of which nothing was used. */
  readonly lines: readonly BillLine[];
  readonly byService: Readonly<Record<Service, number>>;
  readonly byActivity: Readonly<Record<Activity, number>>;
  readonly total: number;
}

export function billOf(usage: Usage, prices: Prices): Bill {
  const lines = ITEM_NAMES.filter((name) => usage[name] > 0).map((name): BillLine => {
    const { service, activity, unit, price } = ITEMS[name];
    const quantity = usage[name];
    return { item: name, service, activity, quantity, unit, dollars: dollars(price(prices), quantity) };
  });
  const sum = (of: (line: BillLine) => boolean): number =>
    lines.filter(of).reduce((total, line) => total + line.dollars, 0);
  return {
    lines,
    byService: totals(SERVICES, (service) => sum((line) => line.service === service)),
    byActivity: totals(ACTIVITIES, (activity) => sum((line) => line.activity === activity)),
    total: sum(() => true),
  };
}

/** What some of the items cost together. */
export function dollarsOf({ lines }: Pick<Bill, 'lines'>, items: readonly ItemName[]): number {
  return lines.filter(({ item }) => items.includes(item)).reduce((sum, line) => sum + line.dollars, 0);
}

function totals<K extends string>(keys: readonly K[], of: (key: K) => number): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, of(key)])) as Record<K, number>;
}
