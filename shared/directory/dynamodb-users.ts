/**
 * Users in the `directory` table. A user is three items: the credential (for LOGIN alone), the address (for delivery)
 * and the account. Each carries what its reader needs, so that one read is enough; they change in one transaction.
 */
import type { AccountId } from '../account/ids.ts';
import { parseAddress } from './address.ts';
import { DOMAIN_IS_ACTIVE, NOT_CLOSED, sameAccount } from './conditions.ts';
import {
  DirectoryError,
  addressExists,
  changedTooOften,
  inUse,
  noSuchDomain,
  noSuchUser,
} from './directory-errors.ts';
import type { Account, AccountState, Closing, Limits, NewUser, UserDirectory } from './directory.ts';
import type { Condition, DirectoryTable } from './dynamodb-table.ts';
import {
  decodeAccount,
  decodeAddress,
  encodeAccount,
  encodeLogin,
  encodeUser,
  isAccountId,
} from './items.ts';
import type { Item, UserEntry } from './items.ts';
import { directoryKeys, keyPrefixes } from './keys.ts';
import { parsePasswordHash } from './password.ts';

/** Readings and decisions of one change, each undone by somebody else's write in between. */
const ATTEMPTS = 8;
const MAX_DISPLAY_NAME_OCTETS = 256;

export class DynamoDbUsers implements UserDirectory {
  readonly #table: DirectoryTable;
  readonly #now: () => number;

  constructor(table: DirectoryTable, now: () => number) {
    this.#table = table;
    this.#now = now;
  }

  async add(user: NewUser): Promise<Account> {
    const { address, domain } = parseAddress(user.address);
    checkHash(user.passwordHash);
    checkLimits(user.limits);
    const account: Account = {
      id: checkedId(user.account),
      addresses: [address],
      displayName: checkedName(user.displayName ?? ''),
      state: 'active',
      administrator: false,
      limits: user.limits,
      created: this.#now(),
    };
    const { quotaBytes, quotaMessages } = user.limits;
    const entry = { address, account: account.id, disabled: false, quotaBytes, quotaMessages };
    const { passwordHash, limits } = user;
    const login = {
      account: account.id,
      address,
      passwordHash,
      disabled: false,
      administrator: false,
      limits,
    };
    const failures = await this.#table.transact([
      this.#table.check(directoryKeys.domain(domain), DOMAIN_IS_ACTIVE),
      this.#table.putNew(directoryKeys.address(address), encodeUser(entry)),
      this.#table.putNew(directoryKeys.credential(address), encodeLogin(login)),
      this.#table.putNew(directoryKeys.account(account.id), encodeAccount(account)),
    ]);
    const [first] = failures;
    if (first === undefined) return account;
    if (first.index === 0) throw noSuchDomain(domain);
    if (first.index === 3) {
      throw new DirectoryError('account-exists', `the account ${account.id} exists already`);
    }
    throw addressExists(address, first.found?.kind?.S === 'alias' ? 'alias' : 'user');
  }

  async find(address: string): Promise<Account | undefined> {
    const entry = await this.#entry(parseAddress(address).address);
    return entry && this.read(entry.account);
  }

  async read(account: AccountId): Promise<Account | undefined> {
    const item = await this.#table.get(directoryKeys.account(checkedId(account)));
    return item && decodeAccount(item);
  }

  async *list(): AsyncGenerator<Account, void> {
    for await (const item of this.#table.scan(keyPrefixes.account)) yield decodeAccount(item);
  }

  async setPassword(input: string, passwordHash: string, replacing?: string): Promise<void> {
    const { address } = parseAddress(input);
    checkHash(passwordHash);
    const replaced = replacing === undefined ? undefined : { ':replaced': { S: replacing } };
    const done = await this.#table.update(directoryKeys.credential(address), {
      UpdateExpression: 'SET passwordHash = :hash',
      // The new hash is let through, too: a repetition after a lost answer.
      ConditionExpression: replaced
        ? 'attribute_exists(pk) AND passwordHash IN (:replaced, :hash)'
        : 'attribute_exists(pk)',
      ExpressionAttributeValues: { ':hash': { S: passwordHash }, ...replaced },
    });
    if (done) return;
    if (replaced && (await this.#entry(address)) !== undefined) {
      throw new DirectoryError('changed', `the password of ${address} was changed meanwhile`);
    }
    throw noSuchUser(address);
  }

  async setDisabled(address: string, disabled: boolean): Promise<void> {
    await this.#changeState(address, ({ closing }) => {
      if (!closing) return { disabled };
      if (!disabled) throw isClosing(parseAddress(address).address);
      return { disabled, closing: { ...closing, staysDisabled: true } };
    });
  }

  async beginClosing(address: string, at: number): Promise<void> {
    await this.#changeState(address, ({ state, closing }) => ({
      disabled: true,
      closing: { at, staysDisabled: closing?.staysDisabled ?? state === 'disabled' },
    }));
  }

  endClosing(address: string): Promise<Account> {
    return this.#changeState(address, ({ closing }) => ({ disabled: closing?.staysDisabled ?? false }));
  }

  async setAdministrator(address: string, administrator: boolean): Promise<void> {
    const flag = {
      set: 'administrator = :administrator',
      values: { ':administrator': { BOOL: administrator } },
    };
    // The address tells deliveries where to go: it has nothing to do with it, and is checked with the others.
    await this.#change(address, flag, null, flag);
  }

  async setLimits(address: string, limits: Limits): Promise<void> {
    checkLimits(limits);
    const set = 'quotaBytes = :bytes, quotaMessages = :messages';
    const values: Item = {
      ':bytes': { N: String(limits.quotaBytes) },
      ':messages': { N: String(limits.quotaMessages) },
    };
    const all = {
      set: `${set}, maxConnections = :connections`,
      values: { ...values, ':connections': { N: String(limits.maxConnections) } },
    };
    await this.#change(address, all, { set, values }, all);
  }

  async remove(input: string): Promise<Account> {
    const { address } = parseAddress(input);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const entry = await this.#entry(address);
      if (entry === undefined) throw noSuchUser(address);
      if (entry.referrers.length > 0) throw inUse(address, entry.referrers);
      const { closing, ...account } = await this.#accountOf(entry);
      const closed: Account = { ...account, state: 'closed', closed: this.#now() };
      const same = sameAccount(entry.account);
      const failures = await this.#table.transact([
        this.#table.remove(directoryKeys.address(address), {
          ...same,
          ConditionExpression: `${same.ConditionExpression} AND attribute_not_exists(referrers)`,
        }),
        this.#table.remove(directoryKeys.credential(address), same),
        this.#table.change(directoryKeys.account(entry.account), {
          UpdateExpression: 'SET #state = :closed, closed = :time REMOVE closing, staysDisabled',
          ConditionExpression: '#state <> :closed',
          ExpressionAttributeNames: { '#state': 'state' },
          ExpressionAttributeValues: { ':closed': { S: 'closed' }, ':time': { N: String(closed.closed) } },
        }),
      ]);
      if (failures.length === 0) return closed;
      await this.#table.pause(attempt);
    }
    throw changedTooOften(address);
  }

  async forget(account: AccountId): Promise<void> {
    await this.#table.transact([
      this.#table.remove(directoryKeys.account(checkedId(account)), {
        ConditionExpression: '#state = :closed',
        ExpressionAttributeNames: { '#state': 'state' },
        ExpressionAttributeValues: { ':closed': { S: 'closed' } },
      }),
    ]);
  }

  async #entry(address: string): Promise<UserEntry | undefined> {
    const item = await this.#table.get(directoryKeys.address(address));
    return item && decodeUser(item);
  }

  async #accountOf({ account: id, address }: UserEntry): Promise<Account> {
    const account = await this.read(id);
    if (account === undefined) throw new Error(`the account ${id} of ${address} is missing`);
    return account;
  }

  /** Decides on what the account is, and changes the user's three items in one transaction. */
  async #changeState(input: string, decide: (account: Account) => Enabling): Promise<Account> {
    const { address } = parseAddress(input);
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const entry = await this.#entry(address);
      if (entry === undefined) throw noSuchUser(address);
      const found = await this.#accountOf(entry);
      const { disabled, closing } = decide(found);
      const { closing: was, ...account } = found;
      const flag = { set: 'disabled = :disabled', values: { ':disabled': { BOOL: disabled } } };
      const own = setting(flag, sameAccount(entry.account));
      const state = disabled ? 'disabled' : 'active';
      const failures = await this.#table.transact([
        this.#table.change(directoryKeys.credential(address), own),
        this.#table.change(directoryKeys.address(address), own),
        this.#table.change(
          directoryKeys.account(entry.account),
          setting(stateSetting(state, closing), sameState(account.state, was)),
        ),
      ]);
      if (failures.length === 0) return { ...account, state, ...(closing && { closing }) };
      await this.#table.pause(attempt);
    }
    throw changedTooOften(address);
  }

  /** Changes the user's three items in one transaction. */
  async #change(
    input: string,
    credential: Setting,
    address: Setting | null,
    account: Setting,
  ): Promise<void> {
    const parsed = parseAddress(input).address;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const entry = await this.#entry(parsed);
      if (entry === undefined) throw noSuchUser(parsed);
      const same = sameAccount(entry.account);
      const failures = await this.#table.transact([
        this.#table.change(directoryKeys.credential(parsed), setting(credential, same)),
        address
          ? this.#table.change(directoryKeys.address(parsed), setting(address, same))
          : this.#table.check(directoryKeys.address(parsed), same),
        this.#table.change(directoryKeys.account(entry.account), setting(account, NOT_CLOSED)),
      ]);
      if (failures.length === 0) return;
      await this.#table.pause(attempt);
    }
    throw changedTooOften(parsed);
  }
}

/** Whether somebody may sign in and get mail. */
interface Enabling {
  readonly disabled: boolean;
  readonly closing?: Closing;
}

function stateSetting(state: AccountState, closing: Closing | undefined): Setting {
  const names = { '#state': 'state' };
  const values = { ':new': { S: state } };
  if (!closing) return { set: '#state = :new REMOVE closing, staysDisabled', names, values };
  return {
    set: '#state = :new, closing = :closing, staysDisabled = :stays',
    names,
    values: {
      ...values,
      ':closing': { N: String(closing.at) },
      ':stays': { BOOL: closing.staysDisabled },
    },
  };
}

/** The account is what it was when it was decided on. */
function sameState(state: AccountState, closing: Closing | undefined): Condition {
  const closes = closing ? 'closing = :was AND staysDisabled = :stayed' : 'attribute_not_exists(closing)';
  return {
    ConditionExpression: `#state = :state AND ${closes}`,
    ExpressionAttributeNames: { '#state': 'state' },
    ExpressionAttributeValues: {
      ':state': { S: state },
      ...(closing && { ':was': { N: String(closing.at) }, ':stayed': { BOOL: closing.staysDisabled } }),
    },
  };
}

function isClosing(address: string): DirectoryError {
  return new DirectoryError(
    'closing',
    `${address} is being closed, with all its mail: "quire user reopen" takes that back`,
  );
}

/** What an update sets, without the word SET; what it removes may stand behind it. */
interface Setting {
  readonly set: string;
  readonly values: Item;
  readonly names?: Record<string, string>;
}

function setting(
  { set, values, names }: Setting,
  condition: Condition,
): {
  UpdateExpression: string;
  ConditionExpression: string;
  ExpressionAttributeValues: Item;
  ExpressionAttributeNames?: Record<string, string>;
} {
  const allNames = { ...names, ...condition.ExpressionAttributeNames };
  return {
    UpdateExpression: `SET ${set}`,
    ConditionExpression: condition.ConditionExpression,
    ExpressionAttributeValues: { ...values, ...condition.ExpressionAttributeValues },
    // DynamoDB refuses an empty object.
    ...(Object.keys(allNames).length === 0 ? {} : { ExpressionAttributeNames: allNames }),
  };
}

function decodeUser(item: Item): UserEntry | undefined {
  const entry = decodeAddress(item);
  return entry.kind === 'user' ? entry : undefined;
}

function checkHash(passwordHash: string): void {
  try {
    parsePasswordHash(passwordHash);
  } catch (error) {
    // Never the value: if this is a bug of the caller's, it may well be the password itself.
    throw new DirectoryError('invalid', error instanceof Error ? error.message : 'not a password hash');
  }
}

function checkLimits(limits: Limits): void {
  const { quotaBytes, quotaMessages, maxConnections } = limits;
  for (const [name, value] of Object.entries({ quotaBytes, quotaMessages, maxConnections })) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new DirectoryError('invalid', `${name} is ${value}, it should be a whole number from 0`);
    }
  }
}

function checkedId(account: AccountId): AccountId {
  if (isAccountId(account)) return account;
  throw new DirectoryError('invalid', `${JSON.stringify(account)} is not an account id`);
}

function checkedName(name: string): string {
  const normal = name.normalize('NFC').trim();
  if (/[\p{Cc}\p{Cs}]/u.test(normal) || Buffer.byteLength(normal) > MAX_DISPLAY_NAME_OCTETS) {
    throw new DirectoryError(
      'invalid',
      `a display name has no control characters and at most ${MAX_DISPLAY_NAME_OCTETS} octets`,
    );
  }
  return normal;
}
