/** The one message of the SASL mechanism PLAIN (RFC 4616 §2): `[authzid] NUL authcid NUL passwd`, in UTF-8. */
import { parseIfAddress } from './address.ts';

export interface PlainCredentials {
  /** Who logs in, as sent. */
  readonly name: string;
  /** As sent; never logged. */
  readonly password: string;
}

/**
 * - `malformed`: the client does not speak PLAIN (BAD in IMAP);
 * - `not-authorized`: it asks to act as another user, which nobody may (NO in IMAP).
 */
export class SaslPlainError extends Error {
  readonly reason: 'malformed' | 'not-authorized';
  constructor(reason: 'malformed' | 'not-authorized', problem: string) {
    super(`AUTH=PLAIN: ${problem}`);
    this.name = 'SaslPlainError';
    this.reason = reason;
  }
}

/** Octets. Names are addresses and passwords are bounded by `opaque-string.ts`; three of them fit easily. */
const MAX_MESSAGE_OCTETS = 4096;

/** Takes the message apart, after base64; throws `SaslPlainError`, whose message never repeats what was sent. */
export function parseSaslPlain(message: Uint8Array): PlainCredentials {
  const malformed = (problem: string): SaslPlainError => new SaslPlainError('malformed', problem);
  if (message.length > MAX_MESSAGE_OCTETS) throw malformed('the response is too long');
  const [authzid, name, password, ...rest] = decoded(message).split('\0');
  if (authzid === undefined || name === undefined || password === undefined || rest.length > 0) {
    throw malformed('the response does not have three parts separated by NUL');
  }
  if (name === '') throw malformed('the name of the user is empty');
  if (password === '') throw malformed('the password is empty');
  if (authzid !== '' && !sameUser(authzid, name)) {
    throw new SaslPlainError('not-authorized', 'acting as another user is not possible');
  }
  return { name, password };
}

function decoded(message: Uint8Array): string {
  try {
    // A byte order mark would be part of the name: RFC 4616 knows none.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(message);
  } catch {
    throw new SaslPlainError('malformed', 'the response is not UTF-8');
  }
}

function sameUser(authzid: string, name: string): boolean {
  if (authzid === name) return true;
  const [one, other] = [parseIfAddress(authzid), parseIfAddress(name)];
  return one !== undefined && one.address === other?.address;
}
