/**
 * Passwords as RFC 8265 §4.2 (OpaqueString) prepares them before they are compared or hashed: spaces that are not ASCII
 * become U+0020, then NFC; control characters, lone surrogates and noncharacters are refused. Case and everything else
 * stay. Code points that this Node's Unicode does not know yet are let through, unlike in the RFC: else a password with
 * a new letter would stop working on the gateway with the older release.
 */

/** Octets in UTF-8 after preparation. Long passphrases fit; nobody makes us hash a megabyte. */
export const MAX_PASSWORD_OCTETS = 1024;

/** The prepared password, or why it cannot be one, in words that go after "the password". */
export type PreparedPassword =
  | { readonly kind: 'prepared'; readonly password: string }
  | { readonly kind: 'refused'; readonly problem: string };

export function preparePassword(input: string): PreparedPassword {
  if (input === '') return { kind: 'refused', problem: 'is empty' };
  const tooLong = `is longer than ${MAX_PASSWORD_OCTETS} octets`;
  // Bounds the work below before anything is copied; NFC shortens a string, but never to a quarter.
  if (input.length > 4 * MAX_PASSWORD_OCTETS) return { kind: 'refused', problem: tooLong };
  if (/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(input)) {
    return { kind: 'refused', problem: 'has a control character or broken Unicode in it' };
  }
  const password = input.replace(/\p{Zs}/gu, ' ').normalize('NFC');
  if (Buffer.byteLength(password) > MAX_PASSWORD_OCTETS) return { kind: 'refused', problem: tooLong };
  return { kind: 'prepared', password };
}
