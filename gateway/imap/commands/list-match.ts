/**
 * Which names LIST and LSUB return, and what they say of each (RFC 9051 §6.3.9, RFC 5258, RFC 3501 §6.3.9). Pure.
 *
 * Three kinds of names are told apart: mailboxes; subscriptions, which may outlive their mailbox; and *levels*, names
 * that only stand above others because their own mailbox was deleted.
 */
import { MAX_NAME_BYTES, superiorNames } from '../../../shared/account/mailbox-names.ts';
import { type AccountState, DELIMITER, INBOX, type Mailbox, byName } from '../../../shared/account/state.ts';
import type { Turns } from '../server/fairness.ts';
import { type ListPattern, compilePattern } from '../wire/list-pattern.ts';

export interface ListRequest {
  /** Canonical (reference and pattern), decoded from their wire form. */
  readonly patterns: readonly ListPattern[];
  readonly subscribed: boolean;
  readonly specialUse: boolean;
  readonly recursiveMatch: boolean;
  /** RETURN (SUBSCRIBED), which the selection option implies. */
  readonly returnSubscribed: boolean;
}

/** The names that are listed. */
export interface ListTree {
  /** With their special uses; mailboxes of others have none here. */
  readonly mailboxes: ReadonlyMap<string, Pick<Mailbox, 'use'>>;
  readonly subscriptions: ReadonlySet<string>;
}

/** What an account has by itself. */
export function ownTree(state: AccountState): ListTree {
  return { mailboxes: byName(state), subscriptions: state.subscriptions };
}

export interface ListEntry {
  readonly name: string;
  readonly attributes: readonly string[];
  /** Selection options that names below satisfy: CHILDINFO (RFC 9051 §6.3.9.6). */
  readonly childInfo: readonly string[];
  /** It is a mailbox that satisfies the selection by itself: then its status and the like are told (RFC 5819 §2). */
  readonly selected: boolean;
}

/**
 * What LIST returns, in order of name with INBOX first. A level that is no mailbox is left by DELETE of a name that has
 * names below it; it stays in every list as \\Noselect (RFC 3501 §6.3.4).
 */
export async function listEntries(
  tree: ListTree,
  request: ListRequest,
  turns: Turns,
): Promise<readonly ListEntry[]> {
  const { mailboxes, subscriptions } = tree;
  const patterns = compilePatterns(request.patterns);
  const above = superiorsOf(mailboxes.keys());
  const selection = selectionOf(tree, request);
  const names = await matching(selection.names, patterns, turns);
  const entry = (name: string, childInfo: readonly string[] = []): ListEntry => ({
    name,
    attributes: attributesOf(name, mailboxes.get(name), above.has(name), {
      subscribed: selection.tellSubscribed && subscriptions.has(name),
    }),
    childInfo,
    selected: names.has(name) && mailboxes.has(name),
  });
  const entries = new Map<string, ListEntry>();
  const selectedBelow = request.recursiveMatch ? superiorsOf(selection.names) : NO_NAMES;
  for (const name of names) entries.set(name, entry(name, selectedBelow.has(name) ? selection.options : []));
  if (request.recursiveMatch) {
    // Only where a name below would not be seen otherwise (RFC 9051 §6.3.9.3, 2.B).
    const hidden = superiorsOf(selection.names.filter((name) => !names.has(name)));
    for (const name of await matching(without(hidden, entries), patterns, turns))
      entries.set(name, entry(name, selection.options));
  }
  if (selection.options.length === 0) {
    for (const name of await matching(without(above, mailboxes), patterns, turns))
      entries.set(name, entry(name));
  }
  return sorted(entries.values());
}

/**
 * The entry of one mailbox, which is there: SELECT tells it to who speaks IMAP4rev2 (RFC 9051 §6.3.2). `told`: its name in
 * the session, which differs where the mailbox is somebody else's; `seen`: what else may be looked up there.
 */
export function entryOf(
  state: AccountState,
  { name, use }: Mailbox,
  told: string,
  seen: (mailbox: Mailbox) => boolean,
): ListEntry {
  const above = name + DELIMITER;
  const children = [...state.mailboxes.values()].some((each) => each.name.startsWith(above) && seen(each));
  const attributes = attributesOf(name, { use: told === name ? use : null }, children, { subscribed: false });
  return { name: told, attributes, childInfo: [], selected: true };
}

/** What there is to tell of any name, whether it is a mailbox or not: what NOTIFY tells (RFC 5465 §5.4, §5.5). */
export function entryNamed({ mailboxes, subscriptions }: ListTree, name: string): ListEntry {
  const mailbox = mailboxes.get(name);
  const above = name + DELIMITER;
  const children = [...mailboxes.keys()].some((each) => each.startsWith(above));
  const attributes = attributesOf(name, mailbox, children, { subscribed: subscriptions.has(name) });
  return { name, attributes, childInfo: [], selected: mailbox !== undefined };
}

/** What LSUB returns (RFC 3501 §6.3.9): a level of hierarchy above a subscribed name, for `%`, as \Noselect. */
export async function lsubEntries(
  { mailboxes, subscriptions }: ListTree,
  pattern: ListPattern,
  turns: Turns,
): Promise<readonly ListEntry[]> {
  const patterns = compilePatterns([pattern]);
  const names = await matching([...subscriptions], patterns, turns);
  const levels = without(superiorsOf(subscriptions), subscriptions);
  const above = await matching(levels, patterns.filter(endsInLevel), turns);
  const entries: ListEntry[] = [];
  for (const name of names)
    entries.push({
      name,
      attributes: mailboxes.has(name) ? [] : NOT_THERE,
      childInfo: [],
      selected: false,
    });
  for (const name of above)
    entries.push({ name, attributes: ['\\Noselect'], childInfo: [], selected: false });
  return sorted(entries);
}

const NO_NAMES: ReadonlySet<string> = new Set();
/** Of a name that is no mailbox's: what \NonExistent implies is for clients from before RFC 5258, LSUB's most of all. */
const NOT_THERE: readonly string[] = ['\\NonExistent', '\\Noselect'];

interface Selection {
  /** As CHILDINFO names them; empty: existing mailboxes are listed. */
  readonly options: readonly string[];
  readonly names: readonly string[];
  readonly tellSubscribed: boolean;
}

/** Selection options add up: a name must satisfy all (RFC 9051 §6.3.9). */
function selectionOf({ mailboxes, subscriptions }: ListTree, request: ListRequest): Selection {
  const { subscribed, specialUse, returnSubscribed } = request;
  const options = [...(subscribed ? ['SUBSCRIBED'] : []), ...(specialUse ? ['SPECIAL-USE'] : [])];
  const candidates = [...(subscribed ? subscriptions : mailboxes.keys())];
  const hasUse = (name: string): boolean => (mailboxes.get(name)?.use ?? null) !== null;
  return {
    options,
    names: specialUse ? candidates.filter(hasUse) : candidates,
    tellSubscribed: subscribed || returnSubscribed,
  };
}

/**
 * \HasChildren and the special use are told to everybody: older clients ask for neither, and use both (RFC 3348,
 * RFC 6154 §2).
 */
function attributesOf(
  name: string,
  mailbox: Pick<Mailbox, 'use'> | undefined,
  hasChildren: boolean,
  { subscribed }: { readonly subscribed: boolean },
): readonly string[] {
  const attributes: string[] = mailbox ? [] : [...NOT_THERE];
  if (subscribed) attributes.push('\\Subscribed');
  attributes.push(hasChildren ? '\\HasChildren' : '\\HasNoChildren');
  if (mailbox?.use) attributes.push(`\\${mailbox.use}`);
  return attributes;
}

interface Pattern {
  readonly length: number;
  /** The last character is `%`: levels of hierarchy are returned too (RFC 9051 §6.3.9). */
  readonly endsInLevel: boolean;
  readonly matches: (name: string) => boolean;
}

/** Modified UTF-7 of two bytes of UTF-8 is at most five characters: `&AOk-`. */
const MAX_ENCODED_LENGTH = 3 * MAX_NAME_BYTES;

const endsInLevel = (pattern: Pattern): boolean => pattern.endsInLevel;

/** A pattern that is longer than any name can be matches none, so it is not tried. */
function compilePatterns(patterns: readonly ListPattern[]): readonly Pattern[] {
  const compiled = new Map<string, Pattern>();
  for (const sent of patterns) {
    const pattern = typeof sent === 'string' ? sent.normalize('NFC') : sent;
    const [text, most] =
      typeof pattern === 'string' ? [pattern, MAX_NAME_BYTES] : [pattern.encoded, MAX_ENCODED_LENGTH];
    if (text.replaceAll(/[%*]/g, '').length > most) continue;
    const matches = compilePattern(pattern);
    compiled.set(JSON.stringify(pattern), { length: text.length, endsInLevel: text.endsWith('%'), matches });
  }
  return [...compiled.values()];
}

/** Those of `names` that match one of `patterns`. */
async function matching(
  names: Iterable<string>,
  patterns: readonly Pattern[],
  turns: Turns,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const name of names) {
    for (const pattern of patterns) {
      if (turns.spend(name.length * pattern.length)) await turns.next();
      if (!pattern.matches(name)) continue;
      found.add(name);
      break;
    }
  }
  return found;
}

/** Every name above one of `names`. */
function superiorsOf(names: Iterable<string>): ReadonlySet<string> {
  const above = new Set<string>();
  for (const name of names) for (const superior of superiorNames(name)) above.add(superior);
  return above;
}

function without(names: ReadonlySet<string>, others: { has(name: string): boolean }): readonly string[] {
  return [...names].filter((name) => !others.has(name));
}

/** INBOX and what is below it first, then by name, with names below right behind the name above. */
function sorted(entries: Iterable<ListEntry>): readonly ListEntry[] {
  const keyed = [...entries].map((entry) => ({ entry, key: sortKey(entry.name) }));
  keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return keyed.map(({ entry }) => entry);
}

/** No name holds NUL: it sorts before everything. */
function sortKey(name: string): string {
  const key = name.replaceAll(DELIMITER, '\0');
  return name === INBOX || name.startsWith(INBOX + DELIMITER) ? `\0${key}` : key;
}
