/**
 * Four clients on two gateways do what comes to their minds. Each believes what it is told and nothing else; in the end
 * each must know the mailbox as it is, and all the same one.
 */
import { afterEach, expect, test } from '@jest/globals';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { seedOf } from '../../support/variants.ts';

const gateways: TestGateway[] = [];
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.stop();
});

/** A message as a client has it; what it has not asked about yet is null. */
interface Told {
  uid: string | null;
  flags: string | null;
}

const ownFlags = (flags: string): string => flags.replace(/ ?\\Recent/, '').replace('( ', '(');

/** By message numbers, which EXPUNGE moves. */
class ModelClient {
  readonly #client: ImapClient;
  readonly messages: Told[] = [];
  constructor(client: ImapClient) {
    this.#client = client;
  }

  async run(command: string): Promise<string[]> {
    const lines = await this.#client.run(command);
    const numbered = /^(FETCH|STORE|SEARCH)/.test(command);
    for (const line of lines) {
      if (numbered) expect(line).not.toMatch(/EXPUNGE$/);
      this.hear(line);
    }
    expect(lines.at(-1)).toMatch(/^tag (OK|NO \[EXPUNGEISSUED\])/);
    return lines;
  }

  protected hear(line: string): void {
    const [, text = '', word = ''] = /^\* (\d+) (\w+)/.exec(line) ?? [];
    const number = Number(text);
    if (word === 'EXPUNGE') {
      expect(number).toBeLessThanOrEqual(this.messages.length);
      this.messages.splice(number - 1, 1);
    }
    if (word === 'EXISTS') {
      expect(number).toBeGreaterThanOrEqual(this.messages.length);
      while (this.messages.length < number) this.messages.push({ uid: null, flags: null });
    }
    const fetched = /FETCH \(UID (\d+) FLAGS (\([^)]*\))/.exec(line);
    const message = this.messages[number - 1];
    if (!fetched || !message) return;
    // A message number that came to mean another message would show here.
    expect(message.uid ?? fetched[1]).toBe(fetched[1]);
    message.uid = fetched[1] ?? null;
    message.flags = ownFlags(fetched[2] ?? '');
  }

  /** Asks for what it was told of and does not know yet. */
  async learn(): Promise<void> {
    const first = this.messages.findIndex(({ uid }) => uid === null);
    if (first >= 0) await this.run(`FETCH ${first + 1}:* (UID FLAGS)`);
  }
}

/** By UIDs, which VANISHED names: what was never fetched can vanish, too, but nothing can do so twice. */
class UidClient extends ModelClient {
  readonly #gone = new Set<string>();

  protected override hear(line: string): void {
    const [, vanished] = /^\* VANISHED (\S+)$/.exec(line) ?? [];
    for (const uid of vanished === undefined ? [] : expanded(vanished)) {
      expect(this.#gone).not.toContain(uid);
      this.#gone.add(uid);
      const place = this.messages.findIndex((message) => message.uid === uid);
      this.messages.splice(
        place === -1 ? this.messages.findIndex((message) => message.uid === null) : place,
        1,
      );
    }
    const [, exists] = /^\* (\d+) EXISTS$/.exec(line) ?? [];
    while (this.messages.length < Number(exists ?? 0)) this.messages.push({ uid: null, flags: null });
    const [, byNumber, uidOnly, flags = ''] =
      /^\* (?:\d+ FETCH \(UID (\d+) |(\d+) UIDFETCH \()FLAGS (\([^)]*\))/.exec(line) ?? [];
    const uid = byNumber ?? uidOnly;
    if (uid === undefined) return;
    expect(this.#gone).not.toContain(uid);
    let message = this.messages.find((each) => each.uid === uid);
    message ??= this.messages.find((each) => each.uid === null);
    expect(message).toBeDefined();
    if (message) Object.assign(message, { uid, flags: ownFlags(flags) });
    this.messages.sort((one, two) => Number(one.uid ?? Infinity) - Number(two.uid ?? Infinity));
  }

  override async learn(): Promise<void> {
    if (this.messages.some(({ uid }) => uid === null)) await this.run('UID FETCH 1:* (FLAGS)');
  }
}

function expanded(set: string): string[] {
  return set.split(',').flatMap((range) => {
    const [low = 0, high = low] = range.split(':').map(Number);
    return Array.from({ length: high - low + 1 }, (_, index) => String(low + index));
  });
}

inVariants((variant) => {
  test('what four clients are told adds up', async () => {
    const vanishes = variant === 'qresync' || variant === 'uidonly';
    const Client = vanishes ? UidClient : ModelClient;
    const random = seededRandom(seedOf(variant));
    const pick = (below: number): number => Math.floor(random() * below);
    const one = await TestGateway.start({ variant });
    const account = await one.addUser();
    const two = await TestGateway.start({ variant, journal: one.journal, blobs: one.blobs });
    gateways.push(one, two);
    await two.admit('alice@example.test', account);
    const clients = await Promise.all(
      [one, one, two, two].map(async (gateway) => new Client(await gateway.signIn())),
    );
    for (const client of clients) await client.run('SELECT INBOX');
    const command = (count: number): string => {
      const set = (): string => `${pick(count) + 1}:${pick(count) + 1}`;
      const flag = ['\\Seen', '\\Deleted', '\\Flagged', '$Later'][pick(4)] ?? '';
      const kinds = [
        () => 'NOOP',
        () => `APPEND INBOX (${flag}) {16+}\r\nSubject: new\r\n\r\n`,
        () => `STORE ${set()} +FLAGS (${flag})`,
        () => `STORE ${set()} -FLAGS (${flag})`,
        () => `UID STORE ${pick(60) + 1}:* FLAGS (${flag})`,
        () => `FETCH ${set()} (UID FLAGS)`,
        () => `SEARCH ALL`,
        () => `UID SEARCH ALL`,
        () => 'EXPUNGE',
        () => `COPY ${set()} INBOX`,
        () => `MOVE ${pick(count) + 1} Archive`,
        () => `UID MOVE ${pick(60) + 1} Archive`,
      ];
      const needsMessages = count === 0 ? kinds.slice(0, 2) : kinds;
      const chosen = needsMessages[pick(needsMessages.length)]?.() ?? 'NOOP';
      return vanishes ? chosen.replace(/^(STORE|FETCH|COPY|MOVE) /, 'UID $1 ') : chosen;
    };
    for (let round = 0; round < 60; round++) {
      // All at once, so that commits of one gateway meet in a group and those of two in a conflict.
      await Promise.all(clients.map((client) => client.run(command(client.messages.length))));
      if (pick(3) === 0) await Promise.all(clients.map((client) => client.learn()));
    }
    const known: unknown[] = [];
    for (const client of clients) {
      await client.run('NOOP');
      await client.learn();
      const told = structuredClone(client.messages);
      await client.run(`${vanishes ? 'UID ' : ''}FETCH 1:* (UID FLAGS)`);
      expect(told).toEqual(client.messages);
      known.push(told);
    }
    for (const other of known.slice(1)) expect(other).toEqual(known[0]);
    expect(one.errors).toEqual([]);
    expect(two.errors).toEqual([]);
  });
});
