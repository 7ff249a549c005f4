/**
 * Four clients on two gateways do what comes to their minds. Each believes what it is told and nothing else; in the end
 * each must know the mailbox as it is, and all the same one.
 */
import { afterEach, expect, test } from '@jest/globals';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const gateways: TestGateway[] = [];
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.stop();
});

class ModelClient {
  readonly #client: ImapClient;
  readonly messages: { uid: string | null; flags: string | null }[] = [];
  constructor(client: ImapClient) {
    this.#client = client;
  }

  async run(command: string): Promise<string[]> {
    const lines = await this.#client.run(command);
    const numbered = /^(FETCH|STORE|SEARCH)/.test(command);
    for (const line of lines) {
      if (numbered) expect(line).not.toMatch(/EXPUNGE$/);
      this.#hear(line);
    }
    expect(lines.at(-1)).toMatch(/^tag (OK|NO \[EXPUNGEISSUED\])/);
    return lines;
  }

  #hear(line: string): void {
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
    message.flags = (fetched[2] ?? '').replace(/ ?\\Recent/, '').replace('( ', '(');
  }

  /** Asks for what it was told of and does not know yet. */
  async learn(): Promise<void> {
    const first = this.messages.findIndex(({ uid }) => uid === null);
    if (first >= 0) await this.run(`FETCH ${first + 1}:* (UID FLAGS)`);
  }
}

test.each([1, 2, 3, 4])('what four clients are told adds up, seed %i', async (seed) => {
  const random = seededRandom(seed);
  const pick = (below: number): number => Math.floor(random() * below);
  const one = await TestGateway.start();
  const account = await one.addUser();
  const two = await TestGateway.start({ journal: one.journal, blobs: one.blobs });
  gateways.push(one, two);
  await two.admit('alice@example.test', account);
  const clients = await Promise.all(
    [one, one, two, two].map(async (gateway) => new ModelClient(await gateway.signIn())),
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
    return needsMessages[pick(needsMessages.length)]?.() ?? 'NOOP';
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
    await client.run('FETCH 1:* (UID FLAGS)');
    expect(told).toEqual(client.messages);
    known.push(told);
  }
  for (const other of known.slice(1)) expect(other).toEqual(known[0]);
  expect(one.errors).toEqual([]);
  expect(two.errors).toEqual([]);
});
