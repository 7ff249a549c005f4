/**
 * Dollars as expressions over metrics: what was used in a period times its price. The same prices as `quire cost`, so that a
 * dashboard and an estimate differ in the use alone.
 */
import type { Activity } from '../metrics/catalogue.ts';
import { ITEMS, ITEM_NAMES, type ItemName, SERVICES, type Service } from './items.ts';
import {
  type Fixed,
  type FixedQuantities,
  type Meter,
  type Resources,
  metersOf,
  serviceMeters,
} from './meters.ts';
import { type QueryBook, literal } from './metric-query.ts';
import { type Price, type Prices, dollars } from './prices.ts';
import { HOURS_PER_MONTH } from './workload.ts';

export interface CostSettings {
  readonly resources: Resources;
  readonly fixed: Fixed;
  readonly monthly: FixedQuantities;
  readonly prices: Prices;
  /** Where copies go, if the deployment has any. */
  readonly standby?: { readonly region: string };
}

/** A quantity, and what one of it costs. */
export interface Metered {
  readonly meter: Meter;
  readonly price: Price;
}

export interface CostExpressions {
  service(service: Service, label?: string): string;
  activity(activity: Activity, label?: string): string;
  /** Of single items, as a row of its own. */
  items(names: readonly ItemName[], label?: string): string;
  /** Of what is no item of the bill. */
  metered(parts: readonly Metered[], label?: string): string;
  total(label?: string): string;
}

/** Expressions whose values are the dollars of a period of so many seconds; written into `book`, named by their ids. */
export function costExpressions(
  { resources, fixed, monthly, prices }: CostSettings,
  periodSeconds: number,
  book: QueryBook,
): CostExpressions {
  const hours = periodSeconds / 3_600;
  const meters = metersOf(resources, fixed, monthly);
  const sumOf = (parts: readonly Metered[], label?: string): string => {
    const terms: string[] = [];
    let constant = 0;
    for (const { meter, price } of parts) {
      if (meter.kind === 'fixed') constant += (dollars(price, meter.perMonth) * hours) / HOURS_PER_MONTH;
      else terms.push(book.express(termOf(meter, price, hours, book)));
    }
    // Where a metric has no value, its term has none, and a sum over a list goes on without it.
    // Lists are of ids alone: that is the form that the user guide shows.
    terms.push(book.express(`TIME_SERIES(${literal(constant)})`));
    return book.express(`SUM([${terms.join(', ')}])`, label);
  };
  const itemParts = (names: readonly ItemName[]): Metered[] =>
    names.map((item) => ({ meter: meters[item], price: ITEMS[item].price(prices) }));
  const service = (name: Service, label?: string): string =>
    sumOf(
      serviceMeters(name, resources, meters).map(({ item, meter }) => ({
        meter,
        price: ITEMS[item].price(prices),
      })),
      label,
    );
  return {
    service,
    activity: (activity, label) =>
      sumOf(itemParts(ITEM_NAMES.filter((name) => ITEMS[name].activity === activity)), label),
    items: (names, label) => sumOf(itemParts(names), label),
    metered: sumOf,
    total: (label) => book.express(`SUM([${SERVICES.map((each) => service(each)).join(', ')}])`, label),
  };
}

function termOf(
  meter: Exclude<Meter, { kind: 'fixed' }>,
  price: Price,
  hours: number,
  book: QueryBook,
): string {
  const ids = meter.metrics.map((metric) => {
    const id = book.use(metric);
    return meter.kind === 'month' ? book.express(`FILL(${id}, REPEAT)`) : id;
  });
  const measured = ids.length === 1 ? (ids[0] ?? '') : `SUM([${ids.join(', ')}])`;
  const perPeriod = { sum: 1, hours, month: hours / HOURS_PER_MONTH }[meter.kind] * meter.scale;
  if (typeof price === 'number') return `${measured}*${literal(perPeriod * price)}`;
  return tiered(measured, price, perPeriod, hours);
}

/**
 * Tiers are of a month, and a period knows only itself: it is priced as if the whole month were like it. A tier's end is
 * given in what the metric counts.
 */
function tiered(measured: string, tiers: Exclude<Price, number>, perPeriod: number, hours: number): string {
  const [first] = tiers;
  if (!first) throw new Error('a price needs a tier');
  const parts = [`${measured}*${literal(perPeriod * first.price)}`];
  let { price: before, upTo: end } = first;
  for (const { price, upTo } of tiers.slice(1)) {
    const from = literal(((end / HOURS_PER_MONTH) * hours) / perPeriod);
    const step = perPeriod * (price - before);
    const above = `IF(${measured} > ${from}, ${measured} - ${from}, 0)*${literal(Math.abs(step))}`;
    parts.push(step < 0 ? `- ${above}` : `+ ${above}`);
    before = price;
    end = upTo;
  }
  return parts.join(' ');
}
