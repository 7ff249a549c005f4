/**
 * Packs what lies unread in an account, and rewrites packs of which less than half is in use.
 *
 * The order is what makes a death between any two calls harmless:
 * 1. a pack is put, with the stored bytes of blobs as they lie: nobody names it yet, and a sweep takes it after two days;
 * 2. a record says which blobs lie in it. It is decided on the whole account at that moment, so that the op holds for every
 *    row that names one of them, however it came there; a COPY that comes later copies the row with its place (I5);
 * 3. the next fold puts the place into the rows of the checkpoint, and the objects that the pack replaces on the
 *    checkpoint's list; a day later a fold deletes them, after it has read from the pack which they are.
 * Whoever reads by an older state finds either the old place, or nothing, and reads the account anew.
 */
import type { AccountId, PackId } from '../../shared/account/ids.ts';
import {
  PACK_LIMITS,
  type PackLimits,
  type PackUse,
  type Packable,
  type PutPack,
  decidePacking,
  makesPack,
  packUses,
  packable,
} from '../../shared/account/pack-plan.ts';
import {
  type WholeState,
  type WholeStateDeps,
  commitOnWholeState,
  openWholeState,
} from '../../shared/account/whole-state.ts';
import type { PackStore } from '../../shared/blob/pack-store.ts';
import { unlessMissing } from './unless-missing.ts';

/** A record is put within an hour of its packs, long before a sweep may take one that is not named (I2). */
const FRESH_MS = 3_600_000;
/** Packs of one commit: 256 KB of ops at most. */
const PACKS_PER_COMMIT = 4;
/** Messages of one run, so that it ends in bounded time and memory; the next one goes on. */
const MESSAGES_PER_RUN = 65_536;
const PARALLEL_READS = 8;
/** A last pack that is smaller than this share of a full one waits for more. */
const SMALLEST_SHARE = 0.25;
/** Packs of which less than this share is in use are rewritten. */
const LIVE_SHARE = 0.5;
const ID_BYTES = 16;

export interface PackDeps extends WholeStateDeps {
  readonly packs: Pick<PackStore, 'put' | 'object' | 'index' | 'read' | 'delete'>;
  readonly packLimits?: PackLimits;
  /**
   * False: nothing more is packed, for each message is to stay an object that holds just it (`--blob-format raw`). Packs that
   * there are are looked after all the same. Default: true.
   */
  readonly packing?: boolean;
}

export interface PackReport {
  /** Packs that were put to use, their messages and bytes. */
  readonly packs: number;
  readonly messages: number;
  readonly bytes: number;
  /** Packs that nobody names any more. */
  readonly replaced: number;
  /** Whether the time did not suffice, or the run was full. */
  readonly more: boolean;
}

/** Packs one account; begins no pack after `until` (milliseconds since the epoch). */
export async function packAccount(deps: PackDeps, account: AccountId, until = Infinity): Promise<PackReport> {
  const whole = await openWholeState(deps, account);
  return new Packer(deps, account, until, whole).run();
}

/** A blob with the bytes that lie at its place. */
interface Stored extends Packable {
  readonly bytes: Uint8Array;
}

class Packer {
  readonly #deps: PackDeps;
  readonly #account: AccountId;
  readonly #until: number;
  readonly #limits: PackLimits;
  /** As it was seen at last. */
  #whole: WholeState;
  #group: Stored[] = [];
  #groupBytes = 0;
  /** Put, and not yet named by a record. */
  #put: (PutPack & { readonly freshUntil: number })[] = [];
  #emptied: readonly PackId[] = [];
  /** What was read, to tell what the rest will take. */
  readonly #seen = { packs: 0, read: { size: 0, stored: 0 } };
  readonly #report = { packs: 0, messages: 0, bytes: 0, replaced: 0, more: false };

  constructor(deps: PackDeps, account: AccountId, until: number, whole: WholeState) {
    this.#deps = deps;
    this.#account = account;
    this.#until = until;
    this.#whole = whole;
    this.#limits = deps.packLimits ?? PACK_LIMITS;
  }

  async run(): Promise<PackReport> {
    const whole = this.#whole;
    if (whole.state.policy.closed) return this.#report;
    const { rim } = this.#deps;
    const sparse = await this.#sparse(packUses(whole));
    this.#emptied = sparse.map(({ info }) => info.pack);
    for (const use of sparse) for await (const stored of this.#live(use)) await this.#add(stored);
    const rewritten = this.#group.length > 0;
    const { packing = true } = this.#deps;
    const fresh = packing ? packable(whole, rim.now(), this.#limits, MESSAGES_PER_RUN) : [];
    if (rewritten || makesPack(fresh, this.#limits))
      for await (const stored of this.#objects(fresh)) await this.#add(stored);
    this.#report.more ||= fresh.length >= MESSAGES_PER_RUN;
    if (rewritten || this.#isLarge()) await this.#close();
    await this.#commit();
    return this.#report;
  }

  /** Whether the last pack is worth an object. */
  #isLarge(): boolean {
    const { packBytes, packBlobs } = this.#limits;
    return Math.max(this.#groupBytes / packBytes, this.#group.length / packBlobs) >= SMALLEST_SHARE;
  }

  /** Packs of which less than half is in use. Only those are looked into which may be. */
  async #sparse(uses: readonly PackUse[]): Promise<PackUse[]> {
    const { smallBytes } = this.#limits;
    const sparse: PackUse[] = [];
    for (const use of uses) {
      const { info, live } = use;
      const dead = info.count - live.size;
      // A blob takes little more than its message: so many dead ones are at most so many bytes.
      if (live.size > 0 && dead * 2 * smallBytes <= info.bytes * (1 - LIVE_SHARE)) continue;
      if (live.size === 0 || (await this.#liveBytes(use)) < info.bytes * LIVE_SHARE) sparse.push(use);
    }
    return sparse;
  }

  async #liveBytes({ info, live }: PackUse): Promise<number> {
    // One that is lost is for a check to tell of; as long as it is named, it stays.
    const index = await unlessMissing(this.#deps.packs.index(this.#account, info.pack));
    if (!index) return Infinity;
    return [...index].reduce((sum, [blob, { start, end }]) => sum + (live.has(blob) ? end - start : 0), 0);
  }

  async *#live({ info, live }: PackUse): AsyncGenerator<Stored> {
    if (live.size === 0 || this.#late()) return;
    for (const { blob, bytes } of (await unlessMissing(this.#deps.packs.read(this.#account, info.pack))) ??
      []) {
      const size = live.get(blob);
      if (size !== undefined) yield { blob, pack: info.pack, size, bytes };
    }
  }

  /** What lies at the places of `fresh`, some at a time, in their order; what is missing is for a check to tell of. */
  async *#objects(fresh: readonly Packable[]): AsyncGenerator<Stored> {
    for (let at = 0; at < fresh.length; at += PARALLEL_READS) {
      if (this.#late() || !this.#isWorth(fresh.slice(at))) return;
      const reads = fresh.slice(at, at + PARALLEL_READS).map(async (packable) => {
        const bytes = await unlessMissing(this.#deps.packs.object(this.#account, packable.blob));
        return bytes ? [{ ...packable, bytes }] : [];
      });
      yield* (await Promise.all(reads)).flat();
    }
  }

  /** Whether a pack that was hardly begun will become one: what is read for it in vain is read again in a week. */
  #isWorth(rest: readonly Packable[]): boolean {
    const { packs, read } = this.#seen;
    if (packs === 0 || this.#group.length > PARALLEL_READS) return true;
    const { packBytes, packBlobs } = this.#limits;
    const ratio = read.stored / Math.max(1, read.size);
    const bytes = this.#groupBytes + ratio * rest.reduce((sum, { size }) => sum + size, 0);
    return Math.max(bytes / packBytes, (this.#group.length + rest.length) / packBlobs) >= SMALLEST_SHARE;
  }

  #late(): boolean {
    const late = this.#deps.rim.now() >= this.#until;
    this.#report.more ||= late;
    return late;
  }

  async #add(stored: Stored): Promise<void> {
    const { packBytes, packBlobs } = this.#limits;
    const fits = this.#groupBytes + stored.bytes.length <= packBytes && this.#group.length < packBlobs;
    if (!fits) await this.#close();
    this.#group.push(stored);
    this.#groupBytes += stored.bytes.length;
    this.#seen.read.size += stored.size;
    this.#seen.read.stored += stored.bytes.length;
    if (this.#group.length === packBlobs) await this.#close();
  }

  /** Puts the group as a pack. */
  async #close(): Promise<void> {
    const group = this.#group;
    this.#group = [];
    this.#groupBytes = 0;
    if (group.length === 0) return;
    const { rim, packs } = this.#deps;
    this.#seen.packs++;
    const pack = rim.randomHex(ID_BYTES) as PackId;
    const freshUntil = rim.now() + FRESH_MS;
    await packs.put(this.#account, pack, group);
    const blobs = group.map(({ blob, pack: from, bytes }) => ({ blob, pack: from, bytes: bytes.length }));
    this.#put.push({ pack, blobs, freshUntil });
    if (this.#put.length >= PACKS_PER_COMMIT) await this.#commit();
  }

  /** Says in the journal what lies in the packs that were put. */
  async #commit(): Promise<void> {
    const { rim, packs } = this.#deps;
    const put = this.#put;
    this.#put = [];
    if (put.length === 0 && this.#emptied.length === 0) return;
    const decide = (whole: WholeState) => {
      const fresh = put.filter(({ freshUntil }) => rim.now() < freshUntil);
      const decided = whole.state.policy.closed ? [] : decidePacking(whole, fresh, this.#emptied);
      return { ops: decided, value: decided };
    };
    const { value: ops, whole } = await commitOnWholeState(this.#deps, this.#account, decide, this.#whole);
    this.#whole = whole;
    const used = new Set(ops.map(({ pack }) => pack));
    const replaced = new Set(ops.flatMap((op) => op.replaced));
    this.#emptied = this.#emptied.filter((pack) => !replaced.has(pack));
    this.#report.replaced += replaced.size;
    for (const { pack, blobs } of put) {
      if (!used.has(pack)) {
        // No record names it, and none will: only this function knows its name.
        await packs.delete(this.#account, pack);
        continue;
      }
      this.#report.packs++;
      this.#report.messages += blobs.length;
      this.#report.bytes += blobs.reduce((sum, { bytes }) => sum + bytes, 0);
    }
  }
}
