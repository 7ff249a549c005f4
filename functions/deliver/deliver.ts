/**
 * Delivery of a batch of messages that SES has put into the inbound bucket.
 *
 * - A message's copy in `inbound` is removed when every recipient of its notification is settled (I7): delivered, or
 *   kept aside with its notification. What is not settled is reported to SQS, comes again, and ends in the dead-letter
 *   queue, from which it can be redriven: markers keep it from being delivered twice (I6).
 * - Blobs are put before the record that names them (I2). A crash in between leaves garbage, and the next attempt puts
 *   new ones.
 * - Deliveries of a batch to one account share a record.
 */
import {
  type Delivery,
  type DeliveryOutcome,
  type Head,
  deliverTo,
  headOf,
} from '../../shared/account/delivery.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import type { JournalStore } from '../../shared/account/journal-store.ts';
import type { Target } from '../../shared/account/ops.ts';
import type { JournalRecord } from '../../shared/account/record.ts';
import type { Rim } from '../../shared/account/rim.ts';
import { BlobMissingError, type BlobStore } from '../../shared/blob/blob-store.ts';
import { collected } from '../../shared/blob/collected.ts';
import { FirstLook, type MessageStore } from '../../shared/blob/message-store.ts';
import type { AddressDirectory, Destination, Refusal, Resolution } from '../../shared/directory/directory.ts';
import type { Log } from '../../shared/log.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';
import type { SqsBatchResponse, SqsEvent, SqsRecord } from '../lambda-types.ts';
import { asideKey, isAside, keepAside } from './aside.ts';
import { type Bouncer, tellSender, type Unreachable } from './bounce.ts';
import { type Notification, parseNotification } from './notification.ts';
import { type Placement, placementOf } from './placement.ts';
import { inParallel } from '../../shared/parallel.ts';
import { tellOf } from './telling.ts';
import { traced } from './trace.ts';

export interface DeliveryDependencies {
  readonly inbound: BlobStore;
  readonly messages: MessageStore;
  readonly directory: AddressDirectory;
  readonly journal: JournalStore;
  readonly rim: Rim;
  readonly log: Log;
  readonly metrics: Metrics;
  /** What `Received` says the message came by. */
  readonly hostname: string;
  /** Tells senders that their message reached nobody; absent, they are not told. */
  readonly bouncer?: Bouncer;
  /** Wake-ups and work items after a commit; awaited before the batch is answered. */
  readonly committed: (
    account: AccountId,
    records: readonly JournalRecord[],
    journalBytesBefore: number,
  ) => Promise<void>;
}

/** A raw message is up to 40 MB and is held whole, so that few are at a time. */
const MESSAGES_AT_ONCE = 3;
/** Each holds a copy of the message. */
const BLOBS_AT_ONCE = 4;
const ACCOUNTS_AT_ONCE = 8;

/** A recipient's account, and the recipient as the sender wrote it. */
interface Recipient extends Destination {
  readonly recipient: string;
}

/** A message of the batch, and what has become of it for each account. */
interface Handling {
  readonly sqs: SqsRecord;
  notification: Notification | null;
  readonly pending: { readonly to: Recipient; readonly delivery: Delivery }[];
  /** What keeps it from being settled. */
  failure: unknown;
  /** Of the raw message; null if it was not read. */
  size: number | null;
  aside: boolean;
}

export async function deliverBatch(event: SqsEvent, deps: DeliveryDependencies): Promise<SqsBatchResponse> {
  const handlings = event.Records.map((sqs): Handling => ({
    sqs,
    notification: null,
    pending: [],
    failure: null,
    size: null,
    aside: false,
  }));
  const looked = lookUpTogether(handlings, deps);
  const heads: Heads = new Map();
  await inParallel([...handlings.entries()], MESSAGES_AT_ONCE, async ([index, handling]) => {
    // Earlier, and the heads would be old by the time that the records are put: each conflict costs what it saves.
    const last = index >= handlings.length - MESSAGES_AT_ONCE;
    await prepare(handling, looked, last ? heads : null, deps).catch(
      (error: unknown) => (handling.failure = error),
    );
  });
  await inParallel([...byAccount(handlings)], ACCOUNTS_AT_ONCE, async ([account, group]) => {
    await deliverGroup(account, group, heads.get(account), deps).catch((error: unknown) => {
      for (const { handling } of group) handling.failure = error;
    });
  });
  await inParallel(handlings, ACCOUNTS_AT_ONCE, async (handling) => {
    await settle(handling, deps).catch((error: unknown) => (handling.failure = error));
  });
  for (const handling of handlings) tellOf(handling, deps);
  return { batchItemFailures: handlings.filter((handling) => reportFailure(handling, deps)).map(identifier) };
}

const identifier = ({ sqs }: Handling) => ({ itemIdentifier: sqs.messageId });

function reportFailure({ sqs, notification, failure }: Handling, { log }: DeliveryDependencies): boolean {
  if (failure === null) return false;
  const attempt = sqs.attributes.ApproximateReceiveCount;
  const message = notification?.messageId;
  log.error(
    { err: failure, sqsMessage: sqs.messageId, message, attempt },
    'a message is not delivered to all yet',
  );
  return true;
}

/** Newest records of accounts, read while the blobs of the batch's last messages are being put. */
type Heads = Map<AccountId, Promise<Head>>;

function readAhead(heads: Heads, account: AccountId, { journal }: DeliveryDependencies): void {
  if (heads.has(account)) return;
  const head = headOf(journal, account);
  // Its failure is told to whoever delivers by it; nobody may get so far.
  head.catch(() => undefined);
  heads.set(account, head);
}

/** Works out to whom the message goes, and puts its blobs; meanwhile reads the accounts' `heads`, if given. */
async function prepare(
  handling: Handling,
  looked: Looked,
  heads: Heads | null,
  deps: DeliveryDependencies,
): Promise<void> {
  const { notification } = handling;
  if (!notification) return;
  const { recipients, refusals, unreachable } = await resolve(notification, looked, deps);
  const open = await undelivered(notification, recipients, handling.sqs, deps);
  if (open.length === 0 && refusals.length === 0) return;
  // Keys are read while the message is; what keeps one from being had is met where it is used.
  for (const { account } of open) deps.messages.ready(account).catch(() => undefined);
  const raw = await readRaw(notification, open, deps);
  if (!raw) return;
  handling.size = raw.length;
  const placement = placementOf(notification);
  if (placement === 'aside') {
    handling.aside = true;
    await keepAside('virus', notification, handling.sqs.body, raw, deps);
    return;
  }
  if (refusals.length > 0) {
    handling.aside = true;
    await keepAside('undeliverable', notification, handling.sqs.body, raw, deps);
    deps.log.warn(
      { message: notification.messageId, refusals },
      'recipients that lead nowhere; the message is kept aside',
    );
    const { bouncer } = deps;
    if (bouncer) await tellSender(notification, unreachable, { ...deps, bouncer });
  }
  await inParallel(open, BLOBS_AT_ONCE, async (to) => {
    if (heads) readAhead(heads, to.account, deps);
    const delivery = await stored(raw, to, notification, placement, deps);
    handling.pending.push({ to, delivery });
  });
}

/** Where the recipients of a whole batch lead; null if it could not be told of all. */
type Looked = Promise<ReadonlyMap<string, Resolution> | null>;

/** Messages of one batch are often for the same people: one look at the directory for all of them. */
async function lookUpTogether(
  handlings: readonly Handling[],
  { directory }: DeliveryDependencies,
): Promise<ReadonlyMap<string, Resolution> | null> {
  for (const handling of handlings) {
    try {
      handling.notification = parseNotification(handling.sqs.body);
    } catch (error) {
      handling.failure = error;
    }
  }
  const all = new Set(handlings.flatMap(({ notification }) => notification?.recipients ?? []));
  // One recipient that cannot be resolved must hold up no message but its own: each then looks for itself.
  return directory.resolve([...all]).catch(() => null);
}

/** The accounts that the recipients lead to, each once, under the first recipient that leads there. */
async function resolve(
  { recipients: addresses }: Notification,
  looked: Looked,
  { directory }: DeliveryDependencies,
): Promise<{ recipients: Recipient[]; refusals: Refusal[]; unreachable: Unreachable[] }> {
  const resolutions = (await looked) ?? (await directory.resolve(addresses));
  const recipients = new Map<AccountId, Recipient>();
  const refusals: Refusal[] = [];
  const unreachable: Unreachable[] = [];
  for (const recipient of addresses) {
    const resolution = resolutions.get(recipient);
    const { destinations = [], refusals: refused = [] } = resolution ?? {};
    refusals.push(...refused);
    const [reason] = refused;
    if (destinations.length === 0 && reason) unreachable.push({ recipient, reason: reason.reason });
    for (const destination of destinations)
      if (!recipients.has(destination.account))
        recipients.set(destination.account, { ...destination, recipient });
  }
  return { recipients: [...recipients.values()], refusals, unreachable };
}

/** Those who do not have it yet. A first attempt need not ask: the markers are a condition of its transaction. */
async function undelivered(
  { messageId }: Notification,
  recipients: readonly Recipient[],
  sqs: SqsRecord,
  { journal }: DeliveryDependencies,
): Promise<readonly Recipient[]> {
  if (sqs.attributes.ApproximateReceiveCount === '1') return recipients;
  const done = await journal.delivered(
    messageId,
    recipients.map(({ account }) => account),
  );
  return recipients.filter(({ account }) => !done.has(account));
}

/**
 * Null if the raw message is gone and everybody has it: this notification was settled before. Who could not take it then, and
 * can now (an account that was opened again), gets it from where it was kept aside.
 */
async function readRaw(
  notification: Notification,
  open: readonly Recipient[],
  { inbound, journal }: DeliveryDependencies,
): Promise<Uint8Array | null> {
  try {
    return await collected(await inbound.get(notification.objectKey));
  } catch (error) {
    if (!(error instanceof BlobMissingError)) throw error;
    // What was kept aside has no markers: its copy says that it is settled.
    if (placementOf(notification) === 'aside' && (await isAside('virus', notification, inbound))) return null;
    const accounts = open.map(({ account }) => account);
    const done = await journal.delivered(notification.messageId, accounts);
    if (done.size === accounts.length) return null;
    if (!(await isAside('undeliverable', notification, inbound))) throw error;
    return collected(await inbound.get(asideKey('undeliverable', notification.objectKey)));
  }
}

async function stored(
  raw: Uint8Array,
  to: Recipient,
  { messageId, source, received }: Notification,
  placement: Exclude<Placement, 'aside'>,
  { messages, hostname, rim }: DeliveryDependencies,
): Promise<Delivery> {
  const trace = { source, recipient: to.recipient, messageId, time: rim.now(), hostname };
  const body = Buffer.concat(traced(raw, trace));
  const use = placement === 'junk' ? 'Junk' : null;
  const date = Math.floor(received / 1000);
  const look = FirstLook.at(body);
  const { keywords } = look.end();
  const arrival = { date, zone: 0, system: 0, keywords, mailbox: null, use, time: rim.now() };
  const options = { arrival, look };
  const { blob, size, summary, freshUntil } = await messages.put(to.account, body, body.length, options);
  const target: Target = use ? { use } : { inbox: true };
  const append = {
    op: 'append',
    to: target,
    blob,
    size,
    system: 0,
    keywords,
    date,
    zone: 0,
    summary,
  } as const;
  return { messageId, append, freshUntil };
}

interface Pending {
  readonly handling: Handling;
  readonly to: Recipient;
  readonly delivery: Delivery;
}

function byAccount(handlings: readonly Handling[]): Map<AccountId, Pending[]> {
  const groups = new Map<AccountId, Pending[]>();
  for (const handling of handlings) {
    for (const { to, delivery } of handling.pending) {
      const group = groups.get(to.account) ?? [];
      group.push({ handling, to, delivery });
      groups.set(to.account, group);
    }
  }
  return groups;
}

async function deliverGroup(
  account: AccountId,
  group: readonly Pending[],
  head: Promise<Head> | undefined,
  deps: DeliveryDependencies,
): Promise<void> {
  const [first] = group;
  if (!first) return;
  const deliveries = group.map(({ delivery }) => delivery);
  const { outcomes, records, journalBytesBefore, conflicts } = await deliverTo(
    account,
    deliveries,
    first.to,
    { journal: deps.journal, rim: deps.rim, head },
  );
  group.forEach(({ handling }, index) => {
    const outcome = outcomes[index];
    if (outcome !== undefined && outcome !== 'delivered' && outcome !== 'duplicate')
      handling.failure = new UndeliveredError(account, outcome);
  });
  const count = (wanted: DeliveryOutcome) => outcomes.filter((outcome) => outcome === wanted).length;
  const [delivered, duplicates] = [count('delivered'), count('duplicate')];
  deps.metrics.add('Deliveries', delivered);
  deps.log.info({ account, delivered, duplicates, conflicts }, 'delivered');
  if (records.length === 0) return;
  await deps.committed(account, records, journalBytesBefore).catch((error: unknown) => {
    deps.log.warn({ err: error, account }, 'delivered, but nobody could be told');
  });
}

/** The account takes no mail at present. The message waits: in the queue, then among the dead letters. */
export class UndeliveredError extends Error {
  constructor(account: AccountId, outcome: DeliveryOutcome) {
    super(`account ${account} did not take the message: ${outcome}`);
    this.name = 'UndeliveredError';
  }
}

async function settle({ notification, failure }: Handling, { inbound }: DeliveryDependencies): Promise<void> {
  if (failure === null && notification) await inbound.delete([notification.objectKey]);
}
