/** Arguments of the commands on mailboxes: SELECT, STATUS, CREATE, RENAME, and those that take just a name. */
import {
  STATUS_ITEMS,
  type CreateArguments,
  type QresyncArguments,
  type RenameArguments,
  type SelectArguments,
  type StatusArguments,
  type StatusItem,
} from './ast.ts';
import type { ExtensionName } from '../extensions.ts';
import type { CommandCursor } from './parser.ts';
import type { SequenceSet } from './sequence-set.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/** `DELETE`, `SUBSCRIBE`, `UNSUBSCRIBE`: one mailbox name. */
export function parseMailbox(cursor: CommandCursor): string {
  cursor.space('a mailbox name');
  const mailbox = cursor.mailbox();
  cursor.end();
  return mailbox;
}

/** `RENAME`. */
export function parseRename(cursor: CommandCursor): RenameArguments {
  cursor.space('a mailbox name');
  const from = cursor.mailbox();
  cursor.space('the new mailbox name');
  const to = cursor.mailbox('the new mailbox name');
  cursor.end();
  return { from, to };
}

/** `CREATE`, with the special uses of RFC 6154 §3. */
export function parseCreate(cursor: CommandCursor): CreateArguments {
  cursor.space('a mailbox name');
  const mailbox = cursor.mailbox();
  const specialUses: string[] = [];
  if (cursor.accept(' (')) {
    cursor.needs('CREATE-SPECIAL-USE', 'a parameter of CREATE');
    if (cursor.keyword('USE') !== 'USE')
      throw new ImapSyntaxError('unknown parameter of CREATE: USE is known');
    cursor.space('special uses');
    const parseUse = (): string => {
      cursor.expect('\\', 'a special use such as \\Drafts');
      return `\\${cursor.atom('a special use')}`;
    };
    specialUses.push(...cursor.list('special uses', parseUse, 'allowed'));
    cursor.expect(')', '")" after the parameters of CREATE');
  }
  cursor.end();
  return { mailbox, specialUses };
}

/** `SELECT` and `EXAMINE`, with CONDSTORE and QRESYNC (RFC 7162 §3.1.8, §3.2.5). */
export function parseSelect(cursor: CommandCursor): SelectArguments {
  cursor.space('a mailbox name');
  const mailbox = cursor.mailbox();
  let condstore = false;
  let qresync: QresyncArguments | undefined;
  if (cursor.at(' (')) {
    cursor.space('parameters');
    cursor.list('parameters of SELECT', () => {
      const name = cursor.keyword('a parameter of SELECT');
      if (name === 'CONDSTORE') {
        cursor.needs('CONDSTORE', name);
        condstore = true;
      } else if (name === 'QRESYNC') {
        cursor.needs('QRESYNC', name);
        qresync = parseQresync(cursor);
      } else throw new ImapSyntaxError('unknown parameter of SELECT: CONDSTORE and QRESYNC are known');
    });
  }
  cursor.end();
  return { mailbox, condstore, qresync };
}

/** `(uidvalidity modseq [uids] [(numbers uids)])`. */
function parseQresync(cursor: CommandCursor): QresyncArguments {
  cursor.space('QRESYNC parameters');
  cursor.expect('(', '"(" and QRESYNC parameters');
  const uidValidity = cursor.nzNumber('a UIDVALIDITY');
  cursor.space('a mod-sequence');
  const modSeq = cursor.number64('a mod-sequence');
  let knownUids: QresyncArguments['knownUids'];
  if (cursor.at(' ') && !cursor.at(' (')) {
    cursor.space('known UIDs');
    knownUids = cursor.sequenceSet('known UIDs');
    if (knownUids.usesStar || knownUids.saved)
      throw new ImapSyntaxError('known UIDs are numbers and ranges of numbers (RFC 7162 section 7)');
  }
  let matches: QresyncArguments['matches'];
  if (cursor.accept(' (')) {
    const numbers = cursor.sequenceSet('message numbers');
    cursor.space('their UIDs');
    matches = pairs(numbers, cursor.sequenceSet('their UIDs'));
    cursor.expect(')', '")" after the UIDs');
  }
  cursor.expect(')', '")" after the QRESYNC parameters');
  return { uidValidity, modSeq, knownUids, matches };
}

/** RFC 7162 §3.2.5.2. */
function pairs(numbers: SequenceSet, uids: SequenceSet): NonNullable<QresyncArguments['matches']> {
  if (!numbers.ascends || !uids.ascends)
    throw new ImapSyntaxError('message numbers and their UIDs are numbers and ranges in ascending order');
  if (numbers.resolve(0).size !== uids.resolve(0).size)
    throw new ImapSyntaxError('there must be as many UIDs as message numbers');
  return { numbers, uids };
}

/** `STATUS mailbox (items)`. */
export function parseStatus(cursor: CommandCursor): StatusArguments {
  cursor.space('a mailbox name');
  const mailbox = cursor.mailbox();
  cursor.space('status items');
  const items = parseStatusItems(cursor);
  cursor.end();
  return { mailbox, items };
}

/** Status items of extensions; the others belong to the base protocol. */
const ITEM_EXTENSIONS: ReadonlyMap<StatusItem, ExtensionName> = new Map([
  ['SIZE', 'STATUS=SIZE'],
  ['HIGHESTMODSEQ', 'CONDSTORE'],
  ['APPENDLIMIT', 'APPENDLIMIT'],
  ['MAILBOXID', 'OBJECTID'],
  ['DELETED-STORAGE', 'QUOTA'],
]);

/** `(MESSAGES UIDNEXT …)`, also in LIST's RETURN (RFC 5819). */
export function parseStatusItems(cursor: CommandCursor): StatusItem[] {
  return cursor.list('status items', () => {
    const name = cursor.keyword('a status item');
    const item = STATUS_ITEMS.find((known) => known === name);
    if (item === undefined)
      throw new ImapSyntaxError(`unknown status item: ${STATUS_ITEMS.join(', ')} are known`);
    const extension = ITEM_EXTENSIONS.get(item);
    if (extension !== undefined) cursor.needs(extension, item);
    return item;
  });
}
