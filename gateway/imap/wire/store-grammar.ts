/** Arguments of STORE, COPY, MOVE and UID EXPUNGE (RFC 9051 §6.4.6–6.4.9, RFC 7162 §3.1.3). */
import type { CopyArguments, StoreArguments } from './ast.ts';
import type { CommandCursor } from './parser.ts';
import type { SequenceSet } from './sequence-set.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/** `STORE` and `UID STORE`, from the space before the set to the end. */
export function parseStore(cursor: CommandCursor): StoreArguments {
  cursor.space('a sequence set');
  const set = cursor.sequenceSet();
  cursor.space('FLAGS, +FLAGS or -FLAGS');
  const unchangedSince = cursor.peek() === '(' ? parseModifiers(cursor) : undefined;
  const action = cursor.accept('+') ? 'add' : cursor.accept('-') ? 'remove' : 'replace';
  const name = cursor.itemName('FLAGS, +FLAGS or -FLAGS');
  if (name !== 'FLAGS' && name !== 'FLAGS.SILENT') {
    throw new ImapSyntaxError('STORE changes FLAGS, +FLAGS or -FLAGS, each with or without .SILENT');
  }
  cursor.space('flags');
  const flags = parseFlags(cursor);
  cursor.end();
  return { set, action, silent: name === 'FLAGS.SILENT', flags, unchangedSince };
}

function parseModifiers(cursor: CommandCursor): number | undefined {
  let unchangedSince: number | undefined;
  cursor.list('modifiers of STORE', () => {
    if (cursor.keyword('a modifier of STORE') !== 'UNCHANGEDSINCE') {
      throw new ImapSyntaxError('unknown modifier of STORE: UNCHANGEDSINCE is known');
    }
    cursor.needs('CONDSTORE', 'UNCHANGEDSINCE');
    cursor.space('a mod-sequence');
    unchangedSince = cursor.number64('a mod-sequence');
  });
  cursor.space('FLAGS, +FLAGS or -FLAGS');
  return unchangedSince;
}

/** A list, or flags without parentheses (RFC 9051 §9, `store-att-flags`). */
function parseFlags(cursor: CommandCursor): string[] {
  if (cursor.peek() === '(') return cursor.flagList();
  const flags: string[] = [];
  do flags.push(cursor.flag());
  while (!cursor.atTrailingSpace() && cursor.accept(' '));
  return flags;
}

/** `COPY`, `MOVE` and their UID forms. */
export function parseCopy(cursor: CommandCursor): CopyArguments {
  cursor.space('a sequence set');
  const set = cursor.sequenceSet();
  cursor.space('a mailbox name');
  const mailbox = cursor.mailbox();
  cursor.end();
  return { set, mailbox };
}

/** `UID EXPUNGE` (RFC 4315 §2.1). */
export function parseUidExpunge(cursor: CommandCursor): SequenceSet {
  cursor.space('a set of UIDs');
  const set = cursor.sequenceSet('a set of UIDs');
  cursor.end();
  return set;
}
