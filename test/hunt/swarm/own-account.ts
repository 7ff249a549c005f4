/**
 * The account of a guest: what is copied or moved there out of the shared mailboxes is stored anew under its own key, and
 * appended to its own journal (I9). Nothing else happens to it, so that in the end it has just what was acknowledged.
 */
import type { AccountId } from '../../../shared/account/ids.ts';
import type { JournalStore } from '../../../shared/account/journal-store.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import type { Draw } from '../draw.ts';
import { JournalReplay } from '../journal-replay.ts';
import { ensure } from '../violation.ts';
import type { Tokens } from './tokens.ts';

/** Of its states nobody asks for older ones. */
const KEPT_RECORDS = 500;
const FOLD_EVERY = 50;

/** Where copies came from, and under which UIDs they were promised to be. */
export interface Carried {
  /** The newest record of this account when the command was sent. */
  readonly begin: number;
  readonly uidValidity: number;
  readonly tokens: readonly string[];
  readonly uids: readonly number[];
}

export class OwnAccount {
  readonly replay: JournalReplay;
  readonly #tokens: Tokens;
  /** Tokens by the UID in its INBOX that was acknowledged. */
  readonly #promised = new Map<number, string>();
  /** Commands whose outcome was never heard of. */
  #unknown = 0;
  #folded = 0;

  constructor(journal: JournalStore, account: AccountId, tokens: Tokens) {
    this.replay = new JournalReplay(journal, account);
    this.#tokens = tokens;
  }

  get promised(): number {
    return this.#promised.size;
  }

  /** Some messages of its INBOX, in their order. */
  somePromised(draw: Draw, count: number): { readonly uid: number; readonly token: string }[] {
    const chosen = draw.some([...this.#promised], count).map(([uid, token]) => ({ uid, token }));
    return chosen.sort((a, b) => a.uid - b.uid);
  }

  lostTrack(): void {
    this.#unknown++;
  }

  /** Its INBOX has what was acknowledged, under the UIDs that were told. */
  async arrived({ begin, uidValidity, tokens, uids }: Carried): Promise<void> {
    await this.replay.catchUp();
    const inbox = this.replay.state.mailboxes.get(INBOX_ID);
    ensure(inbox?.uidValidity === uidValidity, () => `COPYUID tells of a UIDVALIDITY ${uidValidity}`);
    for (const [index, uid] of uids.entries()) {
      const arrived = this.replay.arrived(INBOX_ID, uid);
      const token = tokens[index] ?? '';
      ensure(
        arrived !== undefined && arrived.record > begin,
        () => `${token} was acknowledged as UID ${uid} of another account, which is not there`,
      );
      const found = await this.#tokens.of(arrived.blob);
      ensure(found === token, () => `UID ${uid} of another account was promised to ${token} and is ${found}`);
      this.#promised.set(uid, token);
    }
  }

  /** Folds it now and then; every record is seen here before. */
  async maintain(fold: (account: AccountId) => Promise<unknown>): Promise<void> {
    const { replay } = this;
    await replay.catchUp();
    if (replay.number - this.#folded < FOLD_EVERY) return;
    this.#folded = replay.number;
    await fold(replay.account);
    replay.forgetBefore(replay.number - KEPT_RECORDS);
  }

  /** At the end: which message each row is. COPY is all or nothing, and so is each message of MOVE (RFC 6851 §3.3). */
  async tokens(): Promise<ReadonlyMap<string, string>> {
    await this.replay.catchUp();
    const columns = this.replay.state.mailboxes.get(INBOX_ID)?.columns;
    const tokens = new Map<string, string>();
    let more = 0;
    for (let row = 0; columns && row < columns.count; row++) {
      const token = await this.#tokens.of(columns.blobAt(row));
      tokens.set(columns.blobAt(row), token);
      if (this.#promised.get(columns.uidAt(row)) !== token) more++;
    }
    const lost = [...this.#promised.keys()].filter((uid) => (columns?.rowOf(uid) ?? -1) < 0);
    ensure(lost.length === 0, () => `UIDs ${lost.join()} of another account were promised and are gone`);
    ensure(more === 0 || this.#unknown > 0, () => `${more} messages of another account were never promised`);
    return tokens;
  }
}
