/**
 * The moments between two effects, at which a death hurts most. An instance under hunt is told to stop in one of them;
 * it says when it is there, and waits until it is killed or told to go on. Nothing of the product knows of this: it sits
 * where the product hands requests to its stores.
 */
import type { EngineOptions } from '../../../shared/aws/engine.ts';
import type { BlobStore } from '../../../shared/blob/blob-store.ts';
import type { Transport } from '../../../shared/aws/clients.ts';
import { type Call, callOf, wrapping } from '../../support/transport.ts';
import type { Struck } from '../bad-day.ts';

export const PHASES = ['arriving', 'blob begun', 'blob written', 'record written', 'answered'] as const;
/**
 * - `arriving`: a message has come by SMTP and is not in `inbound` yet;
 * - `blob begun`: the blob is not there yet; no record may name it;
 * - `blob written`: the blob is durable, the record that will name it is not put;
 * - `record written`: the record is in the journal, and nobody has been answered;
 * - `answered`: the sender has his 250, the message is delivered, and its copy in `inbound` is not removed yet.
 */
export type Phase = (typeof PHASES)[number];

/** To the instance. */
export type Order =
  /** Stop in the phase, the `skip`-th next time it is entered. */
  | { readonly order: 'stop in'; readonly phase: Phase; readonly skip: number }
  /** Go on; `lost`: the store has died, so its answer never came. */
  | { readonly order: 'go on'; readonly lost: boolean };

/** From the instance. */
export type Notice =
  | { readonly notice: 'ready'; readonly imap: number; readonly smtp: number }
  | { readonly notice: 'struck'; readonly struck: Struck }
  /** `subject`: of `answered`, the SES message id. */
  | { readonly notice: 'stopped in'; readonly phase: Phase; readonly subject: string };

export class Gate {
  readonly #tell: (notice: Notice) => void;
  /** What lies between the gate and the stores. */
  readonly #faulty: (inner: Transport) => Transport;
  #armed: { phase: Phase; skip: number } | undefined;
  #release: ((lost: boolean) => void) | undefined;

  constructor(tell: (notice: Notice) => void, faulty: (inner: Transport) => Transport) {
    this.#tell = tell;
    this.#faulty = faulty;
  }

  follow(order: Order): void {
    if (order.order === 'stop in') this.#armed = { phase: order.phase, skip: order.skip };
    else this.#release?.(order.lost);
  }

  /** Where the instance's stores are watched. */
  readonly options: EngineOptions = {
    wrapTransport: (transport) => {
      const inner = this.#faulty(transport);
      return wrapping(inner, async (request, options) => {
        const answer = await inner.handle(request, options);
        const written = answer.response.statusCode === 200 && putsRecord(callOf(request));
        if (written && (await this.#enter('record written', ''))) throw lostAnswer();
        return answer;
      });
    },
    wrapBlobs: (store, kind) => this.#watched(store, kind),
  };

  #watched(store: BlobStore, kind: 'mail' | 'inbound'): BlobStore {
    return {
      put: async (key, body, size, options) => {
        const isMessage = kind === 'mail' && key.startsWith('blobs/');
        if (isMessage) await this.#enter('blob begun', key);
        if (kind === 'inbound' && !key.endsWith('.json')) await this.#enter('arriving', key);
        await store.put(key, body, size, options);
        if (isMessage) await this.#enter('blob written', key);
      },
      get: (key, range, options) => store.get(key, range, options),
      delete: async (keys) => {
        const [message] = keys.filter((key) => !key.endsWith('.json'));
        if (kind === 'inbound' && message !== undefined)
          await this.#enter('answered', message.slice(message.lastIndexOf('/') + 1));
        await store.delete(keys);
      },
      list: (prefix) => store.list(prefix),
      folders: (prefix) => store.folders(prefix),
    };
  }

  /** Resolves at once, or when the instance is told to go on; true if an answer is to be lost. */
  async #enter(phase: Phase, subject: string): Promise<boolean> {
    if (this.#armed?.phase !== phase || this.#armed.skip-- > 0) return false;
    this.#armed = undefined;
    const lost = new Promise<boolean>((resolve) => (this.#release = resolve));
    this.#tell({ notice: 'stopped in', phase, subject });
    return lost;
  }
}

interface PutOfItem {
  readonly Item?: { readonly sk?: { readonly S?: string } };
}

/** Whether a request puts a record into a journal, alone or with markers. */
function putsRecord({ operation, json }: Call): boolean {
  const puts: readonly (PutOfItem | undefined)[] =
    operation === 'PutItem'
      ? [json]
      : operation === 'TransactWriteItems'
        ? (json.TransactItems as { readonly Put?: PutOfItem }[]).map(({ Put }) => Put)
        : [];
  return puts.some((put) => put?.Item?.sk?.S?.startsWith('journal#') ?? false);
}

function lostAnswer(): Error {
  return Object.assign(new Error('the store has died before its answer came'), { code: 'ECONNRESET' });
}
