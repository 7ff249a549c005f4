/** Accounts with data keys, as their users meet them: sealed mail reads as any other, and a deleted key ends it. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { AccountId } from '../../../shared/account/ids.ts';
import { keyChanged } from '../../../gateway/key-watch.ts';
import { LOOK_AGAIN_MS } from '../../../shared/keys/key-ring.ts';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';

const MAIL = 'From: Ann <ann@example.test>\r\nSubject: the contract\r\n\r\nsigned\r\n';

inVariants((variant) => {
  let open: TestGateway[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((gateway) => gateway.stop()));
    open = [];
  });

  async function started(options: Parameters<typeof TestGateway.start>[0]): Promise<TestGateway> {
    const gateway = await TestGateway.start({ ...options, variant });
    open.push(gateway);
    return gateway;
  }

  async function setUp() {
    const blobs = new MemoryBlobStore();
    const journal = new MemoryJournalStore();
    const gateway = await started({ blobs, journal, stored: 'sealed' });
    const account = await gateway.addUser();
    const client = await gateway.signIn();
    await client.append('INBOX', MAIL);
    await client.run('SELECT INBOX');
    return { blobs, journal, gateway, account, client };
  }

  /** Another gateway for the same accounts. */
  async function another(
    { blobs, journal }: { blobs: MemoryBlobStore; journal: MemoryJournalStore },
    account: AccountId,
  ): Promise<TestGateway> {
    const gateway = await started({ blobs, journal });
    await gateway.admit('alice@example.test', account);
    return gateway;
  }

  describe('an account with a data key', () => {
    test('nothing of a header or a body lies in the stores in the open', async () => {
      const { blobs, journal, client } = await setUp();
      const records = JSON.stringify(
        [...journal.account(await accountOf(blobs)).entries.values()],
        (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value),
      );
      for (const text of ['contract', 'Ann', 'signed']) {
        expect(records.includes(text)).toBe(false);
        for (const object of blobs.objects.values()) expect(Buffer.from(object).includes(text)).toBe(false);
      }
      await client.play(`
    C: a FETCH 1 (ENVELOPE BODY.PEEK[TEXT])
    S: * 1 FETCH (ENVELOPE (NIL "the contract" (("Ann" NIL "ann" "example.test")) (("Ann" NIL "ann" "example.test")) (("Ann" NIL "ann" "example.test")) NIL NIL NIL NIL NIL) BODY[TEXT] {8}
    S: signed
    S: )
    S: a OK …
  `);
    });

    test('whose key is deleted cannot be opened any more; who has it open loses it within minutes', async () => {
      const { gateway, account, client, ...stores } = await setUp();
      expect(await client.run('FETCH 1 BODY.PEEK[TEXT]')).toContain('signed');
      await gateway.keys.delete(account);
      const refused = /^tag NO \[CONTACTADMIN\] the key of this account was deleted/;
      const other = await another(stores, account);
      const late = await other.signIn();
      expect((await late.run('SELECT INBOX')).at(-1)).toMatch(refused);
      gateway.rim.time += LOOK_AGAIN_MS;
      for (const command of ['FETCH 1 BODY.PEEK[TEXT]', 'FETCH 1 ENVELOPE', 'SEARCH TEXT signed'])
        expect((await client.run(command)).at(-1)).toMatch(refused);
      expect(await client.append('INBOX', MAIL)).toMatch(/NO \[CONTACTADMIN\]/);
      expect(gateway.errors).toEqual([]);
    });

    test("whose key is deleted ends its sessions with BYE, at once where a gateway is told of it, and nobody else's", async () => {
      const { gateway, account, client, ...stores } = await setUp();
      await gateway.addUser('bob@example.test');
      const bob = await gateway.signIn('INBOX', 'bob@example.test');
      const idler = await gateway.signIn('INBOX');
      idler.send('i IDLE\r\n');
      expect(await idler.line()).toMatch(/^\+ /);
      await (await another(stores, account)).keys.delete(account);
      const warned: string[] = [];
      const log = {
        debug: () => undefined,
        warn: (_: object, text: string) => void warned.push(text),
        error: () => undefined,
      };
      await keyChanged({ keys: gateway.keys, server: gateway.server, log }, account);
      for (const each of [client, idler])
        expect(await each.line()).toBe(
          '* BYE [CONTACTADMIN] the key of this account was deleted: its mail cannot be read any more',
        );
      expect(warned).toEqual(['the key of an account was deleted: its sessions end']);
      expect((await bob.run('NOOP')).at(-1)).toMatch(/^tag OK/);
      const again = await gateway.signIn();
      await again.run('SELECT INBOX');
      expect((await again.run('FETCH 1 BODY.PEEK[TEXT]')).at(-1)).toMatch(/NO \[CONTACTADMIN\]|BAD/);
    });

    test('is read by a gateway that stores new accounts raw, and the other way round', async () => {
      const { account, ...stores } = await setUp();
      const raw = await started({ blobs: stores.blobs, journal: stores.journal, stored: 'raw' });
      await raw.admit('alice@example.test', account);
      const client = await raw.signIn('INBOX');
      expect(await client.run('FETCH 1 BODY.PEEK[TEXT]')).toContain('signed');
      await client.append('INBOX', MAIL);
      for (const object of stores.blobs.objects.values())
        expect(Buffer.from(object).includes('signed')).toBe(false);
      const plain = await raw.addUser('bob@example.test');
      const bob = await raw.signIn('INBOX', 'bob@example.test');
      await bob.append('INBOX', MAIL);
      expect(
        [...stores.blobs.objects.values()].some((object) => Buffer.from(object).equals(Buffer.from(MAIL))),
      ).toBe(true);
      const sealing = await started({ blobs: stores.blobs, journal: stores.journal, stored: 'sealed' });
      await sealing.admit('bob@example.test', plain);
      const later = await sealing.signIn('INBOX', 'bob@example.test');
      expect(await later.run('FETCH 1 BODY.PEEK[TEXT]')).toContain('signed');
    });
  });
});

async function accountOf(blobs: MemoryBlobStore): Promise<AccountId> {
  const [key = ''] = blobs.objects.keys();
  return (key.split('/')[1] ?? '') as AccountId;
}
