/**
 * What copies in another region add to a month's bill (docs/DEPLOY.md, section 10). They are billed in that region, whose prices
 * are taken to be those of the first; how many there are, the first region's metrics tell, for everything is copied that is
 * written. In the bill of the first they are not.
 */
import { type CostSettings, costExpressions } from './expressions.ts';
import { ITEM_NAMES, ITEMS, type ItemName, type Usage } from './items.ts';
import { GB, consumed, ownMetrics } from './meters.ts';
import type { QueryBook } from './metric-query.ts';
import { PRICED_REGIONS } from './price-list.ts';
import { type Prices, dollars } from './prices.ts';
import type { Workload } from './workload.ts';

export interface StandbyLine {
  readonly name: string;
  readonly quantity: number;
  readonly unit: string;
  readonly dollars: number;
}

const KB = 1_024;
/** Of a write that is copied: units are of one KB, and most are not filled. Not measured. */
const COPIED_KB_PER_WRITE = 0.5;
/**
 * A GB from one region to another, billed where it leaves. [re:Post on S3 from other regions, January 2026: 0.02 from
 * us-east-1; a study of 2026: as much for most pairs, up to 0.09 in Asia; from us-east-1 to us-east-2 it is half]
 */
const REGION_GB = 0.02;
const REGION_GB_ASIA = 0.09;

/** Each line in the order in which a person asks for it. */
export function standbyLines(workload: Workload, usage: Usage, prices: Prices): StandbyLine[] {
  const of = (names: readonly ItemName[]): number => names.reduce((sum, name) => sum + usage[name], 0);
  const writes = of(itemsOf('DynamoDB', /^write units$/));
  const bytes = storedBytes(workload, usage) + writes * COPIED_KB_PER_WRITE * KB;
  const line = (
    name: string,
    quantity: number,
    unit: string,
    price: Parameters<typeof dollars>[0],
  ): StandbyLine => ({
    name,
    quantity,
    unit,
    dollars: dollars(price, quantity),
  });
  return [
    // Since November 2024 a copied write costs what a write costs. [DynamoDB on-demand pricing]
    line('Copied writes', writes, 'write units', prices.writeUnit),
    line('Replicas of tables', usage.tableStorage, 'GB-months', prices.tableGbMonth),
    line('Their backups', usage.tableBackup, 'GB-months', prices.backupGbMonth),
    line('Copied objects', of(PUTS), 'PUT', prices.objectPut),
    line('Copies of objects', usage.objectStorage, 'GB-months', prices.objectGbMonth),
    line('Between regions', bytes / GB, 'GB', regionGb(prices)),
    line('Replica of the key', 1, 'key', prices.keyMonth),
  ];
}

/** The same lines, by their names, as dollars of a period of so many seconds; written into `book`. */
export function standbyExpressions(settings: CostSettings, periodSeconds: number, book: QueryBook): void {
  const { resources, prices } = settings;
  const costs = costExpressions(settings, periodSeconds, book);
  const writes = (scale: number) => consumed(resources, 'ConsumedWriteCapacityUnits', scale);
  const stored = ownMetrics(resources.namespace).own('BytesStored', 'Sum');
  const between = regionGb(prices);
  costs.metered([{ meter: writes(1), price: prices.writeUnit }], 'Copied writes');
  costs.items(['tableStorage'], 'Replicas of tables');
  costs.items(['tableBackup'], 'Their backups');
  costs.items(PUTS, 'Copied objects');
  costs.items(['objectStorage'], 'Copies of objects');
  costs.metered(
    [
      { meter: { kind: 'sum', metrics: [stored], scale: 1 / GB }, price: between },
      { meter: writes((COPIED_KB_PER_WRITE * KB) / GB), price: between },
    ],
    'Between regions',
  );
  costs.metered([{ meter: { kind: 'fixed', perMonth: 1 }, price: prices.keyMonth }], 'Replica of the key');
}

function itemsOf(service: 'DynamoDB' | 'S3', unit: RegExp): ItemName[] {
  return ITEM_NAMES.filter((name) => ITEMS[name].service === service && unit.test(ITEMS[name].unit));
}

/** Of listings nothing is copied, but they are few. */
const PUTS = itemsOf('S3', /PUT/);

/** What arrives is put twice: by SES, and as it is stored. Packs hold it once more, as far as it rests. */
export function storedBytes({ messageKb }: Workload, usage: Usage): number {
  return (usage.inboundPuts + usage.deliverPuts + usage.readPuts + usage.compactGets) * messageKb * KB;
}

function regionGb({ region }: Prices): number {
  const known = PRICED_REGIONS.find((each) => each === region);
  return known?.startsWith('ap-') === true ? REGION_GB_ASIA : REGION_GB;
}
