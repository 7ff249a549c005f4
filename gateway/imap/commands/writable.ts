import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';

/** Throws unless the mailbox was selected for writing: EXAMINE changes nothing (RFC 9051 §6.3.3). */
export function requireWritable(session: Session): void {
  if (session.selected.readOnly) throw new No('the mailbox is open for reading only: SELECT it', 'CANNOT');
}
