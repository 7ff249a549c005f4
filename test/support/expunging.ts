/** An account in memory with messages in every state that a purge must tell apart, and what must hold whatever happens. */
import { expect } from '@jest/globals';
import type { FoldDeps } from '../../functions/compact/fold-account.ts';
import type { ExpungeAccountDeps } from '../../functions/expunge/expunge-account.ts';
import type { Divergence } from '../../shared/account/apply.ts';
import type { JournalStore } from '../../shared/account/journal-store.ts';
import type { BlobPlace } from '../../shared/account/columns.ts';
import type { Op } from '../../shared/account/ops.ts';
import { blobKeys } from '../../shared/aws/keys.ts';
import type { BlobStore } from '../../shared/blob/blob-store.ts';
import { Replica } from '../../shared/account/replica.ts';
import { DAY_SECONDS } from '../../shared/account/policy.ts';
import { decideCopy, decideMove, decideRemoval } from '../../shared/account/decide-messages.ts';
import { GRACE_SECONDS } from '../../shared/account/due.ts';
import type { AccountId, BlobId } from '../../shared/account/ids.ts';
import { isEmptied } from '../../shared/account/record.ts';
import { type AccountState, INBOX_ID, mailboxNamed } from '../../shared/account/state.ts';
import { openWholeState } from '../../shared/account/whole-state.ts';
import { AccountObjects } from '../../shared/blob/account-objects.ts';
import { append, commit } from './fold-ops.ts';
import { ACCOUNT, FoldingAccount, SMALL_LIMITS } from './folding.ts';
import { MemorySummaries } from './memory-fold-store.ts';

export type Watch = <T extends object>(store: T) => T;

const UNLIMITED = { quotaBytes: Infinity, quotaMessages: Infinity };
export const DAY_MS = DAY_SECONDS * 1000;

/** Deletes nothing that no purge names: that would be the loss that I5 prevents. */
class PurgedOnly extends MemorySummaries {
  readonly #isPurged: (blob: BlobId) => boolean;
  readonly #blobs: BlobStore;

  constructor(isPurged: (blob: BlobId) => boolean, blobs: BlobStore) {
    super();
    this.#isPurged = isPurged;
    this.#blobs = blobs;
  }

  override async deleteMessages(account: AccountId, purged: readonly BlobId[]): Promise<void> {
    for (const blob of purged)
      if (!this.#isPurged(blob)) throw new Error(`${blob} is deleted before a record says so`);
    await super.deleteMessages(account, purged);
    await this.#blobs.delete(purged.map((blob) => blobKeys.message(account, blob)));
  }
}

/** Blobs of the account's messages by what has happened to them. */
export interface Fates {
  /** Expunged eight days ago, and nobody else's. */
  readonly over: readonly BlobId[];
  /** Expunged eight days ago from INBOX; a copy is in Archive. */
  readonly copied: BlobId;
  /** Expunged eight days ago from INBOX, and three days ago from Archive. */
  readonly younger: BlobId;
  /** Expunged three days ago. */
  readonly within: BlobId;
  readonly living: BlobId;
}

export class ExpungingAccount extends FoldingAccount {
  override readonly summaries: MemorySummaries = new PurgedOnly(
    (blob) => this.purged().has(blob),
    this.blobs,
  );

  /** `folded`: how far the story has gone when it is folded, 0 to 3. */
  static async told(seed: number, folded: number): Promise<{ account: ExpungingAccount; fates: Fates }> {
    const account = new ExpungingAccount(seed);
    account.limits = SMALL_LIMITS;
    const first = { number: 1 as never, commit: 'first', time: 0, usage: { messages: 0, bytes: 0 } };
    await account.journal.put(ACCOUNT, [{ ...first, ops: [], journalBytes: 20 }]);
    const writer = account.gateway();
    const ops = Array.from({ length: 6 }, () => append(account));
    const blobs = ops.map(({ blob }) => blob);
    for (const blob of blobs) await account.store(blob);
    await commit(writer, () => [
      { op: 'create', name: 'INBOX', uidValidity: 1, use: null },
      { op: 'create', name: 'Archive', uidValidity: 2, use: null },
      ...ops,
    ]);
    await account.change('copy', 'INBOX', 'Archive', [3, 4]);
    if (folded === 1) await account.fold();
    account.rim.time += DAY_MS;
    await account.remove('INBOX', [1, 2, 3, 4]);
    if (folded === 2) await account.fold();
    account.rim.time += 5 * DAY_MS;
    await account.remove('Archive', [2]);
    await account.remove('INBOX', [5]);
    if (folded === 3) await account.fold();
    account.rim.time += 3 * DAY_MS;
    const [a, b, copied, younger, within, living] = blobs as [BlobId, BlobId, BlobId, BlobId, BlobId, BlobId];
    return { account, fates: { over: [a, b], copied, younger, within, living } };
  }

  get purgeDeps(): ExpungeAccountDeps {
    const objects = new AccountObjects(this.blobs);
    return { ...this.deps, graceSeconds: GRACE_SECONDS, objects, folded: this.folds };
  }

  /** Deps of a function whose calls of stores go through `watch`. */
  through(watch: Watch): FoldDeps & ExpungeAccountDeps {
    const { journal, folds, summaries } = this;
    const stores = {
      journal: watch<JournalStore>(journal),
      folds: watch(folds),
      summaries: watch(summaries),
    };
    return { ...this.purgeDeps, ...this.deps, ...stores };
  }

  /** A process that serves the account. */
  gateway(watch: Watch = (store) => store): Replica {
    const onDivergence = (_: AccountId, found: Divergence) => this.divergences.push(found);
    return new Replica(ACCOUNT, watch<JournalStore>(this.journal), this.rim, { onDivergence });
  }

  /** COPY or MOVE by a process of its own. */
  async change(
    op: 'copy' | 'move',
    from: string,
    to: string,
    uids: readonly number[],
    replica = this.gateway(),
  ): Promise<void> {
    const idOf = (state: AccountState, name: string) => mailboxNamed(state, name)?.id ?? INBOX_ID;
    await replica.commit({
      needs: (state) => [idOf(state, from), idOf(state, to)],
      decide: (state) => {
        const request = { from: idOf(state, from), to: idOf(state, to), uids: Uint32Array.from(uids) };
        const decide = op === 'copy' ? decideCopy : decideMove;
        return decide(state, { ...request, all: false, quota: UNLIMITED });
      },
    });
  }

  async remove(name: string, uids: readonly number[], replica = this.gateway()): Promise<void> {
    const idOf = (state: AccountState) => mailboxNamed(state, name)?.id ?? INBOX_ID;
    await replica.commit({
      needs: (state) => [idOf(state)],
      decide: (state) => decideRemoval(state, idOf(state), uids),
    });
  }

  /** The bytes of a message, which are told by its blob. */
  async store(blob: BlobId): Promise<void> {
    await this.blobs.put(blobKeys.message(ACCOUNT, blob), Buffer.from(blob), blob.length);
  }

  /** An append of a message that lies in the blob store. */
  async arrival(): Promise<Op> {
    const op = append(this);
    await this.store(op.blob);
    return op;
  }

  /** Whether the messages and what can be brought back are read where their rows say that they lie. */
  async expectReadable(): Promise<void> {
    const { state, buried } = await openWholeState(this.purgeDeps, ACCOUNT);
    const rows: BlobPlace[] = buried.map(({ row }) => row);
    for (const { columns } of state.mailboxes.values())
      for (let row = 0; columns && row < columns.count; row++) rows.push(columns.row(row));
    for (const { blob, pack } of rows) {
      const body = await (pack === null
        ? this.blobs.get(blobKeys.message(ACCOUNT, blob))
        : this.packs.get(ACCOUNT, pack, blob));
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      expect(Buffer.concat(chunks).toString()).toBe(blob);
    }
  }

  /** Blobs that a purge in the journal names. */
  purged(): ReadonlySet<BlobId> {
    return new Set(
      [...this.journal.history.values()].flatMap(({ ops }) =>
        ops.flatMap((op) => (op.op === 'purge' ? op.blobs : [])),
      ),
    );
  }

  /** Blobs that a message of any mailbox has. */
  living(): ReadonlySet<BlobId> {
    const blobs = new Set<BlobId>();
    for (const { columns } of this.replayed().mailboxes.values())
      for (let row = 0; columns && row < columns.count; row++) blobs.add(columns.blobAt(row));
    return blobs;
  }

  /** I5: what a message, or a row that can still be brought back, names is there. */
  async expectNothingDangles(): Promise<void> {
    const { buried } = await openWholeState(this.purgeDeps, ACCOUNT);
    const named = [...this.living(), ...buried.map(({ row }) => row.blob)];
    expect(named.filter((blob) => this.summaries.deleted.has(blob))).toEqual([]);
    const purged = this.purged();
    expect(named.filter((blob) => purged.has(blob))).toEqual([]);
  }

  /** Numbers of records that are emptied. */
  emptied(): number {
    return [...this.journal.account(ACCOUNT).entries.values()].filter(isEmptied).length;
  }
}
