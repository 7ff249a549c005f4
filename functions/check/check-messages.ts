/**
 * Whether every message that the index names is there, whole and what was stored: its object exists, has the size that
 * its row says, and the digest that its summary carries; and whether its summary can be read.
 */
import { createHash } from 'node:crypto';
import type { BlobPlace } from '../../shared/account/columns.ts';
import type { ChunkInfo } from '../../shared/account/checkpoint.ts';
import type { Examination } from '../../shared/account/examine.ts';
import type { Finding, MessageFinding } from '../../shared/account/finding.ts';
import type { FoldSummaries } from '../../shared/account/fold-store.ts';
import type { AccountId, BlobId, PackId } from '../../shared/account/ids.ts';
import type { Survey } from '../../shared/account/survey.ts';
import { BlobMissingError } from '../../shared/blob/blob-store.ts';
import type { MessageStore, StoredObject } from '../../shared/blob/message-store.ts';
import { decodeSummary } from '../../shared/message/summary.ts';
import { inParallel } from '../../shared/parallel.ts';
import { type Misplaced, blobsIn, misplaced, misplacedFinding } from './misplaced.ts';
import { type PlacedRow, isLost, placedRows, readSummaries } from './placed-rows.ts';
import { subjectOf } from './subject.ts';

export type CheckedMessages = FoldSummaries &
  Pick<MessageStore, 'stored' | 'get' | 'recompute' | 'facts' | 'ready'>;

/**
 * Which messages are read, for their digests; objects of the others are only listed. `doubtful`: those without a summary,
 * of which nobody could say else whether one can be worked out.
 */
export type Digests = 'all' | 'doubtful' | 'none';

export interface MessageCheckDeps {
  readonly messages: CheckedMessages;
  /** Is waited for before each request; nothing: as fast as it goes. */
  readonly gate?: (() => Promise<void>) | undefined;
  readonly digests: Digests;
  /** What is known to be wrong with messages, where they are not read. */
  readonly complaints?: ReadonlyMap<BlobId, Complaint>;
  /** Whether summaries are read; they are, unless it is said otherwise. */
  readonly summaries?: boolean;
}

export interface CheckedMessagesResult {
  readonly findings: readonly Finding[];
  readonly rows: readonly PlacedRow[];
  /** Messages whose summary is lost. */
  readonly withoutSummary: ReadonlySet<BlobId>;
  /** Chunks that are not what the checkpoint says. */
  readonly damagedChunks: readonly ChunkInfo[];
  /** Objects that no row names. */
  readonly unnamed: readonly StoredObject[];
  /** Messages that are gone, or not what was stored. */
  readonly complaints: ReadonlyMap<BlobId, Complaint>;
  /** Packs that hold messages whose rows say otherwise. */
  readonly misplaced: Misplaced;
  /** Packs that are there. */
  readonly packs: ReadonlySet<PackId>;
  /** Packs whose index cannot be read, and why: nobody knows what lies in them. */
  readonly damagedPacks: ReadonlyMap<PackId, string>;
  /** Messages that were read. */
  readonly read: number;
}

/** What a summary says of its message. */
interface Known {
  readonly size: number;
  readonly digest: string | null;
}

const PARALLEL_READS = 4;

export async function checkMessages(
  deps: MessageCheckDeps,
  account: AccountId,
  survey: Survey,
  known: Examination,
): Promise<CheckedMessagesResult> {
  const rows = placedRows(survey, known);
  const source = { base: known.base, entries: survey.entries };
  const { facts, withoutSummary: unread, damaged } = await summariesOf(deps, account, source, rows);
  const named = new Map(rows.map((placed) => [placed.row.blob, placed]));
  const { found, unnamed, strays, packs, damagedPacks } = await listed(deps, account, named);
  const complaints = new Map<BlobId, Complaint>();
  const unlisted = [...named.values()].filter(({ row }) => !found.has(row.blob));
  const elsewhere = misplaced(unlisted, strays);
  const moved = blobsIn(elsewhere);
  for (const { row } of unlisted)
    if (!moved.has(row.blob)) complaints.set(row.blob, whyNot(row, damagedPacks));
  const unlistedBlobs = new Set(unlisted.map(({ row }) => row.blob));
  for (const [blob, complaint] of deps.complaints ?? [])
    if (named.has(blob) && !unlistedBlobs.has(blob)) complaints.set(blob, complaint);
  const misled = new Set<BlobId>();
  let read = 0;
  if (deps.digests !== 'none')
    await inParallel([...named.values()], PARALLEL_READS, async ({ row }) => {
      if (deps.digests === 'doubtful' && !unread.has(row.blob)) return;
      if (unlistedBlobs.has(row.blob)) return;
      read++;
      const wrong = await complaintAbout(deps, account, row, facts.get(row.blob));
      if (wrong === 'summary') misled.add(row.blob);
      else if (wrong !== null) complaints.set(row.blob, wrong);
    });
  const withoutSummary = new Set([...unread, ...misled]);
  const findings = damaged.map(chunkLost);
  const away = unlisted.filter(({ row }) => moved.has(row.blob)).length;
  if (away > 0) findings.push(misplacedFinding(away, elsewhere.size));
  // Of what cannot be read nobody can work one out.
  const lost = [...withoutSummary].filter((blob) => !complaints.has(blob) && !moved.has(blob));
  if (lost.length > 0) findings.push(summariesLost(lost.length, misled.size));
  findings.push(...(await messageFindings(deps, account, source, rows, complaints)));
  return {
    ...{ findings, rows, withoutSummary, damagedChunks: damaged },
    ...{ unnamed, complaints, misplaced: elsewhere, packs, damagedPacks, read },
  };
}

/** What is wrong with a message, in words behind its name. */
export interface Complaint {
  readonly kind: 'message-missing' | 'message-damaged';
  readonly what: string;
}

const GONE: Complaint = { kind: 'message-missing', what: 'is gone' };

/** Of a message that is not where its row says. In a pack that is damaged it may well be, but nobody can tell where. */
function whyNot({ pack }: BlobPlace, damagedPacks: ReadonlyMap<PackId, string>): Complaint {
  const why = pack === null ? undefined : damagedPacks.get(pack);
  return why === undefined
    ? GONE
    : { kind: 'message-damaged', what: `cannot be read: pack ${pack}, in which it lies, is damaged: ${why}` };
}

interface Summaries {
  readonly facts: ReadonlyMap<BlobId, Known>;
  readonly withoutSummary: ReadonlySet<BlobId>;
  readonly damaged: readonly ChunkInfo[];
}

async function summariesOf(
  { messages, digests, summaries = true }: MessageCheckDeps,
  account: AccountId,
  source: Parameters<typeof readSummaries>[2],
  rows: readonly PlacedRow[],
): Promise<Summaries> {
  const facts = new Map<BlobId, Known>();
  const withoutSummary = new Set<BlobId>();
  if (!summaries) return { facts, withoutSummary, damaged: [] };
  const { damaged } = await readSummaries(messages, account, source, rows, ({ row }, bytes) => {
    const told = bytes && factsOf(bytes);
    if (!told) withoutSummary.add(row.blob);
    else if (digests === 'all') facts.set(row.blob, told);
  });
  return { facts, withoutSummary, damaged };
}

function chunkLost({ number, bytes }: ChunkInfo): Finding {
  return {
    kind: 'chunk-lost',
    what: `chunk ${number} of summaries is gone, or is not ${bytes} bytes long`,
    means: 'Lists of messages are slow until it is mended: each message is read for what its summary told.',
    mendedBy: 'repair',
  };
}

function factsOf(bytes: Uint8Array): Known | null {
  try {
    const { size, digest } = decodeSummary(bytes);
    return { size, digest: digest ? Buffer.from(digest).toString('hex') : null };
  } catch {
    return null;
  }
}

interface Listed {
  /** Messages that lie where their rows say. */
  readonly found: ReadonlySet<BlobId>;
  /** One that lies in two places, for a day after it was packed, is here once. */
  readonly unnamed: readonly StoredObject[];
  /** Everything in packs in which a message lies whose row says another place. */
  readonly strays: readonly StoredObject[];
  readonly packs: ReadonlySet<PackId>;
  readonly damagedPacks: ReadonlyMap<PackId, string>;
}

/** Looks at each object as it is listed: a list of a million would take as much memory as all the rest. */
async function listed(
  { messages, gate }: MessageCheckDeps,
  account: AccountId,
  named: ReadonlyMap<BlobId, PlacedRow>,
): Promise<Listed> {
  await gate?.();
  const found = new Set<BlobId>();
  const unnamed = new Map<BlobId, StoredObject>();
  const strays: StoredObject[] = [];
  const packs = new Set<PackId>();
  const damagedPacks = new Map<PackId, string>();
  /** What lies in one pack is listed in a row. */
  let together: StoredObject[] = [];
  const close = (): void => {
    const isStray = ({ blob, pack }: StoredObject): boolean =>
      (named.get(blob)?.row.pack ?? null) !== pack && named.has(blob);
    if (together.some(isStray)) strays.push(...together);
    together = [];
  };
  for await (const object of messages.stored(account, (pack, { why }) => void damagedPacks.set(pack, why))) {
    const { blob, pack } = object;
    if (pack !== together[0]?.pack) close();
    if (pack !== null) {
      packs.add(pack);
      together.push(object);
    }
    const row = named.get(blob)?.row;
    if (!row) unnamed.set(blob, object);
    // The row's own text, not what was cut out of a listing.
    else if (row.pack === pack) found.add(row.blob);
  }
  close();
  for (const pack of damagedPacks.keys()) packs.add(pack);
  return { found, unnamed: [...unnamed.values()], strays, packs, damagedPacks };
}

/** What is wrong with a message, or that its summary is of something else; null if nothing is. */
async function complaintAbout(
  { messages, gate }: MessageCheckDeps,
  account: AccountId,
  row: PlacedRow['row'],
  told: Known | undefined,
): Promise<Complaint | 'summary' | null> {
  const damaged = (what: string): Complaint => ({ kind: 'message-damaged', what });
  await gate?.();
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const chunk of await messages.get(account, row)) {
      size += chunk.length;
      hash.update(chunk);
    }
  } catch (error) {
    if (error instanceof BlobMissingError) return GONE;
    if (!(error instanceof Error) || !isLost(error)) throw error;
    return damaged(`cannot be read: ${error.message}`);
  }
  if (size !== row.size) return damaged(`has ${size} bytes in the place of ${row.size}`);
  const found = hash.digest('hex');
  if (told?.digest === found) return null;
  const own = await digestOf(messages, account, row);
  // The object is whole by its own digest: then it is the summary that is not its.
  if (own === found) return told?.digest ? 'summary' : null;
  return told?.digest || own !== null ? damaged('is not the message that was stored') : null;
}

/** As its own object tells it; null: it is raw. */
async function digestOf(
  messages: CheckedMessages,
  account: AccountId,
  place: BlobPlace,
): Promise<string | null> {
  const facts = await messages.facts(account, place);
  return facts.kind === 'raw' ? null : Buffer.from(facts.digest).toString('hex');
}

function summariesLost(count: number, misled: number): Finding {
  const others = misled === 0 ? '' : `, or that of another message (${misled})`;
  return {
    kind: 'summary-lost',
    what: `${count} ${count === 1 ? 'message has' : 'messages have'} no summary that can be read${others}`,
    means: 'Clients list them slowly, for the message itself is read each time; nothing is lost.',
    mendedBy: 'repair',
  };
}

/** A finding for each place of each message that something is wrong with. */
async function messageFindings(
  { messages }: MessageCheckDeps,
  account: AccountId,
  source: Parameters<typeof readSummaries>[2],
  rows: readonly PlacedRow[],
  complaints: ReadonlyMap<BlobId, Complaint>,
): Promise<Finding[]> {
  const affected = rows.filter(({ row }) => complaints.has(row.blob));
  if (affected.length === 0) return [];
  const findings: Finding[] = [];
  await readSummaries(messages, account, source, affected, (placed, bytes) => {
    const message = describe(placed, bytes);
    const { kind, what } = complaints.get(placed.row.blob) ?? GONE;
    findings.push({
      kind,
      what: `${inWords(message)} ${what}`,
      means: message.expunged
        ? 'It was expunged; it can no longer be undeleted.'
        : 'Who opens it is answered NO; tell the user, or put the object back from a backup.',
      mendedBy: 'nobody',
      message,
    });
  });
  return findings.sort((a, b) => (a.message?.uid ?? 0) - (b.message?.uid ?? 0));
}

function describe({ mailbox, name, expunged, row }: PlacedRow, summary: Uint8Array | null): MessageFinding {
  const { uid, blob, date } = row;
  return { mailbox, name, uid, blob, expunged, date, subject: summary && subjectOf(summary) };
}

function inWords({ name, uid, subject, date, expunged }: MessageFinding): string {
  const when = new Date(date * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const called = subject === null ? 'whose subject is not known' : `"${subject}"`;
  return `message ${uid} of ${name}${expunged ? ' (expunged)' : ''}, ${called}, of ${when},`;
}
