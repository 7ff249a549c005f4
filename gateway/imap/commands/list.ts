/**
 * LIST and LSUB (RFC 3501 §6.3.8, RFC 9051 §6.3.9), with LIST-EXTENDED (RFC 5258), CHILDREN (RFC 3348), SPECIAL-USE
 * (RFC 6154), LIST-STATUS (RFC 5819) and LIST-METADATA (RFC 9590). What is returned, and with which attributes, is decided in `list-match.ts`.
 */
import { SPECIAL_USES } from '../../../shared/account/ops.ts';
import { Turns } from '../server/fairness.ts';
import type { Session } from '../session/session.ts';
import type { ListArguments } from '../wire/ast.ts';
import { parseList, parseLsub } from '../wire/list-grammar.ts';
import { canonicalPattern } from '../wire/list-pattern.ts';
import { HIERARCHY_DELIMITER } from '../wire/mailbox-name.ts';
import { mailbox as mailboxName } from '../wire/response.ts';
import { type CommandFamily, SIGNED_IN } from './command.ts';
import { type ListEntry, type ListRequest, listEntries, lsubEntries } from './list-match.ts';
import { namedEntries, select, tellMetadata } from './metadata.ts';
import { statusResponse, useStatusItems } from './status.ts';

/** Characters of names compared with characters of patterns in one turn: about a millisecond. */
export const TURN_STEPS = 200_000;

/**
 * The answer to an empty pattern, by which a client asks for the delimiter (RFC 3501 §6.3.8). iOS sends it first of all.
 * No name here has a root, so it is the empty one whatever the reference.
 */
export const ROOT: ListEntry = { name: '', attributes: ['\\Noselect'], childInfo: [], selected: undefined };

export const list: CommandFamily = {
  commands: [
    {
      name: 'LIST',
      phases: SIGNED_IN,
      updates: 'everything',
      async run(session, cursor) {
        const args = parseList(cursor);
        useStatusItems(session, args.returns.status ?? []);
        const metadata = args.returns.metadata && namedEntries(args.returns.metadata, session.login.account);
        const entries = await entriesOf(session, args);
        for (const entry of entries) {
          session.writer.untagged(`LIST ${entryText(session, entry)}`);
          if (args.returns.status && entry.selected)
            session.writer.untagged(await statusResponse(session, entry.selected, args.returns.status));
          if (metadata && entry.selected)
            tellMetadata(
              session,
              entry.name,
              select(entry.selected.annotations, metadata, { maxSize: undefined, depth: 0 }).values,
            );
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
        const state = await session.home.sync();
        const entries = pattern === '' ? [ROOT] : await lsubEntries(state, canonical, new Turns(TURN_STEPS));
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
  const { select, reference, patterns, returns } = args;
  if (!args.extended && patterns[0] === '') return [ROOT];
  const request: ListRequest = {
    // In the extended form an empty pattern is ignored (RFC 9051 §6.3.9), whatever the reference.
    patterns: patterns
      .filter((pattern) => pattern !== '')
      .map((pattern) => canonicalPattern(reference, pattern, session.text)),
    // REMOTE adds mailboxes on other servers: there are none.
    subscribed: select.subscribed,
    specialUse: select.specialUse,
    recursiveMatch: select.recursiveMatch,
    returnSubscribed: returns.subscribed,
  };
  return listEntries(await session.home.sync(), request, new Turns(TURN_STEPS));
}

/** What is told of a name, but for what belongs to extensions that are not on offer. */
function told(session: Session, attributes: readonly string[]): readonly string[] {
  return attributes.filter((attribute) => {
    if (/^\\Has(No)?Children$/.test(attribute)) return session.offers('CHILDREN');
    if (SPECIAL_USES.some((use) => attribute === `\\${use}`)) return session.offers('SPECIAL-USE');
    return true;
  });
}

/** `(attributes) "/" name`, and CHILDINFO (RFC 9051 §6.3.9.6). */
export function entryText(session: Session, { name, attributes, childInfo }: ListEntry): string {
  const text = `(${told(session, attributes).join(' ')}) "${HIERARCHY_DELIMITER}" ${mailboxName(name, session.text)}`;
  if (childInfo.length === 0) return text;
  return `${text} ("CHILDINFO" (${childInfo.map((option) => `"${option}"`).join(' ')}))`;
}
