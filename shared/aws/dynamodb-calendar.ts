/**
 * The calendar of the expunge function: an item an account and day. A partition holds the accounts of one shard in the
 * order of their days, so that one Query finds all that is due up to today, however long the function was off.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Calendar } from '../account/calendar.ts';
import type { Day } from '../account/due.ts';
import type { AccountId } from '../account/ids.ts';
import { WORK_SHARDS, calendarKeys } from './keys.ts';
import { type Lease, LeasedItems, type TakenItem } from './leased-items.ts';
import type { RetryOptions } from './retry.ts';

export interface DueAccount {
  readonly account: AccountId;
  readonly day: Day;
}

/** A day of an account that this process has taken. */
export type TakenDay = TakenItem & DueAccount;

export class DynamoDbCalendar implements Calendar {
  readonly #items: LeasedItems;

  constructor(client: DynamoDBClient, table: string, retry: RetryOptions = {}) {
    this.#items = new LeasedItems(client, table, retry);
  }

  leave(account: AccountId, day: Day): Promise<void> {
    return this.#items.ask(calendarKeys.item(account, day));
  }

  /** What is due up to `today`, the oldest first, but for what somebody is at by `now` (ms). */
  async due(today: Day, now: number): Promise<readonly DueAccount[]> {
    const last = calendarKeys.endOf(today);
    const shards = Array.from({ length: WORK_SHARDS }, (_, shard) =>
      this.#items.list(calendarKeys.shard(shard), now, last),
    );
    const due = (await Promise.all(shards)).flat().map(calendarKeys.parse);
    return due.sort((a, b) => a.day - b.day);
  }

  async take(due: DueAccount, lease: Lease): Promise<TakenDay | null> {
    const taken = await this.#items.take(calendarKeys.item(due.account, due.day), lease);
    return taken && { ...taken, ...due };
  }

  finish(taken: TakenDay): Promise<'done' | 'more'> {
    return this.#items.finish(taken);
  }

  release(taken: TakenDay): Promise<void> {
    return this.#items.release(taken);
  }
}
