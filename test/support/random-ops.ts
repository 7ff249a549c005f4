/** Random ops that a well-behaved writer might put on a state whose columns are all loaded. */
import { RIGHTS } from '../../shared/account/acl.ts';
import { effectOfFlags, effectOfRemoval } from '../../shared/account/effect.ts';
import type { FlagMode } from '../../shared/account/flags.ts';
import type { AccountId, BlobId, MailboxId } from '../../shared/account/ids.ts';
import type { Op } from '../../shared/account/ops.ts';
import { seenOp } from '../../shared/account/readers.ts';
import { type AccountState, INBOX_ID, type Mailbox } from '../../shared/account/state.ts';
import { rangesOver } from '../../shared/account/uid-ranges.ts';
import { seededRandom } from './seeded-random.ts';

type Random = ReturnType<typeof seededRandom>;

export const below = (random: Random, bound: number): number => Math.floor(random() * bound);

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[below(random, list.length)] as T;
}

const MODES: readonly FlagMode[] = ['add', 'remove', 'replace'];
const KEYWORDS = ['$Forwarded', 'Junk', '$Phishing', 'work', 'ToDo'];
const NAMES = ['Archive', 'Work', 'Work/2026', 'Work/2026/Q1', 'Lists', 'Lists/äöü', 'Sent', 'x'];

export function createInbox(): Op {
  return { op: 'create', name: 'INBOX', uidValidity: 1_700_000_000, use: null };
}

/** One op, drawn so that messages outlive the ops that remove them. */
export function randomOp(random: Random, state: AccountState): Op {
  const mailboxes = [...state.mailboxes.values()];
  const filled = mailboxes.filter(({ messages }) => messages > 0);
  const roll = random();
  if (mailboxes.length === 0) return createInbox();
  if (filled.length === 0 || roll < 0.45) return randomAppend(random, mailboxes);
  const mailbox = pick(random, filled);
  if (roll < 0.65) return randomFlags(random, mailbox);
  if (roll < 0.72) {
    const uids = someUids(random, mailbox, 0.2);
    return { op: 'expunge', mailbox: mailbox.id, uids, effect: effectOfRemoval(columnsOf(mailbox), uids) };
  }
  if (roll < 0.86) return randomCopy(random, mailbox, mailboxes);
  if (roll < 0.91) return randomSharingOp(random, mailbox);
  return randomTreeOp(random, mailboxes);
}

const READERS = ['a', 'b', 'c'].map((digit) => digit.repeat(20) as AccountId);

/** Annotations, access control lists, and what readers have seen. */
function randomSharingOp(random: Random, mailbox: Mailbox): Op {
  const roll = random();
  const reader = pick(random, READERS);
  if (roll < 0.5) {
    const columns = columnsOf(mailbox);
    const share = random();
    const chosen = [...columns.uids.subarray(0, columns.count)].filter(() => random() < share);
    if (chosen.length > 0) return seenOp(columns, mailbox.id, reader, chosen, random() < 0.7);
  }
  if (roll < 0.75) {
    const rights = RIGHTS.filter(() => random() < 0.4).join('');
    const entry = { identifier: `${reader.slice(0, 1)}@example.com`, account: reader, rights };
    return { op: 'acl', mailbox: mailbox.id, entry };
  }
  const value = random() < 0.3 ? null : Uint8Array.from({ length: 9 }, () => below(random, 256));
  const scope = random() < 0.5 ? 'shared' : reader;
  const name = pick(random, ['/comment', '/vendor/a/b', '/filters/values/boss']);
  return { op: 'annotate', mailbox: random() < 0.3 ? null : mailbox.id, scope, name, value };
}

function randomAppend(random: Random, mailboxes: readonly Mailbox[]): Op {
  const inInbox = random() < 0.5;
  return randomAppendTo(random, inInbox ? null : pick(random, mailboxes).id);
}

/** Null: as a delivery to INBOX. */
export function randomAppendTo(random: Random, mailbox: MailboxId | null): Op {
  return {
    op: 'append',
    to: mailbox === null ? { inbox: true } : { mailbox },
    blob: Array.from({ length: 32 }, () => below(random, 16).toString(16)).join('') as BlobId,
    size: below(random, 100_000),
    system: below(random, 32),
    keywords: random() < 0.2 ? [pick(random, KEYWORDS)] : [],
    date: 1_700_000_000 + below(random, 10_000_000),
    zone: below(random, 48) * 15 - 360,
    // Begins with a version, as one does: another first byte may be the mark of what is sealed (`sealed-text.ts`).
    summary: { inline: Uint8Array.from({ length: 40 }, (_, at) => (at === 0 ? 2 : below(random, 256))) },
  };
}

function randomFlags(random: Random, mailbox: Mailbox): Op {
  const uids = someUids(random, mailbox, random());
  const mode = pick(random, MODES);
  const system = below(random, 32);
  const keywords = random() < 0.3 ? [pick(random, KEYWORDS)] : [];
  const effect = effectOfFlags(columnsOf(mailbox), uids, mode, system);
  return { op: 'flags', mailbox: mailbox.id, uids, mode, system, keywords, effect };
}

function randomCopy(random: Random, from: Mailbox, mailboxes: readonly Mailbox[]): Op {
  const to = pick(random, mailboxes);
  const uids = someUids(random, from, 0.2);
  const columns = columnsOf(from);
  const carried = new Set<string>();
  for (let row = 0; row < columns.count; row++)
    if (hasRow(uids, columns.uidAt(row))) columns.keywordsAt(row).forEach((keyword) => carried.add(keyword));
  const op = random() < 0.5 && to !== from ? 'move' : 'copy';
  const effect = effectOfRemoval(columns, uids);
  return { op, from: from.id, to: to.id, uids, keywords: [...carried], effect };
}

function randomTreeOp(random: Random, mailboxes: readonly Mailbox[]): Op {
  const roll = random();
  const name = pick(random, NAMES);
  if (roll < 0.45) return { op: 'create', name, uidValidity: 1_700_000_000 + below(random, 100), use: null };
  if (roll < 0.55) {
    const doomed = mailboxes.filter(({ id }) => id !== INBOX_ID);
    return { op: 'delete', mailbox: doomed.length > 0 ? pick(random, doomed).id : (9_999 as MailboxId) };
  }
  if (roll < 0.7) return { op: 'rename', from: pick(random, NAMES), to: name };
  if (roll < 0.8) return { op: random() < 0.5 ? 'subscribe' : 'unsubscribe', name };
  const mailbox = pick(random, mailboxes);
  return { op: 'recent', mailbox: mailbox.id, floor: mailbox.uidNext };
}

function someUids(random: Random, mailbox: Mailbox, share: number): Uint32Array {
  const columns = columnsOf(mailbox);
  const all = [...columns.uids.subarray(0, columns.count)];
  const chosen = all.filter(() => random() < share);
  return rangesOver(chosen.length > 0 ? chosen : [pick(random, all)], columns.uids, columns.count);
}

function hasRow(uids: Uint32Array, uid: number): boolean {
  for (let index = 0; index < uids.length; index += 2)
    if (uid >= (uids[index] as number) && uid <= (uids[index + 1] as number)) return true;
  return false;
}

function columnsOf(mailbox: Mailbox) {
  if (!mailbox.columns) throw new Error('random ops need a state whose columns are loaded');
  return mailbox.columns;
}
