/**
 * From people to requests: what an organisation of a size uses in a month. Requests come from the measured profile; what
 * people do is assumed, and every assumption stands here with its name.
 */
import { PERIOD_DAYS } from '../account/due.ts';
import { PACK_LIMITS } from '../account/pack-plan.ts';
import type { Usage } from './items.ts';
import { FOLDED_MESSAGES, LOOKED_AFTER_MESSAGES, PROFILE, READS_PER_THOUSAND } from './profile.ts';

export interface Workload {
  readonly users: number;
  /** Received by each user. */
  readonly messagesPerDay: number;
  readonly messageKb: number;
  /** Kept by each user. */
  readonly storedGb: number;
  /** Clients that each user keeps connected. */
  readonly sessions: number;
}

/** What is stood up, as far as it costs. */
export interface Shape {
  readonly taskCpu: number;
  readonly taskGb: number;
  /** On average of the month. */
  readonly tasks: number;
  readonly deliveryGb: number;
  readonly expungeEveryMinutes: number;
  readonly tls: 'load-balancer' | 'gateway';
  readonly network: 'public' | 'private';
  /** Days for which tables can be restored, and old versions of objects are kept. */
  readonly backupDays: number;
  readonly domains: number;
  readonly alarms: number;
  /** Metrics of Quire's own that have values in every hour, at most. */
  readonly metrics: number;
}

export const HOURS_PER_MONTH = 730;
export const DAYS_PER_MONTH = HOURS_PER_MONTH / 24;
const KB = 1_024;
const GB = 1_024 ** 3;

/** What a person, and each of its clients, does in a day. Not measured: change what you know better. */
export const BEHAVIOUR = {
  /** Each message is marked as read; every second one is moved or deleted as well. */
  changesPerMessage: 1.5,
  /** Sent mail, stored by the client. */
  storedPerMessage: 0.25,
  /** A client comes back after sleep, and when its network changes. */
  openingsPerSession: 4,
  /** NOOP, STATUS of other mailboxes, SELECT again. */
  syncsPerSession: 40,
  /** IDLE is given anew before 29 minutes are over (RFC 2177). */
  idlesPerSession: 60,
  /** An idle account is read every five minutes on each gateway, and registered every hour. */
  pollsPerAccount: 288,
  renewalsPerAccount: 24,
  searchesPerUser: 2,
  /** Bodies that a search opens: few ask for more than header fields. */
  bodiesPerSearch: 20,
  /** Parts of all days on which messages of a person's Trash or Junk expire, and on which what was expunged is purged. */
  daysWithExpiry: 1,
  daysWithPurge: 1,
  /** Of those that come, so many are still there after a week, and are packed, if they are small. */
  packedPerMessage: 0.7,
  /** Answers beside the messages themselves, for each message and client. */
  chatterKbPerMessage: 4,
} as const;

/** Of a function. Not measured on AWS: five round trips to stores, and a start now and then. */
const FUNCTIONS = {
  deliverySeconds: 0.25,
  secondsPerMessage: 0.06,
  /** Messages of one batch, when more than this many come in a second; else each comes alone. */
  batch: 10,
  batchedAbovePerSecond: 10,
  compactRunsPerMonth: 60 * HOURS_PER_MONTH,
  compactSeconds: 0.5,
  secondsPerFold: 0.4,
  compactGb: 1,
  expungeSeconds: 0.3,
  secondsPerAccountDay: 0.4,
  expungeGb: 2,
} as const;

/** Bytes. `journal` and `marker` are what stays for a year and for 400 days; `row` is what a kept message takes. */
const STORED = {
  row: 60,
  journal: 150,
  journalDays: 365,
  marker: 120,
  markerDays: 400,
  account: 24 * KB,
} as const;
/** Summaries beside messages of 40 KB. */
const SUMMARY_BYTES = 1_100;
/** Lambda's pollers ask five at a time, and wait 20 s. */
const EMPTY_POLLS_PER_HOUR = 900;
/** Bytes of log: metrics of an invocation of a function, a line for each account, a gateway's metrics in an hour. */
export const LOG = { invocation: 2_000, delivery: 130, gatewayHour: 1_500 * KB, lookedAfter: 250 } as const;
/** With bucket keys one request in a hundred asks KMS. [AWS: "up to 99 percent"] */
const KEY_REQUESTS_PER_OBJECT_REQUEST = 0.01;
/**
 * What asks KMS whatever is done, at most, if something is done all the time:
 * - DynamoDB holds the key of a table for five minutes for each principal [DynamoDB: "encryption at rest: how it works"]. Four roles
 *   use each of the three tables: gateway, deliveries, compaction and expunge function, but of the directory the tally in
 *   place of the compaction.
 * - SQS holds the queue's key for five minutes: of whoever sends it takes two requests, of whoever receives one; the topic sends to it,
 *   and Lambda receives. [SQS: "estimating KMS costs"]
 * - SNS holds the topic's as long: two for SES, which publishes. [SNS: "estimating KMS costs"]
 */
const KEY_HELD_SECONDS = 300;
const KEY_REQUESTS_EACH_TIME = { tables: 12, queue: 3, topic: 2 } as const;
/** NLB: what a capacity unit holds. [ELB pricing] */
const UNIT = { tlsSessions: 3_000, tcpSessions: 100_000, gbPerHour: 1 } as const;
/** Read units of a look at an account's data key: eventually consistent by a delivery, strongly by an opening. */
const KEY_LOOK_UNITS = { delivery: 0.5, opening: 1 } as const;
/** S3: objects of one answer to a LIST. */
const LISTED_AT_ONCE = 1_000;
export const TALLY = { runsPerMonth: 6 * DAYS_PER_MONTH, metricsPerRun: 80 } as const;
const ZONES = 2;
/** Part of what the load balancer passes on to a task in another of its two zones: it spreads clients over all tasks. */
export const OTHER_ZONE = 1 - 1 / ZONES;
const PRIVATE_ENDPOINTS = { 'load-balancer': 5, gateway: 6 } as const;
const DASHBOARDS = 2;

export function usageOf(workload: Workload, shape: Shape): Usage {
  return { ...requestsOf(workload, shape), ...capacityOf(workload, shape), ...storageOf(workload, shape) };
}

type Requested = Pick<
  Usage,
  {
    [K in keyof Usage]: K extends
      | `${'deliver' | 'read' | 'search' | 'idle' | 'compact' | 'keep'}${'Reads' | 'Writes' | 'Puts' | 'Gets' | 'Wakes' | 'Runs' | 'GbSeconds'}`
      | 'mailReceived'
      | 'mailChunks'
      | 'inboundPuts'
      | 'notifications'
      | 'deliveryQueue'
      | 'idleQueue'
      | 'keyRequests'
      | 'keyUnwraps'
      ? K
      : never;
  }[keyof Usage]
>;

function requestsOf(workload: Workload, shape: Shape): Requested {
  const { tasks, deliveryGb } = shape;
  const { users, sessions, messageKb } = workload;
  const counts = countsOf(workload, tasks);
  const { delivered, runs, changes, stored, wakeUps, folds, searches, accountsHeld, clients } = counts;
  const packed = messageKb * KB < PACK_LIMITS.smallBytes ? delivered * BEHAVIOUR.packedPerMessage : 0;
  const deliverGets = delivered * PROFILE.delivery.objectGets;
  const readGets = delivered * sessions * PROFILE.bodyRead.objectGets;
  const searchGets = searches * BEHAVIOUR.bodiesPerSearch;
  const wakesByDelivery = delivered * wakeUps.perChange;
  const wakesByClients = (changes + stored) * wakeUps.perChange;
  return {
    mailReceived: delivered,
    mailChunks: delivered * Math.floor(messageKb / 256),
    inboundPuts: delivered,
    notifications: delivered,
    deliveryQueue: 3 * delivered + EMPTY_POLLS_PER_HOUR * HOURS_PER_MONTH,
    deliverPuts: delivered * PROFILE.delivery.objectPuts,
    deliverGets,
    deliverReads: delivered * (PROFILE.delivery.readUnits + KEY_LOOK_UNITS.delivery),
    // A longer message has the same summary, so that only its bytes grow.
    deliverWrites: delivered * PROFILE.delivery.writeUnits,
    deliverWakes: wakesByDelivery,
    deliverRuns: runs,
    deliverGbSeconds:
      (runs * FUNCTIONS.deliverySeconds + delivered * FUNCTIONS.secondsPerMessage) * deliveryGb,
    readPuts: stored * PROFILE.append.objectPuts,
    readGets,
    readReads:
      clients *
        BEHAVIOUR.openingsPerSession *
        DAYS_PER_MONTH *
        (PROFILE.session.readUnits + KEY_LOOK_UNITS.opening) +
      clients * BEHAVIOUR.syncsPerSession * DAYS_PER_MONTH * PROFILE.sync.readUnits +
      changes * PROFILE.change.readUnits +
      stored * PROFILE.append.readUnits,
    readWrites: changes * PROFILE.change.writeUnits + stored * PROFILE.append.writeUnits,
    readWakes: wakesByClients,
    searchGets,
    searchReads: 0,
    idleReads:
      clients * BEHAVIOUR.idlesPerSession * DAYS_PER_MONTH * PROFILE.sync.readUnits +
      accountsHeld * BEHAVIOUR.pollsPerAccount * DAYS_PER_MONTH * PROFILE.sync.readUnits +
      (wakesByDelivery + wakesByClients) * PROFILE.wakeUp.readUnits,
    idleWrites:
      clients * BEHAVIOUR.openingsPerSession * DAYS_PER_MONTH * PROFILE.idleStart.writeUnits +
      accountsHeld * BEHAVIOUR.renewalsPerAccount * DAYS_PER_MONTH,
    idleQueue:
      (wakesByDelivery + wakesByClients) * (PROFILE.wakeUp.queueRequests - 1) + tasks * 180 * HOURS_PER_MONTH,
    // Each is read once, and put with its neighbours.
    compactPuts: folds * PROFILE.fold.objectPuts + (packed * messageKb * KB) / PACK_LIMITS.packBytes,
    compactGets: folds * PROFILE.fold.objectGets + packed,
    compactReads: folds * PROFILE.fold.readUnits,
    compactWrites: folds * PROFILE.fold.writeUnits,
    compactRuns: FUNCTIONS.compactRunsPerMonth,
    compactGbSeconds:
      (FUNCTIONS.compactRunsPerMonth * FUNCTIONS.compactSeconds + folds * FUNCTIONS.secondsPerFold) *
      FUNCTIONS.compactGb,
    ...lookedAfter(workload, shape, wakeUps.perChange),
    keyRequests:
      (delivered * 2 + deliverGets + readGets + searchGets + stored + 2 * folds) *
      KEY_REQUESTS_PER_OBJECT_REQUEST *
      Math.sign(users),
    // What wrote or opened an account is another process the next time, or has forgotten the key by then.
    keyUnwraps: delivered + clients * BEHAVIOUR.openingsPerSession * DAYS_PER_MONTH,
  };
}

type LookedAfter = Pick<
  Usage,
  'keepReads' | 'keepWrites' | 'keepPuts' | 'keepGets' | 'keepRuns' | 'keepGbSeconds' | 'keepWakes'
>;

/** What the expunge function takes: an account is opened whole on each day on which something of it is due. */
function lookedAfter(workload: Workload, shape: Shape, wakesPerChange: number): LookedAfter {
  const { users } = workload;
  const month = users * DAYS_PER_MONTH;
  const days = {
    expiry: month * BEHAVIOUR.daysWithExpiry,
    purge: month * BEHAVIOUR.daysWithPurge,
    sweep: month / PERIOD_DAYS,
  };
  const accountDays = days.expiry + days.purge + days.sweep;
  const kept = keptMessages(workload) / Math.max(1, users);
  const thousands = Math.max(0, kept - LOOKED_AFTER_MESSAGES) / 1_000;
  const reads = (of: keyof typeof days): number =>
    days[of] * (PROFILE[of].readUnits + thousands * READS_PER_THOUSAND[of]);
  const writes = (of: keyof typeof days): number => days[of] * PROFILE[of].writeUnits;
  const runs = expungeRuns(shape);
  return {
    keepReads: runs * PROFILE.dueDays.readUnits + reads('expiry') + reads('purge') + reads('sweep'),
    keepWrites: writes('expiry') + writes('purge') + writes('sweep'),
    keepPuts: days.sweep * (PROFILE.sweep.objectPuts + kept / LISTED_AT_ONCE),
    keepGets: 0,
    keepRuns: runs,
    keepGbSeconds:
      (runs * FUNCTIONS.expungeSeconds + accountDays * FUNCTIONS.secondsPerAccountDay) * FUNCTIONS.expungeGb,
    keepWakes: (days.expiry + days.purge) * wakesPerChange,
  };
}

function expungeRuns({ expungeEveryMinutes }: Shape): number {
  return (HOURS_PER_MONTH * 60) / expungeEveryMinutes;
}

function keptMessages({ users, storedGb, messageKb }: Workload): number {
  return (users * storedGb * GB) / (messageKb * KB);
}

/** How often things happen in a month. */
function countsOf({ users, messagesPerDay, sessions }: Workload, tasks: number) {
  const delivered = users * messagesPerDay * DAYS_PER_MONTH;
  const batched = delivered / (HOURS_PER_MONTH * 3_600) > FUNCTIONS.batchedAbovePerSecond;
  const changes = delivered * BEHAVIOUR.changesPerMessage;
  const stored = delivered * BEHAVIOUR.storedPerMessage;
  // An account whose sessions are on one gateway is woken once for all of them.
  const gateways = Math.min(sessions, tasks);
  return {
    delivered,
    /** Invocations of the delivery. */
    runs: batched ? delivered / FUNCTIONS.batch : delivered,
    changes,
    stored,
    clients: users * sessions,
    accountsHeld: users * gateways,
    wakeUps: { perChange: gateways },
    folds: (delivered + stored) / FOLDED_MESSAGES,
    searches: users * BEHAVIOUR.searchesPerUser * DAYS_PER_MONTH,
  };
}

type Capacity = Pick<
  Usage,
  | 'taskCpu'
  | 'taskMemory'
  | 'taskAddresses'
  | 'endpoints'
  | 'balancerHours'
  | 'balancerUnits'
  | 'balancerAddresses'
  | 'dataOut'
  | 'betweenZones'
  | 'metrics'
  | 'alarms'
  | 'dashboards'
  | 'logs'
  | 'metricRequests'
  | 'keys'
  | 'serviceKeyRequests'
  | 'zones'
  | 'secrets'
>;

function capacityOf(workload: Workload, shape: Shape): Capacity {
  const { users, messageKb, sessions } = workload;
  const { tasks, tls, network } = shape;
  const { tables, queue, topic } = KEY_REQUESTS_EACH_TIME;
  const { delivered, runs, stored } = countsOf(workload, tasks);
  const perMessage = (messageKb + BEHAVIOUR.chatterKbPerMessage) * KB;
  const dataOut = (delivered * sessions * perMessage) / GB;
  const through = dataOut + ((delivered * 0.5 + stored * messageKb) * KB) / GB;
  const atBalancer = tls === 'load-balancer' ? UNIT.tlsSessions : UNIT.tcpSessions;
  const units = Math.max((users * sessions) / atBalancer, through / HOURS_PER_MONTH / UNIT.gbPerHour);
  return {
    taskCpu: tasks * shape.taskCpu * HOURS_PER_MONTH,
    taskMemory: tasks * shape.taskGb * HOURS_PER_MONTH,
    taskAddresses: network === 'public' ? tasks * HOURS_PER_MONTH : 0,
    endpoints: network === 'private' ? PRIVATE_ENDPOINTS[tls] * ZONES * HOURS_PER_MONTH : 0,
    balancerHours: HOURS_PER_MONTH,
    balancerUnits: units * HOURS_PER_MONTH,
    balancerAddresses: ZONES * HOURS_PER_MONTH,
    dataOut,
    betweenZones: through * OTHER_ZONE,
    metrics: shape.metrics,
    alarms: shape.alarms,
    dashboards: DASHBOARDS,
    logs:
      ((runs + expungeRuns(shape)) * LOG.invocation +
        delivered * LOG.delivery +
        users * (BEHAVIOUR.daysWithExpiry + BEHAVIOUR.daysWithPurge) * DAYS_PER_MONTH * LOG.lookedAfter +
        tasks * LOG.gatewayHour * HOURS_PER_MONTH) /
      GB,
    metricRequests: TALLY.runsPerMonth * TALLY.metricsPerRun,
    keys: 1,
    serviceKeyRequests: ((HOURS_PER_MONTH * 3_600) / KEY_HELD_SECONDS) * (tables + queue + topic),
    zones: shape.domains,
    secrets: tls === 'gateway' ? 1 : 0,
  };
}

/**
 * GB of old versions. What SES put is deleted once it is delivered, and stays as an old version for as long as backups
 * reach, so that a restored table names nothing that is gone.
 */
export function oldVersionsOf(
  { users, messagesPerDay, messageKb }: Workload,
  { backupDays }: Pick<Shape, 'backupDays'>,
): number {
  return (users * messagesPerDay * messageKb * KB * (backupDays + 1)) / GB;
}

function storageOf(
  workload: Workload,
  shape: Shape,
): Pick<Usage, 'objectStorage' | 'tableStorage' | 'tableBackup'> {
  const { users, messagesPerDay, messageKb } = workload;
  const kept = keptMessages(workload);
  const tables =
    kept * STORED.row +
    users * messagesPerDay * (STORED.journal * STORED.journalDays + STORED.marker * STORED.markerDays) +
    users * STORED.account;
  return {
    objectStorage: (kept * (messageKb * KB + SUMMARY_BYTES)) / GB + oldVersionsOf(workload, shape),
    tableStorage: tables / GB,
    tableBackup: tables / GB,
  };
}
