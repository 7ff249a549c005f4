/** What aliases hang on, and that they never lead back to themselves. Pure but for the reads, which are passed in. */
import { parseAddress } from './address.ts';
import { DirectoryError } from './directory-errors.ts';
import type { AddressEntry, AliasEntry } from './items.ts';
import { MAX_LEVELS, candidates } from './resolve.ts';
import type { DirectoryReader } from './resolve.ts';

/** Aliases below a new target. All of them are checked in its transaction, which has room for a hundred items. */
export const MAX_ALIASES_BELOW = 40;
/** Aliases and catch-alls that one address may be named by: their names stand in its item. */
const MAX_REFERRERS = 1_000;

/** A target and the item that holds it up. */
export interface Anchor {
  /** Normalised. */
  readonly target: string;
  /** The target's own item, or for `user+tag@` without one, the item of `user@`. */
  readonly entry: AddressEntry;
}

/** Finds what `targets` (normalised) hang on; throws `DirectoryError` for one that leads nowhere. */
export async function findAnchors(targets: readonly string[], reader: DirectoryReader): Promise<Anchor[]> {
  const parsed = targets.map(parseAddress);
  const found = await reader.read(
    [...new Set(parsed.flatMap(candidates))],
    [...new Set(parsed.map(({ domain }) => domain))],
  );
  return parsed.map((target) => {
    const { address, domain } = target;
    const entry = candidates(target).flatMap((each) => found.addresses.get(each) ?? [])[0];
    if (entry === undefined) {
      throw found.domains.has(domain)
        ? new DirectoryError('no-such-target', `there is no user and no alias with the address ${address}`)
        : new DirectoryError(
            'external',
            `${address} is outside of this system's domains; mail is not forwarded`,
          );
    }
    if (entry.referrers.length >= MAX_REFERRERS) {
      throw new DirectoryError(
        'too-large',
        `${entry.address} is the target of ${entry.referrers.length} aliases, and may not be of more`,
      );
    }
    return { target: address, entry };
  });
}

/**
 * All aliases at and below `targets`; throws `DirectoryError` if one of them leads to `alias`, which need not exist yet,
 * or if they are too many or too deep.
 */
export async function aliasesBelow(
  alias: string,
  targets: readonly string[],
  reader: DirectoryReader,
): Promise<Map<string, AliasEntry>> {
  const aliases = new Map<string, AliasEntry>();
  const seen = new Set<string>();
  let frontier = targets;
  for (let level = 1; frontier.length > 0; level++) {
    if (level > MAX_LEVELS)
      throw new DirectoryError('too-large', `${alias} would lead through too many levels`);
    const steps = frontier.filter((each) => !seen.has(each)).map(parseAddress);
    for (const { address } of steps) seen.add(address);
    const { addresses } = await reader.read([...new Set(steps.flatMap(candidates))], []);
    const next: string[] = [];
    for (const step of steps) {
      const end = candidates(step).find((each) => each === alias || addresses.has(each));
      if (end === alias)
        throw new DirectoryError('loop', `${alias} would lead to itself, by way of ${step.address}`);
      const entry = end === undefined ? undefined : addresses.get(end);
      if (entry?.kind !== 'alias' || aliases.has(entry.address)) continue;
      aliases.set(entry.address, entry);
      next.push(...entry.targets.keys());
    }
    if (aliases.size > MAX_ALIASES_BELOW) {
      throw new DirectoryError('too-large', `more than ${MAX_ALIASES_BELOW} aliases hang below ${alias}`);
    }
    frontier = next;
  }
  return aliases;
}
