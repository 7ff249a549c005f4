/**
 * What one of each thing costs in requests, for messages of 40 KB: what the cost model multiplies.
 * `test/integration/budgets/profile.test.ts` measures each of them and fails if it is off by a tenth. Accounts are without data
 * keys there: what is sealed is shorter, and folds are rarer; `workload.ts` adds the looks at keys.
 */

/** Request units of DynamoDB, requests of S3 (dearer, cheaper) and of SQS. */
export interface Requests {
  readonly readUnits?: number;
  readonly writeUnits?: number;
  readonly objectPuts?: number;
  readonly objectGets?: number;
  readonly queueRequests?: number;
}

export const PROFILE = {
  /** A message into one account: address, head and register are read; record and marker are one transaction. */
  delivery: { readUnits: 2.5, writeUnits: 6, objectPuts: 1, objectGets: 1 },
  /** Sign in and look: the credential, and an account of 2,000 messages opened cold. */
  session: { readUnits: 23 },
  /** A sync that finds nothing: NOOP, SELECT again, the poll of an idle account. */
  sync: { readUnits: 1 },
  /** Flags, moves, copies and expunges of any number of messages: one record, and a look at who watches. */
  change: { readUnits: 1, writeUnits: 1 },
  /** A body, or a part of it. */
  bodyRead: { objectGets: 1 },
  /** A message that the client stores: sent mail, a draft. */
  append: { readUnits: 1, writeUnits: 2, objectPuts: 1 },
  /** A session begins to idle: registered, then read. */
  idleStart: { readUnits: 1, writeUnits: 1 },
  /** An idle session is told of a change: one message through the gateway's queue, and one read. */
  wakeUp: { readUnits: 1, queueRequests: 3 },
  /** A fold of the records of `FOLDED_MESSAGES` deliveries, and the emptying of as many that are a day old. */
  fold: { readUnits: 62, writeUnits: 130, objectPuts: 1, objectGets: 1 },
  /** A run of the expunge function that finds nothing due: its calendar lies in sixteen partitions. */
  dueDays: { readUnits: 8.5 },
  /** An account of 2,000 messages, on a day on which the retention of some of them ends. */
  expiry: { readUnits: 24, writeUnits: 5 },
  /** The same, on a day on which the grace of some that were expunged ends. */
  purge: { readUnits: 36, writeUnits: 6 },
  /** The same, on the day on which the account is swept: its objects are listed by what they are. */
  sweep: { readUnits: 27, writeUnits: 4, objectPuts: 4 },
} as const satisfies Record<string, Requests>;

/** What more messages add to the three: each opens the whole account. */
export const READS_PER_THOUSAND = { expiry: 4, purge: 3.25, sweep: 4 } as const;
/** Of the accounts that those were measured on. */
export const LOOKED_AFTER_MESSAGES = 2_000;

/** Deliveries that make a fold due: 64 KiB of summaries. */
export const FOLDED_MESSAGES = 28;
