/**
 * Who shares mailboxes with whom, in the `directory` table, so that LIST asks it alone and no other account.
 *
 * The owner's journal is the truth, and every use of a mailbox is checked there. What stands here follows it: each change of
 * an account's lists is published under the number of its record. An item is only ever replaced by one of a higher
 * number, and one that grants nothing more stays behind empty; so a publisher that was slow, or died midway, never brings
 * back what another has taken away. Grantees are listed before their items are written, and after them the number up to
 * which all is published: whoever finds a number below that of the account does it again.
 */
import type { AccountId, RecordNumber } from '../account/ids.ts';
import { ANYONE, type Grantee, type Share } from '../account/acl.ts';
import { parseIfAddress } from './address.ts';
import type { Grant, Owner, Shares, SharingDirectory } from './directory.ts';
import type { DynamoDbDirectoryOptions } from './dynamodb-directory.ts';
import { type Change, type Condition, DirectoryTable } from './dynamodb-table.ts';
import { type Item, ITEM_VERSION, decodeAddress, decodeGrant, decodeGrantees } from './items.ts';
import { directoryKeys } from './keys.ts';
import { MAX_LEVELS } from './resolve.ts';

/** Items that are written at one time. */
const PARALLEL_PUTS = 8;
/** Whatever it is by now, and if it is not there. */
const ANY_STATE: Condition = { ConditionExpression: 'attribute_exists(pk) OR attribute_not_exists(pk)' };
const NO_SHARE: Share = { shown: [], hidden: [] };

export class DynamoDbSharingDirectory implements SharingDirectory {
  readonly #table: DirectoryTable;

  constructor(options: DynamoDbDirectoryOptions) {
    this.#table = new DirectoryTable(options.client, options.table, options.retryClock);
  }

  async findOwner(address: string): Promise<Owner | undefined> {
    const parsed = parseIfAddress(address);
    if (parsed === undefined) return undefined;
    const item = await this.#table.get(directoryKeys.address(parsed.address));
    const entry = item && decodeAddress(item);
    if (entry?.kind !== 'user') return undefined;
    const { account, quotaBytes, quotaMessages } = entry;
    return { account, address: entry.address, quota: { quotaBytes, quotaMessages } };
  }

  async isGroup(address: string): Promise<boolean> {
    const parsed = parseIfAddress(address);
    const item = parsed && (await this.#table.get(directoryKeys.address(parsed.address)));
    return item !== undefined && decodeAddress(item).kind === 'alias';
  }

  /** An address names the aliases that lead to it: from level to level upwards, each read once. */
  async groupsOf(address: string): Promise<ReadonlySet<string>> {
    const groups = new Set<string>();
    let level = [address];
    for (let depth = 0; depth <= MAX_LEVELS && level.length > 0; depth++) {
      const items = await this.#table.getAll(level.map(directoryKeys.address), 'strong');
      // Beside aliases stand the domains whose catch-all it is.
      const above = items
        .flatMap((item) => decodeAddress(item).referrers)
        .filter((referrer) => !referrer.startsWith('@') && !groups.has(referrer));
      level = [...new Set(above)];
      for (const group of level) groups.add(group);
    }
    return groups;
  }

  async granted(account: AccountId, address: string): Promise<readonly Grant[]> {
    const [mine, everybodys, groups] = await Promise.all([
      this.#grants(account),
      this.#grants(ANYONE),
      this.groupsOf(address),
    ]);
    const ofGroups = await Promise.all([...groups].map((group) => this.#grants(group)));
    const byOwner = Map.groupBy([...mine, ...everybodys, ...ofGroups.flat()], ({ owner }) => owner);
    return [...byOwner].flatMap(([owner, grants]): Grant[] => {
      const hidden = new Set(grants.flatMap((grant) => grant.hidden));
      const names = new Set(grants.flatMap((grant) => grant.shown).filter((name) => !hidden.has(name)));
      // The address that was published last is the one that the owner has now.
      const { address } = grants.reduce((a, b) => (a.number >= b.number ? a : b));
      return owner === account || names.size === 0 ? [] : [{ owner, address, names: [...names] }];
    });
  }

  async #grants(grantee: Grantee): Promise<ReturnType<typeof decodeGrant>[]> {
    return (await this.#table.query(directoryKeys.grants(grantee))).map(decodeGrant);
  }

  async publishedUpTo(owner: AccountId): Promise<number> {
    const item = await this.#table.get(directoryKeys.shares(owner));
    return item ? decodeGrantees(item).number : 0;
  }

  async withdraw(owner: AccountId, address: string): Promise<void> {
    if ((await this.publishedUpTo(owner)) === 0) return;
    // No record ever has this number, so that no publisher comes after it.
    await this.publish({
      owner,
      address,
      number: Number.MAX_SAFE_INTEGER as RecordNumber,
      grantees: new Map(),
    });
  }

  async forget(owner: AccountId): Promise<void> {
    const key = directoryKeys.shares(owner);
    const item = await this.#table.get(key);
    if (!item) return;
    // The list of grantees goes last: it leads to the others.
    const grants = [...decodeGrantees(item).grantees].map((grantee) => directoryKeys.grant(grantee, owner));
    for (const grant of [...grants, key]) await this.#table.transact([this.#table.remove(grant, ANY_STATE)]);
  }

  async publish(shares: Shares): Promise<void> {
    const { owner, number, grantees } = shares;
    const key = directoryKeys.shares(owner);
    const known = decodeGrantees(await this.#table.updated(key, widen([...grantees.keys()])));
    const all = new Set<Grantee>([...known.grantees, ...grantees.keys()]);
    const queue = all.values();
    const worker = async (): Promise<void> => {
      for (const grantee of queue)
        await this.#table.update(
          directoryKeys.grant(grantee, owner),
          grant(shares, grantees.get(grantee) ?? NO_SHARE),
        );
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL_PUTS, all.size) }, worker));
    await this.#table.update(key, settle(number));
  }
}

/** Before any item is written: from now on nobody forgets that these may have one. */
function widen(grantees: readonly Grantee[]): Change {
  const values: Item = { ':v': { N: String(ITEM_VERSION) }, ':zero': { N: '0' } };
  const add = grantees.length > 0 ? ' ADD grantees :grantees' : '';
  return {
    UpdateExpression: `SET v = :v, #number = if_not_exists(#number, :zero)${add}`,
    ExpressionAttributeNames: { '#number': 'number' },
    ExpressionAttributeValues: add ? { ...values, ':grantees': { SS: [...grantees] } } : values,
  };
}

function grant({ owner, address, number }: Shares, { shown, hidden }: Share): Change {
  const list = (names: readonly string[]) => ({ L: names.map((name) => ({ S: name })) });
  return {
    UpdateExpression:
      'SET v = :v, #owner = :owner, #address = :address, #shown = :shown, #hidden = :hidden, #number = :number',
    ...onlyForward(),
    ExpressionAttributeNames: Object.fromEntries(
      ['number', 'owner', 'address', 'shown', 'hidden'].map((name) => [`#${name}`, name]),
    ),
    ExpressionAttributeValues: {
      ':v': { N: String(ITEM_VERSION) },
      ':owner': { S: owner },
      ':address': { S: address },
      ':shown': list(shown),
      ':hidden': list(hidden),
      ':number': { N: String(number) },
    },
  };
}

/** After all items. */
function settle(number: RecordNumber): Change {
  return {
    UpdateExpression: 'SET #number = :number',
    ...onlyForward(),
    ExpressionAttributeNames: { '#number': 'number' },
    ExpressionAttributeValues: { ':number': { N: String(number) } },
  };
}

/** A repetition after a lost answer meets its own number, and says the same. */
function onlyForward(): Pick<Change, 'ConditionExpression'> {
  return { ConditionExpression: 'attribute_not_exists(#number) OR #number <= :number' };
}
