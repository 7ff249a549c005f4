/** Arguments of the ACL commands (RFC 4314 §7). */
import type { AclArguments, SetAclArguments } from './ast.ts';
import type { CommandCursor } from './parser.ts';

/** `DELETEACL` and `LISTRIGHTS`: a mailbox and an identifier. */
export function parseAclIdentifier(cursor: CommandCursor): AclArguments {
  cursor.space('a mailbox name');
  const mailbox = cursor.mailbox();
  cursor.space('an identifier');
  const identifier = cursor.astring('an identifier');
  cursor.end();
  return { mailbox, identifier };
}

/** `SETACL`: what the rights say is checked by the command, which knows them. */
export function parseSetAcl(cursor: CommandCursor): SetAclArguments {
  cursor.space('a mailbox name');
  const mailbox = cursor.mailbox();
  cursor.space('an identifier');
  const identifier = cursor.astring('an identifier');
  cursor.space('rights');
  const rights = cursor.astring('rights');
  cursor.end();
  return { mailbox, identifier, rights };
}
