import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type ListEntry,
  type ListRequest,
  listEntries,
  lsubEntries,
  ownTree,
} from '../../../gateway/imap/commands/list-match.ts';
import { Turns } from '../../../gateway/imap/server/fairness.ts';
import { applyOp } from '../../../shared/account/apply.ts';
import type { RecordNumber } from '../../../shared/account/ids.ts';
import type { SpecialUse } from '../../../shared/account/ops.ts';
import { type AccountState, EMPTY_STATE, byName } from '../../../shared/account/state.ts';

interface Tree {
  readonly mailboxes: readonly string[];
  readonly subscribed?: readonly string[];
  readonly uses?: Readonly<Record<string, SpecialUse>>;
}

function stateOf({ mailboxes, subscribed = [], uses = {} }: Tree): AccountState {
  let state = EMPTY_STATE;
  [...new Set(mailboxes)].forEach((name, index) => {
    const place = { record: 1 as RecordNumber, index, saved: 0 };
    state = applyOp(state, { op: 'create', name, uidValidity: 1, use: uses[name] ?? null }, place);
  });
  return { ...state, subscriptions: new Set(subscribed) };
}

const PLAIN: ListRequest = {
  patterns: ['*'],
  subscribed: false,
  specialUse: false,
  recursiveMatch: false,
  returnSubscribed: false,
};

const endless = (): Turns => new Turns(Infinity);

function line({ name, attributes, childInfo }: ListEntry): string {
  return `(${attributes.join(' ')}) ${name}${childInfo.length > 0 ? ` [${childInfo.join(' ')}]` : ''}`;
}

async function list(tree: Tree, request: Partial<ListRequest>): Promise<string[]> {
  return (await listEntries(ownTree(stateOf(tree)), { ...PLAIN, ...request }, endless())).map(line);
}

const lsub = async (tree: Tree, pattern: string): Promise<string[]> =>
  (await lsubEntries(ownTree(stateOf(tree)), pattern, endless())).map(line);

describe('LIST', () => {
  const tree: Tree = {
    mailboxes: ['INBOX', 'a', 'a/b', 'hole/x', 'a-b', 'Sent', 'Archive', 'INBOX/below'],
    uses: { Sent: 'Sent' },
  };

  test('with * returns mailboxes and the levels above them, INBOX first, children behind their parent', async () => {
    expect(await list(tree, { patterns: ['*'] })).toEqual([
      '(\\HasChildren) INBOX',
      '(\\HasNoChildren) INBOX/below',
      '(\\HasNoChildren) Archive',
      '(\\HasNoChildren \\Sent) Sent',
      '(\\HasChildren) a',
      '(\\HasNoChildren) a/b',
      '(\\HasNoChildren) a-b',
      '(\\NonExistent \\Noselect \\HasChildren) hole',
      '(\\HasNoChildren) hole/x',
    ]);
  });

  test('with any pattern returns a level that only its children have left (RFC 3501 §6.3.4)', async () => {
    expect(await list(tree, { patterns: ['%'] })).toContain('(\\NonExistent \\Noselect \\HasChildren) hole');
    expect(await list(tree, { patterns: ['h%e'] })).toEqual([
      '(\\NonExistent \\Noselect \\HasChildren) hole',
    ]);
    expect(await list(tree, { patterns: ['hole'] })).toEqual([
      '(\\NonExistent \\Noselect \\HasChildren) hole',
    ]);
  });

  test('returns a name once, however many patterns match it, and ignores empty ones', async () => {
    expect(await list(tree, { patterns: ['', 'a%', 'a', 'a-*'] })).toEqual([
      '(\\HasChildren) a',
      '(\\HasNoChildren) a-b',
    ]);
    expect(await list(tree, { patterns: [''] })).toEqual([]);
  });

  test('finds INBOX in any case, and composed names by decomposed patterns', async () => {
    expect(await list(tree, { patterns: ['inbox/%'] })).toEqual(['(\\HasNoChildren) INBOX/below']);
    expect(await list({ mailboxes: ['\u00c4'] }, { patterns: ['A\u0308'] })).toHaveLength(1);
  });

  test('lets others have a turn while it compares', async () => {
    let turnsTaken = 0;
    const turns = new Turns(1000, async () => {
      turnsTaken++;
    });
    const mailboxes = Array.from({ length: 300 }, (_, n) => `mailbox ${n}`);
    await listEntries(ownTree(stateOf({ mailboxes })), { ...PLAIN, patterns: ['%1%2%3'] }, turns);
    expect(turnsTaken).toBeGreaterThan(10);
  });

  test('a pattern longer than any name matches none, whatever its wildcards', async () => {
    expect(await list(tree, { patterns: ['%'.repeat(3000)] })).not.toEqual([]);
    expect(await list(tree, { patterns: ['a'.repeat(60_000)] })).toEqual([]);
  });
});

describe('LIST (SUBSCRIBED …), the examples of RFC 9051 §6.3.9.8', () => {
  const fruit: Tree = {
    mailboxes: ['INBOX', 'Foo', 'Foo/Bar', 'Foo/Baz', 'Moo'],
    subscribed: ['Foo/Baz'],
  };

  test('7 A: a subscribed child is seen by RECURSIVEMATCH only', async () => {
    expect(await list(fruit, { subscribed: true, patterns: ['*'] })).toEqual([
      '(\\Subscribed \\HasNoChildren) Foo/Baz',
    ]);
    expect(await list(fruit, { subscribed: true, patterns: ['%'] })).toEqual([]);
    expect(await list(fruit, { subscribed: true, recursiveMatch: true, patterns: ['%'] })).toEqual([
      '(\\HasChildren) Foo [SUBSCRIBED]',
    ]);
  });

  test('7 A1, A2: a parent that is subscribed, and one that does not exist', async () => {
    const request = { subscribed: true, recursiveMatch: true, patterns: ['%'] };
    expect(await list({ ...fruit, subscribed: ['Foo', 'Foo/Baz'] }, request)).toEqual([
      '(\\Subscribed \\HasChildren) Foo [SUBSCRIBED]',
    ]);
    expect(await list({ mailboxes: ['INBOX', 'Foo/Baz'], subscribed: ['Foo/Baz'] }, request)).toEqual([
      '(\\NonExistent \\Noselect \\HasChildren) Foo [SUBSCRIBED]',
    ]);
    expect(await list({ ...fruit, subscribed: ['Foo', 'Moo'] }, request)).toEqual([
      '(\\Subscribed \\HasChildren) Foo',
      '(\\Subscribed \\HasNoChildren) Moo',
    ]);
  });

  test('8: CHILDINFO stands where a child would not be seen, and is left out where it would', async () => {
    const subscribed = [
      'foo2/bar1',
      'foo2/bar2',
      'baz2/bar2',
      'baz2/bar22',
      'baz2/bar222',
      'eps2',
      'eps2/mamba',
    ];
    const tree = {
      mailboxes: [...subscribed, 'qux2/bar2', 'foo2', 'baz2'],
      subscribed: [...subscribed, 'qux2/bar2'],
    };
    expect(await list(tree, { subscribed: true, recursiveMatch: true, patterns: ['*2'] })).toEqual([
      '(\\Subscribed \\HasNoChildren) baz2/bar2',
      '(\\Subscribed \\HasNoChildren) baz2/bar22',
      '(\\Subscribed \\HasNoChildren) baz2/bar222',
      '(\\Subscribed \\HasChildren) eps2 [SUBSCRIBED]',
      '(\\HasChildren) foo2 [SUBSCRIBED]',
      '(\\Subscribed \\HasNoChildren) foo2/bar2',
      '(\\Subscribed \\HasNoChildren) qux2/bar2',
    ]);
  });

  test('9: a subscription without a mailbox is no child', async () => {
    const tree = { mailboxes: ['foo'], subscribed: ['foo/bar'] };
    expect(await list(tree, { subscribed: true, patterns: ['foo/*'] })).toEqual([
      '(\\NonExistent \\Noselect \\Subscribed \\HasNoChildren) foo/bar',
    ]);
    expect(await list(tree, { subscribed: true, recursiveMatch: true, patterns: ['foo'] })).toEqual([
      '(\\HasNoChildren) foo [SUBSCRIBED]',
    ]);
  });

  test('10: a level above a mailbox, without RECURSIVEMATCH', async () => {
    expect(await list({ mailboxes: ['music/rock'] }, { patterns: ['%'] })).toEqual([
      '(\\NonExistent \\Noselect \\HasChildren) music',
    ]);
  });
});

describe('LIST (SPECIAL-USE)', () => {
  const tree: Tree = {
    mailboxes: ['INBOX', 'a', 'a/Sent', 'Trash'],
    subscribed: ['Trash'],
    uses: { 'a/Sent': 'Sent', Trash: 'Trash' },
  };

  test('selects mailboxes with a special use (RFC 6154 §5.2)', async () => {
    expect(await list(tree, { specialUse: true })).toEqual([
      '(\\HasNoChildren \\Trash) Trash',
      '(\\HasNoChildren \\Sent) a/Sent',
    ]);
  });

  test('adds up with SUBSCRIBED, also in CHILDINFO', async () => {
    expect(await list(tree, { specialUse: true, subscribed: true })).toEqual([
      '(\\Subscribed \\HasNoChildren \\Trash) Trash',
    ]);
    expect(
      await list(
        { ...tree, subscribed: ['a/Sent'] },
        { specialUse: true, subscribed: true, recursiveMatch: true, patterns: ['%'] },
      ),
    ).toEqual(['(\\HasChildren) a [SUBSCRIBED SPECIAL-USE]']);
  });
});

describe('LSUB', () => {
  test('with % returns the unsubscribed level above a subscribed name as \\Noselect (RFC 3501 §6.3.9)', async () => {
    const tree = { mailboxes: ['foo', 'foo/bar'], subscribed: ['foo/bar'] };
    expect(await lsub(tree, '%')).toEqual(['(\\Noselect) foo']);
    expect(await lsub(tree, '*')).toEqual(['() foo/bar']);
    expect(await lsub({ ...tree, subscribed: ['foo', 'foo/bar'] }, '%')).toEqual(['() foo']);
  });

  test('says of a subscription whose mailbox has gone that it does not exist', async () => {
    expect(await lsub({ mailboxes: [], subscribed: ['gone'] }, '*')).toEqual([
      '(\\NonExistent \\Noselect) gone',
    ]);
  });
});

describe('LIST against a model that asks of each name by itself', () => {
  const name = fc
    .array(fc.constantFrom('a', 'ab', 'b'), { minLength: 1, maxLength: 4 })
    .map((levels) => levels.join('/'));
  const pattern = fc
    .array(fc.constantFrom('a', 'b', '/', '%', '*', 'ab'), { maxLength: 5 })
    .map((pieces) => pieces.join(''));
  const tree = fc.record({
    mailboxes: fc.array(name, { maxLength: 12 }),
    subscribed: fc.array(name, { maxLength: 6 }),
    uses: fc.dictionary(name, fc.constantFrom<SpecialUse>('Sent', 'Trash', 'Junk'), { maxKeys: 3 }),
  });
  const request = fc.record({
    patterns: fc.array(pattern, { minLength: 1, maxLength: 3 }),
    subscribed: fc.boolean(),
    specialUse: fc.boolean(),
    recursiveMatch: fc.boolean(),
    returnSubscribed: fc.boolean(),
  });

  function regExp(of: string): RegExp {
    return new RegExp(`^${of.replaceAll('*', '.*').replaceAll('%', '[^/]*')}$`);
  }

  /** The answer for one name, or null if it is not returned. */
  function modelEntry(candidate: string, state: AccountState, asked: ListRequest): string | null {
    const mailboxes = [...state.mailboxes.values()];
    const mailbox = mailboxes.find((one) => one.name === candidate);
    const universe = [...mailboxes.map((one) => one.name), ...state.subscriptions];
    const isBelow = (other: string) => other.startsWith(`${candidate}/`);
    const matches = (other: string) =>
      asked.patterns.some((one) => typeof one === 'string' && one !== '' && regExp(one).test(other));
    const selects = (other: string) => {
      const found = mailboxes.find((one) => one.name === other);
      if (asked.subscribed && !state.subscriptions.has(other)) return false;
      if (asked.specialUse && (found?.use ?? null) === null) return false;
      return asked.subscribed || asked.specialUse || found !== undefined;
    };
    if (!matches(candidate)) return null;
    const below = universe.filter((other) => isBelow(other) && selects(other));
    const hidden = below.some((other) => !matches(other));
    const basic = !asked.subscribed && !asked.specialUse;
    const level = basic && below.length > 0;
    if (!selects(candidate) && !level && !(asked.recursiveMatch && hidden)) return null;
    const hasChildren = mailboxes.some((one) => isBelow(one.name));
    const attributes = [
      ...(mailbox ? [] : ['\\NonExistent', '\\Noselect']),
      ...((asked.subscribed || asked.returnSubscribed) && state.subscriptions.has(candidate)
        ? ['\\Subscribed']
        : []),
      hasChildren ? '\\HasChildren' : '\\HasNoChildren',
      ...(mailbox?.use ? [`\\${mailbox.use}`] : []),
    ];
    const options = [asked.subscribed ? 'SUBSCRIBED' : '', asked.specialUse ? 'SPECIAL-USE' : ''].filter(
      Boolean,
    );
    const told = asked.recursiveMatch && below.length > 0 && options.length > 0;
    return `(${attributes.join(' ')}) ${candidate}${told ? ` [${options.join(' ')}]` : ''}${mailbox && selects(candidate) ? ' STATUS' : ''}`;
  }

  test('they agree', async () => {
    await fc.assert(
      fc.asyncProperty(tree, request, async (drawn, asked) => {
        // RECURSIVEMATCH alone is refused by the grammar (RFC 9051 §6.3.9.1).
        fc.pre(!asked.recursiveMatch || asked.subscribed || asked.specialUse);
        const state = stateOf(drawn);
        const all = [...drawn.mailboxes, ...drawn.subscribed].flatMap((one) =>
          one.split('/').map((_, depth, levels) => levels.slice(0, depth + 1).join('/')),
        );
        const expected = [...new Set(all)].flatMap((one) => modelEntry(one, state, asked) ?? []);
        const found = await listEntries(ownTree(state), asked, endless());
        const told = found.map((entry) => line(entry) + (entry.selected ? ' STATUS' : ''));
        expect(told.sort()).toEqual(expected.sort());
        for (const { name: listed, selected } of found)
          if (selected) expect(byName(state).has(listed)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
