/** An account whose messages have bodies, and what packing, purging and undelete do to it, with small limits. */
import type { CompactAccountDeps } from '../../functions/compact/compact-account.ts';
import { type PackDeps, type PackReport, packAccount } from '../../functions/compact/pack-account.ts';
import type { BlobPlace } from '../../shared/account/columns.ts';
import type { BlobId, RecordNumber } from '../../shared/account/ids.ts';
import type { AppendOp } from '../../shared/account/ops.ts';
import type { PackLimits } from '../../shared/account/pack-plan.ts';
import { Replica } from '../../shared/account/replica.ts';
import type { AccountState } from '../../shared/account/state.ts';
import { INBOX_ID } from '../../shared/account/state.ts';
import { type WholeState, commitOnWholeState, openWholeState } from '../../shared/account/whole-state.ts';
import { blobKeys } from '../../shared/aws/keys.ts';
import { append } from './fold-ops.ts';
import { ACCOUNT, FoldingAccount, SMALL_LIMITS } from './folding.ts';
import { TestRim } from './rim.ts';
import { below, pick } from './random-ops.ts';

export const DAY = 86_400_000;

/** Ten messages of 100 bytes make a pack. */
export const SMALL_PACKS: PackLimits = {
  packBytes: 1000,
  packBlobs: 16,
  smallBytes: 128,
  storedShare: 1,
  restSeconds: 7 * 86_400,
};

export class PackingAccount extends FoldingAccount {
  /** The bytes of each message that was ever stored. */
  readonly bodies = new Map<BlobId, Uint8Array>();

  static override async begun(seed?: number, limits = SMALL_LIMITS): Promise<PackingAccount> {
    const account = new PackingAccount(seed);
    await account.begin(limits);
    return account;
  }

  /** Records are of the account's time. */
  override replica(): Replica {
    const chance = new TestRim(Math.floor(this.random() * 2 ** 32));
    const rim = {
      now: () => this.rim.now(),
      random: () => chance.random(),
      randomHex: (bytes: number) => chance.randomHex(bytes),
      sleep: (milliseconds: number) => chance.sleep(milliseconds),
    };
    return new Replica(ACCOUNT, this.journal, rim, {
      onDivergence: (_, found) => this.divergences.push(found),
    });
  }

  get packDeps(): CompactAccountDeps {
    return { ...this.deps, packs: this.packs, packLimits: SMALL_PACKS };
  }

  pack(deps: Partial<PackDeps> = {}, until?: number): Promise<PackReport> {
    return packAccount({ ...this.packDeps, ...deps }, ACCOUNT, until);
  }

  /** An append of a message that lies in the blob store. */
  async arrival(over: Partial<AppendOp> = {}): Promise<AppendOp> {
    const op = append(this, { size: 100, ...over });
    const body = Buffer.from(op.blob.repeat(4)).subarray(0, op.size);
    this.bodies.set(op.blob, body);
    await this.blobs.put(blobKeys.message(ACCOUNT, op.blob), body, body.length);
    return op;
  }

  async arrivals(count: number, over: Partial<AppendOp> = {}): Promise<AppendOp[]> {
    return Promise.all(Array.from({ length: count }, () => this.arrival(over)));
  }

  whole(): Promise<WholeState> {
    return openWholeState(this.deps, ACCOUNT);
  }

  /** Purges what was expunged and is named by no message, as the expunge function does. */
  async purge(): Promise<number> {
    const { value: blobs } = await commitOnWholeState(this.deps, ACCOUNT, ({ state, buried }) => {
      const live = new Set(placesIn(state).map(({ blob }) => blob));
      const gone = [...new Set(buried.map(({ row }) => row.blob))].filter((blob) => !live.has(blob));
      const op = { op: 'purge' as const, blobs: gone, before: 0, done: 0 as RecordNumber };
      return { ops: gone.length > 0 ? [op] : [], value: gone };
    });
    await this.blobs.delete(blobs.map((blob) => blobKeys.message(ACCOUNT, blob)));
    return blobs.length;
  }

  /** Brings some of what was expunged back to INBOX. */
  async undelete(): Promise<number> {
    const seed = this.random();
    const { value } = await commitOnWholeState(this.deps, ACCOUNT, ({ buried }) => {
      const chosen = buried.filter((_, index) => (index * 7 + Math.floor(seed * 97)) % 3 === 0);
      const rows = chosen.map(({ row }) => {
        const { uid: _uid, modSeq: _modSeq, saved: _saved, ...rest } = row;
        return rest;
      });
      const op = { op: 'restore' as const, to: INBOX_ID, rows };
      return { ops: rows.length > 0 ? [op] : [], value: rows.length };
    });
    return value;
  }

  /** What lies at the place of a blob. */
  async read({ blob, pack }: BlobPlace): Promise<Uint8Array> {
    return pack === null
      ? this.packs.object(ACCOUNT, blob)
      : collect(await this.packs.get(ACCOUNT, pack, blob));
  }

  /** Messages, and expunged ones that may come back, that are not what was stored. */
  async lost(): Promise<BlobId[]> {
    const { state, buried } = await this.whole();
    const lost: BlobId[] = [];
    for (const place of [...placesIn(state), ...buried.map(({ row }) => row)]) {
      const found = await this.read(place).catch(() => null);
      const right = this.bodies.get(place.blob);
      if (!found || !right || Buffer.compare(found, right) !== 0) lost.push(place.blob);
    }
    return lost;
  }

  packObjects(): string[] {
    return this.#keys('packs/');
  }
  blobObjects(): string[] {
    return this.#keys('blobs/');
  }

  #keys(prefix: string): string[] {
    return [...this.blobs.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  }

  /** Commits `count` random ops as `act` does; what arrives has a body. */
  async live(count: number): Promise<void> {
    const replica = this.replica();
    for (let done = 0; done < count; done++) {
      const arriving = await this.arrival({ size: 20 + below(this.random, 140) });
      await replica.commit({
        needs: (state) => [...state.mailboxes.keys()],
        decide: (state) => {
          const op = this.randomOp(state);
          if (op.op !== 'append') return { ops: [op], value: null };
          const to = pick(this.random, [...state.mailboxes.keys()]);
          return { ops: [{ ...arriving, to: { mailbox: to } }], value: null };
        },
      });
    }
  }
}

/** The places of all messages. */
export function placesIn(state: AccountState): BlobPlace[] {
  return [...state.mailboxes.values()].flatMap(({ columns }) =>
    Array.from({ length: columns?.count ?? 0 }, (_, row) => columns?.placeAt(row) as BlobPlace),
  );
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
