import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { AddressError } from '../../../shared/directory/address.ts';
import type { Resolution } from '../../../shared/directory/directory.ts';
import type { TestDynoxide } from '../../support/dynoxide.ts';
import { startTestDynoxide } from '../../support/dynoxide.ts';
import { all, createDirectoryTable, meddling, newUser, openDirectory } from './directory-fixture.ts';
import type { DirectoryFixture } from './directory-fixture.ts';

let store: TestDynoxide;
let directory: DirectoryFixture;

beforeAll(async () => {
  store = await startTestDynoxide([]);
});
afterAll(() => store.stop());
beforeEach(async () => {
  directory = openDirectory(store.settings, await createDirectoryTable(store.settings));
});

const A = 'alice@a.test';

async function resolve(recipient: string): Promise<Resolution | undefined> {
  return (await directory.addresses.resolve([recipient])).get(recipient);
}

/** What the first step of a removal does. */
async function close(): Promise<void> {
  await directory.client.send(
    new UpdateItemCommand({
      TableName: directory.table,
      Key: { pk: { S: 'domain#a.test' }, sk: { S: '-' } },
      UpdateExpression: 'SET #state = :closing',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: { ':closing': { S: 'closing#1' } },
    }),
  );
}

describe('domains', () => {
  test('are added once, in their ASCII form', async () => {
    const { domains } = directory.accounts;
    expect(await domains.add('Bücher.test')).toBe(true);
    expect(await domains.add('xn--bcher-kva.TEST')).toBe(false);
    expect(await all(domains.list())).toEqual([{ domain: 'xn--bcher-kva.test' }]);
    await expect(domains.add('no domain')).rejects.toThrow(AddressError);
  });

  test('are removed when nothing is in them', async () => {
    const { domains, users, aliases } = directory.accounts;
    await domains.add('a.test');
    await domains.add('b.test');
    await users.add(newUser(A));
    await aliases.add('x@b.test', [A]);
    await expect(domains.remove('a.test')).rejects.toMatchObject({ kind: 'in-use' });
    await expect(domains.remove('b.test')).rejects.toThrow('still has the address x@b.test');
    // A refused removal leaves them open.
    await users.add(newUser('bob@a.test'));
    await aliases.remove('x@b.test');
    await domains.remove('B.test');
    await expect(domains.remove('b.test')).rejects.toMatchObject({ kind: 'no-such-domain' });
    expect((await resolve('x@b.test'))?.refusals).toEqual([{ address: 'x@b.test', reason: 'external' }]);
  });

  test('a domain whose end is another is not in it', async () => {
    const { domains, users } = directory.accounts;
    await domains.add('a.test');
    await domains.add('sub.a.test');
    await users.add(newUser('alice@sub.a.test'));
    await domains.remove('a.test');
  });

  test('a removal that broke off leaves the domain closed to new addresses, until it is added or removed', async () => {
    const { domains, users, aliases } = directory.accounts;
    await domains.add('a.test');
    await users.add(newUser(A));
    await close();
    await expect(users.add(newUser('bob@a.test'))).rejects.toMatchObject({ kind: 'no-such-domain' });
    await expect(aliases.add('x@a.test', [A])).rejects.toThrow();
    await expect(domains.setCatchAll('a.test', A)).rejects.toMatchObject({ kind: 'no-such-domain' });
    expect((await resolve(A))?.destinations).toHaveLength(1);
    expect(await domains.add('a.test')).toBe(false);
    await users.add(newUser('bob@a.test'));
    await close();
    await expect(domains.remove('a.test')).rejects.toMatchObject({ kind: 'in-use' });
    await users.add(newUser('carol@a.test'));
  });

  test('a catch-all set while its domain is removed is refused, and holds up nobody', async () => {
    const { domains, users } = directory.accounts;
    await domains.add('a.test');
    await domains.add('b.test');
    await users.add(newUser(A));
    const meddle = async (): Promise<void> => domains.remove('b.test');
    const late = openDirectory(store.settings, directory.table, meddling('transaction', meddle)).accounts;
    await expect(late.domains.setCatchAll('b.test', A)).rejects.toMatchObject({ kind: 'no-such-domain' });
    await users.remove(A);
  });

  test('a catch-all is not set in a domain that is being removed', async () => {
    const { domains, users } = directory.accounts;
    await domains.add('a.test');
    await users.add(newUser(A));
    const late = openDirectory(store.settings, directory.table, meddling('transaction', close)).accounts;
    await expect(late.domains.setCatchAll('a.test', A)).rejects.toMatchObject({ kind: 'no-such-domain' });
    await domains.add('a.test');
    await users.remove(A);
  });

  test('a removal and an addition at once: no address is ever without its domain', async () => {
    const { domains, users } = directory.accounts;
    for (let n = 0; n < 10; n++) {
      await domains.add(`d${n}.test`);
      const [removed, added] = await Promise.allSettled([
        domains.remove(`d${n}.test`),
        users.add(newUser(`u@d${n}.test`)),
      ]);
      const there = (await all(domains.list())).some(({ domain }) => domain === `d${n}.test`);
      expect(there).toBe(removed.status === 'rejected');
      if (added.status === 'fulfilled') expect(there).toBe(true);
    }
  });
});

describe('catch-alls', () => {
  beforeEach(async () => {
    await directory.accounts.domains.add('a.test');
    await directory.accounts.domains.add('b.test');
    await directory.accounts.users.add(newUser(A));
    await directory.accounts.users.add(newUser('bob@a.test'));
  });

  test('take what nobody has, are changed and taken away', async () => {
    const { domains, users } = directory.accounts;
    await domains.setCatchAll('B.test', 'ALICE@a.test');
    expect((await all(domains.list())).find(({ domain }) => domain === 'b.test')?.catchAll).toBe(A);
    expect((await resolve('who@b.test'))?.destinations).toMatchObject([{ address: A }]);
    expect((await resolve('who@a.test'))?.refusals).toMatchObject([{ reason: 'unknown' }]);
    await expect(users.remove(A)).rejects.toThrow('catch-all of @b.test');
    await domains.setCatchAll('b.test', 'bob@a.test');
    await users.remove(A);
    expect((await resolve('who@b.test'))?.destinations).toMatchObject([{ address: 'bob@a.test' }]);
    await domains.setCatchAll('b.test', 'bob+b@a.test');
    expect((await resolve('who@b.test'))?.destinations).toMatchObject([
      { address: 'bob@a.test', detail: 'b' },
    ]);
    await expect(users.remove('bob@a.test')).rejects.toMatchObject({ kind: 'in-use' });
    await domains.setCatchAll('b.test', undefined);
    expect((await resolve('who@b.test'))?.refusals).toMatchObject([{ reason: 'unknown' }]);
    await users.remove('bob@a.test');
  });

  test('need a domain and a target of ours', async () => {
    const { domains } = directory.accounts;
    await expect(domains.setCatchAll('c.test', A)).rejects.toMatchObject({ kind: 'no-such-domain' });
    await expect(domains.setCatchAll('b.test', 'who@a.test')).rejects.toMatchObject({
      kind: 'no-such-target',
    });
    await expect(domains.setCatchAll('b.test', 'x@elsewhere.test')).rejects.toMatchObject({
      kind: 'external',
    });
  });

  test('go with their domain', async () => {
    const { domains, users } = directory.accounts;
    await domains.setCatchAll('b.test', A);
    await domains.remove('b.test');
    await users.remove(A);
  });

  test('set by ten at once, one holds, and it alone', async () => {
    const { domains, users } = directory.accounts;
    const targets = [A, 'bob@a.test'];
    await Promise.allSettled(
      Array.from({ length: 10 }, (_, n) => domains.setCatchAll('b.test', targets[n % 2])),
    );
    const held = (await all(domains.list())).find(({ domain }) => domain === 'b.test')?.catchAll ?? '';
    expect(targets).toContain(held);
    await expect(users.remove(held)).rejects.toMatchObject({ kind: 'in-use' });
    await users.remove(targets.find((each) => each !== held) ?? '');
  });
});
