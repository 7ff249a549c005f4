/**
 * Lists changed at random, and after each change a guest tries something: it works if and only if the list, read by the
 * letter of RFC 4314 §4, says so, and what may not be looked up is told from nothing that is not there.
 */
import { expect, test } from '@jest/globals';
import { RIGHTS } from '../../../shared/account/acl.ts';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { below, pick } from '../../support/random-ops.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { seedOf } from '../../support/variants.ts';

type Random = ReturnType<typeof seededRandom>;

const GUESTS = ['bob@example.test', 'carol@example.test'];
const TEAM = 'team@example.test';
const NAME = '#user/alice@example.test/Work';
const MAIL = 'Subject: x\r\n\r\nbody\r\n';
const STEPS = 150;

/** The list as the test keeps it: rights by identifier. */
type Lists = Map<string, ReadonlySet<string>>;

/** Whether an identifier, its dash taken off, means the guest. Carol alone is in the team. */
const means = (identifier: string, guest: string): boolean => {
  const name = identifier.replace(/^-/, '');
  return name === guest || name === 'anyone' || (name === TEAM && guest === GUESTS[1]);
};

function rightsOf(lists: Lists, guest: string): ReadonlySet<string> {
  const mine = [...lists].filter(([identifier]) => means(identifier, guest));
  const union = (negative: boolean): Set<string> =>
    new Set(
      mine.flatMap(([identifier, rights]) => (identifier.startsWith('-') === negative ? [...rights] : [])),
    );
  const taken = union(true);
  return new Set([...union(false)].filter((right) => !taken.has(right)));
}

/** A command by name, and what it needs: all of `needs`, or any of `any`. */
interface Attempt {
  readonly run: (client: ImapClient) => Promise<string>;
  readonly needs: string;
  readonly any?: string;
}

const last = async (client: ImapClient, command: string): Promise<string> =>
  (await client.run(command)).at(-1) ?? '';

const BY_NAME: readonly Attempt[] = [
  { run: (client) => last(client, `STATUS ${NAME} (MESSAGES UNSEEN)`), needs: 'r' },
  {
    run: async (client) => {
      const answer = await last(client, `EXAMINE ${NAME}`);
      // What stays selected is left with BYE when it may be read no more.
      if (answer.startsWith('tag OK')) await client.run('UNSELECT');
      return answer;
    },
    needs: 'r',
  },
  { run: (client) => client.append(NAME, MAIL), needs: 'i' },
  { run: (client) => last(client, `GETACL ${NAME}`), needs: 'a' },
  { run: (client) => last(client, `LISTRIGHTS ${NAME} anyone`), needs: 'a' },
  { run: (client) => last(client, `GETQUOTAROOT ${NAME}`), needs: 'r' },
  { run: (client) => last(client, `GETMETADATA ${NAME} /shared/comment`), needs: 'l', any: 'rswip' },
  { run: (client) => last(client, `SETMETADATA ${NAME} (/private/comment "x")`), needs: 'l', any: 'rswip' },
  { run: (client) => last(client, `RENAME ${NAME} ${NAME}`), needs: 'x' },
];

/** In the selected mailbox, which the guest may read; the answer is OK or NOPERM. */
const SELECTED: readonly { readonly command: string; readonly needs: string }[] = [
  { command: 'STORE 1 +FLAGS.SILENT (\\Flagged)', needs: 'w' },
  { command: 'STORE 1 -FLAGS.SILENT (word)', needs: 'w' },
  { command: 'STORE 1 +FLAGS.SILENT (\\Deleted)', needs: 't' },
  { command: 'STORE 1 -FLAGS.SILENT (\\Deleted)', needs: 't' },
  { command: 'STORE 1 +FLAGS.SILENT (\\Seen)', needs: 's' },
  { command: 'UID EXPUNGE 999', needs: 'e' },
  { command: 'FETCH 1 (BODY[])', needs: '' },
  { command: 'SEARCH ALL', needs: '' },
];

function changeAtRandom(random: Random, lists: Lists): string {
  const identifier = pick(random, ['', '-']) + pick(random, [...GUESTS, 'anyone', TEAM]);
  const rights = RIGHTS.filter(() => random() < 0.5);
  const mode = pick(random, ['', '+', '-']);
  const before = lists.get(identifier) ?? new Set<string>();
  const chosen = new Set<string>(rights);
  const kept = mode === '-' ? [...before].filter((right) => !chosen.has(right)) : [];
  const after = new Set(mode === '-' ? kept : mode === '+' ? [...before, ...chosen] : chosen);
  if (after.size === 0) lists.delete(identifier);
  else lists.set(identifier, after);
  return `SETACL Work ${identifier} "${mode}${rights.join('')}"`;
}

async function tryByName(random: Random, client: ImapClient, rights: ReadonlySet<string>): Promise<void> {
  const { run, needs, any } = pick(random, BY_NAME);
  const answer = await run(client);
  const may =
    Array.from(needs).every((right) => rights.has(right)) &&
    (!any || Array.from(any).some((right) => rights.has(right)));
  // A RENAME that may be done is one onto itself.
  if (may) expect(answer).toMatch(/^tag (OK|NO \[(ALREADYEXISTS|NONEXISTENT|NOPERM)\])/);
  else
    expect(`${[...rights].join('')} needs ${needs} ${any ?? ''}: ${answer}`).toMatch(
      rights.has('l') ? /: tag NO \[NOPERM\]/ : /: tag NO \[NONEXISTENT\]/,
    );
  if (may && needs !== 'x') expect(answer).toMatch(/^tag OK/);
}

async function trySelected(random: Random, client: ImapClient, rights: ReadonlySet<string>): Promise<void> {
  const { command, needs } = pick(random, SELECTED);
  const selected = await last(client, `SELECT ${NAME}`);
  if (!rights.has('r')) {
    expect(selected).toMatch(/^tag NO/);
    return;
  }
  expect(selected).toMatch(
    /[iewt]/.test([...rights].join('')) ? /^tag OK \[READ-WRITE\]/ : /^tag OK \[READ-ONLY\]/,
  );
  const may = Array.from(needs).every((right) => rights.has(right));
  expect(`${command}: ${await last(client, command)}`).toMatch(may ? /: tag OK/ : /: tag NO \[NOPERM\]/);
  expect(await last(client, 'UNSELECT')).toMatch(/^tag OK/);
}

inVariants((variant) => {
  test('what a guest may do is what the lists say', async () => {
    const random = seededRandom(seedOf(variant));
    const gateway = await TestGateway.start({ variant });
    try {
      gateway.sharing.groups.set(TEAM, [GUESTS[1] ?? '']);
      await gateway.addUser();
      for (const guest of GUESTS) await gateway.addUser(guest);
      const owner = await gateway.signIn();
      await owner.run('CREATE Work');
      expect(await owner.append('Work', MAIL)).toMatch(/^tag OK/);
      const clients = await Promise.all(GUESTS.map((guest) => gateway.signIn(undefined, guest)));
      const lists: Lists = new Map();
      for (let step = 0; step < STEPS; step++) {
        expect(await last(owner, changeAtRandom(random, lists))).toMatch(/^tag OK/);
        const who = below(random, GUESTS.length);
        const client = clients[who];
        const rights = rightsOf(lists, GUESTS[who] ?? '');
        if (!client) throw new Error('each guest has a client');
        const told = [...RIGHTS].filter((right) => rights.has(right)).join('');
        const virtual = (/[kx]/.test(told) ? 'c' : '') + (/[et]/.test(told) ? 'd' : '');
        const mine = await client.run(`MYRIGHTS ${NAME}`);
        if (/[lrikxa]/.test(told)) expect(mine).toContain(`* MYRIGHTS ${NAME} ${told}${virtual}`);
        else expect(mine.at(-1)).toMatch(/^tag NO \[NONEXISTENT\]/);
        const listed = await client.run('LIST "" "#user/*"');
        expect(listed.some((line) => line.endsWith(NAME))).toBe(rights.has('l'));
        await (random() < 0.5 ? tryByName : trySelected)(random, client, rights);
      }
      expect(gateway.errors).toEqual([]);
    } finally {
      await gateway.stop();
    }
  });
});
