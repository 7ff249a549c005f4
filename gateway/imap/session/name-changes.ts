/**
 * Which names came, went and were renamed between two moments, as NOTIFY tells them (RFC 5465 §5.4). Pure. Any number of
 * commands may lie between the two: what is told is in such an order that a client which follows it, one line after the
 * other, ends with the names that there are, each of the mailbox that has it.
 */
import type { MailboxId } from '../../../shared/account/ids.ts';
import { superiorNames } from '../../../shared/account/mailbox-names.ts';
import { DELIMITER } from '../../../shared/account/state.ts';

export interface NameChange {
  readonly kind: 'name';
  readonly name: string;
  /** If the mailbox was renamed. Names below it went with it, and are not told. */
  readonly oldName: string | null;
  /** It is there, but may not be looked up any more (RFC 5465 §5.9). */
  readonly lost: boolean;
}

/** Names of the mailboxes that may be looked up. */
export type Names = ReadonlyMap<MailboxId, string>;

export interface NameNews {
  readonly changes: readonly NameChange[];
  /** Mailboxes of which a client that follows the changes knows nothing but the name. */
  readonly anew: ReadonlySet<MailboxId>;
}

interface Move {
  readonly from: string;
  readonly to: string;
}

/** `isLost`: the mailbox is there, and may not be looked up any more. */
export function nameNews(before: Names, after: Names, isLost: (id: MailboxId) => boolean): NameNews {
  const changes: NameChange[] = [];
  const affected = new Set<string>();
  const now = new Map([...after].map(([id, name]) => [name, id]));
  // What the client knows, as it hears one line after the other.
  const known = new Map([...before].map(([id, name]) => [name, id]));
  for (const [id, name] of [...before].sort(byName)) {
    if (after.has(id)) continue;
    affectParent(affected, name);
    if (now.has(name)) continue;
    changes.push({ kind: 'name', name, oldName: null, lost: isLost(id) });
    known.delete(name);
  }
  for (const { from, to } of movesInOrder(before, after)) {
    changes.push({ kind: 'name', name: to, oldName: from, lost: false });
    moveTree(known, from, to);
  }
  const anew = new Set<MailboxId>();
  for (const [name, id] of now) {
    if (known.get(name) === id) continue;
    anew.add(id);
    affected.add(name);
    if (!before.has(id)) affectParent(affected, name);
  }
  for (const name of known.keys()) if (!now.has(name)) affected.add(name);
  const told = new Set(changes.flatMap(({ name, oldName }) => [name, oldName]));
  const others = [...affected].filter((name) => !told.has(name) || anew.has(now.get(name) ?? NOBODY));
  for (const name of others.sort((a, b) => rank(a, now) - rank(b, now) || (a < b ? -1 : 1)))
    changes.push({ kind: 'name', name, oldName: null, lost: false });
  return { changes, anew };
}

const NOBODY = -1 as MailboxId;

/** What is not there first. */
function rank(name: string, now: ReadonlyMap<string, MailboxId>): number {
  return now.has(name) ? 1 : 0;
}

function byName([, a]: readonly [MailboxId, string], [, b]: readonly [MailboxId, string]): number {
  return a < b ? -1 : 1;
}

/** Of what comes or goes the parent is affected, too, whether it is a mailbox or not. */
function affectParent(affected: Set<string>, name: string): void {
  const parent = superiorNames(name).at(-1);
  if (parent !== undefined) affected.add(parent);
}

function isBelow(name: string, above: string): boolean {
  return name.startsWith(above + DELIMITER);
}

function moveTree(known: Map<string, MailboxId>, from: string, to: string): void {
  const moved = [...known].filter(([name]) => name === from || isBelow(name, from));
  for (const [name] of moved) known.delete(name);
  for (const [name, id] of moved) known.set(to + name.slice(from.length), id);
}

/** Those that others do not follow from: a name is free before another takes it, and what went its own way goes first. */
function movesInOrder(before: Names, after: Names): readonly Move[] {
  const renamed = new Map<string, string>();
  for (const [id, to] of after) {
    const from = before.get(id);
    if (from !== undefined && from !== to) renamed.set(from, to);
  }
  let left = [...renamed]
    .map(([from, to]): Move => ({ from, to }))
    .filter(({ from, to }) => !followsAnother(from, to, renamed));
  const ordered: Move[] = [];
  for (;;) {
    const next = left.find((move) => left.every((other) => other === move || !mustPrecede(other, move)));
    // What is left has changed places: it is told as if it had come anew.
    if (!next) return ordered;
    ordered.push(next);
    left = left.filter((move) => move !== next);
  }
}

function mustPrecede(first: Move, { from, to }: Move): boolean {
  return first.from === to || isBelow(first.from, to) || isBelow(to, first.from) || isBelow(first.from, from);
}

function followsAnother(from: string, to: string, renamed: ReadonlyMap<string, string>): boolean {
  return superiorNames(from).some((above) => {
    const target = renamed.get(above);
    return target !== undefined && to === target + from.slice(above.length);
  });
}
