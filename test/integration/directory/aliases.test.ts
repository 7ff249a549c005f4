import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { MAX_ALIASES_BELOW } from '../../../shared/directory/alias-graph.ts';
import type { Resolution } from '../../../shared/directory/directory.ts';
import { MAX_LEVELS } from '../../../shared/directory/resolve.ts';
import { seededRandom } from '../../support/seeded-random.ts';
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
  await directory.accounts.domains.add('a.test');
  for (const address of [A, B]) await directory.accounts.users.add(newUser(address));
});

const A = 'alice@a.test';
const B = 'bob@a.test';

async function resolve(recipient: string): Promise<Resolution | undefined> {
  return (await directory.addresses.resolve([recipient])).get(recipient);
}

async function reached(recipient: string): Promise<string[] | undefined> {
  return (await resolve(recipient))?.destinations.map(({ address }) => address).sort();
}

describe('aliases', () => {
  test('lead to users and to other aliases, and grow', async () => {
    const { aliases } = directory.accounts;
    expect(await aliases.add('Sales@A.test', ['ALICE@a.test'])).toEqual({
      address: 'sales@a.test',
      targets: [A],
    });
    await aliases.add('all@a.test', ['sales@a.test']);
    expect(await reached('all@a.test')).toEqual([A]);
    expect(await aliases.add('all@a.test', [B, 'sales@a.test'])).toEqual({
      address: 'all@a.test',
      targets: [B, 'sales@a.test'],
    });
    expect(await reached('all@a.test')).toEqual([A, B]);
    expect((await all(aliases.list())).sort((x, y) => (x.address < y.address ? -1 : 1))).toEqual([
      { address: 'all@a.test', targets: [B, 'sales@a.test'] },
      { address: 'sales@a.test', targets: [A] },
    ]);
  });

  test('are refused over a user, without targets, out of our domains, to nobody', async () => {
    const { aliases } = directory.accounts;
    await expect(aliases.add(A, [B])).rejects.toMatchObject({ kind: 'exists' });
    await expect(aliases.add('x@a.test', [])).rejects.toMatchObject({ kind: 'invalid' });
    await expect(aliases.add('x@elsewhere.test', [A])).rejects.toMatchObject({ kind: 'no-such-domain' });
    await expect(aliases.add('x@a.test', [A, 'who@a.test'])).rejects.toMatchObject({
      kind: 'no-such-target',
    });
    await expect(aliases.add('x@a.test', ['me@elsewhere.test'])).rejects.toMatchObject({ kind: 'external' });
    expect(await all(aliases.list())).toEqual([]);
  });

  test('never lead to themselves', async () => {
    const { aliases } = directory.accounts;
    await expect(aliases.add('x@a.test', ['X@a.test'])).rejects.toMatchObject({ kind: 'loop' });
    await aliases.add('x@a.test', [A]);
    await expect(aliases.add('x@a.test', ['x@a.test'])).rejects.toMatchObject({ kind: 'loop' });
    await expect(aliases.add('x@a.test', ['x+tag@a.test'])).rejects.toMatchObject({ kind: 'loop' });
    await aliases.add('y@a.test', ['x@a.test']);
    await aliases.add('z@a.test', ['y@a.test']);
    await expect(aliases.add('x@a.test', [B, 'z@a.test'])).rejects.toMatchObject({
      kind: 'loop',
      message: expect.stringContaining('x@a.test would lead to itself'),
    });
    expect(await reached('z@a.test')).toEqual([A]);
  });

  test('a tagged target hangs on its base; when it becomes an alias of its own, that cannot close a circle', async () => {
    const { aliases, users } = directory.accounts;
    await aliases.add('lists@a.test', ['alice+lists@a.test', 'alice+more@a.test']);
    expect((await resolve('lists@a.test'))?.destinations).toMatchObject([{ address: A, detail: 'lists' }]);
    await expect(aliases.add('alice+lists@a.test', ['lists@a.test'])).rejects.toMatchObject({ kind: 'loop' });
    await expect(users.remove(A)).rejects.toMatchObject({ kind: 'in-use' });
    // One of two that hang on alice@ still does.
    await aliases.remove('lists@a.test', ['alice+lists@a.test']);
    await expect(users.remove(A)).rejects.toMatchObject({ kind: 'in-use' });
    await aliases.remove('lists@a.test');
    await users.remove(A);
  });

  test('hold up what they lead to, until they are removed', async () => {
    const { aliases, users } = directory.accounts;
    await aliases.add('x@a.test', [A, B]);
    await aliases.add('y@a.test', ['x@a.test']);
    await expect(users.remove(A)).rejects.toMatchObject({
      kind: 'in-use',
      message: expect.stringContaining('x@a.test'),
    });
    await expect(aliases.remove('x@a.test')).rejects.toMatchObject({ kind: 'in-use' });
    await expect(aliases.remove('x@a.test', [A, B])).rejects.toMatchObject({ kind: 'in-use' });
    expect(await reached('y@a.test')).toEqual([A, B]);
    await aliases.remove('x@a.test', ['ALICE@a.test']);
    expect(await reached('y@a.test')).toEqual([B]);
    await users.remove(A);
    await aliases.remove('y@a.test');
    await aliases.remove('x@a.test');
    await users.remove(B);
    expect((await resolve('x@a.test'))?.refusals).toEqual([{ address: 'x@a.test', reason: 'unknown' }]);
  });

  test('that are not there, or do not lead there, are not removed', async () => {
    const { aliases } = directory.accounts;
    await expect(aliases.remove('x@a.test')).rejects.toMatchObject({ kind: 'no-such-alias' });
    await expect(aliases.remove(A)).rejects.toMatchObject({ kind: 'no-such-alias' });
    await aliases.add('x@a.test', [A]);
    await expect(aliases.remove('x@a.test', [B])).rejects.toMatchObject({ kind: 'no-such-target' });
    expect(await reached('x@a.test')).toEqual([A]);
  });

  test('a group of 130 is made, resolved and removed, though no transaction or batch holds it', async () => {
    const { aliases, users } = directory.accounts;
    const members = Array.from({ length: 130 }, (_, n) => `u${n}@a.test`).sort();
    await Promise.all(members.map((member) => users.add(newUser(member))));
    expect((await aliases.add('everybody@a.test', members)).targets).toEqual(members);
    expect(await reached('everybody@a.test')).toEqual(members);
    await aliases.remove('everybody@a.test');
    expect(await all(aliases.list())).toEqual([]);
    await users.remove('u7@a.test');
  });

  test('more aliases than a transaction can watch, and more levels than are followed, are refused', async () => {
    const { aliases } = directory.accounts;
    const many = Array.from({ length: MAX_ALIASES_BELOW + 1 }, (_, n) => `m${n}@a.test`);
    for (const each of many) await aliases.add(each, [A]);
    await expect(aliases.add('top@a.test', many)).rejects.toMatchObject({ kind: 'too-large' });
    for (let n = 1; n < MAX_LEVELS; n++)
      await aliases.add(`l${n}@a.test`, [n === 1 ? A : `l${n - 1}@a.test`]);
    await aliases.add('deepest@a.test', [`l${MAX_LEVELS - 1}@a.test`]);
    expect(await reached('deepest@a.test')).toEqual([A]);
    await expect(aliases.add('deeper@a.test', ['deepest@a.test'])).rejects.toMatchObject({
      kind: 'too-large',
    });
  });

  test('20 targets added at once are all there', async () => {
    const { aliases, users } = directory.accounts;
    const members = Array.from({ length: 20 }, (_, n) => `u${n}@a.test`).sort();
    for (const member of members) await users.add(newUser(member));
    const settled = await Promise.allSettled(members.map((member) => aliases.add('g@a.test', [member])));
    const added = members.filter((_, index) => settled[index]?.status === 'fulfilled');
    for (const each of settled)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ kind: 'changed' });
    expect(added.length).toBeGreaterThan(0);
    expect(await reached('g@a.test')).toEqual(added);
  });

  /** The directory of one whose changes are always a moment late. */
  function late(meddle: () => Promise<unknown>): DirectoryFixture['accounts'] {
    return openDirectory(store.settings, directory.table, meddling('transaction', meddle)).accounts;
  }

  test('an alias made after a removal has looked keeps its target', async () => {
    const { aliases } = directory.accounts;
    const removal = late(() => aliases.add('x@a.test', [A])).users.remove(A);
    await expect(removal).rejects.toMatchObject({ kind: 'in-use' });
    expect(await reached('x@a.test')).toEqual([A]);
  });

  test('an alias that got a referrer after its removal has looked stays', async () => {
    const { aliases } = directory.accounts;
    await aliases.add('x@a.test', [A]);
    const removal = late(() => aliases.add('y@a.test', ['x@a.test'])).aliases.remove('x@a.test');
    await expect(removal).rejects.toMatchObject({ kind: 'in-use' });
    expect(await reached('y@a.test')).toEqual([A]);
  });

  test('two changes that close a circle together, without an alias that both change', async () => {
    const { aliases } = directory.accounts;
    for (const alias of ['b', 'd']) await aliases.add(`${alias}@a.test`, [A]);
    await aliases.add('a@a.test', ['b@a.test']);
    await aliases.add('c@a.test', ['d@a.test']);
    const second = late(() => aliases.add('d@a.test', ['a@a.test'])).aliases.add('b@a.test', ['c@a.test']);
    await expect(second).rejects.toMatchObject({ kind: 'loop' });
  });

  const moments = Array.from({ length: 10 }, (_, n) => n + 1);
  test.each(moments.flatMap((n) => [['b@a.test', n] as const, ['c@a.test', n] as const]))(
    'nor if the change of %s falls before request %i of the other',
    async (changed, request) => {
      const { aliases } = directory.accounts;
      for (const alias of ['a', 'b', 'c']) await aliases.add(`${alias}@a.test`, [A]);
      await aliases.add('b@a.test', ['c@a.test']);
      const meddled: string[] = [];
      const meddle = async (): Promise<void> => {
        meddled.push(changed);
        await aliases.add(changed, ['a@a.test']);
      };
      const late = openDirectory(store.settings, directory.table, meddling(request, meddle)).accounts;
      const outcome = await Promise.allSettled([late.aliases.add('a@a.test', ['b@a.test'])]);
      if (meddled.length > 0)
        expect(outcome).toMatchObject([{ status: 'rejected', reason: { kind: 'loop' } }]);
      else expect(request).toBeGreaterThan(8);
    },
  );

  test('a target added after another change has looked is not lost', async () => {
    const { aliases } = directory.accounts;
    await aliases.add('x@a.test', ['alice+x@a.test']);
    await late(() => aliases.add('x@a.test', [B])).aliases.add('x@a.test', [A]);
    expect((await all(aliases.list()))[0]?.targets).toEqual([A, 'alice+x@a.test', B].sort());
  });

  test('a tagged target that becomes an alias of its own meanwhile is looked at again', async () => {
    const { aliases } = directory.accounts;
    await aliases.add('x@a.test', [B]);
    const second = late(() => aliases.add('alice+x@a.test', ['x@a.test'])).aliases.add('x@a.test', [
      'alice+x@a.test',
    ]);
    await expect(second).rejects.toMatchObject({ kind: 'loop' });
  });

  const SEED = Number(process.env.QUIRE_SEED ?? 1);
  test(`whatever is changed at once, no circle closes and no target is missing (seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    const pick = (): string => `n${Math.floor(random() * 5)}@a.test`;
    const { aliases } = directory.accounts;
    for (let n = 0; n < 5; n++) await aliases.add(`n${n}@a.test`, [A]);
    for (let round = 0; round < 12; round++) {
      const changes = Array.from({ length: 4 }, () => {
        const [alias, target] = [pick(), pick()];
        return random() < 0.7 ? aliases.add(alias, [target]) : aliases.remove(alias, [target]);
      });
      for (const each of await Promise.allSettled(changes)) {
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ name: 'DirectoryError' });
      }
      const graph = new Map((await all(aliases.list())).map(({ address, targets }) => [address, targets]));
      const visit = (address: string, path: readonly string[]): void => {
        expect(path).not.toContain(address);
        for (const target of graph.get(address) ?? []) {
          expect(target === A || graph.has(target)).toBe(true);
          visit(target, [...path, address]);
        }
      };
      for (const address of graph.keys()) visit(address, []);
    }
  });

  test('a removal and an alias at once: the alias never leads to nobody', async () => {
    const { aliases, users } = directory.accounts;
    for (let n = 0; n < 10; n++) {
      await users.add(newUser(`u${n}@a.test`));
      const [removed, added] = await Promise.allSettled([
        users.remove(`u${n}@a.test`),
        aliases.add(`a${n}@a.test`, [`u${n}@a.test`]),
      ]);
      expect([removed.status, added.status].sort()).toEqual(['fulfilled', 'rejected']);
      expect(await reached(`a${n}@a.test`)).toEqual(added.status === 'fulfilled' ? [`u${n}@a.test`] : []);
    }
  });
});
