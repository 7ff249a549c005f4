/** Arguments of the QUOTA commands (RFC 9208 §7). */
import type { SetQuotaArguments } from './ast.ts';
import type { CommandCursor } from './parser.ts';

/** `GETQUOTA`: the name of a quota root. */
export function parseGetQuota(cursor: CommandCursor): string {
  cursor.space('a quota root');
  const root = cursor.astring('a quota root');
  cursor.end();
  return root;
}

/** `SETQUOTA root (resource limit …)`. */
export function parseSetQuota(cursor: CommandCursor): SetQuotaArguments {
  cursor.space('a quota root');
  const root = cursor.astring('a quota root');
  cursor.space('limits');
  const parseLimit = (): SetQuotaArguments['limits'][number] => {
    const resource = cursor.keyword('a resource');
    cursor.space('its limit');
    return { resource, limit: cursor.number64('a limit') };
  };
  const limits = cursor.list('limits', parseLimit, 'allowed');
  cursor.end();
  return { root, limits };
}
