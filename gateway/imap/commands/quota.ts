/**
 * GETQUOTA, GETQUOTAROOT and, for administrators, SETQUOTA (RFC 9208). An account is one quota root, named `#user/` and its
 * address; STORAGE is the sum of RFC 822 sizes, MESSAGE counts every copy. What is written later than a change sees it at
 * once in deliveries, and in a session that has asked; other sessions go by what they were told at sign-in.
 */
import { UNLIMITED } from '../../../shared/account/decide-messages.ts';
import type { Usage } from '../../../shared/account/state.ts';
import type { Limits, Owner } from '../../../shared/directory/directory.ts';
import { type Home, OTHER_USERS } from '../session/home.ts';
import { findNamed, placeOf } from '../session/places.ts';
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { SetQuotaArguments } from '../wire/ast.ts';
import { parseMailbox } from '../wire/mailbox-grammar.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { parseGetQuota, parseSetQuota } from '../wire/quota-grammar.ts';
import { astring, mailbox as mailboxName } from '../wire/response.ts';
import { type Command, type CommandFamily, type Completion, SIGNED_IN } from './command.ts';

const base = { phases: SIGNED_IN, updates: 'everything' } as const satisfies Partial<Command>;

export const quota: CommandFamily = {
  commands: [
    { ...base, name: 'GETQUOTA', extension: 'QUOTA', run: getQuota },
    { ...base, name: 'GETQUOTAROOT', extension: 'QUOTA', run: getQuotaRoot },
    { ...base, name: 'SETQUOTA', extension: 'QUOTASET', run: setQuota },
  ],
};

/** STORAGE is counted in these (RFC 9208 §5.1). */
const STORAGE_UNIT = 1024;

async function getQuota(session: Session, cursor: CommandCursor): Promise<Completion> {
  const home = await rootNamed(session, parseGetQuota(cursor));
  await tellQuota(session, home);
  return { text: 'quota told' };
}

/** Own mailboxes need not exist (§4.1.2); for those of others it takes the right to read them (§6). */
async function getQuotaRoot(session: Session, cursor: CommandCursor): Promise<Completion> {
  const name = parseMailbox(cursor);
  const place = await placeOf(session, name);
  const { home } = place.home.guest === null ? place : await findNamed(session, name, { right: 'r' });
  session.writer.untagged(
    `QUOTAROOT ${mailboxName(home.prefix + place.name, session.text)} ${rootOf(session, home)}`,
  );
  await tellQuota(session, home);
  return { text: 'quota roots told' };
}

async function setQuota(session: Session, cursor: CommandCursor): Promise<Completion> {
  const { root, limits } = parseSetQuota(cursor);
  requireAdministrator(session);
  const wanted = limitsOf(limits);
  const home = await rootNamed(session, root);
  const { users } = session.services;
  const account = await users.find(home.address);
  if (!account) throw noSuchRoot();
  await users.setLimits(home.address, { ...account.limits, ...wanted });
  await tellQuota(session, home);
  return { text: 'quota set' };
}

/** Limits that are not named are lifted (§4.1.3). */
function limitsOf(limits: SetQuotaArguments['limits']): Pick<Limits, 'quotaBytes' | 'quotaMessages'> {
  let quotaBytes = UNLIMITED;
  let quotaMessages = UNLIMITED;
  for (const { resource, limit } of limits) {
    if (resource === 'STORAGE') quotaBytes = Math.min(limit * STORAGE_UNIT, UNLIMITED);
    else if (resource === 'MESSAGE') quotaMessages = Math.min(limit, UNLIMITED);
    else throw new No('only STORAGE and MESSAGE can be limited', 'CANNOT');
  }
  return { quotaBytes, quotaMessages };
}

function requireAdministrator(session: Session): void {
  if (!session.administrator) throw new No('only an administrator can set a quota', 'NOPERM');
}

/** The account of a quota root: one's own, or, for administrators, any. */
async function rootNamed(session: Session, root: string): Promise<Home> {
  if (!root.startsWith(OTHER_USERS)) throw noSuchRoot();
  const address = root.slice(OTHER_USERS.length);
  const home = await session.homeOf(address);
  if (!home || (home.guest !== null && !session.administrator)) throw noSuchRoot();
  return home;
}

function noSuchRoot(): No {
  return new No('there is no such quota root', 'NONEXISTENT');
}

function rootOf(session: Session, { address }: Home): string {
  return astring(OTHER_USERS + address, session.text);
}

/** Reads what the account may hold, and what it holds by the newest record. */
async function tellQuota(session: Session, home: Home): Promise<void> {
  const owner = await session.services.sharing.findOwner(home.address);
  if (!owner) throw noSuchRoot();
  home.quota = owner.quota;
  const { usage } = await home.sync();
  session.writer.untagged(`QUOTA ${rootOf(session, home)} (${resources(usage, owner.quota).join(' ')})`);
}

/** Those that are limited (§4.2.1). */
function resources(usage: Usage, { quotaBytes, quotaMessages }: Owner['quota']): string[] {
  const storage = `STORAGE ${Math.ceil(usage.bytes / STORAGE_UNIT)} ${Math.floor(quotaBytes / STORAGE_UNIT)}`;
  return [
    ...(quotaBytes < UNLIMITED ? [storage] : []),
    ...(quotaMessages < UNLIMITED ? [`MESSAGE ${usage.messages} ${quotaMessages}`] : []),
  ];
}
