/** What a client is told when a command fails: the one place that maps errors to NO, BAD or silence. */
import { MessageRefusal, type MessageRefusalReason } from '../../../shared/account/decide-messages.ts';
import { OutcomeUnknownError } from '../../../shared/account/journal-store.ts';
import { UnknownVersionError } from '../../../shared/account/record.ts';
import { AccountClosedError, TooLargeError } from '../../../shared/account/record-builder.ts';
import { BusyError } from '../../../shared/account/commit-request.ts';
import { classifyFailure } from '../../../shared/aws/retry.ts';
import { BlobMissingError } from '../../../shared/blob/blob-store.ts';
import { KeyDeletedError } from '../../../shared/keys/account-keys.ts';
import { DamagedPackError } from '../../../shared/blob/pack-format.ts';
import { DamagedBlobError } from '../../../shared/blob/damaged-blob.ts';
import { PasswordVerifierBusyError } from '../../../shared/directory/password-verifier.ts';
import { TlsHandshakeError } from '../server/tls.ts';
import type { Refusal } from '../wire/command.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import { ConnectionLostError } from '../wire/response-writer.ts';
import { ImapSyntaxError } from '../wire/syntax-error.ts';
import { Bad, No } from './refusals.ts';

export type Answer =
  | { readonly kind: 'refuse'; readonly response: Refusal }
  /** Nothing may be said: the change may be in the journal or not, and the client has to look for itself (I3). */
  | { readonly kind: 'silence' }
  /** A fault of ours or of a store; `response` has a place for the log's id. */
  | { readonly kind: 'fault'; readonly response: (id: string) => Refusal }
  /** The connection is gone: nobody is left to be told. */
  | { readonly kind: 'lost'; readonly error: Error };

const MESSAGE_REFUSALS: Record<MessageRefusalReason, ResponseCode> = {
  'no mailbox': 'NONEXISTENT',
  'no target': 'TRYCREATE',
  keywords: 'LIMIT',
  quota: 'OVERQUOTA',
  expired: 'UNAVAILABLE',
  // RFC 5530 §3: "someone else has issued an EXPUNGE".
  missing: 'EXPUNGEISSUED',
  uids: 'LIMIT',
  readers: 'LIMIT',
};

export const KEY_DELETED = 'the key of this account was deleted: its mail cannot be read any more';

export function answerTo(error: unknown): Answer {
  if (error instanceof ConnectionLostError || error instanceof TlsHandshakeError)
    return { kind: 'lost', error };
  if (error instanceof OutcomeUnknownError) return { kind: 'silence' };
  if (error instanceof No) return refuse('NO', error.message, error.code);
  if (error instanceof Bad) return refuse('BAD', error.message, error.code);
  if (error instanceof ImapSyntaxError) return refuse(error.status, error.message, error.code);
  if (error instanceof MessageRefusal) return refuse('NO', error.message, MESSAGE_REFUSALS[error.reason]);
  if (error instanceof BusyError)
    return refuse('NO', 'the account is very busy at this moment, please try again', 'UNAVAILABLE');
  if (error instanceof AccountClosedError) return refuse('NO', error.message, 'CONTACTADMIN');
  if (error instanceof PasswordVerifierBusyError) return refuse('NO', error.message, 'UNAVAILABLE');
  if (error instanceof TooLargeError)
    return refuse('NO', 'the change is too large for one command, please split it', 'LIMIT');
  if (error instanceof UnknownVersionError)
    return fault('UNAVAILABLE', 'this server is being upgraded, please try again later');
  if (error instanceof KeyDeletedError) return refuse('NO', KEY_DELETED, 'CONTACTADMIN');
  if ([BlobMissingError, DamagedBlobError, DamagedPackError].some((kind) => error instanceof kind))
    return fault('SERVERBUG', 'a message cannot be read');
  // A store that throttles, fails or cannot be reached (RFC 5530 §3).
  if (classifyFailure(error) !== 'fatal')
    return fault('UNAVAILABLE', 'the store does not answer at this moment');
  return fault('SERVERBUG', 'the server failed to do this');
}

function refuse(status: 'NO' | 'BAD', text: string, code?: ResponseCode): Answer {
  return { kind: 'refuse', response: { status, text, ...(code !== undefined && { code }) } };
}

function fault(code: ResponseCode, text: string): Answer {
  return {
    kind: 'fault',
    response: (id) => ({ status: 'NO', code, text: `${text}; the administrator finds it by ${id}` }),
  };
}
