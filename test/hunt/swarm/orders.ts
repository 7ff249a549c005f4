/** What the processes of the swarm and the hunter tell one another. */
import type { AccountId } from '../../../shared/account/ids.ts';
import type { StorePlaces } from '../../../infra/local/stores.ts';
import type { FoldResult } from '../../../functions/compact/fold-account.ts';
import type { Struck } from '../bad-day.ts';

/** The last argument of each process. */
export interface ProcessSettings {
  readonly data: string;
  readonly places: StorePlaces;
  /** Of the faults that it draws. */
  readonly seed: number;
  /** Of gateways: bytes that replicas may hold; small, so that they are read again and again. */
  readonly replicaBudgetBytes?: number;
  /** Of the fold: how long what is covered and superseded is kept, milliseconds. */
  readonly keepMs?: number;
  /** Of delivery functions. */
  readonly queueUrl?: string;
}

/** What a fold process is sent. */
export interface FoldOrder {
  readonly account: AccountId;
}

export type Notice =
  | { readonly notice: 'struck'; readonly struck: Struck }
  | { readonly notice: 'ready'; readonly port?: number }
  | { readonly notice: 'folded'; readonly result: FoldResult }
  | { readonly notice: 'failed'; readonly error: string };
