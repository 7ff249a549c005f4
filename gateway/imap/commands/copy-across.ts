/**
 * COPY and MOVE from one account into another. Nothing of one account is ever named by another's journal (I9): each message
 * is read and stored anew under the target's key, and then appended there, in batches of one record each.
 *
 * What it costs: two requests of the object store a message (it is read and written), two records a batch (one without
 * MOVE), and the message once over the network each way; no message is held in memory. So one command takes a bounded
 * number of messages and bytes, and says so instead of beginning.
 *
 * COPY is all or nothing: if a batch fails, what earlier ones have appended is taken back. MOVE takes each batch out of the
 * source once it is in the target, so that each message is moved or is not (RFC 6851 §3.3); a gateway that dies in between
 * leaves the messages of one batch in both, and never in neither.
 */
import type { Columns } from '../../../shared/account/columns.ts';
import { decideGuestAppend } from '../../../shared/account/decide-guest.ts';
import {
  type AppendOutcome,
  type CopyOutcome,
  MessageRefusal,
  type MessageToAppend,
  checkRoom,
  decideAppend,
  decideRemoval,
} from '../../../shared/account/decide-messages.ts';
import type { MailboxId, Uid } from '../../../shared/account/ids.ts';
import { AccountClosedError } from '../../../shared/account/record-builder.ts';
import { inOrder } from '../session/in-order.ts';
import type { Home } from '../session/home.ts';
import { ExpungedError, MessageReader, type ReadingSession } from '../session/message-reader.ts';
import type { FoundMailbox } from '../session/places.ts';
import type { Progress } from '../session/progress.ts';
import { No } from '../session/refusals.ts';
import type { SessionServices } from '../session/session.ts';
import { ConnectionLostError } from '../wire/response-writer.ts';

/** Messages of one command: two cents of requests, and minutes. */
export const MAX_ACROSS_MESSAGES = 2_000;
/** Octets of one command: what an hour may move. */
export const MAX_ACROSS_BYTES = 2 * 1024 ** 3;
/** A batch is one record where summaries are ordinary, and is stored well within the hour of its blobs (I2). */
export const ACROSS_BATCH: Batch = { messages: 100, bytes: 256 * 1024 ** 2 };
/** Messages that are on their way at one time. */
const PARALLEL = 4;

/** Where a batch ends. */
export interface Batch {
  readonly messages: number;
  readonly bytes: number;
}

/** What of a session is worked with: whose messages are selected, and how they are read and stored. */
export interface AcrossSession extends ReadingSession {
  readonly services: ReadingSession['services'] & Pick<SessionServices, 'rim' | 'log'>;
  readonly selected: { readonly home: Home; readonly id: MailboxId };
  readonly progress: Pick<Progress, 'at' | 'step'> | null;
}

export interface AcrossRequest {
  readonly kind: 'COPY' | 'MOVE';
  /** Ascending. */
  readonly uids: Uint32Array;
  /** Refuse the whole if a message has been expunged (by message number, RFC 2180 §4.4); else pass over it. */
  readonly all: boolean;
}

export function copyAcross(
  session: AcrossSession,
  target: FoundMailbox,
  request: AcrossRequest,
  batch = ACROSS_BATCH,
): Promise<CopyOutcome> {
  return new Across(session, target, request, batch).run();
}

/** A message that is stored anew, and where it was. */
interface Carried {
  readonly uid: number;
  readonly message: MessageToAppend;
}

class Across {
  readonly #session: AcrossSession;
  readonly #target: FoundMailbox;
  readonly #request: AcrossRequest;
  readonly #batch: Batch;
  readonly #source: number[] = [];
  readonly #destination: Uid[] = [];

  constructor(session: AcrossSession, target: FoundMailbox, request: AcrossRequest, batch: Batch) {
    this.#session = session;
    this.#target = target;
    this.#request = request;
    this.#batch = batch;
  }

  async run(): Promise<CopyOutcome> {
    const { home, id } = this.#session.selected;
    const { kind } = this.#request;
    const mailbox = await home.load(id);
    if (!mailbox?.columns) throw new MessageRefusal('no mailbox', 'the mailbox is gone');
    if (kind === 'MOVE') for (const right of ['t', 'e'] as const) home.requireKnown(mailbox, right);
    const rows = this.#rowsOf(mailbox.columns);
    await this.#checkRoom(mailbox.columns, rows);
    this.#session.progress?.at(0, rows.length);
    try {
      const { columns } = mailbox;
      for (const batch of batchesOf(columns, rows, this.#batch)) await this.#carry(columns, batch);
    } catch (error) {
      if (kind === 'COPY') await this.#takeBack(this.#destination.length);
      throw error instanceof ExpungedError ? expunged() : new AcrossError(this.#outcome(), error);
    }
    return this.#outcome();
  }

  #outcome(): CopyOutcome {
    const { uidValidity } = this.#target.mailbox;
    return { uidValidity, source: this.#source, destination: this.#destination };
  }

  #rowsOf(columns: Columns): number[] {
    const rows = [...this.#request.uids].map((uid) => columns.rowOf(uid));
    const there = rows.filter((row) => row >= 0);
    if (this.#request.all && there.length < rows.length) throw expunged();
    return there;
  }

  /** Before anything is stored. */
  async #checkRoom(columns: Columns, rows: readonly number[]): Promise<void> {
    const bytes = rows.reduce((sum, row) => sum + (columns.sizes[row] ?? 0), 0);
    if (rows.length > MAX_ACROSS_MESSAGES)
      throw new No(`into another account at most ${MAX_ACROSS_MESSAGES} messages go at a time`, 'LIMIT');
    if (bytes > MAX_ACROSS_BYTES)
      throw new No(`into another account at most ${MAX_ACROSS_BYTES} octets go at a time`, 'LIMIT');
    const { home } = this.#target;
    checkRoom(await home.state(), { messages: rows.length, bytes }, home.quota);
  }

  async #carry(columns: Columns, rows: readonly number[]): Promise<void> {
    const carried = await this.#stored(columns, rows);
    if (carried.length === 0) return;
    const { uids } = await this.#append(carried.map(({ message }) => message)).catch(
      async (error: unknown) => {
        // Nobody looks into it any more: what is stored there now would stay (`close.ts`).
        if (error instanceof AccountClosedError) await this.#discard(carried);
        throw error;
      },
    );
    // From here on they are there: whatever fails now, they are told of or taken back.
    this.#destination.push(...uids);
    this.#source.push(...carried.map(({ uid }) => uid));
    if (this.#request.kind === 'MOVE') await this.#remove(carried.map(({ uid }) => uid));
  }

  /** The messages of a batch under the target's key; of one that cannot be read, none. */
  async #stored(columns: Columns, rows: readonly number[]): Promise<readonly Carried[]> {
    const carried: Carried[] = [];
    const store = (row: number): Promise<Carried | Error> =>
      this.#store(columns, row).catch((error: unknown) =>
        error instanceof Error ? error : new Error(String(error)),
      );
    let failure: Error | undefined;
    for await (const result of inOrder(rows, PARALLEL, store)) {
      this.#session.progress?.step();
      if (this.#session.connection.signal.aborted) failure ??= new ConnectionLostError();
      if (!(result instanceof Error)) carried.push(result);
      else if (this.#request.all || !(result instanceof ExpungedError)) failure ??= result;
    }
    if (!failure) return carried;
    await this.#discard(carried);
    throw failure;
  }

  #discard(carried: readonly Carried[]): Promise<void> {
    const unnamed = carried.map(({ message }) => message.blob);
    return this.#session.services.messages.discard(this.#target.home.account, unnamed);
  }

  async #store(columns: Columns, row: number): Promise<Carried> {
    const { services, connection, selected } = this.#session;
    const { signal } = connection;
    const { uid, size, system, keywords, date, zone } = columns.row(row);
    const reader = new MessageReader(this.#session, selected.home, selected.id, columns);
    const body = await reader.open(row);
    const { home, mailbox } = this.#target;
    const time = services.rim.now();
    const arrival = { date, zone, system, keywords, mailbox: mailbox.name, use: null, time };
    const stored = await services.messages.put(home.account, body, size, { signal, arrival });
    return { uid, message: { ...stored, flags: { system, keywords }, date, zone } };
  }

  #append(messages: readonly MessageToAppend[]): Promise<AppendOutcome> {
    const { home, mailbox } = this.#target;
    const now = this.#session.services.rim.now();
    return home.commit({
      decide(state) {
        home.requireIn(state, mailbox.id, 'i');
        const found = state.mailboxes.get(mailbox.id);
        const guest = found && home.guestOf(found);
        return guest
          ? decideGuestAppend(state, mailbox.id, guest, messages, home.quota, now)
          : decideAppend(state, mailbox.id, messages, home.quota, now);
      },
    });
  }

  /** Out of the source; or out of the target again, if the right to has been taken away in between. */
  async #remove(uids: readonly number[]): Promise<void> {
    const { home, id } = this.#session.selected;
    try {
      await home.commit({
        needs: () => [id],
        decide(state) {
          for (const right of ['t', 'e'] as const) home.requireIn(state, id, right);
          return decideRemoval(state, id, uids);
        },
      });
    } catch (error) {
      if (error instanceof No) await this.#takeBack(uids.length);
      throw error;
    }
  }

  /**
   * The last messages that were appended go again: all of them, for a COPY that fails has copied nothing (RFC 9051 §6.4.7);
   * those of a batch that may not leave where it was, for a message is moved or is not (RFC 6851 §3.3).
   */
  async #takeBack(count: number): Promise<void> {
    const first = this.#destination.length - count;
    const uids = this.#destination.splice(first);
    this.#source.splice(first);
    await takeBack(this.#session, this.#target, uids);
  }
}

/** Out of the target again: what a command has appended that then failed. Never rejects. */
export async function takeBack(
  { services }: Pick<AcrossSession, 'services'>,
  { home, mailbox }: FoundMailbox,
  uids: readonly Uid[],
): Promise<void> {
  if (uids.length === 0) return;
  await home
    .commit({
      needs: () => [mailbox.id],
      decide: (state) => decideRemoval(state, mailbox.id, uids),
    })
    .catch((error: unknown) => {
      services.log.error(
        { err: error, account: home.account },
        'messages of a command that failed could not be taken back',
      );
    });
}

function expunged(): MessageRefusal {
  return new MessageRefusal('missing', 'some of the messages have been expunged');
}

/** A MOVE that did not come to its end; `outcome` is what was moved until then. */
export class AcrossError extends Error {
  readonly outcome: CopyOutcome;
  constructor(outcome: CopyOutcome, cause: unknown) {
    super('the messages could not all be carried into the other account', { cause });
    this.name = 'AcrossError';
    this.outcome = outcome;
  }
}

/** Rows in turn, in batches of bounded count and size. */
function* batchesOf(columns: Columns, rows: readonly number[], most: Batch): Generator<readonly number[]> {
  let batch: number[] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = columns.sizes[row] ?? 0;
    if (batch.length > 0 && (batch.length === most.messages || bytes + size > most.bytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(row);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
