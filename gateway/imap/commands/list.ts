/**
 * LIST and LSUB (RFC 3501 §6.3.8, RFC 9051 §6.3.9), with LIST-EXTENDED (RFC 5258), CHILDREN (RFC 3348), SPECIAL-USE
 * (RFC 6154), LIST-STATUS (RFC 5819), LIST-METADATA (RFC 9590) and LIST-MYRIGHTS (RFC 8440). What is returned, and with
 * which attributes, is decided in `list-match.ts`.
 *
 * Mailboxes of other users come from the directory, which follows their owners' lists; no other account is read, but for
 * what a RETURN option asks of its mailboxes.
 */
import { SPECIAL_USES } from '../../../shared/account/ops.ts';
import type { Mailbox } from '../../../shared/account/state.ts';
import { Turns } from '../server/fairness.ts';
import { OTHER_USERS } from '../session/home.ts';
import { type FoundMailbox, findNamed } from '../session/places.ts';
import { unlessRefused } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { ListArguments } from '../wire/ast.ts';
import { parseList, parseLsub } from '../wire/list-grammar.ts';
import { type ListPattern, canonicalPattern } from '../wire/list-pattern.ts';
import { HIERARCHY_DELIMITER } from '../wire/mailbox-name.ts';
import { mailbox as mailboxName } from '../wire/response.ts';
import { tellMyRights } from './acl.ts';
import { type CommandFamily, SIGNED_IN } from './command.ts';
import {
  type ListEntry,
  type ListRequest,
  type ListTree,
  listEntries,
  lsubEntries,
  ownTree,
} from './list-match.ts';
import {
  type NamedEntry,
  mailboxAnnotations,
  maySeeAnnotations,
  namedEntries,
  select,
  tellMetadata,
} from './metadata.ts';
import { statusResponse, useStatusItems } from './status.ts';

/** Characters of names compared with characters of patterns in one turn: about a millisecond. */
export const TURN_STEPS = 200_000;

/**
 * The answer to an empty pattern, by which a client asks for the delimiter (RFC 3501 §6.3.8), iOS first of all. Only the
 * namespace of other users has a root; every other name may have the empty one.
 */
export function rootOf(reference: string, session: Session): ListEntry {
  const name = session.offers('ACL') && reference.startsWith(OTHER_USERS) ? OTHER_USERS : '';
  return { name, attributes: ['\\Noselect'], childInfo: [], selected: false };
}

export const list: CommandFamily = {
  commands: [
    {
      name: 'LIST',
      phases: SIGNED_IN,
      updates: 'everything',
      async run(session, cursor) {
        const args = parseList(cursor);
        useStatusItems(session, args.returns.status ?? []);
        const metadata = args.returns.metadata && namedEntries(args.returns.metadata, session.home.account);
        for (const entry of await entriesOf(session, args)) {
          const more = entry.selected ? await lookUp(session, entry.name, args.returns, metadata) : null;
          session.writer.untagged(`LIST ${entryText(session, more?.closed ? notSelectable(entry) : entry)}`);
          if (more) tellMore(session, entry.name, more, args.returns, metadata);
          if (session.writer.full) await session.writer.pace();
        }
        return { text: 'mailboxes listed' };
      },
    },
    {
      name: 'LSUB',
      phases: SIGNED_IN,
      updates: 'everything',
      async run(session, cursor) {
        const { reference, pattern } = parseLsub(cursor);
        const canonical = canonicalPattern(reference, pattern, session.text);
        const entries =
          pattern === ''
            ? [rootOf(reference, session)]
            : await lsubEntries(await treeOf(session, [canonical], true), canonical, new Turns(TURN_STEPS));
        for (const entry of entries) {
          session.writer.untagged(`LSUB ${entryText(session, entry)}`);
          if (session.writer.full) await session.writer.pace();
        }
        return { text: 'subscriptions listed' };
      },
    },
  ],
};

async function entriesOf(session: Session, args: ListArguments): Promise<readonly ListEntry[]> {
  const { select: selection, reference, patterns, returns } = args;
  if (!args.extended && patterns[0] === '') return [rootOf(reference, session)];
  const request: ListRequest = {
    // In the extended form an empty pattern is ignored (RFC 9051 §6.3.9), whatever the reference.
    patterns: patterns
      .filter((pattern) => pattern !== '')
      .map((pattern) => canonicalPattern(reference, pattern, session.text)),
    // REMOTE adds mailboxes on other servers: there are none.
    subscribed: selection.subscribed,
    specialUse: selection.specialUse,
    recursiveMatch: selection.recursiveMatch,
    returnSubscribed: returns.subscribed,
  };
  const tree = await treeOf(session, request.patterns, request.subscribed);
  return listEntries(tree, request, new Turns(TURN_STEPS));
}

/** What the session may look up: its own mailboxes, and those of others if they could be listed. */
export async function treeOf(
  session: Session,
  patterns: readonly ListPattern[],
  subscribed: boolean,
): Promise<ListTree> {
  const { home, services } = session;
  const wanted = session.offers('ACL') && patterns.some(reachesOthers);
  const asked = wanted && !subscribed ? services.sharing.granted(home.account, home.address) : null;
  // It is awaited below, after what may fail before it.
  asked?.catch(() => undefined);
  const own = ownTree(await home.sync());
  const subscribesToOthers = [...own.subscriptions].some((name) => name.startsWith(OTHER_USERS));
  const grants = await (asked ??
    (wanted && subscribesToOthers ? services.sharing.granted(home.account, home.address) : []));
  if (grants.length === 0) return own;
  const mailboxes = new Map<string, Pick<Mailbox, 'use'>>(own.mailboxes);
  for (const { address, names } of grants)
    for (const name of names) mailboxes.set(`${OTHER_USERS}${address}/${name}`, { use: null });
  return { mailboxes, subscriptions: own.subscriptions };
}

/** Whether a pattern may match a name of somebody else's, or a level above. */
function reachesOthers(pattern: ListPattern): boolean {
  const [literal = ''] = (typeof pattern === 'string' ? pattern : pattern.encoded).split(/[*%]/);
  return literal.startsWith(OTHER_USERS) || OTHER_USERS.startsWith(literal);
}

/** What was looked up for RETURN. */
interface LookedUp {
  /** Undefined: it is gone. */
  readonly found: FoundMailbox | undefined;
  readonly status: string | undefined;
  /** Its status was asked for, and it cannot be selected. */
  readonly closed: boolean;
}

/** Before the LIST response, which tells whether the mailbox can be selected (RFC 5819 §2). Null: nothing is asked for. */
async function lookUp(
  session: Session,
  name: string,
  { status: items, myRights }: ListArguments['returns'],
  metadata: readonly NamedEntry[] | undefined,
): Promise<LookedUp | null> {
  if (!items && !metadata && !myRights) return null;
  const found = await unlessRefused(() => findNamed(session, name));
  const isOpen = found?.home.may(found.mailbox, 'r') ?? false;
  const status =
    found && items && isOpen ? await unlessRefused(() => statusResponse(session, found, items)) : undefined;
  return { found, status, closed: items !== undefined && status === undefined };
}

function notSelectable(entry: ListEntry): ListEntry {
  return { ...entry, attributes: [...new Set([...entry.attributes, '\\Noselect'])] };
}

/** What RETURN asks for beside the LIST response. */
function tellMore(
  session: Session,
  name: string,
  { found, status }: LookedUp,
  { myRights }: ListArguments['returns'],
  metadata: readonly NamedEntry[] | undefined,
): void {
  if (!found) return;
  if (status !== undefined) session.writer.untagged(status);
  if (metadata) tellAnnotations(session, name, found, metadata);
  if (myRights) tellMyRights(session, found);
}

function tellAnnotations(
  session: Session,
  name: string,
  { home, mailbox }: FoundMailbox,
  entries: readonly NamedEntry[],
): void {
  if (maySeeAnnotations(home, mailbox))
    tellMetadata(
      session,
      name,
      select(mailboxAnnotations(home, mailbox), entries, { maxSize: undefined, depth: 0 }).values,
    );
}

/** What is told of a name, but for what belongs to extensions that are not on offer. */
function told(session: Session, attributes: readonly string[]): readonly string[] {
  return attributes.filter((attribute) => {
    if (/^\\Has(No)?Children$/.test(attribute)) return session.offers('CHILDREN');
    if (SPECIAL_USES.some((use) => attribute === `\\${use}`)) return session.offers('SPECIAL-USE');
    return true;
  });
}

/** `(attributes) "/" name`, with CHILDINFO and OLDNAME (RFC 9051 §6.3.9.6, §6.3.9.7). */
export function entryText(
  session: Session,
  { name, attributes, childInfo }: ListEntry,
  oldName: string | null = null,
): string {
  const text = `(${told(session, attributes).join(' ')}) "${HIERARCHY_DELIMITER}" ${mailboxName(name, session.text)}`;
  const extended: string[] = [];
  if (childInfo.length > 0)
    extended.push(`"CHILDINFO" (${childInfo.map((option) => `"${option}"`).join(' ')})`);
  if (oldName !== null) extended.push(`"OLDNAME" (${mailboxName(oldName, session.text)})`);
  return extended.length === 0 ? text : `${text} (${extended.join(' ')})`;
}
