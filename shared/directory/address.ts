/**
 * Mail addresses in the one form in which the directory compares them. Two spellings that this file maps to one string
 * are one address; everything else is two.
 *
 * - The domain: IDNA (UTS #46, as URLs have it) to its ASCII form in lower case: `Bücher.DE` is `xn--bcher-kva.de`.
 *   Address literals (`[192.0.2.1]`) and host names without letters are no domains of mail here.
 * - The local part: NFC, lower case, NFC again. SMTP leaves its case to the receiving host (RFC 5321 §2.4), which is us,
 *   and nobody expects Alice@ and alice@ to be two people. Quotes that are not needed are dropped (RFC 5322 §3.4.1).
 * - No folding beyond that: full-width letters, look-alikes and dots stay different.
 */
import { domainToASCII } from 'node:url';

/** An address that cannot be one: says what is wrong, and holds the input shortened. */
export class AddressError extends Error {
  constructor(input: string, problem: string) {
    const shown = input.length > 100 ? `${input.slice(0, 100)}…` : input;
    super(`${JSON.stringify(shown)} is not a mail address: ${problem}`);
    this.name = 'AddressError';
  }
}

export interface Address {
  /** `local@domain`, normalised: what keys are built from. */
  readonly address: string;
  readonly domain: string;
  /**
   * For `user+tag@domain`: the address without the tag, and the tag in NFC with its case kept, since it may name a
   * folder. The part after the first `+` (RFC 5233 §4 leaves the separator to the site).
   */
  readonly tagged?: { readonly base: string; readonly detail: string };
}

/** Octets (RFC 5321 §4.5.3.1.1, §4.5.3.1.3). */
const MAX_LOCAL_OCTETS = 64;
const MAX_ADDRESS_OCTETS = 254;
const MAX_DOMAIN_OCTETS = 253;

const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
/** What the host parser behind `domainToASCII` would cut off or decode rather than refuse, beside spaces and controls. */
const NOT_IN_DOMAIN = /[\p{Cc}\p{Z}%/?#\\@:[\]<>,;()"]/u;
/** atext of RFC 5322 §3.2.3 with RFC 6531 §3.3's non-ASCII, less separators and controls. */
const DOT_ATOM = /^[^\p{Cc}\p{Cs}\p{Z}()<>[\]:;@\\,."]+(?:\.[^\p{Cc}\p{Cs}\p{Z}()<>[\]:;@\\,."]+)*$/u;
/** What may stand between quotes: no controls, no space but U+0020. */
const QUOTABLE = /^(?:[^\p{Cc}\p{Cs}\p{Z}]| )+$/u;

/** Normalises `input`; throws `AddressError`. */
export function parseAddress(input: string): Address {
  if (input.length > 4 * MAX_ADDRESS_OCTETS) throw new AddressError(input, 'it is too long');
  const at = input.lastIndexOf('@');
  if (at === -1) throw new AddressError(input, 'it has no @');
  const spelled = unquoted(input.slice(0, at), input).normalize('NFC');
  const domain = normaliseDomain(input.slice(at + 1), input);
  const local = quoted(lowered(spelled));
  const address = `${local}@${domain}`;
  if (Buffer.byteLength(local) > MAX_LOCAL_OCTETS) {
    throw new AddressError(input, `the part before the @ is longer than ${MAX_LOCAL_OCTETS} octets`);
  }
  if (Buffer.byteLength(address) > MAX_ADDRESS_OCTETS) {
    throw new AddressError(input, `it is longer than ${MAX_ADDRESS_OCTETS} octets`);
  }
  const plus = spelled.indexOf('+');
  if (plus < 1 || !DOT_ATOM.test(spelled)) return { address, domain };
  const base = lowered(spelled.slice(0, plus));
  // `a.+tag` has no base: `a.` is no local part.
  if (!DOT_ATOM.test(base)) return { address, domain };
  return { address, domain, tagged: { base: `${base}@${domain}`, detail: spelled.slice(plus + 1) } };
}

/** As `parseAddress`, but undefined for what is not an address. */
export function parseIfAddress(input: string): Address | undefined {
  try {
    return parseAddress(input);
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}

/** The ASCII form of a domain in lower case; throws `AddressError` about `whole`. */
export function normaliseDomain(domain: string, whole: string = domain): string {
  if (domain === '') throw new AddressError(whole, 'the domain is missing');
  if (domain.startsWith('[')) throw new AddressError(whole, 'an address literal is not a domain');
  const bad = (): AddressError => new AddressError(whole, `${JSON.stringify(domain)} is not a domain`);
  if (domain.length > 4 * MAX_DOMAIN_OCTETS || NOT_IN_DOMAIN.test(domain)) throw bad();
  const ascii = domainToASCII(domain);
  const labels = ascii.split('.');
  if (ascii.length > MAX_DOMAIN_OCTETS || !labels.every((label) => LABEL.test(label))) throw bad();
  // A host parser reads 0x7f.1 as an IPv4 address; no top-level domain is all digits (RFC 3696 §2).
  if (/^\d+$/.test(labels.at(-1) ?? '')) throw bad();
  return ascii;
}

/** NFC comes last, too: J with caron has no composed form, the j with caron that it becomes has one. */
function lowered(local: string): string {
  return local.normalize('NFC').toLowerCase().normalize('NFC');
}

/** The local part without quotes and escapes. */
function unquoted(local: string, whole: string): string {
  if (local === '') throw new AddressError(whole, 'the part before the @ is empty');
  if (!local.startsWith('"')) {
    if (!DOT_ATOM.test(local)) {
      throw new AddressError(whole, 'the part before the @ has a character or a dot that needs quotes');
    }
    return local;
  }
  const inner = /^"((?:[^"\\]|\\.)+)"$/u.exec(local)?.[1]?.replace(/\\(.)/gu, '$1');
  if (inner === undefined || !QUOTABLE.test(inner)) {
    throw new AddressError(whole, 'the quoted part before the @ is malformed');
  }
  return inner;
}

/** The shortest spelling: quotes only where they are needed. */
function quoted(local: string): string {
  return DOT_ATOM.test(local) ? local : `"${local.replace(/["\\]/g, '\\$&')}"`;
}
