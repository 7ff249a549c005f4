/** `quire key`: the keys with which accounts' mail is encrypted. */
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import type { AccountId } from '../../shared/account/ids.ts';
import { AccountMissingError } from '../../shared/account/opening.ts';
import type { Policy } from '../../shared/account/policy.ts';
import { openWholeState } from '../../shared/account/whole-state.ts';
import { parseAddress } from '../../shared/directory/address.ts';
import { noSuchUser } from '../../shared/directory/directory-errors.ts';
import { isAccountId } from '../../shared/directory/items.ts';
import type { Engine } from '../../shared/aws/engine.ts';
import type { KeyRing } from '../../shared/keys/key-ring.ts';
import type { StoredKey } from '../../shared/keys/key-store.ts';
import { tellOfKey } from '../../shared/wake/key-notice.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { addDirectoryOptions, withEngine } from './administration.ts';
import { say } from './kept.ts';
import { logOf, settingsOf } from './options.ts';

const WHOSE = '<address-or-account>';

export function keyCommand(): Command {
  const key = new Command('key').description('the keys with which the mail of accounts is encrypted');
  const sub = (name: string, description: string): Command => key.command(name).description(description);
  addDirectoryOptions(
    sub('list', 'all accounts of which something is known, one a line, tab-separated: account, state'),
  ).action(list);
  addDirectoryOptions(sub(`show ${WHOSE}`, 'whether an account has a key, and since when')).action(show);
  addDirectoryOptions(
    sub(`create ${WHOSE}`, 'encrypt what comes into an account from now on; what it has stays as it is'),
  ).action(create);
  addDirectoryOptions(
    sub(
      `delete ${WHOSE}`,
      'make all that the key has encrypted unreadable, for everybody and, once the backups of the keys have expired, for ever',
    ).option('--yes', 'do not ask'),
  ).action(remove);
  return key;
}

async function list(flags: Flags): Promise<void> {
  await withKeys(flags, async (keys) => {
    for await (const { account, key } of keys.list()) say(`${account}\t${stateOf(key)}`);
  });
}

async function show(whose: string, flags: Flags): Promise<void> {
  await withKeys(flags, async (keys, engine) => {
    const account = await accountOf(engine, whose);
    say(`${account}\t${stateOf(await keys.stored(account))}`);
  });
}

async function create(whose: string, flags: Flags): Promise<void> {
  await withKeys(flags, async (keys, engine) => {
    const account = await accountOf(engine, whose);
    if (!(await keys.create(account)))
      throw new SetupError(`The account ${account} has a key, or had one: nothing was changed.`);
    const told = await tell(engine, account, flags);
    say(
      `What comes into ${whose} is encrypted from now on${told ? '' : '; a running gateway needs up to five minutes to know'}.`,
    );
  });
}

async function remove(whose: string, flags: Flags): Promise<void> {
  await withKeys(flags, async (keys, engine) => {
    const account = await accountOf(engine, whose);
    if ((await keys.stored(account))?.kind !== 'key')
      throw new SetupError(`The account ${account} has no key: nothing was changed.`);
    await mustNotBeHeld(engine, account, whose);
    if (flags.yes !== true) await confirm(whose);
    if (!(await keys.delete(account)))
      throw new SetupError(`The account ${account} has no key any more: nothing was changed.`);
    const told = await tell(engine, account, flags);
    const known = told
      ? 'every gateway was told, and ends the sessions that are open'
      : 'a gateway that has it open notices within five minutes';
    say(
      `The key of ${whose} is deleted. Its mail cannot be opened from now on: ${known}. It is lost for ever when the backups of the table of keys have expired.`,
    );
  });
}

/** Every gateway; false: not all could be. */
function tell({ gateways, wakeSender, rim }: Engine, account: AccountId, flags: Flags): Promise<boolean> {
  const log = logOf(settingsOf({ logLevel: 'warn', ...flags, demo: false }));
  return tellOfKey({ gateways, sender: wakeSender, now: rim.now, log }, account);
}

/**
 * @throws {SetupError} under a legal hold: without its key, all that the account has would be as good as deleted. So too where
 * the index is lost, by which nobody knows of a hold.
 */
async function mustNotBeHeld(engine: Engine, account: AccountId, whose: string): Promise<void> {
  const policy = await policyOf(engine, account);
  if (!policy)
    throw new SetupError(
      `The index of ${whose} is lost, and with it whether there is a legal hold: make it anew first ("quire check --repair --rebuild"), then end the hold.`,
    );
  if (policy.hold)
    throw new SetupError(
      `${whose} is under legal hold: end it with "quire hold --release", or keep the key.`,
    );
}

/** Null: the account has no index. */
async function policyOf(engine: Engine, account: AccountId): Promise<Policy | null> {
  try {
    return (await openWholeState(engine, account)).state.policy;
  } catch (error) {
    if (error instanceof AccountMissingError) return null;
    throw error;
  }
}

async function confirm(whose: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new SetupError('There is no terminal to ask on whether that is meant: say --yes if it is.');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `All mail of ${whose} that is encrypted will be unreadable, for everybody. Type "delete" to go on: `,
    );
    if (answer.trim() !== 'delete') throw new SetupError('Nothing was changed.');
  } finally {
    terminal.close();
  }
}

async function withKeys(flags: Flags, work: (keys: KeyRing, engine: Engine) => Promise<void>): Promise<void> {
  await withEngine(flags, async (engine) => {
    if (!engine.keys) throw new SetupError('This installation has no table of keys: set QUIRE_KEYS_TABLE.');
    await work(engine.keys, engine);
  });
}

async function accountOf({ directory }: Engine, whose: string): Promise<AccountId> {
  if (isAccountId(whose)) return whose;
  const { address } = parseAddress(whose);
  const account = await directory.users.find(address);
  if (!account) throw noSuchUser(address);
  return account.id;
}

function stateOf(key: StoredKey | null): string {
  if (key === null || key.kind === 'none') return 'no key';
  if (key.kind === 'deleted') return `deleted ${day(key.at)}`;
  const since = key.fromBeginning ? 'from its beginning' : `since ${day(key.created)}`;
  return `encrypted ${since}, key wrapped by ${key.by === 'kms' ? 'KMS' : 'the key file'}`;
}

const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
