/** INPROGRESS (RFC 9585): a client that waits hears that its command goes on. */
import { expect, test } from '@jest/globals';
import { PROGRESS_EVERY_MS } from '../../../gateway/imap/session/progress.ts';
import { type Timers, systemTimers } from '../../../gateway/imap/server/timers.ts';
import { ManualTimers } from '../imap-connection/manual-timers.ts';
import { inChunks } from '../../support/blob-store-contract.ts';
import { conforms, inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** Of progress alone: everything else takes its time. */
const manual = new ManualTimers();
const timers: Timers = {
  after: (ms, run) => (ms === PROGRESS_EVERY_MS ? manual : systemTimers).after(ms, run),
};

/** Holds back the bodies of messages, one after another, until their reader goes. */
class SlowBlobs {
  #held: (() => void)[] = [];
  #asked: (() => void) | undefined;

  constructor({ blobs }: TestGateway) {
    const get = blobs.get.bind(blobs);
    blobs.get = async (name, range, options) => {
      await new Promise<void>((resolve) => {
        this.#held.push(resolve);
        options?.signal?.addEventListener('abort', () => resolve());
        this.#asked?.();
      });
      return get(name, range, options);
    };
  }

  /** Resolves when so many are waited for. */
  async held(count: number): Promise<void> {
    while (this.#held.length < count) await new Promise<void>((resolve) => (this.#asked = resolve));
  }

  release(): void {
    this.#held.shift()?.();
  }
}

conforms(
  'INPROGRESS',
  'a search tells how many messages it has looked into',
  async (gateway) => {
    const client = await gateway.signIn();
    for (let index = 0; index < 2; index++) await client.append('INBOX', 'Subject: x\r\n\r\nneedle\r\n');
    await client.run('SELECT INBOX');
    const blobs = new SlowBlobs(gateway);
    client.send('a1 UID SEARCH BODY needle\r\n');
    await blobs.held(2);
    manual.advance(PROGRESS_EVERY_MS);
    await client.play(`S: * OK [INPROGRESS ("a1" 0 2)] still at it`);
    blobs.release();
    manual.advance(PROGRESS_EVERY_MS);
    expect(await client.line()).toMatch(/^\* OK \[INPROGRESS \("a1" [01] 2\)\] still at it$/);
    blobs.release();
    await client.play(`
      S: * SEARCH 1 2
      S: a1 OK searched
    `);
    manual.advance(PROGRESS_EVERY_MS);
    await client.play(`
      C: a2 NOOP
      S: a2 OK done
    `);
  },
  { gateway: { timers } },
);

conforms(
  'INPROGRESS',
  'a FETCH says so between two messages, and a tag with a bracket is not told',
  async (gateway) => {
    const client = await gateway.signIn();
    for (let index = 0; index < 2; index++) await client.append('INBOX', 'Subject: x\r\n\r\nbody\r\n');
    await client.run('SELECT INBOX');
    const blobs = new SlowBlobs(gateway);
    client.send('a]1 UID FETCH 1:2 BODY.PEEK[TEXT]\r\n');
    await blobs.held(2);
    manual.advance(PROGRESS_EVERY_MS);
    await client.play(`S: * OK [INPROGRESS (NIL 0 2)] still at it`);
    blobs.release();
    blobs.release();
    await client.play(`
      S: * 1 FETCH (UID 1 BODY[TEXT] {6}
      S: body
      S: )
      S: * 2 FETCH (UID 2 BODY[TEXT] {6}
      S: body
      S: )
      S: a]1 OK fetched
    `);
  },
  { gateway: { timers } },
);

inVariants((variant) => {
  test('nothing is said in the middle of a message, however slowly it comes', async () => {
    const gateway = await TestGateway.start({ timers, variant });
    await gateway.addUser();
    const client = await gateway.signIn();
    // It does not compress to one frame: the others come by a request of their own, which is the one that stalls.
    const random = seededRandom(1);
    const line = (): string =>
      Array.from({ length: 78 }, () => Math.floor(random() * 36).toString(36)).join('');
    const body = Array.from({ length: 5_000 }, () => `${line()}\r\n`).join('');
    await client.append('INBOX', `Subject: x\r\n\r\n${body}`);
    await client.run('SELECT INBOX');
    const get = gateway.blobs.get.bind(gateway.blobs);
    let stalled: () => void = () => undefined;
    const isStalled = new Promise<void>((resolve) => (stalled = resolve));
    let goOn: () => void = () => undefined;
    gateway.blobs.get = async (...args) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await get(...args)) chunks.push(chunk);
      const whole = Buffer.concat(chunks);
      if (args[1] && 'last' in args[1]) return inChunks(whole, whole.length);
      return (async function* () {
        yield whole.subarray(0, 100_000);
        stalled();
        await new Promise<void>((resolve) => (goOn = resolve));
        yield whole.subarray(100_000);
      })();
    };
    client.send('a UID FETCH 1 BODY.PEEK[]\r\n');
    await isStalled;
    manual.advance(3 * PROGRESS_EVERY_MS);
    goOn();
    const lines: string[] = [];
    for (let line = ''; !line.startsWith('a '); lines.push((line = await client.line())));
    expect(lines.filter((line) => line.includes('INPROGRESS'))).toEqual([]);
    expect(lines).toHaveLength(1 + 2 + 5_000 + 2);
    await gateway.stop();
  });
});
