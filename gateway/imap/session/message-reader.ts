/**
 * Reads messages' summaries and blobs for one command. A blob that is missing is looked for once more in the newest
 * checkpoint (I2): a fold or another session may have moved or expunged it since. A message that is there and cannot be
 * read is an error, never an empty body.
 */
import type { BlobPlace, Columns } from '../../../shared/account/columns.ts';
import type { MailboxId } from '../../../shared/account/ids.ts';
import { BlobMissingError, type ByteRange } from '../../../shared/blob/blob-store.ts';
import type { Summary } from '../../../shared/message/summary.ts';
import { decodeSummary, SummaryFormatError } from '../../../shared/message/summary-codec.ts';
import type { Home } from './home.ts';
import type { SessionServices } from './session.ts';

/** The message was expunged while the command ran. */
export class ExpungedError extends Error {
  constructor() {
    super('the message has been expunged');
    this.name = 'ExpungedError';
  }
}

/** What of a session a reader works with: the commands of a simulation have none. */
export interface ReadingSession {
  readonly services: Pick<SessionServices, 'messages' | 'summaries'>;
  readonly connection: { readonly signal: AbortSignal };
}

export class MessageReader {
  readonly #session: ReadingSession;
  readonly #home: Home;
  readonly #mailbox: MailboxId;
  readonly #columns: Columns;
  /** The mailbox as it is now, read once for all blobs of a command that are missing. */
  #reloaded: Promise<Columns | undefined> | undefined;

  constructor(session: ReadingSession, home: Home, mailbox: MailboxId, columns: Columns) {
    this.#session = session;
    this.#home = home;
    this.#mailbox = mailbox;
    this.#columns = columns;
  }

  uidAt(row: number): number {
    return this.#columns.uidAt(row);
  }

  /** Summaries of `rows`; an error stands for a message that cannot be read. */
  async summaries(rows: readonly number[]): Promise<(Summary | Error)[]> {
    try {
      return (await this.#read(rows)).map((bytes) => decodeSummary(bytes));
    } catch (error) {
      const [only] = rows;
      if (rows.length === 1 && only !== undefined) return [await this.#instead(only, error)];
      // One message must not spoil the answer for the others.
      const each: (Summary | Error)[] = [];
      for (const row of rows) each.push(...(await this.summaries([row])));
      return each;
    }
  }

  /** Has the summaries of `rows` brought near in few requests; what cannot be had is met when it is asked for. */
  async prefetch(rows: readonly number[]): Promise<void> {
    await this.#read(rows).catch(() => undefined);
  }

  /** A summary that a newer release wrote (I8), or that is broken, is worked out anew: it is derived data. */
  async #instead(row: number, error: unknown): Promise<Summary | Error> {
    if (!(error instanceof SummaryFormatError)) return this.#whyNot(row, error);
    const { messages } = this.#session.services;
    try {
      const bytes = await this.#atItsPlace(row, (place) => messages.recompute(this.#home.account, place));
      return decodeSummary(bytes);
    } catch (failure) {
      return this.#whyNot(row, failure);
    }
  }

  /** What is missing may have been expunged meanwhile. */
  async #whyNot(row: number, error: unknown): Promise<Error> {
    if (!(error instanceof BlobMissingError))
      return error instanceof Error ? error : new Error(String(error));
    const now = await this.#reload();
    return (now?.rowOf(this.#columns.uidAt(row)) ?? -1) < 0 ? new ExpungedError() : error;
  }

  #read(rows: readonly number[]): Promise<Uint8Array[]> {
    return this.#session.services.summaries.read(this.#home.replica, this.#mailbox, this.#columns, rows);
  }

  /** The blob of `row`, or a range of it. Rejects with `ExpungedError` if the message is gone. */
  open(row: number, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#atItsPlace(row, (place) => this.#get(place, range, signal));
  }

  /** Reads the blob of `row` where it lies; if it is not there any more, where it lies now (it was packed), once. */
  async #atItsPlace<T>(row: number, read: (place: BlobPlace) => Promise<T>): Promise<T> {
    try {
      return await read(this.#columns.placeAt(row));
    } catch (error) {
      if (!(error instanceof BlobMissingError)) throw error;
      const now = await this.#reload();
      const at = now?.rowOf(this.#columns.uidAt(row)) ?? -1;
      if (!now || at < 0) throw new ExpungedError();
      return read(now.placeAt(at));
    }
  }

  /** A range of the blob of `row`, in memory. */
  async bytes(row: number, range: ByteRange): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await this.open(row, range)) chunks.push(chunk);
    const [only] = chunks;
    const bytes = chunks.length === 1 && only ? only : Buffer.concat(chunks);
    if (bytes.length === range.end - range.start) return bytes;
    throw new Error(`a message has ${bytes.length} bytes where there should be ${range.end - range.start}`);
  }

  #get(place: BlobPlace, range?: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { services, connection } = this.#session;
    return services.messages.get(this.#home.account, place, range, { signal: signal ?? connection.signal });
  }

  #reload(): Promise<Columns | undefined> {
    this.#reloaded ??= this.#home.replica
      .reload(this.#mailbox)
      .then((state) => this.#home.mailbox(state, this.#mailbox)?.columns);
    return this.#reloaded;
  }
}
