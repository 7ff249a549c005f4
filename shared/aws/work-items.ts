/**
 * What the scheduled functions have to do, so that they never scan all accounts: an item an account and kind of work. A
 * work item is a hint: one that is lost costs nothing but time, for the next commit that makes work due leaves another.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { foldDue } from '../account/fold.ts';
import type { AccountId } from '../account/ids.ts';
import type { JournalRecord } from '../account/record.ts';
import { WORK_SHARDS, type WorkKind, workKeys } from './keys.ts';
import { type Lease, LeasedItems } from './leased-items.ts';
import type { RetryOptions } from './retry.ts';

/** Work that this process has taken. */
export interface TakenWork {
  readonly kind: WorkKind;
  readonly account: AccountId;
  readonly holder: string;
  readonly asked: number;
}

export class DynamoDbWorkItems {
  readonly #items: LeasedItems;

  constructor(client: DynamoDBClient, table: string, retry: RetryOptions = {}) {
    this.#items = new LeasedItems(client, table, retry);
  }

  /** Asks for work. Who is at it already, is told by `finish` that there is more. */
  leave(kind: WorkKind, account: AccountId): Promise<void> {
    return this.#items.ask(workKeys.item(kind, account));
  }

  /** Asks for a fold if the commit of `records` has made one due. */
  async leaveIfDue(
    account: AccountId,
    records: readonly JournalRecord[],
    journalBytesBefore: number,
  ): Promise<void> {
    const first = records[0];
    const last = records.at(-1);
    if (!first || !last) return;
    const before = { number: first.number - 1, journalBytes: journalBytesBefore };
    if (foldDue(before, last)) await this.leave('compact', account);
  }

  /** Accounts that have work of the kind, but for those whose work somebody is at by `now` (ms). */
  async list(kind: WorkKind, now: number): Promise<readonly AccountId[]> {
    const shards = Array.from({ length: WORK_SHARDS }, (_, shard) =>
      this.#items.list(workKeys.shard(kind, shard), now),
    );
    return (await Promise.all(shards)).flat().map(workKeys.accountOf);
  }

  /** As `LeasedItems.take`. */
  async take(kind: WorkKind, account: AccountId, lease: Lease): Promise<TakenWork | null> {
    const taken = await this.#items.take(workKeys.item(kind, account), lease);
    return taken && { kind, account, holder: taken.holder, asked: taken.asked };
  }

  /** As `LeasedItems.finish`. */
  finish({ kind, account, holder, asked }: TakenWork): Promise<'done' | 'more'> {
    return this.#items.finish({ key: workKeys.item(kind, account), holder, asked });
  }

  /** As `LeasedItems.release`. */
  release({ kind, account, holder }: TakenWork): Promise<void> {
    return this.#items.release({ key: workKeys.item(kind, account), holder });
  }

  /** Takes an account's work away: the account is gone. */
  drop(kind: WorkKind, account: AccountId): Promise<void> {
    return this.#items.drop(workKeys.item(kind, account));
  }
}
