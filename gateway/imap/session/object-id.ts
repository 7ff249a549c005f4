/**
 * Object identifiers (RFC 8474). None is stored: each is worked out of what never changes, so that every gateway tells the
 * same, for ever.
 *
 * - MAILBOXID: of account and mailbox, which both are never given to another (I9: the account's own id is not shown).
 * - EMAILID: the message's blob. COPY, MOVE and undelete name the same blob again; a copy into another account is stored
 *   anew (I9) and is another message to it.
 * - THREADID: of the first message that a message says it belongs to: the first of its References, else its In-Reply-To,
 *   else itself. Read off the message alone, so that it never changes and is the same in all mailboxes; replies by software
 *   that cuts off the beginning of References begin a thread of their own.
 *
 * The letter before each keeps them apart, and from looking like numbers or NIL (RFC 8474 §8.1).
 */
import { createHash } from 'node:crypto';
import type { AccountId, BlobId, MailboxId } from '../../../shared/account/ids.ts';
import type { Summary } from '../../../shared/message/summary.ts';
import { fieldValues } from '../search/text.ts';

/** Hexadecimal digits of a digest: 96 bits, beyond any chance of meeting twice. */
const DIGITS = 24;

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, DIGITS);
}

export function mailboxId(account: AccountId, mailbox: MailboxId): string {
  return `F${digest(`mailbox ${account} ${mailbox}`)}`;
}

export function emailId(blob: BlobId): string {
  return `M${blob}`;
}

/** `blob` is the message's own, which stands for a message that names nobody. */
export function threadId({ headers }: Summary, blob: BlobId): string {
  const root = ['references', 'in-reply-to', 'message-id']
    .map((field) => firstMessageId(headers, field))
    .find((id) => id !== undefined);
  return `T${digest(root === undefined ? `message ${blob}` : `thread ${root}`)}`;
}

function firstMessageId(headers: Uint8Array, field: string): string | undefined {
  return /<[^<>\s]+>/.exec(fieldValues(headers, field).join(' '))?.[0];
}
