/**
 * AWS's list prices, in dollars, by region: on demand, without free tiers (they are an account's, and something else may use
 * them up), discounts and taxes. What is sold in tiers has its tiers.
 *
 * Sources. The pages are those of aws.amazon.com/<service>/pricing; prices were taken from what others have copied off
 * AWS's public price list, and set against the pages' examples:
 * - SES: price list `AmazonSES`, us-east-1, published 2026-07-22: $0.10 a thousand messages received, $0.09 a thousand full
 *   chunks of 256 KB, à la carte. An account that is new since 2026-07-21 begins on the plan Essentials, whose price list
 *   names no other price for receiving to S3; look at the first bill.
 * - DynamoDB: on demand as halved on 2024-11-01; eu-west-1 is half of $1.4135 and $0.283.
 * - Fargate on arm64: SKUs KXC9CEUQGJQPNZPY and MGJ5EB5GSHR8QZDF (eu-west-1).
 * - ap-northeast-1: price lists of DynamoDB, S3, data transfer and CloudWatch of September 2026, of ECS of July 2026.
 * - The others, most of eu-central-1 among them: as the pages stood in 2025, not read again since. us-east-2 and us-west-2 have the prices of us-east-1 for all that
 *   Quire uses.
 * A region that is not in the table is refused rather than guessed; add it here.
 */

/** The price of one unit, or by tiers: a tier's price up to its end, the last one without. */
export type Price = number | readonly { readonly upTo: number; readonly price: number }[];

export interface Prices {
  readonly region: string;
  /** When the table was last looked at. */
  readonly asOf: string;
  /** SES: a message received, and each full chunk of 256 KB of it. */
  readonly mailReceived: Price;
  readonly mailChunk: Price;
  /** S3: a GB for a month; a request like PUT; a request like GET. */
  readonly objectGbMonth: Price;
  readonly objectPut: Price;
  readonly objectGet: Price;
  /** DynamoDB on demand: a request unit; a GB of a table for a month, and of its continuous backup. */
  readonly readUnit: Price;
  readonly writeUnit: Price;
  readonly tableGbMonth: Price;
  readonly backupGbMonth: Price;
  /** Lambda on arm64. */
  readonly functionRequest: Price;
  readonly functionGbSecond: Price;
  /** SNS to SQS, and SQS standard queues. */
  readonly notification: Price;
  readonly queueRequest: Price;
  /** Fargate on arm64, Linux. */
  readonly taskCpuHour: Price;
  readonly taskGbHour: Price;
  /** A public IPv4 address. */
  readonly addressHour: Price;
  /** Network load balancer, and its capacity units. */
  readonly balancerHour: Price;
  readonly balancerUnitHour: Price;
  /** An interface endpoint in one zone. */
  readonly endpointHour: Price;
  /** To the internet. */
  readonly dataOutGb: Price;
  /** CloudWatch: a metric, an alarm, a dashboard for a month; a GB of log taken in; a metric that is asked for by API. */
  readonly metricMonth: Price;
  readonly alarmMonth: Price;
  readonly dashboardMonth: Price;
  readonly logGb: Price;
  readonly metricRequest: Price;
  /** KMS. */
  readonly keyMonth: Price;
  readonly keyRequest: Price;
  readonly secretMonth: Price;
  readonly zoneMonth: Price;
}

const MILLION = 1_000_000;
const TB = 1_024;

const US_EAST_1: Prices = {
  region: 'us-east-1',
  asOf: '2026-11-28',
  mailReceived: 0.1 / 1_000,
  mailChunk: 0.09 / 1_000,
  objectGbMonth: [
    { upTo: 50 * TB, price: 0.023 },
    { upTo: 500 * TB, price: 0.022 },
    { upTo: Infinity, price: 0.021 },
  ],
  objectPut: 5 / MILLION,
  objectGet: 0.4 / MILLION,
  readUnit: 0.125 / MILLION,
  writeUnit: 0.625 / MILLION,
  tableGbMonth: 0.25,
  backupGbMonth: 0.2,
  functionRequest: 0.2 / MILLION,
  functionGbSecond: 0.000_013_333_4,
  notification: 0.5 / MILLION,
  queueRequest: [
    { upTo: 100_000 * MILLION, price: 0.4 / MILLION },
    { upTo: 200_000 * MILLION, price: 0.3 / MILLION },
    { upTo: Infinity, price: 0.24 / MILLION },
  ],
  taskCpuHour: 0.032_38,
  taskGbHour: 0.003_56,
  addressHour: 0.005,
  balancerHour: 0.022_5,
  balancerUnitHour: 0.006,
  endpointHour: 0.01,
  dataOutGb: [
    { upTo: 10 * TB, price: 0.09 },
    { upTo: 50 * TB, price: 0.085 },
    { upTo: 150 * TB, price: 0.07 },
    { upTo: Infinity, price: 0.05 },
  ],
  metricMonth: [
    { upTo: 10_000, price: 0.3 },
    { upTo: 250_000, price: 0.1 },
    { upTo: Infinity, price: 0.05 },
  ],
  alarmMonth: 0.1,
  dashboardMonth: 3,
  logGb: 0.5,
  metricRequest: 0.01 / 1_000,
  keyMonth: 1,
  keyRequest: 0.03 / 10_000,
  secretMonth: 0.4,
  zoneMonth: 0.5,
};

const EU_WEST_1: Prices = {
  ...US_EAST_1,
  region: 'eu-west-1',
  readUnit: 0.141_5 / MILLION,
  writeUnit: 0.706_75 / MILLION,
  tableGbMonth: 0.283,
  backupGbMonth: 0.226_4,
  balancerHour: 0.025_2,
  endpointHour: 0.011,
  logGb: 0.57,
};

const EU_CENTRAL_1: Prices = {
  ...US_EAST_1,
  region: 'eu-central-1',
  objectGbMonth: [
    { upTo: 50 * TB, price: 0.024_5 },
    { upTo: 500 * TB, price: 0.023_5 },
    { upTo: Infinity, price: 0.022_5 },
  ],
  objectPut: 5.4 / MILLION,
  objectGet: 0.43 / MILLION,
  readUnit: 0.152_5 / MILLION,
  writeUnit: 0.762_5 / MILLION,
  tableGbMonth: 0.306,
  backupGbMonth: 0.244_8,
  taskCpuHour: 0.037_25,
  taskGbHour: 0.004_09,
  balancerHour: 0.027,
  endpointHour: 0.012,
  logGb: 0.63,
};

const AP_NORTHEAST_1: Prices = {
  ...US_EAST_1,
  region: 'ap-northeast-1',
  objectGbMonth: [
    { upTo: 50 * TB, price: 0.025 },
    { upTo: 500 * TB, price: 0.024 },
    { upTo: Infinity, price: 0.023 },
  ],
  objectPut: 4.7 / MILLION,
  objectGet: 0.37 / MILLION,
  readUnit: 0.142_5 / MILLION,
  writeUnit: 0.715 / MILLION,
  tableGbMonth: 0.285,
  backupGbMonth: 0.228,
  taskCpuHour: 0.040_45,
  taskGbHour: 0.004_42,
  balancerHour: 0.024_3,
  endpointHour: 0.014,
  dataOutGb: [
    { upTo: 10 * TB, price: 0.114 },
    { upTo: 50 * TB, price: 0.089 },
    { upTo: 150 * TB, price: 0.086 },
    { upTo: Infinity, price: 0.084 },
  ],
  logGb: 0.76,
};

const TABLE: Readonly<Record<string, Prices>> = {
  'us-east-1': US_EAST_1,
  'us-east-2': { ...US_EAST_1, region: 'us-east-2' },
  'us-west-2': { ...US_EAST_1, region: 'us-west-2' },
  'eu-west-1': EU_WEST_1,
  'eu-central-1': EU_CENTRAL_1,
  'ap-northeast-1': AP_NORTHEAST_1,
};

export const PRICED_REGIONS = Object.keys(TABLE);

/** Undefined for a region that is not in the table. */
export function pricesOf(region: string): Prices | undefined {
  return TABLE[region];
}

/** For a dashboard, which must show something: those of us-east-1, and says so, where a region has none here. */
export function pricesNearest(region: string): Prices {
  return pricesOf(region) ?? { ...US_EAST_1, region: `us-east-1, for want of those of ${region}` };
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
