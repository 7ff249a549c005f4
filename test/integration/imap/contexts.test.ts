/**
 * A client that keeps lists by ADDTO and REMOVEFROM (RFC 5267 §4.3), while two others do what comes to their minds: after
 * each of its commands its lists must be what it would be told if it searched anew.
 */
import { afterEach, expect, jest, test } from '@jest/globals';
import { SummaryReader } from '../../../shared/account/summary-reader.ts';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway, type TestGatewayOptions } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { seedOf } from '../../support/variants.ts';

/** `1:3,7` written out, in its order. */
function expanded(set: string): number[] {
  return set.split(',').flatMap((part) => {
    const [low = 0, high = low] = part.split(':').map(Number);
    return Array.from({ length: high - low + 1 }, (_, index) => low + index);
  });
}

/** A list as a client has it. Message numbers in it move with EXPUNGE. */
class List {
  readonly command: string;
  readonly sorted: boolean;
  readonly byUid: boolean;
  items: number[] = [];

  constructor(command: string) {
    this.command = command;
    this.sorted = command.includes('SORT');
    this.byUid = command.startsWith('UID');
  }

  change(item: string, pairs: string): void {
    const words = pairs.split(' ');
    for (let at = 0; at < words.length; at += 2) {
      const position = Number(words[at]);
      const members = expanded(words[at + 1] ?? '');
      expect(position === 0).toBe(!this.sorted);
      if (item === 'ADDTO') this.#add(position, members);
      else this.#remove(position, members);
    }
  }

  #add(position: number, members: readonly number[]): void {
    for (const member of members) expect(this.items).not.toContain(member);
    if (position > 0) this.items.splice(position - 1, 0, ...members);
    else this.items = [...this.items, ...members].sort((a, b) => a - b);
  }

  #remove(position: number, members: readonly number[]): void {
    if (position > 0) expect(this.items.splice(position - 1, members.length)).toEqual(members);
    else {
      for (const member of members) expect(this.items).toContain(member);
      this.items = this.items.filter((item) => !members.includes(item));
    }
  }

  expunged(number: number): void {
    if (this.byUid) return;
    expect(this.items).not.toContain(number);
    this.items = this.items.map((item) => (item > number ? item - 1 : item));
  }
}

const SEARCHES = [
  'SEARCH RETURN (UPDATE ALL) UNDELETED SUBJECT a',
  'UID SEARCH RETURN (UPDATE ALL) OR FLAGGED BODY three',
  'SEARCH RETURN (UPDATE ALL) ALL',
  'UID SORT RETURN (UPDATE ALL) (SUBJECT REVERSE ARRIVAL) UTF-8 UNDELETED',
  'SORT RETURN (UPDATE ALL) (REVERSE SIZE) UTF-8 NOT FLAGGED',
  'UID SORT RETURN (UPDATE ALL) (RELEVANCY) UTF-8 FUZZY SUBJECT apple',
];

inVariants((variant) => {
  const gateways: TestGateway[] = [];
  afterEach(async () => {
    for (const gateway of gateways.splice(0)) await gateway.stop();
  });

  async function started(options: TestGatewayOptions = {}): Promise<TestGateway> {
    const gateway = await TestGateway.start({ ...options, variant });
    gateways.push(gateway);
    await gateway.addUser();
    return gateway;
  }

  test('its lists are right after every command', async () => {
    const gateway = await started();
    const random = seededRandom(seedOf(variant));
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
    const others = [await gateway.signIn('INBOX'), await gateway.signIn('INBOX')];
    const append = (client: ImapClient): Promise<string> =>
      client.append(
        'INBOX',
        `Subject: ${pick(['apple', 'aple', 'apples', 'banana', 'Re: cherry'])}\r\n\r\n${pick(['one', 'two', 'three'])}${'x'.repeat(Math.floor(random() * 9))}\r\n`,
      );
    for (let count = 0; count < 8; count++) await append(pick(others));
    const client = await gateway.signIn('INBOX');
    const lists = new Map<string, List>();
    const hear = (lines: readonly string[]): void => {
      for (const line of lines) {
        const [, number] = /^\* (\d+) EXPUNGE$/.exec(line) ?? [];
        if (number) for (const list of lists.values()) list.expunged(Number(number));
        const [, tag = '', item = '', pairs = ''] =
          /^\* ESEARCH \(TAG "(\w+)"\)(?: UID)? (ADDTO|REMOVEFROM) \((.*)\)$/.exec(line) ?? [];
        if (tag) lists.get(tag)?.change(item, pairs);
      }
    };
    const found = (lines: readonly string[]): { tag: string; all: number[] } => {
      const line = lines.find((each) => each.startsWith('* ESEARCH') && !/ADDTO|REMOVEFROM/.test(each)) ?? '';
      const [, tag = '', all = ''] = /TAG "(\w+)"\)(?: UID)?(?: ALL (\S+))?/.exec(line) ?? [];
      return { tag, all: all ? expanded(all) : [] };
    };
    // VANISHED names UIDs, and lists of numbers move by EXPUNGE.
    const vanishes = variant === 'qresync' || variant === 'uidonly';
    for (const command of SEARCHES.filter((each) => !vanishes || each.startsWith('UID'))) {
      const list = new List(command);
      const { tag, all } = found(await client.run(command));
      list.items = all;
      lists.set(tag, list);
    }
    for (let step = 0; step < 25; step++) {
      for (let deeds = Math.floor(random() * 4); deeds > 0; deeds--) {
        const other = pick(others);
        const flag = pick(['\\Deleted', '\\Flagged']);
        await pick([
          () => append(other),
          () => other.run(`UID STORE ${Math.ceil(random() * 20)} ${pick(['+', '-'])}FLAGS (${flag})`),
          () => other.run(`UID STORE 1:* ${pick(['+', '-'])}FLAGS (\\Flagged)`),
          () => other.run('EXPUNGE'),
        ])();
      }
      hear(
        await client.run(
          pick(['NOOP', 'FETCH 1:* (FLAGS)', 'UID FETCH 1:* (FLAGS)', 'UID STORE 3 +FLAGS (\\Flagged)']),
        ),
      );
      // What a command by number has held back is told now.
      hear(await client.run('NOOP'));
      for (const list of lists.values()) {
        const lines = await client.run(list.command.replace('UPDATE ', ''));
        hear(lines);
        expect({ [list.command]: list.items }).toEqual({ [list.command]: found(lines).all });
      }
    }
  });

  test('what joins a long sorted list is compared with few of its messages', async () => {
    const gateway = await started();
    const client = await gateway.signIn();
    const mail = (subject: string): string => `Subject: ${subject}\r\n\r\n`;
    const subjects = Array.from(
      { length: 100 },
      (_, index) => `s${String((index * 37) % 100).padStart(2, '0')}`,
    );
    const literals = subjects.map((each) => `{${mail(each).length}+}\r\n${mail(each)}`);
    await client.run(`APPEND INBOX ${literals.join(' ')}`);
    await client.run('SELECT INBOX');
    await client.run('UID SORT RETURN (UPDATE) (SUBJECT) UTF-8 ALL');
    const other = await gateway.signIn();
    const read = jest.spyOn(SummaryReader.prototype, 'read');
    try {
      await other.append('INBOX', mail('s505'));
      const told = (await client.run('NOOP')).filter((line) => line.includes('ADDTO'));
      // Behind s50, before s51.
      expect(told).toEqual([expect.stringMatching(/UID ADDTO \(52 101\)$/)]);
      expect(read.mock.calls.flatMap(([, , , rows]) => rows).length).toBeLessThan(30);
    } finally {
      read.mockRestore();
    }
  });

  test('in IDLE, too', async () => {
    const gateway = await started();
    const client = await gateway.signIn('INBOX');
    const other = await gateway.signIn('INBOX');
    await client.play(`
    C: a UID SEARCH RETURN (UPDATE) UNSEEN
    S: * ESEARCH (TAG "a") UID
    S: a OK searched
    C: b IDLE
    S: + idling
  `);
    await other.append('INBOX', 'Subject: new\r\n\r\n');
    await client.play(`
    S: * 1 EXISTS
    S: * 1 RECENT
    S: * ESEARCH (TAG "a") UID ADDTO (0 1)
  `);
    await other.run('UID STORE 1 +FLAGS.SILENT (\\Seen)');
    await client.play(`
    S: * 1 FETCH (UID 1 FLAGS (\\Seen \\Recent))
    S: * ESEARCH (TAG "a") UID REMOVEFROM (0 1)
    C: DONE
    S: b OK …
  `);
  });

  test('a message leaves a search in the same moment in which its flags are told', async () => {
    const gateway = await started();
    const client = await gateway.signIn();
    const other = await gateway.signIn();
    for (let count = 0; count < 2; count++) await other.append('INBOX', 'Subject: a\r\n\r\n');
    await client.run('SELECT INBOX');
    await other.run('SELECT INBOX');
    await client.play(`
    C: a UID SEARCH RETURN (UPDATE) UNSEEN
    S: * ESEARCH (TAG "a") UID
    S: a OK searched
  `);
    await other.run('UID STORE 1 +FLAGS.SILENT (\\Flagged)');
    const [login] = gateway.logins.values();
    const { replica } = gateway.cache.acquire(login?.account ?? ('' as never));
    const load = replica.load.bind(replica);
    // The other session is at work while the client's search is looked at.
    replica.load = async (mailboxes) => {
      replica.load = load;
      await other.run('UID STORE 2 +FLAGS.SILENT (\\Seen)');
      return load(mailboxes);
    };
    await client.play(`
    C: b NOOP
    S: * 1 FETCH (UID 1 FLAGS (\\Flagged \\Recent))
    S: b OK done
  `);
    replica.load = load;
    await other.run('UID STORE 2 +FLAGS.SILENT (\\Seen)');
    await client.play(`
    C: c NOOP
    S: * 2 FETCH (UID 2 FLAGS (\\Seen \\Recent))
    S: * ESEARCH (TAG "a") UID REMOVEFROM (0 2)
    S: c OK done
  `);
  });

  test('a search whose new messages cannot be read is given up aloud, and the news go on', async () => {
    class Failing extends MemoryBlobStore {
      fails = false;
      override get(...args: Parameters<MemoryBlobStore['get']>): ReturnType<MemoryBlobStore['get']> {
        return this.fails ? Promise.reject(new Error('the disk is on fire')) : super.get(...args);
      }
    }
    const blobs = new Failing();
    const gateway = await started({ blobs });
    const client = await gateway.signIn('INBOX');
    const other = await gateway.signIn('INBOX');
    await client.play(`
    C: b UID SEARCH RETURN (UPDATE) BODY x
    S: * ESEARCH (TAG "b") UID
    S: b OK searched
  `);
    blobs.fails = true;
    await other.append('INBOX', 'Subject: new\r\n\r\nx\r\n');
    await client.play(`
    C: c NOOP
    S: * 1 EXISTS
    S: * NO [NOUPDATE "b"] the search is not kept up to date any longer
    S: c OK done
  `);
  });

  test('what a limit of messages cuts off is not kept up to date, and said so', async () => {
    const gateway = await started({ limits: { messagesPerCommand: 3 } });
    const client = await gateway.signIn();
    const other = await gateway.signIn();
    const append = (): Promise<string> => other.append('INBOX', 'Subject: a\r\n\r\n');
    for (let count = 0; count < 3; count++) await append();
    await client.run('SELECT INBOX');
    await client.play(`
    C: a UID SEARCH RETURN (UPDATE COUNT) UNSEEN
    S: * ESEARCH (TAG "a") UID COUNT 3
    S: a OK searched
  `);
    for (let count = 0; count < 4; count++) await append();
    await client.play(`
    C: b NOOP
    S: * 7 EXISTS
    S: * 7 RECENT
    S: * NO [NOUPDATE "a"] the search is not kept up to date any longer
    S: b OK done
    C: c UID SEARCH RETURN (UPDATE COUNT) UNSEEN
    S: * ESEARCH (TAG "c") UID COUNT 3
    S: * NO [NOUPDATE "c"] no more searches can be kept up to date
    S: c OK [MESSAGELIMIT 3 5] searched
  `);
  });
});
