import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { Resolution } from '../../../shared/directory/directory.ts';
import type { AddressEntry, DomainEntry } from '../../../shared/directory/items.ts';
import { MAX_EXPANSION, MAX_LEVELS, resolveRecipients } from '../../../shared/directory/resolve.ts';
import type { DirectoryReader } from '../../../shared/directory/resolve.ts';

const QUOTA = { quotaBytes: 1000, quotaMessages: 10 };

function user(address: string, disabled = false): AddressEntry {
  const account = `account of ${address}` as AccountId;
  return { kind: 'user', address, account, disabled, ...QUOTA, referrers: [] };
}

function alias(address: string, ...targets: string[]): AddressEntry {
  const map = new Map(targets.map((target) => [target, target]));
  return { kind: 'alias', address, targets: map, revision: 'x', referrers: [] };
}

function domain(name: string, catchAll?: string): DomainEntry {
  const state = 'active';
  return { domain: name, state, ...(catchAll ? { catchAll: { target: catchAll, anchor: catchAll } } : {}) };
}

/** A directory of values; counts its reads. */
function directory(
  entries: readonly (AddressEntry | DomainEntry)[],
): DirectoryReader & { reads: string[][] } {
  const addresses = new Map(entries.flatMap((each) => ('address' in each ? [[each.address, each]] : [])));
  const domains = new Map(entries.flatMap((each) => ('domain' in each ? [[each.domain, each]] : [])));
  const reads: string[][] = [];
  return {
    reads,
    read: async (wantedAddresses, wantedDomains) => {
      reads.push([...wantedAddresses, ...wantedDomains]);
      return { addresses, domains };
    },
  };
}

const to = (address: string, detail?: string) => ({
  account: `account of ${address}`,
  address,
  ...QUOTA,
  ...(detail === undefined ? {} : { detail }),
});
const refused = (address: string, reason: string): Resolution =>
  ({ destinations: [], refusals: [{ address, reason }] }) as Resolution;

async function resolveOne(recipient: string, ...entries: (AddressEntry | DomainEntry)[]) {
  return (await resolveRecipients([recipient], directory(entries))).get(recipient);
}

const A = 'alice@a.test';
const B = 'bob@a.test';
const HOME = domain('a.test');

describe('resolving recipients', () => {
  test.each([A, 'ALICE@A.TEST', '"alice"@a.test'])(
    'an exact address in any spelling: %s',
    async (recipient) => {
      expect(await resolveOne(recipient, HOME, user(A))).toEqual({ destinations: [to(A)], refusals: [] });
    },
  );

  test('a tag leads to the account, with the tag as detail', async () => {
    expect((await resolveOne('Alice+News@a.test', HOME, user(A)))?.destinations).toEqual([to(A, 'News')]);
  });

  test('an empty tag is none', async () => {
    expect((await resolveOne('alice+@a.test', HOME, user(A)))?.destinations).toEqual([to(A)]);
  });

  test('an address with a plus that exists goes before the tag', async () => {
    const own = user('alice+bob@a.test');
    const resolution = await resolveOne('alice+bob@a.test', HOME, user(A), own);
    expect(resolution?.destinations).toEqual([to('alice+bob@a.test')]);
  });

  test('an alias leads to one or many, through other aliases, each account once', async () => {
    const entries = [
      HOME,
      user(A),
      user(B),
      alias('all@a.test', A, 'team@a.test'),
      alias('team@a.test', B, A),
    ];
    expect(await resolveOne('all@a.test', ...entries)).toEqual({
      destinations: [to(A), to(B)],
      refusals: [],
    });
  });

  test('a tag goes along with an alias, but a tag of the target itself goes before', async () => {
    const entries = [HOME, user(A), user(B), alias('x@a.test', A, 'bob+own@a.test')];
    const resolution = await resolveOne('x+tag@a.test', ...entries);
    expect(resolution?.destinations).toEqual([to(A, 'tag'), to(B, 'own')]);
  });

  test('unknown, disabled, external, malformed', async () => {
    expect(await resolveOne('x@a.test', HOME)).toEqual(refused('x@a.test', 'unknown'));
    expect(await resolveOne(A, HOME, user(A, true))).toEqual(refused(A, 'disabled'));
    expect(await resolveOne('x@elsewhere.test', HOME)).toEqual(refused('x@elsewhere.test', 'external'));
    expect(await resolveOne('postmaster', HOME)).toEqual(refused('postmaster', 'malformed'));
  });

  test('of a group, those who can be reached are, and the others are named', async () => {
    const group = alias('g@a.test', A, B, 'gone@a.test', 'x@elsewhere.test');
    expect(await resolveOne('g@a.test', HOME, user(A), user(B, true), group)).toEqual({
      destinations: [to(A)],
      refusals: [
        { address: B, reason: 'disabled' },
        { address: 'gone@a.test', reason: 'unknown' },
        { address: 'x@elsewhere.test', reason: 'external' },
      ],
    });
  });

  test('the catch-all takes what nobody has, without a tag, and nothing of the disabled', async () => {
    const entries = [domain('a.test', A), user(A), user(B, true)];
    expect((await resolveOne('who+x@a.test', ...entries))?.destinations).toEqual([to(A)]);
    expect(await resolveOne(B, ...entries)).toEqual(refused(B, 'disabled'));
  });

  test('a catch-all whose target is gone refuses', async () => {
    expect(
      (await resolveOne('who@a.test', domain('a.test', 'gone@b.test'), domain('b.test')))?.refusals,
    ).toEqual([{ address: 'gone@b.test', reason: 'unknown' }]);
    expect(await resolveOne('who@a.test', domain('a.test', 'gone@a.test'))).toEqual(
      refused('who@a.test', 'loop'),
    );
  });

  test('aliases in a circle end, with those who hang on it', async () => {
    const circle = [alias('x@a.test', 'y@a.test'), alias('y@a.test', 'x@a.test')];
    expect(await resolveOne('x@a.test', HOME, ...circle)).toEqual(refused('x@a.test', 'loop'));
    const withAlice = [alias('x@a.test', 'y@a.test'), alias('y@a.test', 'x@a.test', A)];
    expect((await resolveOne('x@a.test', HOME, user(A), ...withAlice))?.destinations).toEqual([to(A)]);
  });

  test(`${MAX_LEVELS} levels are followed, one more is refused whole`, async () => {
    const chain = (length: number) =>
      Array.from({ length }, (_, n) => alias(`l${n}@a.test`, n + 1 === length ? A : `l${n + 1}@a.test`));
    const resolve = (length: number) => resolveOne('l0@a.test', HOME, user(A), ...chain(length));
    expect((await resolve(MAX_LEVELS))?.destinations).toEqual([to(A)]);
    expect(await resolve(MAX_LEVELS + 1)).toEqual(refused('l0@a.test', 'too-large'));
  });

  test('of what is refused whole nobody gets a part', async () => {
    const chain = Array.from({ length: MAX_LEVELS + 1 }, (_, n) =>
      alias(`l${n}@a.test`, A, `l${n + 1}@a.test`),
    );
    expect(await resolveOne('l0@a.test', HOME, user(A), ...chain)).toEqual(refused('l0@a.test', 'too-large'));
  });

  test('a group beyond the bound is refused whole, without reading its members', async () => {
    const members = Array.from({ length: MAX_EXPANSION }, (_, n) => `u${n}@a.test`);
    const reader = directory([HOME, alias('all@a.test', ...members)]);
    const resolutions = await resolveRecipients(['all@a.test'], reader);
    expect(resolutions.get('all@a.test')).toEqual(refused('all@a.test', 'too-large'));
    expect(reader.reads).toHaveLength(1);
  });

  test('all recipients share their reads: one round a level, no key twice', async () => {
    const reader = directory([HOME, user(A), user(B), alias('g@a.test', A, B)]);
    const resolutions = await resolveRecipients([A, 'ALICE+x@a.test', 'g@a.test', 'g@a.test'], reader);
    expect([...resolutions.keys()]).toEqual([A, 'ALICE+x@a.test', 'g@a.test']);
    expect(reader.reads).toEqual([[A, 'alice+x@a.test', 'g@a.test', 'a.test'], [B]]);
  });

  test('nothing to resolve reads nothing', async () => {
    const reader = directory([]);
    expect(await resolveRecipients([], reader)).toEqual(new Map());
    expect(reader.reads).toEqual([]);
  });

  test('property: any graph of aliases ends, and reaches exactly the users that can be reached', async () => {
    const nodes = 8;
    const name = (n: number): string => `n${n}@a.test`;
    const graph = fc.array(fc.option(fc.uniqueArray(fc.nat(nodes - 1), { minLength: 1 })), {
      minLength: nodes,
      maxLength: nodes,
    });
    await fc.assert(
      fc.asyncProperty(graph, async (edges) => {
        const entries = edges.map((targets, n) =>
          targets ? alias(name(n), ...targets.map(name)) : user(name(n)),
        );
        const reached = new Set<number>();
        const visit = (n: number): void => {
          if (reached.has(n)) return;
          reached.add(n);
          edges[n]?.forEach(visit);
        };
        visit(0);
        const resolution = await resolveOne(name(0), HOME, ...entries);
        const users = [...reached].filter((n) => edges[n] === null).map(name);
        expect(resolution?.destinations.map(({ address }) => address).sort()).toEqual(users.sort());
        expect(resolution?.refusals).toEqual(users.length > 0 ? [] : [{ address: name(0), reason: 'loop' }]);
      }),
    );
  });
});
