/**
 * Sees every effect on the stores at the moment when it happens, whoever caused it, and holds it against the invariants:
 * what no state of a replica would show. What it sees of the journal it tells the plain account.
 */
import { createHash } from 'node:crypto';
import type { AccountId, BlobId } from '../../../shared/account/ids.ts';
import type { Op, PackOp, PurgeOp } from '../../../shared/account/ops.ts';
import type { JournalRecord } from '../../../shared/account/record.ts';
import { isEmptied } from '../../../shared/account/record.ts';
import { entryOf } from '../../../shared/aws/record-item.ts';
import { SummaryBuilder, encodeSummary } from '../../../shared/message/summary.ts';
import type { Item } from '../../support/dynamodb-expressions.ts';
import type { TableChange } from '../../support/memory-dynamodb.ts';
import { Violation } from '../violation.ts';
import { subjectOf } from './messages.ts';
import type { Turns } from './turns.ts';
import { type Epoch, type StoredText, Witnessed, blobsOf } from './witnessed.ts';

const DAY_MS = 86_400_000;
/** Between the clocks of two processes, twice what either may be off, and what a request may be late. */
const TOLERANCE_MS = 180_000;
/** A record names its blobs within an hour; the put of the record may be late and be repeated. */
const FRESH_MS = 3_600_000 + TOLERANCE_MS;

/** Before it, nothing that was expunged is purged. */
const GRACE_MS = 7 * DAY_MS;

export class Witness {
  readonly accounts = new Map<AccountId, Witnessed>();
  readonly texts = new Map<BlobId, StoredText>();
  /** The table is being put back; nobody is served. */
  restoring = false;
  readonly #turns: Turns;
  /** Of the table. */
  readonly #moment: () => number;
  readonly #blobs: { has(key: string): boolean; modified(key: string): number };
  readonly #violations: Violation[] = [];
  readonly #summaries = new Map<BlobId, Uint8Array>();

  constructor(
    turns: Turns,
    moment: () => number,
    blobs: { has(key: string): boolean; modified(key: string): number },
  ) {
    this.#turns = turns;
    this.#moment = moment;
    this.#blobs = blobs;
  }

  /** Throws the first broken promise, if there is one. */
  check(): void {
    const [first] = this.#violations;
    if (first) throw first;
  }

  account(id: AccountId): Witnessed {
    let account = this.accounts.get(id);
    if (!account) this.accounts.set(id, (account = new Witnessed(this.texts)));
    return account;
  }

  /** A message was stored under an id of its own. */
  noteText(stored: StoredText): void {
    this.#hold(!this.texts.has(stored.blob), `I2: blob ${stored.blob} was given out twice`);
    this.texts.set(stored.blob, stored);
  }

  /** What is in an object whose put was never answered. */
  learn(account: AccountId, blob: BlobId, text: Uint8Array): void {
    this.noteText({ account, blob, subject: subjectOf(text), text, carried: true });
  }

  /** The summary of a message as it is worked out from its text. */
  summaryOf(blob: BlobId): Uint8Array {
    const known = this.#summaries.get(blob);
    if (known) return known;
    const text = this.texts.get(blob)?.text ?? Buffer.alloc(0);
    const builder = new SummaryBuilder();
    builder.write(text);
    const digest = createHash('sha256').update(text).digest();
    const summary = encodeSummary({ ...builder.end(), digest });
    this.#summaries.set(blob, summary);
    return summary;
  }

  /** For `MemoryDynamoDb.watch`. */
  readonly changed = (change: TableChange): void => {
    const { pk, sk } = change;
    const [kind, id] = pk.split('#');
    if (kind !== 'account') return;
    const account = this.account(id as AccountId);
    if (sk.startsWith('journal#')) this.#journal(id as AccountId, account, change);
    else if (sk === 'checkpoint') this.#checkpoint(account, change);
  };

  /** Whether a message's bytes are there, in an object of its own or in a pack. */
  holds(id: AccountId, blob: BlobId): boolean {
    const pack = this.account(id).packed.get(blob)?.pack;
    return this.#blobs.has(pack === undefined ? `blobs/${id}/${blob}` : `packs/${id}/${pack}`);
  }

  /** An object is about to go. */
  deleted(key: string): void {
    const [kind, id, name = ''] = key.split('/');
    if (!this.#blobs.has(key)) return;
    const account = this.account(id as AccountId);
    if (kind === 'blobs') this.#blobGoes(account, name as BlobId);
    if (kind === 'packs') this.#packGoes(account, name);
  }

  #blobGoes(account: Witnessed, blob: BlobId): void {
    const packed = account.packed.get(blob);
    if (account.plain.policy.closed) return;
    const free = !account.named.has(blob) || account.purged.has(blob) || packed !== undefined;
    this.#hold(free, `I5: blob ${blob} is deleted though a record names it and none has purged it`);
    if (account.purged.has(blob) || !packed) return;
    this.#hold(
      this.#foldedADayAgo(account, packed.first),
      `I5: blob ${blob} is deleted before a day has passed since its pack was folded`,
    );
  }

  #foldedADayAgo({ checkpoints }: Witnessed, record: number): boolean {
    const folded = checkpoints.find(({ number }) => number >= record);
    return this.#turns.now - (folded?.at ?? Infinity) >= DAY_MS - TOLERANCE_MS;
  }

  #packGoes(account: Witnessed, pack: string): void {
    if (!account.packs.has(pack) || account.plain.policy.closed) return;
    const lying = [...account.packed].flatMap(([blob, place]) => (place.pack === pack ? [blob] : []));
    const kept = lying.find((blob) => !account.purged.has(blob));
    this.#hold(!kept, `I5: pack ${pack} is deleted though blob ${kept ?? ''} lies in it and is not purged`);
  }

  #journal(id: AccountId, account: Witnessed, { sk, before, after, expired }: TableChange): void {
    const number = Number(sk.slice('journal#'.length));
    const newest = account.plain.number;
    if (!after) {
      this.#hold(expired && before?.ops === undefined, `I4: record ${number} was deleted`);
      const { closed } = account.plain.policy;
      this.#hold(closed || number < newest, `I4: the newest record, ${number}, has expired`);
      return;
    }
    if (before) {
      this.#emptied(account, number, before, after);
      return;
    }
    const entry = entryOf(after);
    if (isEmptied(entry)) {
      // A fence behind the last record that a restored table has.
      const fence = this.restoring && number > (account.epoch?.last ?? Infinity);
      this.#hold(fence, `I4: record ${number} was put empty`);
      return;
    }
    if (account.epoch && entry.ops[0]?.op === 'epoch') {
      this.#begins(id, account, account.epoch, entry);
      return;
    }
    this.#hold(account.epoch?.number !== null, `I4: record ${number} is put before an epoch has begun`);
    this.#hold(number === newest + 1, `I1, I4: record ${number} was put where the journal ends at ${newest}`);
    this.#hold(
      !account.plain.policy.closed,
      `I4: record ${number} is put in an account that is closed for good`,
    );
    this.#stands(id, account, entry);
  }

  #stands(id: AccountId, account: Witnessed, record: JournalRecord): void {
    for (const op of record.ops) this.#op(id, account, op, record);
    account.take(record, { moment: this.#moment(), at: this.#turns.now });
    const { messages, bytes } = record.usage;
    const { head } = account.plain.latest;
    this.#hold(
      head.startsWith(`${messages} messages, ${bytes} bytes;`),
      `I8: record ${record.number} tells a usage of ${messages} messages, ${bytes} bytes; there are ${head}`,
    );
  }

  /** Nothing that was given out before the restore is given out again: record numbers, UIDs, mailboxes, UIDVALIDITY. */
  #begins(id: AccountId, account: Witnessed, epoch: Epoch, record: JournalRecord): void {
    const { number } = record;
    this.#hold(
      number > account.highest,
      `I4: an epoch at record ${number}, and ${account.highest} was given out`,
    );
    account.epoch = { ...epoch, number, begun: record.time };
    this.#stands(id, account, record);
    const { plain } = account;
    const { before } = epoch;
    for (const { id: mailbox, uidNext } of before.mailboxes.values()) {
      const next = plain.mailboxes.get(mailbox)?.uidNext ?? Infinity;
      this.#hold(next >= uidNext, `I4: UIDs of mailbox ${mailbox} go on at ${next}, and were at ${uidNext}`);
    }
    this.#hold(
      plain.nextMailbox >= before.nextMailbox && plain.lastUidValidity >= before.lastUidValidity,
      `I4: mailboxes go on at ${plain.nextMailbox} with UIDVALIDITY ${plain.lastUidValidity}, and were at ${before.nextMailbox} with ${before.lastUidValidity}`,
    );
    const lost = epoch.lost
      .flatMap(({ ops }) => ops.flatMap((op) => (op.op === 'append' ? [op.blob] : [])))
      .find((blob) => !account.named.has(blob));
    this.#hold(
      !lost,
      `I7: blob ${lost ?? ''} was in a record that the restore has lost, and the epoch does not name it`,
    );
  }

  /** The table was put back as it was at `moment`, but that some records are missing. */
  restored(moment: number, missing: ReadonlyMap<AccountId, ReadonlySet<number>>): void {
    for (const [id, account] of this.accounts)
      this.accounts.set(id, account.restoredTo(moment, missing.get(id) ?? new Set()));
  }

  /** What an op says, against the account as it is before its record. */
  #op(id: AccountId, account: Witnessed, op: Op, record: JournalRecord): void {
    if (op.op === 'append') this.#arrival(id, account, op.blob, record.number);
    if (op.op === 'purge') this.#purge(account, op, record);
    if (op.op === 'policy' && 'closed' in op.change) this.#closing(account, record);
    if (op.op === 'pack') this.#pack(id, account, op, record.number);
    if (op.op === 'restore')
      for (const { blob } of op.rows) {
        const there = this.holds(id, blob) && !account.purged.has(blob);
        this.#hold(there, `I5: record ${record.number} restores blob ${blob}, which is purged`);
      }
  }

  #pack(id: AccountId, account: Witnessed, { pack, blobs }: PackOp, number: number): void {
    if (pack === null) return;
    this.#hold(
      this.#blobs.has(`packs/${id}/${pack}`),
      `I2: record ${number} names pack ${pack}, which is not there`,
    );
    // One that was purged since the pack was put lies in it all the same, and is named by nobody.
    const unnamed = blobsOf(blobs).find((blob) => !account.named.has(blob));
    this.#hold(!unnamed, `I2: record ${number} packs blob ${unnamed ?? ''}, which no record has named`);
  }

  /** Nobody closes an account before its delay is over, nor one that is held. */
  #closing({ plain }: Witnessed, { number, time }: JournalRecord): void {
    const { hold, closing } = plain.policy;
    const due = closing !== null && closing <= time + TOLERANCE_MS;
    this.#hold(due && !hold, `I5: record ${number} closes an account that is to stay`);
  }

  /** Only what has left every mailbox, and left it before the grace began, is purged; and nothing while it is held. */
  #purge(
    { plain, named, purged }: Witnessed,
    { blobs, before }: PurgeOp,
    { number, time }: JournalRecord,
  ): void {
    const live = plain.blobs();
    const graceEnds = (time - GRACE_MS) / 1000 + 1;
    const takes = blobs.length > 0 || before > 0;
    this.#hold(!takes || !plain.policy.hold, `I5: record ${number} purges an account that is held`);
    for (const blob of blobs) {
      this.#hold(named.has(blob), `I5: record ${number} purges blob ${blob}, which no record has named`);
      this.#hold(!live.has(blob), `I5: record ${number} purges blob ${blob}, which is in a mailbox`);
      const young = plain.departed.find(
        ({ expunged, message }) => message.blob === blob && expunged > graceEnds,
      );
      this.#hold(!young, `I5: record ${number} purges blob ${blob}, which left less than the grace ago`);
    }
    this.#hold(before <= graceEnds, `I5: record ${number} forgets what left less than the grace ago`);
    const kept = plain.departed
      .filter(({ expunged }) => expunged >= before)
      .map(({ message }) => message.blob);
    const known = new Set([...live, ...kept, ...purged, ...blobs]);
    const lost = plain.departed.find(
      ({ expunged, message }) => expunged < before && !known.has(message.blob),
    );
    this.#hold(
      !lost,
      `I5: record ${number} forgets blob ${lost?.message.blob ?? ''}, which nobody will ever delete`,
    );
  }

  #arrival(id: AccountId, account: Witnessed, blob: BlobId, number: number): void {
    const key = `blobs/${id}/${blob}`;
    const text = this.texts.get(blob);
    this.#hold(text?.account === id, `I9: record ${number} names blob ${blob}, which is another account’s`);
    this.#hold(this.#blobs.has(key), `I2: record ${number} names blob ${blob}, which is not there`);
    const age = this.#turns.now - this.#blobs.modified(key);
    this.#hold(
      age <= FRESH_MS,
      `I2: record ${number} names a blob of ${Math.round(age / 60_000)} minutes ago`,
    );
    this.#hold(!account.named.has(blob), `I2: record ${number} appends blob ${blob} a second time`);
    for (const [other, { named }] of this.accounts)
      this.#hold(other === id || !named.has(blob), `I9: blob ${blob} is in two accounts`);
    if (text?.carried === true) return;
    const subject = text?.subject ?? `blob ${blob}, of which nobody knows`;
    const earlier = account.arrived.get(subject);
    this.#hold(
      earlier === undefined,
      `I6: "${subject}" comes by record ${number}, and came by ${earlier ?? 0}`,
    );
  }

  /** A record was changed: it may only be emptied, a day after a checkpoint that covers it, and never the newest. */
  #emptied(account: Witnessed, number: number, before: Item, after: Item): void {
    const { ops: _ops, commit: _commit, time: _time, ...kept } = before;
    const { expiresAt, ...left } = after;
    this.#hold(
      JSON.stringify(sorted(kept)) === JSON.stringify(sorted(left)) && expiresAt !== undefined,
      `I4: record ${number} was changed into ${Object.keys(after).join(', ')}`,
    );
    const { epoch, plain } = account;
    if (plain.policy.closed) return;
    // Below an epoch nobody reads once its checkpoint stands.
    const begun = epoch?.number ?? null;
    if (begun !== null && number < begun && (account.checkpoints.at(-1)?.number ?? 0) >= begun) return;
    this.#hold(number < account.plain.number, `I4: the newest record, ${number}, is emptied`);
    const covered = account.checkpoints.find((checkpoint) => checkpoint.number >= number);
    const age = this.#turns.now - (covered?.at ?? Infinity);
    this.#hold(
      age >= DAY_MS - TOLERANCE_MS,
      `I4: record ${number} is emptied ${Math.round(age / 3_600_000)} hours after the checkpoint that covers it`,
    );
  }

  #checkpoint(account: Witnessed, { after }: TableChange): void {
    const number = Number(after?.number?.N);
    const last = account.checkpoints.at(-1)?.number ?? 0;
    this.#hold(number >= last, `I1: a checkpoint of record ${number} replaces one of ${last}`);
    this.#hold(number <= account.plain.number, `I1: a checkpoint of record ${number}, which does not exist`);
    account.checkpoints.push({ number, at: this.#turns.now, moment: this.#moment() });
  }

  #hold(condition: boolean, broken: string): void {
    if (!condition) this.#violations.push(new Violation(broken));
  }
}

function sorted(item: Item): unknown {
  return Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1));
}
