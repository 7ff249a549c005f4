/** Conditions of writes that more than one kind of change needs. */
import type { AccountId } from '../account/ids.ts';
import type { Condition } from './dynamodb-table.ts';
import { ACTIVE_DOMAIN } from './items.ts';
import type { AliasEntry } from './items.ts';

/** Of an account. */
export const NOT_CLOSED: Condition = {
  ConditionExpression: 'attribute_exists(pk) AND #state <> :closed',
  ExpressionAttributeNames: { '#state': 'state' },
  ExpressionAttributeValues: { ':closed': { S: 'closed' } },
};

/** A new user, alias or catch-all needs a domain that is there to stay. */
export const DOMAIN_IS_ACTIVE: Condition = {
  ConditionExpression: '#state = :active',
  ExpressionAttributeNames: { '#state': 'state' },
  ExpressionAttributeValues: { ':active': { S: ACTIVE_DOMAIN } },
};

/** The address may have been removed and given to another between reading and writing. */
export function sameAccount(account: AccountId): Condition {
  return {
    ConditionExpression: 'account = :account',
    ExpressionAttributeValues: { ':account': { S: account } },
  };
}

/** The alias leads where it led when it was looked at. */
export function unchanged(entry: AliasEntry): Condition {
  return {
    ConditionExpression: 'revision = :seen',
    ExpressionAttributeValues: { ':seen': { S: entry.revision } },
  };
}
