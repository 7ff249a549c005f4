/**
 * Annotations of mailboxes and of the account as a server (METADATA, RFC 5464): values by name, in one scope each. A value
 * is what the client sent, byte for byte.
 *
 * Names here are without the first component, which RFC 5464 §3.2 makes the scope: `/shared/comment` is `/comment` in
 * the scope `shared`, and `/private/comment` is `/comment` in the scope of the user who asks, so that several readers of
 * one mailbox each have their own.
 */
import type { AccountId, MailboxId } from './ids.ts';
import type { AnnotateOp, Op } from './ops.ts';
import type { Decision } from './commit-request.ts';
import type { AccountState } from './state.ts';

/** `shared`: one value for everybody. Else the account of the user to whom the value is private. */
export type AnnotationScope = 'shared' | AccountId;

export interface Annotation {
  readonly scope: AnnotationScope;
  /** Normalised: lower case, from its second component on, with the slash before it. */
  readonly name: string;
  readonly value: Uint8Array;
}

/** Annotations by scope and name; `annotationKey` says how. */
export type Annotations = ReadonlyMap<string, Annotation>;

export const NO_ANNOTATIONS: Annotations = new Map();

/** Octets of one value (RFC 5464 §4.1 wants at least 1,024). A gateway holds all annotations of an account in memory. */
export const MAX_ANNOTATION_BYTES = 16_384;
/** Values of one mailbox, or of the server, in one scope (RFC 5464 §4.1 wants at least 10). */
export const MAX_ANNOTATIONS = 100;
/** Octets of all values and names of an account: what its checkpoint grows by. */
export const MAX_ANNOTATION_BYTES_IN_ALL = 1_048_576;
/** Octets of a name. */
export const MAX_ANNOTATION_NAME = 255;

/** Why annotations cannot be set, as the response codes of RFC 5464 §4.3 tell it. */
export class AnnotationRefusal extends Error {
  readonly reason: 'too many' | 'too large' | 'account full' | 'no mailbox';
  constructor(reason: AnnotationRefusal['reason'], message: string) {
    super(message);
    this.name = 'AnnotationRefusal';
    this.reason = reason;
  }
}

/** A scope holds no NUL, and neither does a name. */
function annotationKey(scope: AnnotationScope, name: string): string {
  return `${scope}\0${name}`;
}

/** The annotations of a mailbox, or of the server; none for a mailbox that is gone. */
export function annotationsOf(state: AccountState, mailbox: MailboxId | null): Annotations {
  if (mailbox === null) return state.annotations;
  return state.mailboxes.get(mailbox)?.annotations ?? NO_ANNOTATIONS;
}

export function annotation(
  annotations: Annotations,
  scope: AnnotationScope,
  name: string,
): Uint8Array | undefined {
  return annotations.get(annotationKey(scope, name))?.value;
}

/** Annotations with one value set, or taken away by null. */
export function withAnnotation(
  annotations: Annotations,
  { scope, name, value }: Pick<AnnotateOp, 'scope' | 'name' | 'value'>,
): Annotations {
  const next = new Map(annotations);
  if (value === null) next.delete(annotationKey(scope, name));
  else next.set(annotationKey(scope, name), { scope, name, value });
  return next;
}

/**
 * `name` in one spelling (entry names compare without case, RFC 5464 §3.2) with its scope, or in words what is wrong
 * with it. `user`: whose private annotations are meant.
 */
export function parseAnnotationName(
  sent: string,
  user: AccountId,
): { readonly scope: AnnotationScope; readonly name: string } | string {
  // §3.2 bans "octet values in the range 0x00 to 0x19", which is read as what it must mean: all controls.
  if (!/^[\x20-\x7e]*$/.test(sent)) return 'an entry name is of printable ASCII characters only';
  if (/[*%]/.test(sent)) return 'an entry name cannot hold "*" or "%"';
  if (sent.length > MAX_ANNOTATION_NAME) return `an entry name has at most ${MAX_ANNOTATION_NAME} octets`;
  if (!sent.startsWith('/')) return 'an entry name begins with "/"';
  const [, first = '', ...rest] = sent.toLowerCase().split('/');
  if (first !== 'shared' && first !== 'private') return 'an entry name begins with /private or /shared';
  if (rest.length === 0) return 'an entry name has two components at least';
  if (rest.includes('')) return 'no component of an entry name can be empty';
  if (rest[0] === 'vendor' && rest.length < 3)
    return 'an entry name of a vendor has four components at least';
  return { scope: first === 'shared' ? 'shared' : user, name: `/${rest.join('/')}` };
}

export interface AnnotationChange {
  readonly scope: AnnotationScope;
  readonly name: string;
  /** Null takes the annotation away. */
  readonly value: Uint8Array | null;
}

/** SETMETADATA on a mailbox, or on the server (null): all changes or none (RFC 5464 §4.3). */
export function decideAnnotate(
  state: AccountState,
  mailbox: MailboxId | null,
  changes: readonly AnnotationChange[],
): Decision<null> {
  if (mailbox !== null && !state.mailboxes.has(mailbox))
    throw new AnnotationRefusal('no mailbox', 'the mailbox is gone');
  const before = annotationsOf(state, mailbox);
  let after = before;
  const ops: Op[] = [];
  for (const change of changes) {
    if ((change.value?.length ?? 0) > MAX_ANNOTATION_BYTES) throw tooLarge();
    if (same(annotation(after, change.scope, change.name), change.value)) continue;
    after = withAnnotation(after, change);
    ops.push({ op: 'annotate', mailbox, ...change });
  }
  checkCounts(before, after);
  const grown = annotationBytes(after) - annotationBytes(before);
  if (grown > 0 && bytesInAll(state) + grown > MAX_ANNOTATION_BYTES_IN_ALL)
    throw new AnnotationRefusal(
      'account full',
      `all annotations of an account have at most ${MAX_ANNOTATION_BYTES_IN_ALL} octets`,
    );
  return { ops, value: null };
}

function same(before: Uint8Array | undefined, after: Uint8Array | null): boolean {
  if (before === undefined || after === null) return before === undefined && after === null;
  return Buffer.compare(before, after) === 0;
}

function checkCounts(before: Annotations, after: Annotations): void {
  const had = countByScope(before);
  for (const [scope, count] of countByScope(after))
    if (count > MAX_ANNOTATIONS && count > (had.get(scope) ?? 0)) throw tooMany();
}

function countByScope(annotations: Annotations): ReadonlyMap<AnnotationScope, number> {
  const counts = new Map<AnnotationScope, number>();
  for (const { scope } of annotations.values()) counts.set(scope, (counts.get(scope) ?? 0) + 1);
  return counts;
}

function annotationBytes(annotations: Annotations): number {
  let bytes = 0;
  for (const { name, value } of annotations.values()) bytes += name.length + value.length;
  return bytes;
}

function bytesInAll(state: AccountState): number {
  let bytes = annotationBytes(state.annotations);
  for (const mailbox of state.mailboxes.values()) bytes += annotationBytes(mailbox.annotations);
  return bytes;
}

/** Octets of all entries that everybody shares on the server: the directory keeps them in one item. */
export const MAX_SERVER_BYTES = 131_072;

/** Shared entries of the server with `changes` made, by the limits of SETMETADATA. */
export function changedServerEntries(
  entries: ReadonlyMap<string, Uint8Array>,
  changes: readonly AnnotationChange[],
): ReadonlyMap<string, Uint8Array> {
  const next = new Map(entries);
  for (const { name, value } of changes) {
    if ((value?.length ?? 0) > MAX_ANNOTATION_BYTES) throw tooLarge();
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  if (next.size > MAX_ANNOTATIONS && next.size > entries.size) throw tooMany();
  let bytes = 0;
  for (const [name, value] of next) bytes += name.length + value.length;
  if (bytes > MAX_SERVER_BYTES)
    throw new AnnotationRefusal(
      'account full',
      `all shared annotations of the server have at most ${MAX_SERVER_BYTES} octets`,
    );
  return next;
}

function tooLarge(): AnnotationRefusal {
  return new AnnotationRefusal('too large', `a value has at most ${MAX_ANNOTATION_BYTES} octets`);
}

function tooMany(): AnnotationRefusal {
  return new AnnotationRefusal('too many', `there can be ${MAX_ANNOTATIONS} entries here at most`);
}

/** RENAME of INBOX copies its annotations to the new mailbox; they stay on INBOX (RFC 5464 §4.1). */
export function copiedAnnotations(from: Annotations, to: MailboxId): readonly AnnotateOp[] {
  return [...from.values()].map((each) => ({ op: 'annotate', mailbox: to, ...each }));
}
