/**
 * XLIST, by which Gmail told of special folders before SPECIAL-USE (RFC 6154) did: Outlook up to 2013 and older Apple Mail
 * look for nothing else. The same names as LIST, with attributes of its own.
 */
import { INBOX } from '../../../shared/account/state.ts';
import { Turns } from '../server/fairness.ts';
import { parseLsub } from '../wire/list-grammar.ts';
import { canonicalPattern } from '../wire/list-pattern.ts';
import { type CommandFamily, SIGNED_IN } from './command.ts';
import { TURN_STEPS, entryText, rootOf, treeOf } from './list.ts';
import { type ListEntry, listEntries } from './list-match.ts';

/** Where XLIST has another word for a use than RFC 6154; \Archive and \Memos came later and have none. */
const WORDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['\\All', ['\\AllMail']],
  ['\\Flagged', ['\\Starred']],
  ['\\Junk', ['\\Spam']],
  ['\\Archive', []],
  ['\\Memos', []],
]);

export const xlist: CommandFamily = {
  commands: [
    {
      name: 'XLIST',
      extension: 'XLIST',
      phases: SIGNED_IN,
      updates: 'everything',
      async run(session, cursor) {
        const { reference, pattern } = parseLsub(cursor);
        const patterns = [canonicalPattern(reference, pattern, session.text)];
        const entries =
          pattern === ''
            ? [rootOf(reference, session)]
            : await listEntries(
                await treeOf(session, patterns, false),
                { ...EVERYTHING, patterns },
                new Turns(TURN_STEPS),
              );
        for (const entry of entries) {
          session.writer.untagged(`XLIST ${entryText(session, inOldWords(entry))}`);
          if (session.writer.full) await session.writer.pace();
        }
        return { text: 'mailboxes listed' };
      },
    },
  ],
};

const EVERYTHING = { subscribed: false, specialUse: false, recursiveMatch: false, returnSubscribed: false };

function inOldWords(entry: ListEntry): ListEntry {
  const attributes = entry.attributes.flatMap((attribute) => WORDS.get(attribute) ?? [attribute]);
  return { ...entry, attributes: entry.name === INBOX ? [...attributes, '\\Inbox'] : attributes };
}
