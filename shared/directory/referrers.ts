/** What an address holds up is named in its item: see `items.ts`. */
import type { TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { sameAccount, unchanged } from './conditions.ts';
import type { DirectoryTable } from './dynamodb-table.ts';
import type { AddressEntry } from './items.ts';
import { directoryKeys } from './keys.ts';

/** Names `referrer` in the item that it hangs on, which must still be what was looked at. */
export function holdReferrer(
  table: DirectoryTable,
  entry: AddressEntry,
  referrer: string,
): TransactWriteItem {
  const same = entry.kind === 'alias' ? unchanged(entry) : sameAccount(entry.account);
  return table.change(directoryKeys.address(entry.address), {
    UpdateExpression: 'ADD referrers :referrer',
    ...same,
    ExpressionAttributeValues: { ...same.ExpressionAttributeValues, ':referrer': { SS: [referrer] } },
  });
}

/** The opposite. On condition that the item exists, since an update would make it. */
export function releaseReferrer(table: DirectoryTable, anchor: string, referrer: string): TransactWriteItem {
  return table.change(directoryKeys.address(anchor), {
    UpdateExpression: 'DELETE referrers :referrer',
    ConditionExpression: 'attribute_exists(pk)',
    ExpressionAttributeValues: { ':referrer': { SS: [referrer] } },
  });
}
