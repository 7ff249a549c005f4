/**
 * A gateway that has slept through folds finds its next records emptied (I4), and reads the account anew. Its sessions are
 * told exactly what those of a gateway are told which has read every record.
 */
import { afterEach, expect, test } from '@jest/globals';
import { foldAccount } from '../../../functions/compact/fold-account.ts';
import { isEmptied } from '../../../shared/account/record.ts';
import { PackStore } from '../../../shared/blob/pack-store.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';
import { inVariants } from '../../support/conformance.ts';
import { foldStoreOf } from '../../support/forced-folds.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { below, pick } from '../../support/random-ops.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { EXPUNGED_BY_NUMBER, seedOf, type Variant } from '../../support/variants.ts';

const MAIL = 'Subject: x\r\n\r\nbody\r\n';
const gateways: TestGateway[] = [];
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.stop();
});

async function setUp(variant: Variant) {
  const journal = new MemoryJournalStore();
  const blobs = new MemoryBlobStore();
  const start = async () => {
    const gateway = await TestGateway.start({ journal, blobs, variant });
    gateways.push(gateway);
    return gateway;
  };
  const writing = await start();
  const account = await writing.addUser();
  const signIn = async (): Promise<ImapClient> => {
    const gateway = await start();
    await gateway.admit('alice@example.test', account);
    return gateway.signIn();
  };
  const writer = await writing.signIn();
  for (let index = 0; index < 8; index++) await writer.append('INBOX', MAIL);
  await writer.run('CREATE Other');
  await writer.run('SELECT INBOX');
  const folds = foldStoreOf(journal);
  const packs = new PackStore(blobs);
  const deps = { journal, folds, summaries: writing.messages, packs, rim: writing.rim, keepMs: 0 };
  /** Folds, and empties every record but the newest. */
  const empty = async (): Promise<void> => {
    await foldAccount(deps, account);
    await foldAccount(deps, account, Infinity, { idle: true });
    const all = [...journal.account(account).entries.values()];
    expect(all.filter((entry) => !isEmptied(entry))).toHaveLength(1);
  };
  return { account, writer, signIn, empty };
}

type Random = ReturnType<typeof seededRandom>;

/** One thing that the writer does in INBOX. */
async function act(writer: ImapClient, random: Random): Promise<void> {
  const flags = pick(random, ['\\Seen', '\\Flagged', 'work', '\\Deleted']);
  const first = 1 + below(random, 20);
  const uids = `${first}:${first + below(random, 3)}`;
  const roll = random();
  if (roll < 0.3) await writer.append('INBOX', MAIL);
  else if (roll < 0.6) await writer.run(`UID STORE ${uids} ${pick(random, ['+', '-'])}FLAGS (${flags})`);
  else if (roll < 0.75) await writer.run('EXPUNGE');
  else if (roll < 0.9) await writer.run(`UID COPY ${uids} INBOX`);
  else await writer.run(`UID MOVE ${uids} Other`);
}

inVariants((variant) => {
  test('what it is told is what others were told who were awake', async () => {
    const random = seededRandom(seedOf(variant));
    const { writer, signIn, empty } = await setUp(variant);
    const clients = [await signIn(), await signIn()];
    for (const client of clients) await client.run('SELECT INBOX');
    const [awake, asleep] = clients;
    if (!awake || !asleep) throw new Error('two clients');
    let told = 0;
    for (let round = 0; round < 12; round++) {
      for (let acts = 2 + below(random, 4); acts > 0; acts--) await act(writer, random);
      const expected = await awake.run('NOOP');
      await empty();
      expect(await asleep.run('NOOP')).toEqual(expected);
      const everything = 'UID FETCH 1:* (FLAGS INTERNALDATE RFC822.SIZE)';
      expect(await asleep.run(everything)).toEqual(await awake.run(everything));
      told += expected.length - 1;
    }
    expect(told).toBeGreaterThan(10);
  });
});

inVariants((variant) => {
  test('mod-sequences and UIDs are those that were given out', async () => {
    const { writer, signIn, empty } = await setUp(variant);
    const client = await signIn();
    await client.run('SELECT INBOX (CONDSTORE)');
    await writer.run('UID STORE 2 +FLAGS (\\Flagged)');
    await writer.run('UID STORE 3:4 +FLAGS.SILENT (\\Deleted)');
    const told = (await writer.run('UID FETCH 2 (MODSEQ)')).join();
    const modSeq = /MODSEQ \((\d+)\)/.exec(told)?.[1] ?? 'none';
    await writer.run('EXPUNGE');
    await writer.append('INBOX', MAIL);
    await empty();
    const lines = await client.run('NOOP');
    expect(lines).toEqual([
      '* 3 EXPUNGE',
      '* 3 EXPUNGE',
      '* 7 EXISTS',
      `* 2 FETCH (UID 2 FLAGS (\\Flagged \\Recent) MODSEQ (${modSeq}))`,
      '* 7 RECENT',
      'tag OK done',
    ]);
    expect((await client.run('UID FETCH 9 (UID)'))[0]).toBe('* 7 FETCH (UID 9)');
  });
}, EXPUNGED_BY_NUMBER);
