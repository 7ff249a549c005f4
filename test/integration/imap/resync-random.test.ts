/**
 * A client that keeps a copy of a mailbox by the letter of RFC 7162 §6, and loses its connection at any moment: whatever
 * others do meanwhile, and however the journal is folded and emptied, SELECT with QRESYNC makes its copy right again.
 */
import { expect, test } from '@jest/globals';
import { foldAccount } from '../../../functions/compact/fold-account.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { PackStore } from '../../../shared/blob/pack-store.ts';
import { MemoryFoldStore, MemorySummaries } from '../../support/memory-fold-store.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';
import { below, pick } from '../../support/random-ops.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { seedOf } from '../../support/variants.ts';

const MAIL = 'Subject: x\r\n\r\nbody\r\n';
const DAY = 86_400_000;
const MINE = [
  'NOOP',
  'FETCH 1:* (UID FLAGS)',
  'UID SEARCH ALL',
  'SEARCH SEEN',
  'EXPUNGE',
  'UID MOVE 1:3 Archive',
];

/** The mailbox as a client has it, and up to where it knows everything. */
class Copy {
  readonly flags = new Map<number, string>();
  highest = 0;
  uidValidity = '';
  /** Of the responses since the last tagged one. */
  #told: number | null = null;
  #seen = 0;

  take(line: string): void {
    const [, earlier, uids] = /^\* VANISHED( \(EARLIER\))? (\S+)$/.exec(line) ?? [];
    if (uids !== undefined) this.#forget(uids, earlier === undefined);
    const fetched = /(?:UID (\d+) |^\* (\d+) UIDFETCH \()FLAGS \(([^)]*)\)(?: MODSEQ \((\d+)\))?/.exec(line);
    if (fetched) {
      const [, byUid, uidOnly, flags = '', modSeq = 0] = fetched;
      this.flags.set(Number(byUid ?? uidOnly), ownFlags(flags));
      this.#seen = Math.max(this.#seen, Number(modSeq));
    }
    const code = /HIGHESTMODSEQ (\d+)/.exec(line);
    if (code) this.#told = Number(code[1]);
    this.uidValidity = /UIDVALIDITY (\d+)/.exec(line)?.[1] ?? this.uidValidity;
    if (line.startsWith('tag ')) this.#settle();
  }

  #forget(uids: string, mustBeKnown: boolean): void {
    for (const range of uids.split(',')) {
      const [low = 0, high = low] = range.split(':').map(Number);
      for (let uid = low; uid <= high; uid++) {
        // A client that counts messages would be lost by one that it never had (RFC 7162 §3.2.10.2).
        if (mustBeKnown) expect([uid, this.flags.has(uid)]).toEqual([uid, true]);
        this.flags.delete(uid);
      }
    }
  }

  #settle(): void {
    this.highest = this.#told ?? Math.max(this.highest, this.#seen);
    this.#told = null;
    this.#seen = 0;
  }

  get last(): number {
    return Math.max(0, ...this.flags.keys());
  }
}

function ownFlags(flags: string): string {
  return flags
    .split(' ')
    .filter((flag) => flag !== '' && flag !== '\\Recent')
    .sort()
    .join(' ');
}

/** What has arrived is fetched, as clients do when they hear of it. */
async function fetchNew(client: ImapClient, copy: Copy): Promise<void> {
  await does(client, copy, `UID FETCH ${copy.last + 1}:* (FLAGS)`);
}

async function does(client: ImapClient, copy: Copy, command: string): Promise<void> {
  for (const line of await client.run(command)) copy.take(line);
}

inVariants((variant) => {
  test('the copy is right after every reconnection', async () => {
    const random = seededRandom(seedOf(variant));
    const journal = new MemoryJournalStore();
    let gateway = await TestGateway.start({ variant, journal });
    const account = await gateway.addUser();
    const { blobs } = gateway;
    const copy = new Copy();
    const folds = new MemoryFoldStore(journal);
    const summaries = new MemorySummaries();
    const packs = new PackStore(blobs);
    const fold = (id: AccountId, keepMs: number): Promise<unknown> =>
      foldAccount(
        { journal, folds, summaries, packs, rim: gateway.rim, keepMs, report: () => undefined },
        id,
      );
    const connect = async (): Promise<ImapClient> => {
      const client = await gateway.signIn();
      await client.run('ENABLE QRESYNC');
      const known = copy.flags.size > 0 ? ` ${[...copy.flags.keys()].sort((a, b) => a - b).join(',')}` : '';
      const select = copy.highest > 0 ? ` (QRESYNC (${copy.uidValidity} ${copy.highest}${known}))` : '';
      await does(client, copy, `SELECT INBOX${select}`);
      await fetchNew(client, copy);
      return client;
    };
    let other = await gateway.signIn('INBOX');
    const others = async (steps: number): Promise<void> => {
      for (let step = 0; step < steps; step++) {
        const uid = 1 + below(random, 60);
        const theirs = pick(random, [
          'append',
          `UID STORE ${uid}:${uid + 2} +FLAGS.SILENT (\\Deleted)`,
          `UID STORE 1:${uid} +FLAGS.SILENT (\\Flagged)`,
          `UID STORE ${uid}:${uid + 9} FLAGS (\\Seen Work)`,
          `UID MOVE ${uid} Archive`,
          `UID COPY ${uid}:${uid + 9} INBOX`,
          'EXPUNGE',
          'EXPUNGE',
        ]);
        if (theirs === 'append') await other.append('INBOX', MAIL);
        else await other.run(theirs);
        // Something that is told with a higher mod-sequence than an EXPUNGE that may not be told yet.
        if (theirs === 'EXPUNGE') await other.run(`UID STORE ${uid}:* FLAGS (Later${step})`);
        if (random() < 0.15) await fold(account, pick(random, [0, DAY]));
      }
    };
    const restart = async (): Promise<void> => {
      await gateway.stop();
      gateway = await TestGateway.start({ variant, journal, blobs });
      await gateway.admit('alice@example.test', account);
      other = await gateway.signIn('INBOX');
    };
    await others(10);
    for (let round = 0; round < 30; round++) {
      const client = await connect();
      const truth = new Copy();
      await other.run('NOOP');
      for (const line of await other.run('UID FETCH 1:* (FLAGS)')) truth.take(line);
      expect(Object.fromEntries(copy.flags)).toEqual(Object.fromEntries(truth.flags));
      for (let commands = below(random, 5); commands > 0; commands--) {
        await others(below(random, 3));
        // The connection may break behind any of them, with more to be told.
        await does(client, copy, pick(random, MINE));
        if (random() < 0.5) await fetchNew(client, copy);
      }
      client.destroy();
      await others(pick(random, [0, 1, 3, 12]));
      if (random() < 0.3) await restart();
    }
    await gateway.stop();
  });
});
