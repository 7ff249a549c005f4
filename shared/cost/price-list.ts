/**
 * AWS's list prices, in dollars, of every region that Quire can be deployed to: on demand, without free tiers (they are an
 * account's, and something else may use them up), discounts and taxes. What is sold in tiers has its tiers.
 *
 * AWS publishes them at `pricing.us-east-1.amazonaws.com/offers/v1.0/aws/<service>/current/<region>/index.json`, and on the pages
 * `aws.amazon.com/<service>/pricing`. Those files were not read themselves: each row says of which list, of which date, somebody
 * else's published copy was. `inferred` names the regions for which no copy was found, and what their price is taken from; `quire
 * cost` and the dashboard say so as well.
 */

/** All of those in which Quire can be stood up (`infra/config/regions.ts`). */
export const PRICED_REGIONS = [
  'us-east-1',
  'us-east-2',
  'us-west-2',
  'ca-central-1',
  'eu-west-1',
  'eu-west-2',
  'eu-central-1',
  'ap-northeast-1',
  'ap-southeast-1',
  'ap-southeast-2',
] as const;
export type PricedRegion = (typeof PRICED_REGIONS)[number];

/** The price of one unit, or by tiers: a tier's price up to its end, the last one without. */
export type Price = number | readonly { readonly upTo: number; readonly price: number }[];

export interface PriceRow {
  /** As a person reads it. */
  readonly name: string;
  readonly prices: Readonly<Record<PricedRegion, Price>>;
  readonly source: string;
  readonly inferred: Partial<Readonly<Record<PricedRegion, string>>>;
}

/** When the lists were last gone through. */
export const READ_ON = '2026-11-28';

const MILLION = 1_000_000;
const TB = 1_024;
type ByRegion<T> = Readonly<Record<PricedRegion, T>>;
type Inferred = PriceRow['inferred'];

function eachRegion<T>(of: (region: PricedRegion) => T): ByRegion<T> {
  return Object.fromEntries(PRICED_REGIONS.map((region) => [region, of(region)])) as ByRegion<T>;
}

function row(name: string, source: string, prices: ByRegion<Price>, inferred: Inferred = {}): PriceRow {
  return { name, source, prices, inferred };
}

/** One price in all of these regions. */
function everywhere(name: string, source: string, price: Price, inferred: Inferred = {}): PriceRow {
  return row(
    name,
    source,
    eachRegion(() => price),
    inferred,
  );
}

/** Prices in the order of a map's longitude; the three of the United States are one wherever Quire buys something. */
type Columns = readonly [
  us: number,
  ca: number,
  ie: number,
  gb: number,
  de: number,
  jp: number,
  sg: number,
  au: number,
];

function columns([us, ca, ie, gb, de, jp, sg, au]: Columns): ByRegion<number> {
  return {
    'us-east-1': us,
    'us-east-2': us,
    'us-west-2': us,
    'ca-central-1': ca,
    'eu-west-1': ie,
    'eu-west-2': gb,
    'eu-central-1': de,
    'ap-northeast-1': jp,
    'ap-southeast-1': sg,
    'ap-southeast-2': au,
  };
}

/** Of a number for each region, a price. */
function scaled(values: Columns, of: (value: number) => Price): ByRegion<Price> {
  const numbers = columns(values);
  return eachRegion((region) => of(numbers[region]));
}
const perMillion = (values: Columns) => scaled(values, (value) => value / MILLION);

/** Each terabyte above 50 and above 500 is a tenth of a cent cheaper, as the S3 page has it. */
const storageTiers = (first: number): Price => [
  { upTo: 50 * TB, price: first },
  { upTo: 500 * TB, price: first - 0.001 },
  { upTo: Infinity, price: first - 0.002 },
];

const transferTiers = (first: number, second: number, third: number, rest: number): Price => [
  { upTo: 10 * TB, price: first },
  { upTo: 50 * TB, price: second },
  { upTo: 150 * TB, price: third },
  { upTo: Infinity, price: rest },
];

const BY_CAPACITY = 'by what provisioned capacity costs there, against us-east-1';
const CA_BY_CAPACITY = { 'ca-central-1': BY_CAPACITY, 'ap-southeast-1': BY_CAPACITY } as const;
const FIFTH_OFF = 'a fifth less than on x86, as in each region whose list was seen';
const AS_APPLICATION = 'that of an application load balancer, as in each region whose list was seen';

export const PRICE_LIST = {
  /** SES: a message received, and each full chunk of 256 KB of it. */
  mailReceived: everywhere(
    'messages received',
    'AmazonSES, us-east-1, 2026-07-22, à la carte; the page has one price for all regions. An account made since 2026-07-21 begins on the plan Essentials, which names no other price for receiving to S3: look at the first bill',
    0.1 / 1_000,
  ),
  mailChunk: everywhere('chunks of messages received', 'as messages received', 0.09 / 1_000),
  /** S3 Standard: a GB for a month; a request like PUT; a request like GET. */
  objectGbMonth: row(
    'stored objects',
    'AmazonS3, each region, 2026-07-01; the steps above 50 TB as the page had them in 2025',
    scaled([0.023, 0.025, 0.023, 0.024, 0.0245, 0.025, 0.025, 0.025], storageTiers),
  ),
  objectPut: row(
    'PUT requests',
    'AmazonS3, each region, May 2026',
    perMillion([5, 5.5, 5, 5.3, 5.4, 4.7, 5, 5.5]),
  ),
  objectGet: row(
    'GET requests',
    'AmazonS3, us-east-1 and eu-west-1, 2026-10-04; eu-west-2, July 2026; ap-northeast-1, September 2026; ap-southeast-1, 2026-08-12; ap-southeast-2, 2026-08-31',
    perMillion([0.4, 0.44, 0.4, 0.42, 0.43, 0.37, 0.4, 0.44]),
    {
      'ca-central-1': 'as PUT requests there, against us-east-1',
      'eu-central-1': 'the page in 2025',
    },
  ),
  /** DynamoDB on demand: a request unit; a GB of a table for a month, and of its continuous backup. */
  readUnit: row(
    'read units',
    'AmazonDynamoDB, us-east-1, 2026-10-04; eu-west-1, half of the price before 2024-11-01; eu-west-2, 2026-06-08; ap-northeast-1, September 2026; ap-southeast-2, 2026-08-13',
    perMillion([0.125, 0.1375, 0.1415, 0.1487, 0.1525, 0.1425, 0.1423, 0.1425]),
    { ...CA_BY_CAPACITY, 'eu-central-1': BY_CAPACITY },
  ),
  writeUnit: row(
    'write units',
    'as read units',
    perMillion([0.625, 0.6875, 0.70675, 0.7423, 0.7625, 0.715, 0.7115, 0.71]),
    { ...CA_BY_CAPACITY, 'eu-central-1': BY_CAPACITY },
  ),
  tableGbMonth: row(
    'tables',
    'as read units',
    scaled([0.25, 0.275, 0.283, 0.29715, 0.306, 0.285, 0.285, 0.285], (price) => price),
    { ...CA_BY_CAPACITY, 'eu-central-1': 'the page in 2025' },
  ),
  backupGbMonth: row(
    'continuous backup',
    'as read units; the page in 2025 for us-east-1',
    scaled([0.2, 0.22, 0.2264, 0.23772, 0.2448, 0.228, 0.228, 0.228], (price) => price),
    {
      ...CA_BY_CAPACITY,
      'eu-west-2': 'four fifths of a table, as elsewhere',
      'eu-central-1': 'four fifths of a table, as elsewhere',
    },
  ),
  /** Lambda on arm64. */
  functionRequest: everywhere(
    'function calls',
    'AWSLambda, us-east-1, October 2025; eu-west-2, 2026-10-06; ap-southeast-1, 2026-08-12; ca-central-1, October 2026; the others have the same x86 price on the page',
    0.2 / MILLION,
  ),
  functionGbSecond: everywhere('function time', 'as function calls', 0.000_013_333_4),
  /** SNS to SQS, and SQS standard queues. */
  notification: everywhere(
    'notifications',
    'the SNS page in 2025, one price for all of these regions',
    0.5 / MILLION,
  ),
  queueRequest: everywhere(
    'queue requests',
    'AWSQueueService, eu-west-2, 2026-10-06; us-east-1, 2026; one price on the page for all of these regions; the steps as it had them in 2025',
    [
      { upTo: 100_000 * MILLION, price: 0.4 / MILLION },
      { upTo: 200_000 * MILLION, price: 0.3 / MILLION },
      { upTo: Infinity, price: 0.24 / MILLION },
    ],
  ),
  /** Fargate on arm64, Linux. */
  taskCpuHour: row(
    'processors of tasks',
    'AmazonECS, us-east-1, 2026; eu-west-1, SKU KXC9CEUQGJQPNZPY; eu-west-2, 2026-10-06; ap-northeast-1, July 2026; ap-southeast-1, 2026-08-21; ap-southeast-2, the page, undated; x86 in ca-central-1, 2026-09-19',
    scaled([0.03238, 0.03565, 0.03238, 0.03725, 0.03725, 0.04045, 0.04045, 0.03885], (price) => price),
    { 'ca-central-1': FIFTH_OFF, 'eu-central-1': FIFTH_OFF },
  ),
  taskGbHour: row(
    'memory of tasks',
    'as processors of tasks',
    scaled([0.00356, 0.00389, 0.00356, 0.00409, 0.00409, 0.00442, 0.00442, 0.00426], (price) => price),
    { 'ca-central-1': FIFTH_OFF, 'eu-central-1': FIFTH_OFF },
  ),
  /** A public IPv4 address. */
  addressHour: everywhere(
    'public addresses',
    'AmazonVPC, eu-west-2 and eu-central-1, 2026-09-17; ca-central-1, 2026-09-19; one price on the page for all regions',
    0.005,
  ),
  /** Network load balancer, and its capacity units. */
  balancerHour: row(
    'load balancer',
    'AWSELB, eu-west-2 and eu-central-1, 2026-09-11; us-east-1 and eu-west-1, the page in 2025; ap-northeast-1, the page in 2025; application load balancers of ca-central-1, 2026-09-19, and ap-southeast-1, 2026-08-21',
    scaled([0.0225, 0.02475, 0.0252, 0.02646, 0.027, 0.0243, 0.0252, 0.0252], (price) => price),
    {
      'ca-central-1': AS_APPLICATION,
      'ap-southeast-1': AS_APPLICATION,
      'ap-southeast-2': 'that of ap-southeast-1',
    },
  ),
  balancerUnitHour: row(
    "load balancer's capacity",
    'AWSELB, eu-central-1, 2026-09-11; the page in 2025 for us-east-1, eu-west-1 and ap-northeast-1',
    scaled([0.006, 0.0066, 0.006, 0.0063, 0.006, 0.006, 0.006, 0.006], (price) => price),
    {
      'ca-central-1': "three quarters of an application load balancer's, as elsewhere",
      'eu-west-2': "three quarters of an application load balancer's, as elsewhere",
      'ap-southeast-1': "three quarters of an application load balancer's, as elsewhere",
      'ap-southeast-2': 'that of ap-southeast-1',
    },
  ),
  /** An interface endpoint in one zone. */
  endpointHour: row(
    'interface endpoints',
    'AmazonVPC, us-east-1, 2026-08-20; eu-west-2, 2026-10-06; eu-central-1, 2026-10-06; ap-southeast-1, 2026-08-12; the page in 2025 for eu-west-1 and ap-northeast-1',
    scaled([0.01, 0.011, 0.011, 0.011, 0.012, 0.014, 0.013, 0.013], (price) => price),
    {
      'ca-central-1': 'as stored tables there, against us-east-1',
      'ap-southeast-2': 'that of ap-southeast-1',
    },
  ),
  /** To the internet. */
  dataOutGb: row('data to clients', 'AWSDataTransfer, each region, 2026-01-26', {
    ...eachRegion(() => transferTiers(0.09, 0.085, 0.07, 0.05)),
    'ap-northeast-1': transferTiers(0.114, 0.089, 0.086, 0.084),
    'ap-southeast-1': transferTiers(0.12, 0.085, 0.082, 0.08),
    'ap-southeast-2': transferTiers(0.114, 0.098, 0.094, 0.092),
  }),
  /** From one zone into another: a cent where it leaves, and a cent where it comes in. */
  zoneGb: everywhere(
    'data between zones',
    'the page EC2 on-demand in 2025, one price for all of these regions; a bill of ca-central-1, 2026-10-07, has the same',
    0.02,
  ),
  /** CloudWatch: a metric, an alarm, a dashboard for a month; a GB of log taken in; a metric that is asked for by API. */
  metricMonth: everywhere(
    'metrics',
    'AmazonCloudWatch, eu-west-2, 2026-10-06; us-east-1, October 2025; one price on the page for all of these regions',
    [
      { upTo: 10_000, price: 0.3 },
      { upTo: 250_000, price: 0.1 },
      { upTo: Infinity, price: 0.05 },
    ],
  ),
  alarmMonth: everywhere(
    'alarms',
    'AmazonCloudWatch, eu-west-2, 2026-10-06; ap-southeast-1, 2026-08-12',
    0.1,
  ),
  dashboardMonth: everywhere('dashboards', 'the CloudWatch page, 2026-08-12, one price for all regions', 3),
  logGb: row(
    'logs',
    'AmazonCloudWatch, us-east-1, October 2025; ca-central-1, 2026; eu-west-2, 2026-10-06; eu-central-1, a billing rule of 2025; ap-northeast-1, September 2026; ap-southeast-1, 2026-08-12; ap-southeast-2, a study of 2026; the page in 2025 for eu-west-1',
    scaled([0.5, 0.55, 0.57, 0.5985, 0.63, 0.76, 0.7, 0.67], (price) => price),
  ),
  metricRequest: everywhere(
    'metrics asked for',
    'the CloudWatch page in 2025, one price for all regions',
    0.01 / 1_000,
  ),
  /** KMS, Secrets Manager, Route 53. */
  keyMonth: everywhere('keys', 'awskms, eu-west-2, 2026-10-06; ap-southeast-1, 2026-08-12', 1),
  keyRequest: everywhere('key requests', 'as keys', 0.03 / 10_000),
  secretMonth: everywhere(
    'secrets',
    'AWSSecretsManager, eu-west-2 and eu-central-1, 2026-09-11; ap-southeast-1, 2026-08-12',
    0.4,
  ),
  zoneMonth: everywhere('hosted zones', 'AmazonRoute53, global, 2026-10-06', 0.5),
} as const satisfies Record<string, PriceRow>;

export type PriceName = keyof typeof PRICE_LIST;
