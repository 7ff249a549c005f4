/**
 * Where recipients lead: aliases and groups are followed level by level, all recipients of a call together, so that the
 * number of reads one after the other is the depth of the deepest alias, not the number of addresses.
 *
 * Pure but for the reads, which are passed in.
 */
import { parseIfAddress } from './address.ts';
import type { Address } from './address.ts';
import type { Destination, Refusal, RefusalReason, Resolution } from './directory.ts';
import type { AddressEntry, DomainEntry } from './items.ts';

/** Levels of aliases below a recipient. Each costs a read of its own. */
export const MAX_LEVELS = 16;
/** Addresses that one recipient may expand to, aliases included. */
export const MAX_EXPANSION = 5_000;

/** Takes normalised addresses and domains; what is not in the answer does not exist. */
export interface DirectoryReader {
  read(
    addresses: readonly string[],
    domains: readonly string[],
  ): Promise<{
    readonly addresses: ReadonlyMap<string, AddressEntry>;
    readonly domains: ReadonlyMap<string, DomainEntry>;
  }>;
}

/** What the call has read so far; undefined stands for "read, and not there". */
interface Known {
  readonly addresses: Map<string, AddressEntry | undefined>;
  readonly domains: Map<string, DomainEntry | undefined>;
}

/** An address on the way, with the tag that came along. */
interface Step {
  readonly parsed: Address;
  readonly detail: string | undefined;
}

/** One recipient on its way. */
interface Walk {
  frontier: Step[];
  readonly seen: Set<string>;
  readonly destinations: Map<string, Destination>;
  readonly refusals: Refusal[];
}

export async function resolveRecipients(
  recipients: readonly string[],
  reader: DirectoryReader,
): Promise<Map<string, Resolution>> {
  const known: Known = { addresses: new Map(), domains: new Map() };
  const walks = new Map(recipients.map((recipient) => [recipient, startWalk(recipient)]));
  for (let level = 0; ; level++) {
    const open = [...walks.values()].filter((walk) => walk.frontier.length > 0);
    if (open.length === 0) break;
    for (const walk of open) {
      if (level > MAX_LEVELS || walk.seen.size + walk.frontier.length > MAX_EXPANSION) giveUp(walk);
    }
    await readMissing(open, known, reader);
    for (const walk of open) takeLevel(walk, known);
  }
  return new Map([...walks].map(([recipient, walk]) => [recipient, finish(recipient, walk)]));
}

function startWalk(recipient: string): Walk {
  const walk: Walk = { frontier: [], seen: new Set(), destinations: new Map(), refusals: [] };
  stepTo(walk, recipient, undefined);
  return walk;
}

function stepTo(walk: Walk, address: string, detail: string | undefined): void {
  const parsed = parseIfAddress(address);
  if (parsed === undefined) walk.refusals.push({ address, reason: 'malformed' });
  else walk.frontier.push({ parsed, detail });
}

/** All or nothing: half a group would look like success to whoever asked. */
function giveUp(walk: Walk): void {
  const [first] = walk.seen;
  walk.frontier = [];
  walk.destinations.clear();
  walk.refusals.length = 0;
  walk.refusals.push({ address: first ?? '', reason: 'too-large' });
}

async function readMissing(walks: readonly Walk[], known: Known, reader: DirectoryReader): Promise<void> {
  const addresses = new Set<string>();
  const domains = new Set<string>();
  for (const { parsed } of walks.flatMap((walk) => walk.frontier)) {
    for (const each of candidates(parsed)) if (!known.addresses.has(each)) addresses.add(each);
    if (!known.domains.has(parsed.domain)) domains.add(parsed.domain);
  }
  if (addresses.size === 0 && domains.size === 0) return;
  const found = await reader.read([...addresses], [...domains]);
  for (const address of addresses) known.addresses.set(address, found.addresses.get(address));
  for (const domain of domains) known.domains.set(domain, found.domains.get(domain));
}

/** The addresses that may have an item for this one, best first. */
export function candidates(address: Address): string[] {
  return address.tagged === undefined ? [address.address] : [address.address, address.tagged.base];
}

function takeLevel(walk: Walk, known: Known): void {
  const steps = walk.frontier;
  walk.frontier = [];
  for (const step of steps) takeStep(walk, step, known);
}

function takeStep(walk: Walk, { parsed, detail: carried }: Step, known: Known): void {
  if (walk.seen.has(parsed.address)) return;
  walk.seen.add(parsed.address);
  const exact = known.addresses.get(parsed.address);
  const entry = exact ?? (parsed.tagged && known.addresses.get(parsed.tagged.base));
  // The tag that the last address spells out is the most particular one.
  const detail = (exact === undefined ? parsed.tagged?.detail : undefined) ?? carried;
  if (entry?.kind === 'user' && !entry.disabled) {
    if (walk.destinations.has(entry.account)) return;
    const { account, address, quotaBytes, quotaMessages } = entry;
    const destination = { account, address, quotaBytes, quotaMessages };
    walk.destinations.set(account, detail ? { ...destination, detail } : destination);
    return;
  }
  if (entry?.kind === 'alias') {
    for (const target of entry.targets.keys()) stepTo(walk, target, detail);
    return;
  }
  const domain = known.domains.get(parsed.domain);
  if (entry === undefined && domain?.catchAll !== undefined) {
    stepTo(walk, domain.catchAll.target, undefined);
    return;
  }
  walk.refusals.push({ address: parsed.address, reason: reasonAgainst(entry, domain) });
}

function reasonAgainst(entry: AddressEntry | undefined, domain: DomainEntry | undefined): RefusalReason {
  if (entry !== undefined) return 'disabled';
  return domain === undefined ? 'external' : 'unknown';
}

function finish(recipient: string, walk: Walk): Resolution {
  const destinations = [...walk.destinations.values()];
  // Every step was seen before, and nobody was found on the way.
  if (destinations.length === 0 && walk.refusals.length === 0) {
    return { destinations, refusals: [{ address: recipient, reason: 'loop' }] };
  }
  return { destinations, refusals: walk.refusals };
}
