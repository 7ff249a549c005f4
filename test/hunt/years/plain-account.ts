/**
 * What an account is, told in the plainest way: a list of messages by mailbox, and those that have left. It follows the
 * ops of the journal one by one and knows nothing of checkpoints, columns, counters, effects or ranges: everything that
 * can be counted is counted when it is asked for. What the engine says is compared with it.
 */
import type { BlobId } from '../../../shared/account/ids.ts';
import type { CopyOp, MaintenanceOp, MendOp, Op, PackOp, Target } from '../../../shared/account/ops.ts';
import type { PolicyChange } from '../../../shared/account/policy.ts';
import type { JournalRecord } from '../../../shared/account/record.ts';
import { type PlainMailbox, type PlainMessage, flagged, folded, within } from './plain-mailbox.ts';
import { lineOfPolicy, pictureOf } from './plain-words.ts';

/** What administrators have laid down. */
export interface PlainPolicy {
  hold: boolean;
  closing: number | null;
  closed: boolean;
  readonly retention: Map<string, number | null>;
}

/** A message that has left the account. */
export interface Departed {
  readonly mailbox: number;
  readonly name: string;
  /** The record by which it left. */
  readonly record: number;
  /** Seconds since the epoch. */
  readonly expunged: number;
  readonly message: PlainMessage;
}

/** An account at one record, in words: the head of everything, and the rows of each mailbox. */
export interface Picture {
  readonly head: string;
  readonly mailboxes: ReadonlyMap<number, { readonly head: string; readonly rows: string }>;
}

export class PlainAccount {
  number = 0;
  /** How many there were. */
  records = 0;
  readonly mailboxes = new Map<number, PlainMailbox>();
  readonly subscriptions = new Set<string>();
  readonly annotations = new Map<string, string>();
  /** Those that are purged are forgotten. */
  readonly departed: Departed[] = [];
  readonly policy: PlainPolicy = { hold: false, closing: null, closed: false, retention: new Map() };
  /** By number of the record after which the account looked so: of those that a restore has lost, too. */
  readonly pictures: Map<number, Picture>;
  latest: Picture;
  nextMailbox = 1;
  lastUidValidity = 0;
  /** The number of the record in hand. */
  #record = 0;
  /** Those that the record in hand has changed. */
  readonly #touched = new Set<number>();

  constructor(pictures = new Map<number, Picture>()) {
    this.pictures = pictures;
    this.latest = this.#picture(undefined);
    this.pictures.set(0, this.latest);
  }

  /** The next record. */
  take(record: JournalRecord): void {
    this.#touched.clear();
    this.#record = record.number;
    const saved = Math.floor(record.time / 1000);
    record.ops.forEach((op, index) => this.#do(op, record.number * 1024 + index, saved));
    this.number = record.number;
    this.records++;
    this.latest = this.pictures.get(record.number) ?? this.#picture(this.latest.mailboxes);
    this.pictures.set(record.number, this.latest);
  }

  /** Every blob of a message that is in a mailbox. */
  blobs(): Set<BlobId> {
    return new Set([...this.mailboxes.values()].flatMap(({ messages }) => messages.map(({ blob }) => blob)));
  }

  mailboxNamed(name: string): PlainMailbox | undefined {
    return [...this.mailboxes.values()].find((mailbox) => mailbox.name === name);
  }

  #do(op: Op, modSeq: number, saved: number): void {
    switch (op.op) {
      case 'append': {
        const { blob, size, date, zone, system } = op;
        const mailbox = this.#target(op.to);
        if (!mailbox) return;
        this.#arrive(mailbox, {
          blob,
          size,
          date,
          zone,
          saved,
          system,
          keywords: folded(op.keywords),
          modSeq,
        });
        return;
      }
      case 'flags': {
        const mailbox = this.#changed(op.mailbox, modSeq);
        if (!mailbox) return;
        const change = folded(op.keywords);
        mailbox.messages = mailbox.messages.map((message) =>
          within(op.uids, message.uid)
            ? { ...message, ...flagged(message, op.mode, op.system, change), modSeq }
            : message,
        );
        if (op.mode !== 'remove') for (const keyword of change) mailbox.keywords.add(keyword);
        return;
      }
      case 'expunge': {
        const mailbox = this.#changed(op.mailbox, modSeq);
        if (mailbox) this.#depart(mailbox, (message) => within(op.uids, message.uid), saved);
        return;
      }
      case 'copy':
      case 'move': {
        this.#copy(op, modSeq, saved);
        return;
      }
      case 'delete': {
        const mailbox = this.mailboxes.get(op.mailbox);
        if (!mailbox) return;
        this.#depart(mailbox, () => true, saved);
        this.mailboxes.delete(op.mailbox);
        this.policy.retention.delete(`mailbox ${op.mailbox}`);
        return;
      }
      case 'mend':
      case 'purge':
      case 'restore':
      case 'policy': {
        this.#maintain(op, modSeq, saved);
        return;
      }
      case 'pack':
        // Where a message lies is nothing that its reader sees.
        return;
      default: {
        this.#doToTree(op, modSeq);
        return;
      }
    }
  }

  /** What nobody asked for at a gateway. */
  #maintain(op: MendOp | MaintenanceOp, modSeq: number, saved: number): void {
    switch (op.op) {
      case 'mend': {
        const mailbox = this.#changed(op.mailbox, modSeq);
        if (!mailbox) return;
        this.#depart(mailbox, ({ uid }) => within(op.gone, uid), saved);
        mailbox.uidNext = Math.max(mailbox.uidNext, op.uidNext);
        for (const keyword of folded(op.keywords)) mailbox.keywords.add(keyword);
        return;
      }
      case 'purge': {
        const kept = this.departed.filter(
          ({ expunged, message }) => expunged >= op.before && !op.blobs.includes(message.blob),
        );
        this.departed.splice(0, Infinity, ...kept);
        return;
      }
      case 'restore': {
        const mailbox = this.mailboxes.get(op.to);
        for (const { blob, size, date, zone, system, keywords } of mailbox ? op.rows : [])
          if (mailbox)
            this.#arrive(mailbox, {
              blob,
              size,
              date,
              zone,
              saved,
              system,
              keywords: folded(keywords),
              modSeq,
            });
        return;
      }
      case 'policy': {
        this.#layDown(op.change);
        return;
      }
    }
  }

  #layDown(change: PolicyChange): void {
    const { policy } = this;
    if (policy.closed) return;
    if ('hold' in change) policy.hold = change.hold;
    else if ('closing' in change) policy.closing = change.closing;
    else if ('closed' in change) policy.closed = true;
    else {
      const { scope, days } = change;
      const key =
        'mailbox' in scope ? `mailbox ${scope.mailbox}` : 'use' in scope ? `use ${scope.use}` : 'account';
      if (days === undefined) policy.retention.delete(key);
      else policy.retention.set(key, days);
    }
  }

  #doToTree(
    op: Exclude<
      Op,
      MaintenanceOp | PackOp | { readonly op: 'append' | 'flags' | 'expunge' | 'copy' | 'delete' | 'mend' }
    >,
    modSeq: number,
  ): void {
    switch (op.op) {
      case 'create': {
        this.#create(op.name, op.uidValidity, op.use, modSeq);
        return;
      }
      case 'rename': {
        this.#rename(op.from, op.to);
        return;
      }
      case 'subscribe':
        return void this.subscriptions.add(op.name);
      case 'unsubscribe':
        return void this.subscriptions.delete(op.name);
      case 'recent': {
        const mailbox = this.#touch(op.mailbox);
        if (mailbox) mailbox.recentFloor = Math.max(mailbox.recentFloor, Math.min(op.floor, mailbox.uidNext));
        return;
      }
      case 'epoch':
        for (const { id } of this.mailboxes.values()) {
          const mailbox = this.#touch(id);
          if (mailbox) mailbox.uidNext = Math.min(mailbox.uidNext + op.uidJump, 0xffff_ffff);
        }
        this.lastUidValidity = Math.max(this.lastUidValidity, op.uidValidity);
        this.nextMailbox += op.uidJump;
        return;
      case 'annotate': {
        const at = op.mailbox === null ? this : this.#changed(op.mailbox, modSeq);
        if (!at) return;
        if (op.value === null) at.annotations.delete(`${op.scope} ${op.name}`);
        else at.annotations.set(`${op.scope} ${op.name}`, Buffer.from(op.value).toString('hex'));
        return;
      }
      case 'acl': {
        const { identifier, account, rights } = op.entry;
        const acl = this.#touch(op.mailbox)?.acl;
        if (rights === '') acl?.delete(identifier);
        else acl?.set(identifier, `${account ?? '-'} ${rights}`);
        return;
      }
      case 'seen': {
        const mailbox = this.#touch(op.mailbox);
        if (!mailbox) return;
        const seen = mailbox.seen.get(op.reader) ?? new Set();
        mailbox.seen.set(op.reader, seen);
        for (const { uid } of mailbox.messages)
          if (within(op.uids, uid)) {
            if (op.seen) seen.add(uid);
            else seen.delete(uid);
          }
        return;
      }
      default:
        throw new Error(`the plain account does not know the op ${op.op}`);
    }
  }

  #target(to: Target): PlainMailbox | undefined {
    const all = [...this.mailboxes.values()];
    const wanted = all.find(({ id, use }) =>
      'mailbox' in to ? id === to.mailbox : 'use' in to && use === to.use,
    );
    return wanted ?? this.mailboxes.get(1);
  }

  #touch(id: number): PlainMailbox | undefined {
    this.#touched.add(id);
    return this.mailboxes.get(id);
  }

  /** A mailbox in which something happens that its readers are told of. */
  #changed(id: number, modSeq: number): PlainMailbox | undefined {
    const mailbox = this.#touch(id);
    if (mailbox) mailbox.highestModSeq = modSeq;
    return mailbox;
  }

  #arrive(mailbox: PlainMailbox, message: Omit<PlainMessage, 'uid'>): void {
    this.#changed(mailbox.id, message.modSeq);
    mailbox.messages.push({ ...message, uid: mailbox.uidNext });
    mailbox.uidNext++;
    for (const keyword of message.keywords) mailbox.keywords.add(keyword);
  }

  #depart(mailbox: PlainMailbox, who: (message: PlainMessage) => boolean, expunged: number): void {
    const { id, name } = mailbox;
    const record = this.#record;
    for (const message of mailbox.messages.filter(who))
      this.departed.push({ mailbox: id, name, record, expunged, message });
    mailbox.messages = mailbox.messages.filter((message) => !who(message));
  }

  #copy(op: CopyOp, modSeq: number, saved: number): void {
    const from = this.mailboxes.get(op.from);
    const to = this.mailboxes.get(op.to);
    if (!from || !to || (from === to && op.op === 'move')) return;
    const chosen = from.messages.filter(({ uid }) => within(op.uids, uid));
    this.#changed(to.id, modSeq);
    for (const message of chosen) this.#arrive(to, { ...message, saved, modSeq });
    // RENAME of INBOX takes its whole list along, also of keywords that no message has any more.
    for (const keyword of folded(op.keywords)) to.keywords.add(keyword);
    if (op.op === 'copy') return;
    this.#changed(from.id, modSeq);
    from.messages = from.messages.filter((message) => !chosen.includes(message));
  }

  #create(name: string, uidValidity: number, use: string | null, modSeq: number): void {
    if (this.mailboxNamed(name)) return;
    const id = this.nextMailbox++;
    this.lastUidValidity = Math.max(uidValidity, this.lastUidValidity + 1);
    const taken = use !== null && [...this.mailboxes.values()].some((mailbox) => mailbox.use === use);
    this.mailboxes.set(id, {
      ...{ id, name, uidValidity: this.lastUidValidity, uidNext: 1, highestModSeq: modSeq, recentFloor: 1 },
      ...{ use: taken ? null : use, messages: [], keywords: new Set<string>() },
      ...{
        acl: new Map<string, string>(),
        annotations: new Map<string, string>(),
        seen: new Map<string, Set<number>>(),
      },
    });
    this.#touch(id);
  }

  #rename(from: string, to: string): void {
    const moving = [...this.mailboxes.values()].filter(
      ({ name }) => name === from || name.startsWith(`${from}/`),
    );
    const staying = [...this.mailboxes.values()].filter((mailbox) => !moving.includes(mailbox));
    const nameOf = ({ name }: PlainMailbox): string => to + name.slice(from.length);
    if (moving.some((mailbox) => staying.some(({ name }) => name === nameOf(mailbox)))) return;
    for (const mailbox of moving) {
      mailbox.name = nameOf(mailbox);
      this.#touch(mailbox.id);
    }
  }

  #picture(before: Picture['mailboxes'] | undefined): Picture {
    const mailboxes = new Map<number, { head: string; rows: string }>();
    let [messages, bytes] = [0, 0];
    for (const mailbox of this.mailboxes.values()) {
      const known = this.#touched.has(mailbox.id) ? undefined : before?.get(mailbox.id);
      mailboxes.set(mailbox.id, known ?? pictureOf(mailbox));
      messages += mailbox.messages.length;
      for (const { size } of mailbox.messages) bytes += size;
    }
    const annotations = [...this.annotations].map(([key, value]) => `${key}=${value}`).sort();
    const head = `${messages} messages, ${bytes} bytes; subscribed ${[...this.subscriptions].sort().join(', ')}; ${annotations.join(', ')}; ${lineOfPolicy(this.policy)}`;
    return { head, mailboxes };
  }
}
