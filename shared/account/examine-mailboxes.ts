/** Whether a tree and the messages of its mailboxes agree with each other. */
import type { Columns } from './columns.ts';
import { effectOfRemoval } from './effect.ts';
import type { Finding } from './finding.ts';
import { foldKeyword } from './flags.ts';
import type { MailboxId } from './ids.ts';
import type { Effect, MendOp } from './ops.ts';
import { type AccountState, INBOX, INBOX_ID, type Mailbox, usageOf } from './state.ts';
import { type UidRanges, runsOf } from './uid-ranges.ts';

const EVERYTHING = Uint32Array.of(1, 0xffff_ffff);

/** Names, identifiers and UIDVALIDITY, of which each is there once. */
export function examineTree(state: AccountState): Finding[] {
  const mailboxes = [...state.mailboxes.values()];
  const complaints: string[] = [];
  const repeated = (what: string, of: (mailbox: Mailbox) => string | number): void => {
    for (const value of repetitions(mailboxes.map(of)))
      complaints.push(`${what} ${String(value)} is there twice`);
  };
  repeated('the name', ({ name }) => name);
  repeated('UIDVALIDITY', ({ uidValidity }) => uidValidity);
  repeated('the special use', ({ use, id }) => use ?? `none of ${id}`);
  if (state.mailboxes.get(INBOX_ID)?.name !== INBOX) complaints.push('there is no INBOX');
  for (const { name, id, uidValidity } of mailboxes) {
    if (id >= state.nextMailbox) complaints.push(`${name} has the id ${id}, which the next mailbox gets`);
    if (uidValidity > state.lastUidValidity)
      complaints.push(`${name} has UIDVALIDITY ${uidValidity}, which may be given out again`);
  }
  return complaints.map((what) => ({
    kind: 'tree-damaged',
    what,
    means: 'Clients may confuse mailboxes, and keep messages of one under the name of another.',
    mendedBy: 'rebuild',
  }));
}

function repetitions<K>(values: readonly K[]): Set<K> {
  const seen = new Set<K>();
  return new Set(values.filter((value) => seen.has(value) || !seen.add(value)));
}

/** What must be said of a mailbox to make its numbers those of its messages, or null if they are. */
export function mendingOf(mailbox: Mailbox, columns: Columns, gone: UidRanges): MendOp | null {
  const found = effectOfRemoval(columns, EVERYTHING);
  const known = new Set(mailbox.keywords.map(foldKeyword));
  const carried = new Set<string>();
  let modSeq = 0;
  for (let row = 0; row < columns.count; row++) {
    modSeq = Math.max(modSeq, columns.modSeqs[row] as number);
    for (const keyword of columns.keywordsAt(row)) carried.add(keyword);
  }
  const keywords = [...carried].filter((keyword) => !known.has(foldKeyword(keyword)));
  const last = columns.count > 0 ? columns.uidAt(columns.count - 1) : 0;
  const right =
    countersAgree(mailbox, found) &&
    keywords.length === 0 &&
    mailbox.uidNext > last &&
    mailbox.highestModSeq >= modSeq &&
    gone.length === 0;
  if (right) return null;
  const uidNext = Math.max(mailbox.uidNext, last + 1);
  return { op: 'mend', mailbox: mailbox.id, gone, ...found, uidNext, keywords };
}

function countersAgree(mailbox: Mailbox, found: Effect): boolean {
  return (
    mailbox.messages === found.messages &&
    mailbox.unseen === found.unseen &&
    mailbox.deleted === found.deleted &&
    mailbox.bytes === found.bytes
  );
}

/** In words, what `mend` says otherwise than `mailbox`. */
export function counterFinding(mailbox: Mailbox, mend: MendOp): Finding {
  const told = `${mailbox.messages} messages, ${mailbox.unseen} unseen, ${mailbox.deleted} deleted, ${mailbox.bytes} bytes, UIDNEXT ${mailbox.uidNext}`;
  const found = `${mend.messages}, ${mend.unseen}, ${mend.deleted}, ${mend.bytes} and at least ${mend.uidNext}`;
  return {
    kind: 'counters-differ',
    what: `${mailbox.name} is said to hold ${told}; its messages amount to ${found}`,
    means: 'Clients show wrong numbers for this mailbox; no message is affected.',
    mendedBy: 'repair',
  };
}

export function usageFinding(state: AccountState): Finding | null {
  const sum = usageOf(state.mailboxes.values());
  const { messages, bytes } = state.usage;
  if (sum.messages === messages && sum.bytes === bytes) return null;
  return {
    kind: 'usage-differs',
    what: `the account is said to hold ${messages} messages of ${bytes} bytes; its mailboxes hold ${sum.messages} of ${sum.bytes}`,
    means: 'The quota counts wrongly: mail may be refused too early, or accepted too long.',
    mendedBy: 'repair',
  };
}

/** UIDs of rows that `columns` lacks between `from` and `to`, both included. */
export function uidsWithout(columns: Columns, from: number, to: number): UidRanges {
  const present = new Set<number>();
  for (let row = 0; row < columns.count; row++) {
    const uid = columns.uidAt(row);
    if (uid >= from && uid <= to) present.add(uid);
  }
  const missing: number[] = [];
  let first = from;
  for (const uid of [...present, to + 1]) {
    if (uid > first) missing.push(first, uid - 1);
    first = uid + 1;
  }
  return Uint32Array.from(missing);
}

/** The first mailbox in which two states differ, in words; null if they are alike. Where summaries lie does not count. */
export function difference(a: AccountState, b: AccountState): string | null {
  const head = (state: AccountState): string =>
    JSON.stringify([state.usage, state.lastUidValidity, state.nextMailbox, [...state.subscriptions].sort()]);
  if (head(a) !== head(b)) return 'usage, subscriptions or counters of the account';
  for (const id of new Set<MailboxId>([...a.mailboxes.keys(), ...b.mailboxes.keys()])) {
    const [left, right] = [a.mailboxes.get(id), b.mailboxes.get(id)];
    const name = left?.name ?? right?.name ?? '';
    if (!left || !right) return `mailbox ${name}, which only one of them has`;
    if (factsOf(left) !== factsOf(right)) return `name or counters of ${name}`;
    const row = differentRow(left.columns, right.columns);
    if (row !== null) return `message ${row} of ${name}`;
  }
  return null;
}

function factsOf(mailbox: Mailbox): string {
  const { columns: _, acl, annotations, readers, ...facts } = mailbox;
  const bytes = (_key: string, value: unknown): unknown => (value instanceof Uint8Array ? [...value] : value);
  return JSON.stringify([facts, [...acl], [...annotations], [...readers]], bytes);
}

function differentRow(a: Columns | undefined, b: Columns | undefined): number | null {
  if (!a || !b) return null;
  for (let row = 0; row < Math.max(a.count, b.count); row++) {
    if (row >= a.count || row >= b.count) return (row < a.count ? a : b).uidAt(row);
    const [{ summary: _left, ...left }, { summary: _right, ...right }] = [a.row(row), b.row(row)];
    if (JSON.stringify(left) !== JSON.stringify(right)) return left.uid;
  }
  return null;
}

export const NO_UIDS: UidRanges = runsOf([]);
