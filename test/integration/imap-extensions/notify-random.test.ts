/**
 * A client that asks once, and then only follows what NOTIFY tells it (RFC 5465), knows the same as one that asks again:
 * which mailboxes there are, and how many messages are in each. Its owner's, and those that somebody else may see.
 */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { pick } from '../../support/random-ops.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { seedOf } from '../../support/variants.ts';

const BOB = 'bob@example.test';
const NAMES = ['a', 'b', 'c', 'a/x', 'b/x', 'a/x/y', 'b/y', 'd'];
const RIGHTS = ['l', 'lr', 'lr', 'lrs', '""'];
const EVENTS = '(MessageNew MessageExpunge FlagChange MailboxName)';
const LIST = /^\* LIST \(([^)]*)\) "\/" (\S+)(?: \("OLDNAME" \((\S+)\)\))?$/;
const STATUS = /^\* STATUS (\S+) \((.*)\)$/;

/** What a client knows of each mailbox: `MESSAGES`, `UIDNEXT` and `UIDVALIDITY`, as far as it was told. */
class Follower {
  readonly known = new Map<string, ReadonlyMap<string, string>>();

  hear(line: string): void {
    const [, attributes = '', name = '', oldName] = LIST.exec(line) ?? [];
    if (oldName !== undefined) this.#move(oldName, name);
    if (name !== '' && attributes.includes('\\NonExistent')) this.known.delete(name);
    else if (name !== '' && !this.known.has(name)) this.known.set(name, new Map());
    const [, of = '', items] = STATUS.exec(line) ?? [];
    if (items === undefined) return;
    const words = items.split(' ');
    const values = words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? ''] as const] : []));
    this.known.set(of, new Map([...(this.known.get(of) ?? []), ...values]));
  }

  #move(from: string, to: string): void {
    const moved = [...this.known].filter(([name]) => name === from || name.startsWith(`${from}/`));
    for (const [name] of moved) this.known.delete(name);
    for (const [name, values] of moved) this.known.set(to + name.slice(from.length), values);
  }
}

let gateway: TestGateway;
inVariants((variant) => {
  beforeEach(async () => {
    gateway = await TestGateway.start({ variant });
    await gateway.addUser();
    await gateway.addUser(BOB);
  });
  afterEach(() => gateway.stop());

  const asked = async (client: ImapClient, pattern: string): Promise<Follower> => {
    const follower = new Follower();
    const command = `LIST "" "${pattern}" RETURN (STATUS (MESSAGES UIDNEXT UIDVALIDITY))`;
    for (const line of await client.run(command)) follower.hear(line);
    return follower;
  };
  const told = ({ known }: Follower, as: Follower): unknown[] =>
    [...known].sort().map(([name, values]) => {
      // What may not be read has no status, and what is new and empty none that would be news.
      const items = [...(as.known.get(name)?.keys() ?? [])];
      const unsaid = new Map([...Object.entries({ MESSAGES: '0', UIDNEXT: '1' }), ...values]);
      return [name, ...items.map((item) => `${item} ${unsaid.get(item) ?? '?'}`)];
    });

  /** One thing that an owner does; what is refused is refused. */
  const act = async (owner: ImapClient, random: () => number): Promise<void> => {
    const roll = random();
    const name = (): string => pick(random, NAMES);
    if (roll < 0.2) await owner.run(`CREATE ${name()}`);
    else if (roll < 0.3) await owner.run(`DELETE ${name()}`);
    else if (roll < 0.5) await owner.run(`RENAME ${name()} ${name()}`);
    else if (roll < 0.53) await owner.run(`RENAME INBOX ${name()}`);
    else if (roll < 0.7)
      await owner.append(random() < 0.3 ? 'INBOX' : name(), 'Subject: x\r\n\r\n', '(\\Deleted)');
    else if (roll < 0.85) await owner.run(`SETACL ${name()} ${BOB} ${pick(random, RIGHTS)}`);
    else {
      await owner.run(`SELECT ${name()}`);
      await owner.run('CLOSE');
    }
  };

  test.each([1, 2, 3, 6, 31])('what is told is what is asked, seed %i', async (seed) => {
    const random = seededRandom(seed * 10 + seedOf(variant));
    const [owner, own, guest] = [
      await gateway.signIn(),
      await gateway.signIn(),
      await gateway.signIn(undefined, BOB),
    ];
    for (let count = 0; count < 10; count++) await act(owner, random);
    const watchers = [
      { client: own, group: `(PERSONAL ${EVENTS})`, pattern: '*', follower: await asked(own, '*') },
      {
        client: guest,
        group: `(SUBTREE #user/alice@example.test ${EVENTS})`,
        pattern: '#user/alice@example.test/*',
        follower: await asked(guest, '#user/alice@example.test/*'),
      },
    ];
    for (const { client, group, follower } of watchers)
      for (const line of await client.run(`NOTIFY SET STATUS ${group}`)) follower.hear(line);
    for (let count = 0; count < 60; count++) {
      await act(owner, random);
      const looks = random() < 0.3 ? watchers : [];
      for (const { client, follower } of looks)
        for (const line of await client.run('NOOP')) follower.hear(line);
    }
    for (const { client, pattern, follower } of watchers) {
      for (const line of await client.run('NOOP')) follower.hear(line);
      const right = await asked(client, pattern);
      for (const [name] of right.known) if (name === '#user/alice@example.test') right.known.delete(name);
      expect(told(follower, right)).toEqual(told(right, right));
    }
  });
});
