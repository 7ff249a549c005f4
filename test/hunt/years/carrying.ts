/**
 * COPY and MOVE from one account into another, as the commands of IMAP do it (`gateway/imap/commands/copy-across.ts`): out of
 * one's own mailbox into one that somebody has shared, or the other way round. What arrives must be what was there, and at
 * no moment may a message that is moved be in neither account.
 */
import { AcrossError, type AcrossRequest, copyAcross } from '../../../gateway/imap/commands/copy-across.ts';
import { Home } from '../../../gateway/imap/session/home.ts';
import { OwnOps } from '../../../gateway/imap/session/own-ops.ts';
import { RecentFloors } from '../../../gateway/imap/session/recent.ts';
import { No } from '../../../gateway/imap/session/refusals.ts';
import type { Right } from '../../../shared/account/acl.ts';
import type { Columns, Row } from '../../../shared/account/columns.ts';
import type { CommitRequest } from '../../../shared/account/commit-request.ts';
import { type CopyOutcome, MessageRefusal, UNLIMITED } from '../../../shared/account/decide-messages.ts';
import type { AccountId, BlobId, MailboxId } from '../../../shared/account/ids.ts';
import { OutcomeUnknownError } from '../../../shared/account/journal-store.ts';
import type { Mailbox } from '../../../shared/account/state.ts';
import { ensure } from '../violation.ts';
import { grant } from './granting.ts';
import type { NotingMessages } from './messages.ts';
import type { Person } from './people.ts';
import { within } from './plain-mailbox.ts';
import type { Witness } from './witness.ts';

const QUOTA = { quotaBytes: UNLIMITED, quotaMessages: UNLIMITED };
/** Small, so that a command takes several records and may end between any two. */
const BATCH = { messages: 2, bytes: 1_200 };
/** Of commands, those whose client goes away before the answer, and how soon. */
const BROKEN_OFF = 0.2;
const BROKEN_OFF_TURNS = 40;
/** Of commands, those before which somebody was asked to share a mailbox. */
const ASKED = 0.5;

export async function carry(person: Person): Promise<string> {
  const { draw, account, others } = person;
  const other = draw.pick(others);
  if (other === undefined) return 'there is nobody else';
  if (draw.chance(ASKED)) await askFor(person, other);
  const own = homeOf(person, account);
  const shared = homeOf(person, other);
  const [from, to] = draw.chance(0.5) ? [own, shared] : [shared, own];
  const source = await mailboxOf(person, from, 'r', true);
  const target = await mailboxOf(person, to, 'i', false);
  if (!source || !target) return 'nothing is shared';
  const { columns } = (await from.load(source.id)) ?? {};
  if (!columns || columns.count === 0) return 'nothing there';
  const all = [...columns.uids.subarray(0, columns.count)];
  const uids = Uint32Array.from(draw.chance(0.4) ? all : draw.some(all, 1 + draw.below(8)));
  const request = { kind: draw.pick(['COPY', 'MOVE'] as const), uids, all: draw.chance(0.5) };
  return new Carrying(person, { from, source, to, target, request }).run();
}

/** The owner of the other account shares a mailbox first, of those that have messages. */
async function askFor(person: Person, other: AccountId): Promise<void> {
  const replica = person.gateway.replica(other);
  const { mailboxes } = replica.current ?? (await replica.sync());
  const filled = [...mailboxes.values()].filter(({ messages }) => messages > 0);
  const mailbox = person.draw.pick(filled);
  if (mailbox) await grant(person, replica, mailbox.id, person.account);
}

/** The account of `account` as the person reaches it. */
function homeOf({ gateway, account: self }: Person, account: AccountId): WatchedHome {
  const replica = gateway.replica(account);
  const guest = account === self ? null : self;
  const address = `${account}@example.test`;
  return new WatchedHome({
    replica,
    address,
    quota: QUOTA,
    recent: new RecentFloors(),
    own: new OwnOps(),
    guest,
  });
}

/** A home that tells what was read of it, and what is about to be taken out of it. */
class WatchedHome extends Home {
  removing: (mailbox: number, uids: (uid: number) => boolean) => void = () => undefined;
  /** The messages of the mailbox that was loaded last. */
  loaded: Columns | undefined;

  override async load(id: MailboxId): Promise<Mailbox | undefined> {
    const mailbox = await super.load(id);
    this.loaded = mailbox?.columns;
    return mailbox;
  }

  override commit<T>(request: CommitRequest<T>): Promise<T> {
    return super.commit({
      ...request,
      decide: (state) => {
        const decision = request.decide(state);
        for (const op of decision.ops)
          if (op.op === 'expunge') this.removing(op.mailbox, (uid) => within(op.uids, uid));
        return decision;
      },
    });
  }
}

/** Mostly one with which the right is held; sometimes any, to be refused. */
async function mailboxOf(
  { draw }: Person,
  home: Home,
  right: Right,
  filled: boolean,
): Promise<Mailbox | undefined> {
  const { mailboxes } = await home.state();
  const any = [...mailboxes.values()].filter(({ messages }) => !filled || messages > 0);
  const permitted = any.filter((mailbox) => home.may(mailbox, right));
  return draw.pick(permitted.length > 0 || draw.chance(0.8) ? permitted : any);
}

interface Journey {
  readonly from: WatchedHome;
  readonly source: Mailbox;
  readonly to: WatchedHome;
  readonly target: Mailbox;
  readonly request: AcrossRequest;
}

class Carrying {
  readonly #person: Person;
  readonly #journey: Journey;
  readonly #carrier: NotingMessages;
  #takenBack = true;

  constructor(person: Person, journey: Journey) {
    this.#person = person;
    this.#journey = journey;
    this.#carrier = person.gateway.carrier();
  }

  async run(): Promise<string> {
    const { from, source, to, target, request } = this.#journey;
    const { gateway } = this.#person;
    const what = `${request.kind} of ${[...request.uids].join(' ')} of ${place(from, source.id)} into ${place(to, target.id)}`;
    if (request.kind === 'MOVE') from.removing = (mailbox, has) => this.#ensureArrived(mailbox, has);
    const services = {
      messages: this.#carrier,
      summaries: gateway.summaries,
      rim: gateway.process.rim,
      log: {
        debug: () => undefined,
        warn: () => undefined,
        error: () => void (this.#takenBack = false),
      },
    };
    const session = {
      ...{ services, connection: { signal: this.#signal() }, progress: null },
      selected: { home: from, id: source.id },
    };
    try {
      to.requireKnown(target, 'i');
      const named = { home: to, name: target.name, mailbox: target };
      const outcome = await copyAcross(session, named, request, BATCH);
      this.#ensureSame(outcome);
      if (request.kind === 'MOVE') this.#ensureGone(outcome);
      return `${what}: as ${outcome.destination.join(' ')}`;
    } catch (error) {
      if (error instanceof AcrossError) this.#ensureHalf(error);
      const cause = error instanceof AcrossError ? error.cause : error;
      if (cause instanceof No || cause instanceof MessageRefusal) return `${what}: NO ${cause.message}`;
      throw cause;
    }
  }

  #signal(): AbortSignal {
    const { draw, gateway } = this.#person;
    const controller = new AbortController();
    const { rim } = gateway.process;
    const breakOff = async (turns: number): Promise<void> => {
      for (let turn = 0; turn < turns; turn++) await rim.sleep(0);
      controller.abort();
    };
    if (draw.chance(BROKEN_OFF)) void breakOff(draw.below(BROKEN_OFF_TURNS));
    return controller.signal;
  }

  get #witness(): Witness {
    return this.#person.witness;
  }

  /** Before the messages of a MOVE go, each is in the other account. */
  #ensureArrived(mailbox: number, has: (uid: number) => boolean): void {
    const { source, to, target } = this.#journey;
    const arrivals = [...this.#witness.account(to.account).arrivals.values()];
    const there = new Set(
      arrivals.flatMap((each) => (each.mailbox === target.id ? [this.#textOf(each.op.blob)] : [])),
    );
    for (const uid of this.#journey.request.uids)
      ensure(
        mailbox !== source.id || !has(uid) || there.has(this.#textOf(this.#row(uid)?.blob)),
        () => `MOVE takes message ${uid} out of mailbox ${mailbox} before it is in the other account`,
      );
  }

  /** What the client is told of is what it has asked for: the message, its date, and what flags the rights allow. */
  #ensureSame({ source, destination }: CopyOutcome): void {
    const { to, target } = this.#journey;
    ensure(source.length === destination.length, () => 'COPYUID names more messages on one side');
    source.forEach((uid, index) => {
      const row = this.#row(uid);
      const arrived = this.#witness.account(to.account).arrivalAt(target.id, destination[index] ?? 0);
      const op = arrived?.op;
      const same =
        op !== undefined &&
        row !== undefined &&
        this.#textOf(op.blob) === this.#textOf(row.blob) &&
        op.size === row.size &&
        op.date === row.date &&
        op.zone === row.zone &&
        (to.guest !== null || (op.system === row.system && op.keywords.join() === row.keywords.join()));
      ensure(
        same,
        () =>
          `message ${uid} was copied as ${destination[index] ?? 0} into another account, and is not the same`,
      );
    });
  }

  #ensureGone({ source }: CopyOutcome): void {
    const { from, source: mailbox } = this.#journey;
    const { messages = [] } = this.#witness.account(from.account).plain.mailboxes.get(mailbox.id) ?? {};
    const left = messages.find(({ uid }) => source.includes(uid));
    ensure(!left, () => `MOVE was answered OK, and message ${left?.uid ?? 0} is where it was`);
  }

  /** A COPY that fails has copied nothing, unless nobody could learn what became of a record, or take one back. */
  #ensureHalf({ outcome, cause }: AcrossError): void {
    const { gateway } = this.#person;
    this.#ensureSame(outcome);
    if (this.#journey.request.kind !== 'COPY') return;
    ensure(
      outcome.destination.length === 0,
      () => 'a COPY has failed, and names messages that it has copied',
    );
    if (gateway.process.dead || cause instanceof OutcomeUnknownError || !this.#takenBack) return;
    const { to } = this.#journey;
    const { arrivals, plain } = this.#witness.account(to.account);
    for (const blob of this.#carrier.noted) {
      const { mailbox = 0, uid = 0 } = arrivals.get(blob) ?? {};
      const { messages = [] } = plain.mailboxes.get(mailbox) ?? {};
      const left = messages.some((message) => message.uid === uid);
      ensure(!left, () => `a COPY has failed, and has left message ${uid} in mailbox ${mailbox}`);
    }
  }

  #row(uid: number): Row | undefined {
    const { loaded } = this.#journey.from;
    const at = loaded?.rowOf(uid) ?? -1;
    return at < 0 ? undefined : loaded?.row(at);
  }

  #textOf(blob: BlobId | undefined): string {
    const text = blob && this.#witness.texts.get(blob)?.text;
    return Buffer.from(text ?? '').toString('latin1');
  }
}

function place({ account }: Home, mailbox: number): string {
  return `${account.slice(0, 4)}/${mailbox}`;
}
