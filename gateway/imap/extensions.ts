/**
 * Every extension that is served, a line each: what CAPABILITY calls it, the RFC, when it is told, and what turns it on.
 * `docs/CONFORMANCE.md` lists the same lines with their tests, and a test holds the two together.
 *
 * A gateway offers a list of these. What belongs to an extension asks for it by name: a command by `Command.extension`,
 * the grammars by `cursor.offers`, the rest by `session.offers`. An extension that is left out of the list is neither
 * announced nor understood.
 */

/** The moment at which CAPABILITY is asked for. */
export interface Offer {
  /** The connection is under TLS, or on loopback. */
  readonly secure: boolean;
  readonly canStartTls: boolean;
  /** Bytes of the largest message. */
  readonly messageBytes: number;
  /** Messages that one command works on (RFC 9738). */
  readonly messagesPerCommand: number;
  /** Who has signed in may change what accounts may hold. */
  readonly administrator: boolean;
  /** Bytes of the largest literal that may come without waiting (RFC 7888). */
  readonly unaskedLiteralBytes: number;
}

export interface Extension {
  readonly name: string;
  readonly rfc: number;
  /** When it is told: clients read the list anew after they have signed in. */
  readonly shown: 'always' | 'before login' | 'after login';
  /** The words in CAPABILITY, where they are not just the name. */
  readonly words?: (offer: Offer) => readonly string[];
  /** ENABLE switches it on (RFC 5161 §3.1), and with it what stands here. */
  readonly enable?: readonly string[];
}

/** What LITERAL- allows (RFC 7888 §5). */
export const LITERAL_MINUS_BYTES = 4096;

/** Whether LITERAL+ is what a gateway tells, or else LITERAL-. */
export function hasLiteralPlus({ unaskedLiteralBytes }: Pick<Offer, 'unaskedLiteralBytes'>): boolean {
  return unaskedLiteralBytes > LITERAL_MINUS_BYTES;
}

const TABLE = [
  // What it decides once it is enabled: `session/dialect.ts`, SELECT, SEARCH, and names and texts in UTF-8.
  { name: 'IMAP4rev2', rfc: 9051, shown: 'always', enable: [] },
  // One of the two, never both (RFC 7888 §5).
  {
    name: 'LITERAL+',
    rfc: 7888,
    shown: 'always',
    words: (offer) => (hasLiteralPlus(offer) ? ['LITERAL+'] : []),
  },
  {
    name: 'LITERAL-',
    rfc: 7888,
    shown: 'always',
    words: (offer) => (hasLiteralPlus(offer) ? [] : ['LITERAL-']),
  },
  { name: 'ID', rfc: 2971, shown: 'always' },
  {
    name: 'STARTTLS',
    rfc: 9051,
    shown: 'before login',
    words: ({ canStartTls }) => (canStartTls ? ['STARTTLS'] : []),
  },
  {
    name: 'AUTH=PLAIN',
    rfc: 4616,
    shown: 'before login',
    words: ({ secure }) => [secure ? 'AUTH=PLAIN' : 'LOGINDISABLED'],
  },
  { name: 'SASL-IR', rfc: 4959, shown: 'before login' },
  // RFC 5255 §3.1: in the greeting too, for what is said before sign-in.
  { name: 'LANGUAGE', rfc: 5255, shown: 'always' },
  { name: 'I18NLEVEL=1', rfc: 5255, shown: 'after login' },
  { name: 'COMPRESS=DEFLATE', rfc: 4978, shown: 'after login' },
  { name: 'UNAUTHENTICATE', rfc: 8437, shown: 'after login' },
  { name: 'ENABLE', rfc: 5161, shown: 'after login' },
  { name: 'CONDSTORE', rfc: 7162, shown: 'after login', enable: [] },
  { name: 'QRESYNC', rfc: 7162, shown: 'after login', enable: ['CONDSTORE'] },
  { name: 'UIDONLY', rfc: 9586, shown: 'after login', enable: [] },
  { name: 'UTF8=ACCEPT', rfc: 9755, shown: 'after login', enable: [] },
  { name: 'UNSELECT', rfc: 3691, shown: 'after login' },
  { name: 'UIDPLUS', rfc: 4315, shown: 'after login' },
  { name: 'MULTIAPPEND', rfc: 3502, shown: 'after login' },
  { name: 'CATENATE', rfc: 4469, shown: 'after login' },
  { name: 'URL-PARTIAL', rfc: 5550, shown: 'after login' },
  { name: 'REPLACE', rfc: 8508, shown: 'after login' },
  {
    name: 'APPENDLIMIT',
    rfc: 7889,
    shown: 'after login',
    words: ({ messageBytes }) => [`APPENDLIMIT=${messageBytes}`],
  },
  { name: 'BINARY', rfc: 3516, shown: 'after login' },
  { name: 'MOVE', rfc: 6851, shown: 'after login' },
  { name: 'ESEARCH', rfc: 4731, shown: 'after login' },
  { name: 'SEARCHRES', rfc: 5182, shown: 'after login' },
  { name: 'OBJECTID', rfc: 8474, shown: 'after login' },
  { name: 'SAVEDATE', rfc: 8514, shown: 'after login' },
  {
    name: 'MESSAGELIMIT',
    rfc: 9738,
    shown: 'after login',
    words: ({ messagesPerCommand }) =>
      messagesPerCommand === Infinity ? [] : [`MESSAGELIMIT=${messagesPerCommand}`],
  },
  { name: 'UIDBATCHES', rfc: 10022, shown: 'after login' },
  { name: 'WITHIN', rfc: 5032, shown: 'after login' },
  { name: 'MULTISEARCH', rfc: 7377, shown: 'after login' },
  { name: 'PARTIAL', rfc: 9394, shown: 'after login' },
  { name: 'SORT', rfc: 5256, shown: 'after login' },
  { name: 'SORT=DISPLAY', rfc: 5957, shown: 'after login' },
  { name: 'THREAD=ORDEREDSUBJECT', rfc: 5256, shown: 'after login' },
  { name: 'THREAD=REFERENCES', rfc: 5256, shown: 'after login' },
  // By draft-ietf-morg-inthread-01, an algorithm in the sense of this RFC.
  { name: 'THREAD=REFS', rfc: 5256, shown: 'after login' },
  { name: 'ESORT', rfc: 5267, shown: 'after login' },
  { name: 'CONTEXT=SEARCH', rfc: 5267, shown: 'after login' },
  { name: 'CONTEXT=SORT', rfc: 5267, shown: 'after login' },
  { name: 'SEARCH=FUZZY', rfc: 6203, shown: 'after login' },
  { name: 'FILTERS', rfc: 5466, shown: 'after login' },
  { name: 'PREVIEW', rfc: 8970, shown: 'after login' },
  { name: 'INPROGRESS', rfc: 9585, shown: 'after login' },
  { name: 'IDLE', rfc: 2177, shown: 'after login' },
  { name: 'NOTIFY', rfc: 5465, shown: 'after login' },
  { name: 'CREATE-SPECIAL-USE', rfc: 6154, shown: 'after login' },
  { name: 'LIST-EXTENDED', rfc: 5258, shown: 'after login' },
  { name: 'CHILDREN', rfc: 3348, shown: 'after login' },
  { name: 'SPECIAL-USE', rfc: 6154, shown: 'after login' },
  // What Gmail had before it; in no RFC.
  { name: 'XLIST', rfc: 6154, shown: 'after login' },
  { name: 'LIST-STATUS', rfc: 5819, shown: 'after login' },
  { name: 'STATUS=SIZE', rfc: 8438, shown: 'after login' },
  { name: 'NAMESPACE', rfc: 2342, shown: 'after login' },
  { name: 'METADATA', rfc: 5464, shown: 'after login' },
  { name: 'LIST-METADATA', rfc: 9590, shown: 'after login' },
  { name: 'ACL', rfc: 4314, shown: 'after login', words: () => ['ACL', 'RIGHTS=kxte'] },
  { name: 'LIST-MYRIGHTS', rfc: 8440, shown: 'after login' },
  {
    name: 'QUOTA',
    rfc: 9208,
    shown: 'after login',
    words: () => ['QUOTA', 'QUOTA=RES-STORAGE', 'QUOTA=RES-MESSAGE'],
  },
  {
    name: 'QUOTASET',
    rfc: 9208,
    shown: 'after login',
    words: ({ administrator }) => (administrator ? ['QUOTASET'] : []),
  },
] as const satisfies readonly Extension[];

export type ExtensionName = (typeof TABLE)[number]['name'];

/** All that there are, in the order in which CAPABILITY tells them. */
export const EXTENSIONS: readonly Extension[] = TABLE;

/** All but one. */
export function extensionsBut(name: ExtensionName): readonly Extension[] {
  return EXTENSIONS.filter((extension) => extension.name !== name);
}

/** What a gateway offers. */
export class Offered {
  readonly #extensions: ReadonlyMap<string, Extension>;
  /** By the word that ENABLE takes, in upper case. */
  readonly #enabling: ReadonlyMap<string, Extension>;

  constructor(extensions: readonly Extension[]) {
    this.#extensions = new Map(extensions.map((extension) => [extension.name, extension]));
    this.#enabling = new Map(
      extensions.filter(({ enable }) => enable).map((extension) => [extension.name.toUpperCase(), extension]),
    );
  }

  has(name: ExtensionName): boolean {
    return this.#extensions.has(name);
  }

  /** What ENABLE with this word (in upper case) switches on, by name, itself first; empty if nothing. */
  enabledBy(word: string): readonly string[] {
    const extension = this.#enabling.get(word);
    return extension ? [extension.name, ...(extension.enable ?? [])] : [];
  }

  /** The words of CAPABILITY, in the order of the table. */
  words(signedIn: boolean, offer: Offer): string[] {
    const shown = signedIn ? 'after login' : 'before login';
    const words = [...this.#extensions.values()]
      .filter((extension) => extension.shown === 'always' || extension.shown === shown)
      .flatMap(({ name, words: wordsOf }) => wordsOf?.(offer) ?? [name]);
    return ['IMAP4rev1', ...words];
  }
}
