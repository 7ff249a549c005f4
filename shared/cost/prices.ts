/** The prices of a region, out of the list, and what a quantity costs. */
import {
  PRICED_REGIONS,
  PRICE_LIST,
  READ_ON,
  type Price,
  type PriceName,
  type PriceRow,
  type PricedRegion,
} from './price-list.ts';

export { PRICED_REGIONS, type Price };

export type Prices = Readonly<Record<PriceName, Price>> & {
  readonly region: string;
  /** When the list was last gone through. */
  readonly asOf: string;
  /** Prices that no copy of AWS's list gave: what is bought, and what its price is taken from. */
  readonly inferred: readonly { readonly name: string; readonly from: string }[];
};

/** Undefined for a region that is not in the list. */
export function pricesOf(region: string): Prices | undefined {
  return isPriced(region) ? pricesIn(region) : undefined;
}

export function pricesIn(region: PricedRegion): Prices {
  const rows = Object.entries(PRICE_LIST) as [PriceName, PriceRow][];
  const prices = Object.fromEntries(rows.map(([name, row]) => [name, row.prices[region]]));
  const inferred = rows.flatMap(([, { name, inferred }]) => {
    const from = inferred[region];
    return from === undefined ? [] : [{ name, from }];
  });
  return { ...(prices as Record<PriceName, Price>), region, asOf: READ_ON, inferred };
}

function isPriced(region: string): region is PricedRegion {
  return (PRICED_REGIONS as readonly string[]).includes(region);
}

/** What `quantity` costs, of a month: tiers are a month's. */
export function dollars(price: Price, quantity: number): number {
  if (typeof price === 'number') return price * quantity;
  let [sum, from] = [0, 0];
  for (const tier of price) {
    sum += Math.max(0, Math.min(quantity, tier.upTo) - from) * tier.price;
    from = tier.upTo;
  }
  return sum;
}
