/**
 * GETMETADATA and SETMETADATA (RFC 5464): annotations of mailboxes, and of the server for the empty name. Private ones are
 * the user's own on every mailbox, so NOPRIVATE is never told.
 */
import {
  AnnotationRefusal,
  type AnnotationChange,
  type Annotations,
  MAX_ANNOTATION_BYTES,
  annotation,
  decideAnnotate,
  changedServerEntries,
  parseAnnotationName,
  withAnnotation,
} from '../../../shared/account/annotations.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { Mailbox } from '../../../shared/account/state.ts';
import type { Home } from '../session/home.ts';
import { findNamed, mailboxAt } from '../session/places.ts';
import { Bad, No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { GetMetadataArguments } from '../wire/ast.ts';
import { filterFault } from '../search/filters.ts';
import { parseGetMetadata, parseSetMetadata } from '../wire/metadata-grammar.ts';
import type { CommandCursor } from '../wire/parser.ts';
import type { ResponseCode } from '../wire/response-code.ts';
import { astring, bytes, mailbox as mailboxName } from '../wire/response.ts';
import { type CommandFamily, type Completion, SIGNED_IN } from './command.ts';

export const metadata: CommandFamily = {
  commands: [
    { name: 'GETMETADATA', extension: 'METADATA', phases: SIGNED_IN, updates: 'everything', run: get },
    { name: 'SETMETADATA', extension: 'METADATA', phases: SIGNED_IN, updates: 'everything', run: set },
  ],
};

async function get(session: Session, cursor: CommandCursor): Promise<Completion> {
  const args = parseGetMetadata(cursor);
  const { account } = session.home;
  const entries = namedEntries(args.entries, account);
  const { home, mailbox } = await annotated(session, args.mailbox);
  const annotations = mailbox
    ? mailboxAnnotations(home, mailbox)
    : await serverAnnotations(session, home, entries);
  const found = select(annotations, entries, args);
  tellMetadata(session, args.mailbox, found.values);
  if (found.longest === 0) return { text: 'annotations told' };
  return {
    text: 'annotations told, but for those that are too long',
    code: { code: 'METADATA LONGENTRIES', value: found.longest },
  };
}

/** The session's own, and those that everybody shares if it asks for any. */
async function serverAnnotations(
  { services }: Session,
  home: Home,
  entries: readonly NamedEntry[],
): Promise<Annotations> {
  const shared = entries.some(({ scope }) => scope === 'shared');
  const [own, ofAll] = await Promise.all([home.sync(), shared ? services.serverAnnotations.read() : []]);
  let annotations = own.annotations;
  for (const [name, value] of ofAll)
    annotations = withAnnotation(annotations, { scope: 'shared', name, value });
  return annotations;
}

/** Of special uses, which are the owner's alone (RFC 6154 §4). */
const SPECIAL_USE = '/specialuse';

/** What is kept of the mailbox, and its special use, as LIST tells it. */
export function mailboxAnnotations(home: Home, { annotations, use }: Mailbox): Annotations {
  if (home.guest !== null) return annotations;
  const value = use === null ? null : Buffer.from(`\\${use}`);
  return withAnnotation(annotations, { scope: home.account, name: SPECIAL_USE, value });
}

/** `changes` without what would only say the special use again; any other cannot be set (RFC 6154 §4). */
function withoutSpecialUse(
  home: Home,
  { use }: Mailbox,
  changes: readonly AnnotationChange[],
): readonly AnnotationChange[] {
  if (home.guest !== null) return changes;
  return changes.filter(({ scope, name, value }) => {
    if (scope !== home.account || name !== SPECIAL_USE) return true;
    const wanted = value && Buffer.from(value).toString('latin1').toLowerCase();
    if (wanted !== (use && `\\${use}`.toLowerCase()))
      throw new No('the special use of a mailbox is given by CREATE, and stays', 'USEATTR');
    return false;
  });
}

interface Annotated {
  readonly home: Home;
  /** Null: the server. */
  readonly mailbox: Mailbox | null;
}

/** What the name stands for, if its annotations may be seen. */
async function annotated(session: Session, name: string): Promise<Annotated> {
  if (name === '') return { home: session.home, mailbox: null };
  const found = await findNamed(session, name, { fresh: true });
  requireAnnotations(found.home, found.mailbox);
  return found;
}

/** RFC 5464 §3.3: "l", and any right by which there is something to do with the mailbox's messages. */
export function maySeeAnnotations(home: Home, mailbox: Mailbox): boolean {
  return home.may(mailbox, 'l') && /[rswip]/.test(home.rightsOn(mailbox));
}

function requireAnnotations(home: Home, mailbox: Mailbox): void {
  home.require(mailbox, 'l');
  if (!maySeeAnnotations(home, mailbox))
    throw new No('you may not see the annotations of this mailbox', 'NOPERM');
}

/** An entry as the client spells it, and what it means. */
export interface NamedEntry {
  readonly sent: string;
  readonly scope: AnnotationChange['scope'];
  readonly name: string;
}

/** Throws `Bad` for what is no entry name (RFC 5464 §3.2). */
export function namedEntries(sent: readonly string[], user: AccountId): readonly NamedEntry[] {
  return sent.map((entry) => {
    const parsed = parseAnnotationName(entry, user);
    if (typeof parsed === 'string') throw new Bad(parsed);
    return { sent: entry, ...parsed };
  });
}

interface Found {
  /** Entry names as the client is told them. */
  readonly values: ReadonlyMap<string, Uint8Array | null>;
  /** Octets of the longest value that was left out; 0 if none was. */
  readonly longest: number;
}

/** What GETMETADATA tells (RFC 5464 §4.2.1, §4.2.2). NIL stands for an entry without a value where none is below it. */
export function select(
  annotations: Annotations,
  entries: readonly NamedEntry[],
  { maxSize = Infinity, depth }: Pick<GetMetadataArguments, 'maxSize' | 'depth'>,
): Found {
  const values = new Map<string, Uint8Array | null>();
  let longest = 0;
  for (const { sent, scope, name } of entries) {
    const chosen = depth === 0 ? [] : below(annotations, { sent, scope, name }, depth);
    const own = annotation(annotations, scope, name);
    if (own) chosen.unshift([sent, own]);
    for (const [told, value] of chosen)
      if (value.length <= maxSize) values.set(told, value);
      else longest = Math.max(longest, value.length);
    if (chosen.length === 0) values.set(sent, null);
  }
  return { values, longest };
}

function below(annotations: Annotations, entry: NamedEntry, depth: number): [string, Uint8Array][] {
  const prefix = `${entry.name}/`;
  return [...annotations.values()].flatMap(({ scope, name, value }): [string, Uint8Array][] => {
    if (scope !== entry.scope || !name.startsWith(prefix)) return [];
    const rest = name.slice(entry.name.length);
    return depth === 1 && rest.includes('/', 1) ? [] : [[entry.sent + rest, value]];
  });
}

/** `METADATA name (entry value …)`, unless there is nothing to tell. */
export function tellMetadata(
  session: Session,
  name: string,
  values: ReadonlyMap<string, Uint8Array | null>,
): void {
  if (values.size === 0) return;
  const pairs = [...values].map(([entry, value]) => `${astring(entry)} ${value ? bytes(value) : 'NIL'}`);
  // A mailbox name is quoted or a literal where it is not ASCII: all of the line may go as bytes.
  const line = Buffer.from(mailboxName(name, session.text)).toString('latin1');
  session.writer.write(Buffer.from(`* METADATA ${line} (${pairs.join(' ')})\r\n`, 'latin1'));
}

async function set(session: Session, cursor: CommandCursor): Promise<Completion> {
  const args = parseSetMetadata(cursor);
  const entries = namedEntries(
    args.entries.map(({ entry }) => entry),
    session.home.account,
  );
  const changes = entries.map(({ scope, name }, index) => ({
    scope,
    name,
    value: args.entries[index]?.value ?? null,
  }));
  for (const { name, value } of args.mailbox === '' ? changes : []) {
    const fault = value && filterFault(name, value, session.grammar);
    if (fault) throw new No(`${name} is no search: ${fault}`, 'CANNOT');
  }
  try {
    if (args.mailbox === '' && changes.some(({ scope }) => scope === 'shared'))
      await setServerShared(session, changes);
    else await setOwn(session, args.mailbox, changes);
  } catch (error) {
    throw error instanceof AnnotationRefusal ? new No(error.message, CODES[error.reason]) : error;
  }
  return { text: 'annotations set' };
}

async function setOwn(session: Session, name: string, changes: readonly AnnotationChange[]): Promise<void> {
  if (name === '') {
    await session.home.commit({ decide: (state) => decideAnnotate(state, null, changes) });
    return;
  }
  const found = await findNamed(session, name, { fresh: true });
  const { home } = found;
  await home.commit({
    decide: (state) => {
      // Who has the name by now: others rename.
      const { mailbox } = mailboxAt(found, state);
      requireAnnotations(home, mailbox);
      return decideAnnotate(state, mailbox.id, withoutSpecialUse(home, mailbox, changes));
    },
  });
}

/** Everybody sees them, so an administrator sets them (RFC 5464 §3.3); `/shared/admin` no client does (§3.2.1.1). */
async function setServerShared(session: Session, changes: readonly AnnotationChange[]): Promise<void> {
  if (!session.administrator || changes.some(({ name }) => name === '/admin'))
    throw new No(
      'only an administrator can set shared entries of the server, and none /shared/admin',
      'NOPERM',
    );
  // They are kept apart from the account: a command cannot change both, or neither.
  if (changes.some(({ scope }) => scope !== 'shared'))
    throw new No('set private and shared entries of the server one after the other', 'CANNOT');
  const { serverAnnotations: kept, serverEntries } = session.services;
  await kept.change((entries) => changedServerEntries(entries, changes));
  await serverEntries.changed(session);
}

const CODES: Readonly<Record<AnnotationRefusal['reason'], ResponseCode>> = {
  'too many': 'METADATA TOOMANY',
  'too large': { code: 'METADATA MAXSIZE', value: MAX_ANNOTATION_BYTES },
  // Nothing in RFC 5464 §4.3 says that there is no room left, whatever the entry.
  'account full': 'LIMIT',
  'no mailbox': 'NONEXISTENT',
};
