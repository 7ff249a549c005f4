/**
 * GETACL, SETACL, DELETEACL, LISTRIGHTS and MYRIGHTS (RFC 4314 §3).
 *
 * Identifiers are the addresses by which users sign in, addresses of groups, which are aliases, and `anyone`; with a dash
 * before them, of rights that are taken.
 * No rights are tied. The owner always has all of them, which LISTRIGHTS says, and nobody can change.
 */
import {
  ALL_RIGHTS,
  ANYONE,
  type AclEntry,
  AclRefusal,
  RIGHTS,
  type RightsChange,
  decideSetAcl,
  normalRights,
} from '../../../shared/account/acl.ts';
import { parseIfAddress } from '../../../shared/directory/address.ts';
import { type FoundMailbox, type Place, findNamed, mailboxAt, nonexistent } from '../session/places.ts';
import { Bad, No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import { parseAclIdentifier, parseSetAcl } from '../wire/acl-grammar.ts';
import { parseMailbox } from '../wire/mailbox-grammar.ts';
import type { CommandCursor } from '../wire/parser.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import { astring, mailbox as mailboxName } from '../wire/response.ts';
import { type Command, type CommandFamily, type Completion, SIGNED_IN } from './command.ts';

const base = {
  extension: 'ACL',
  phases: SIGNED_IN,
  updates: 'everything',
} as const satisfies Partial<Command>;

export const acl: CommandFamily = {
  commands: [
    { ...base, name: 'GETACL', run: getAcl },
    { ...base, name: 'SETACL', run: setAcl },
    { ...base, name: 'DELETEACL', run: deleteAcl },
    { ...base, name: 'LISTRIGHTS', run: listRights },
    { ...base, name: 'MYRIGHTS', run: myRights },
  ],
};

/** As told: with the rights of RFC 2086 that stand for several (§2.1.1). */
export function toldRights(rights: string): string {
  const create = /[kx]/.test(rights) ? 'c' : '';
  const remove = /[et]/.test(rights) ? 'd' : '';
  return rights + create + remove;
}

async function getAcl(session: Session, cursor: CommandCursor): Promise<Completion> {
  const { home, mailbox } = await findNamed(session, parseMailbox(cursor), { right: 'a', fresh: true });
  const entries = [{ identifier: home.address, rights: ALL_RIGHTS }, ...mailbox.acl.values()];
  const pairs = entries.map(
    ({ identifier, rights }) => `${astring(identifier, session.text)} ${toldRights(rights)}`,
  );
  session.writer.untagged(`ACL ${told(session, { home, mailbox })} ${pairs.join(' ')}`);
  return { text: 'access control list told' };
}

function told(session: Session, { home, mailbox }: Pick<FoundMailbox, 'home' | 'mailbox'>): string {
  return mailboxName(home.prefix + mailbox.name, session.text);
}

async function setAcl(session: Session, cursor: CommandCursor): Promise<Completion> {
  const args = parseSetAcl(cursor);
  const change = parseRights(args.rights);
  const found = await findNamed(session, args.mailbox, { right: 'a', fresh: true });
  const whom = await identified(session, found, args.identifier);
  await changeAcl(session, found, whom, change);
  return { text: 'access control list set' };
}

/** DELETEACL takes away what stands there, whoever that is by now (§3.2). */
async function deleteAcl(session: Session, cursor: CommandCursor): Promise<Completion> {
  const args = parseAclIdentifier(cursor);
  const found = await findNamed(session, args.mailbox, { right: 'a', fresh: true });
  const identifier = spelled(args.identifier);
  if (identifier === found.home.address) throw ownersRights();
  const account = found.mailbox.acl.get(identifier)?.account ?? null;
  await changeAcl(session, found, { identifier, account }, { mode: 'replace', rights: '' });
  return { text: 'access control list set' };
}

const CODES: Readonly<Record<AclRefusal['reason'], ResponseCode>> = {
  limit: 'LIMIT',
  'no mailbox': 'NONEXISTENT',
};

async function changeAcl(
  session: Session,
  place: Place,
  whom: Pick<AclEntry, 'identifier' | 'account'>,
  change: RightsChange,
): Promise<void> {
  const { home } = place;
  try {
    await home.commit({
      // For who has the name by now: others rename.
      decide: (state) =>
        decideSetAcl(state, mailboxAt(place, state, { right: 'a' }).mailbox.id, whom, change),
    });
  } catch (error) {
    throw error instanceof AclRefusal ? new No(error.message, CODES[error.reason]) : error;
  }
  await session.services.publisher.publish(home);
}

/** SETACL's rights (§3.1). "c" and "d" stand for several (§2.1.1); no right is passed over in silence. */
function parseRights(sent: string): RightsChange {
  const [, sign = '', letters = ''] = /^([+-]?)(.*)$/s.exec(sent) ?? [];
  const spelledOut = letters.replaceAll('c', 'kx').replaceAll('d', 'et');
  for (const letter of spelledOut.split(''))
    if (!RIGHTS.some((right) => right === letter))
      throw new Bad(
        /[A-Z]/.test(letter) ? 'rights are in lower case' : `there is no right "${printable(letter)}"`,
      );
  const mode = sign === '+' ? 'add' : sign === '-' ? 'remove' : 'replace';
  return { mode, rights: normalRights(spelledOut) };
}

function printable(letter: string): string {
  return /[\x21-\x7e]/.test(letter) ? letter : '?';
}

/** An identifier in one spelling. Throws `Bad` for what could be none (§3). */
function spelled(sent: string): string {
  const dash = sent.startsWith('-') ? '-' : '';
  const name = sent.slice(dash.length);
  if (name === ANYONE) return sent;
  const address = parseIfAddress(name)?.address;
  if (address === undefined)
    throw new Bad(
      'an identifier is the address of a user or a group, or anyone; with "-" before it to take rights away',
    );
  return dash + address;
}

/** Whom an identifier means. Throws `No` for nobody, and for the owner. */
async function identified(
  session: Session,
  { home }: FoundMailbox,
  sent: string,
): Promise<Pick<AclEntry, 'identifier' | 'account'>> {
  const identifier = spelled(sent);
  const name = identifier.replace(/^-/, '');
  if (name === ANYONE) return { identifier, account: null };
  const { sharing } = session.services;
  const user = await sharing.findOwner(name);
  if (!user && (await sharing.isGroup(name))) return { identifier, account: null };
  if (!user) throw new No(`there is no user and no group ${name}`, 'CANNOT');
  if (user.account === home.account) throw ownersRights();
  return { identifier, account: user.account };
}

function ownersRights(): No {
  return new No('the owner of a mailbox always has all rights', 'CANNOT');
}

/** Required rights, then those that may be granted, each by itself (§3.7). */
async function listRights(session: Session, cursor: CommandCursor): Promise<Completion> {
  const args = parseAclIdentifier(cursor);
  const found = await findNamed(session, args.mailbox, { right: 'a', fresh: true });
  const owner = spelled(args.identifier) === found.home.address;
  if (!owner) await identified(session, found, args.identifier);
  const rights = owner ? toldRights(ALL_RIGHTS) : `"" ${[...RIGHTS, 'c', 'd'].join(' ')}`;
  const identifier = astring(args.identifier, session.text);
  session.writer.untagged(`LISTRIGHTS ${told(session, found)} ${identifier} ${rights}`);
  return { text: 'rights listed' };
}

async function myRights(session: Session, cursor: CommandCursor): Promise<Completion> {
  const found = await findNamed(session, parseMailbox(cursor), { right: null, fresh: true });
  const rights = found.home.rightsOn(found.mailbox);
  if (!/[lrikxa]/.test(rights)) throw nonexistent();
  tellMyRights(session, found);
  return { text: 'rights told' };
}

export function tellMyRights(session: Session, found: Pick<FoundMailbox, 'home' | 'mailbox'>): void {
  const rights = toldRights(found.home.rightsOn(found.mailbox));
  session.writer.untagged(`MYRIGHTS ${told(session, found)} ${rights === '' ? '""' : rights}`);
}
