/** Messages that were packed since a client has looked, and what reading them takes. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type CompactAccountDeps, compactAccount } from '../../../functions/compact/compact-account.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { inVariants } from '../../support/conformance.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { MemoryFoldStore, MemorySummaries } from '../../support/memory-fold-store.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';

const DAY = 86_400_000;
const mail = (number: number): string =>
  `Subject: number ${number}\r\n\r\n${'body '.repeat(20)}${number}\r\n`;

class WatchedBlobs extends MemoryBlobStore {
  asked: string[] = [];
  override get(...args: Parameters<MemoryBlobStore['get']>) {
    const [key, range] = args;
    const what = range && 'last' in range ? 'the end' : range ? 'a range' : 'all';
    this.asked.push(`${what} of ${key.replace(/\/.*/, '')}`);
    return super.get(...args);
  }
}

inVariants((variant) => {
  let journal: MemoryJournalStore;
  let blobs: WatchedBlobs;
  let gateway: TestGateway;
  let account: AccountId;
  let client: ImapClient;
  let deps: CompactAccountDeps;
  beforeEach(async () => {
    journal = new MemoryJournalStore();
    blobs = new WatchedBlobs();
    gateway = await TestGateway.start({ journal, blobs, variant });
    account = await gateway.addUser();
    client = await gateway.signIn();
    for (let number = 1; number <= 12; number++) await client.append('INBOX', mail(number));
    await client.run('SELECT INBOX');
    const packLimits = {
      packBytes: 1000,
      packBlobs: 100,
      smallBytes: 1000,
      storedShare: 1,
      restSeconds: 7 * 86_400,
    };
    const folds = new MemoryFoldStore(journal);
    const { packs } = gateway.messages;
    deps = { journal, folds, summaries: new MemorySummaries(), packs, packLimits, rim: gateway.rim };
  });
  afterEach(() => gateway.stop());

  /** Packs all, and has the old objects deleted. */
  async function pack(): Promise<void> {
    gateway.rim.time += 7 * DAY;
    expect((await compactAccount(deps, account)).pack.messages).toBe(12);
    gateway.rim.time += DAY;
    await compactAccount(deps, account);
    expect([...blobs.objects.keys()].filter((key) => key.startsWith('blobs/'))).toEqual([]);
    blobs.asked = [];
  }

  const bodyOf = async (number: number, from = client): Promise<string> =>
    (await from.run(`UID FETCH ${number} BODY.PEEK[TEXT]`)).join('\n');

  test('a session that has selected the mailbox before reads them, and is told nothing', async () => {
    await pack();
    expect(await bodyOf(3)).toContain('body 3');
    expect(blobs.asked[0]).toMatch(/of blobs$/);
    expect(await client.run('NOOP')).toEqual(['tag OK done']);
    expect(await bodyOf(12)).toContain('body 12');
  });

  test('each takes one request, after that for the index of its pack', async () => {
    await pack();
    const fresh = await gateway.signIn('INBOX');
    await client.run('NOOP');
    await bodyOf(1, fresh);
    blobs.asked = [];
    expect(await bodyOf(2, fresh)).toContain('body 2');
    expect(blobs.asked).toEqual(['a range of packs']);
  });

  test('a copy of a packed message is one too', async () => {
    await pack();
    const fresh = await gateway.signIn('INBOX');
    await fresh.run('CREATE Copies');
    await fresh.run('UID COPY 5:6 Copies');
    await fresh.run('SELECT Copies');
    expect(await bodyOf(2, fresh)).toContain('body 6');
    expect([...blobs.objects.keys()].filter((key) => key.startsWith('blobs/'))).toEqual([]);
  });
});
