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

/** Normalised addresses and domains; what is not in the answer does not exist. */
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
  readonly address: string;
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
  const parsed = parseIfAddress(recipient);
  const walk: Walk = { frontier: [], seen: new Set(), destinations: new Map(), refusals: [] };
  if (parsed === undefined) walk.refusals.push({ address: recipient, reason: 'malformed' });
  else walk.frontier.push({ address: parsed.address, detail: undefined });
  return walk;
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
  for (const { address } of walks.flatMap((walk) => walk.frontier)) {
    const parsed = parseIfAddress(address);
    if (parsed === undefined) continue;
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

function takeStep(walk: Walk, step: Step, known: Known): void {
  const refuse = (reason: RefusalReason): void => void walk.refusals.push({ address: step.address, reason });
  const parsed = parseIfAddress(step.address);
  if (parsed === undefined) {
    refuse('malformed');
    return;
  }
  if (walk.seen.has(parsed.address)) return;
  walk.seen.add(parsed.address);
  const exact = known.addresses.get(parsed.address);
  const entry = exact ?? (parsed.tagged && known.addresses.get(parsed.tagged.base));
  // The tag that the last address spells out is the most particular one.
  const detail = (exact === undefined ? parsed.tagged?.detail : undefined) ?? step.detail;
  if (entry?.kind === 'user') {
    if (entry.disabled) {
      refuse('disabled');
      return;
    }
    if (walk.destinations.has(entry.account)) return;
    const { account, address, quotaBytes, quotaMessages } = entry;
    const destination = { account, address, quotaBytes, quotaMessages };
    walk.destinations.set(account, detail ? { ...destination, detail } : destination);
    return;
  }
  if (entry?.kind === 'alias') {
    for (const address of entry.targets.keys()) walk.frontier.push({ address, detail });
    return;
  }
  const domain = known.domains.get(parsed.domain);
  if (domain === undefined) {
    refuse('external');
    return;
  }
  if (domain.catchAll === undefined) {
    refuse('unknown');
    return;
  }
  walk.frontier.push({ address: domain.catchAll.target, detail: undefined });
}

function finish(recipient: string, walk: Walk): Resolution {
  const destinations = [...walk.destinations.values()];
  // Every step was seen before, and nobody was found on the way.
  if (destinations.length === 0 && walk.refusals.length === 0) {
    return { destinations, refusals: [{ address: recipient, reason: 'loop' }] };
  }
  return { destinations, refusals: walk.refusals };
}
