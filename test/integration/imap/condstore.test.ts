import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { inVariants } from '../../support/conformance.ts';
import { TestGateway } from '../../support/gateway.ts';
import type { ImapClient } from '../../support/imap-client.ts';
import { inVariant } from '../../support/variants.ts';

let gateway: TestGateway;
let client: ImapClient;
inVariants((variant) => {
  beforeEach(async () => {
    gateway = await TestGateway.start({ variant });
    await gateway.addUser();
    client = await gateway.signIn();
    for (let index = 0; index < 3; index++) await client.append('INBOX', 'Subject: x\r\n\r\nbody\r\n');
  });
  afterEach(() => gateway.stop());

  /** Mod-sequences of the messages, in order. */
  async function modSeqs(of = client): Promise<number[]> {
    const lines = await of.run('UID FETCH 1:* (MODSEQ)');
    return lines
      .flatMap((line) => Number(/MODSEQ \((\d+)\)/.exec(line)?.[1] ?? NaN))
      .filter((value) => !Number.isNaN(value));
  }

  const highest = (lines: readonly string[]): number =>
    Number(/HIGHESTMODSEQ (\d+)/.exec(lines.join('\n'))?.[1] ?? NaN);

  test('SELECT tells the highest mod-sequence; FETCH each one', async () => {
    const selected = highest(await client.run('SELECT INBOX (CONDSTORE)'));
    const each = await modSeqs();
    expect(each).toHaveLength(3);
    expect(Math.max(...each)).toBe(selected);
    expect(new Set(each).size).toBe(3);
  });

  test('the first command that needs mod-sequences is told the highest, and only the first', async () => {
    await client.run('SELECT INBOX');
    const first = await client.run('FETCH 1 (UID MODSEQ)');
    // Who has enabled it is told by SELECT.
    const isFirst = variant !== 'condstore' && variant !== 'qresync';
    expect(first[0]).toMatch(isFirst ? /^\* OK \[HIGHESTMODSEQ \d+\]/ : /^\* 1 (UID)?FETCH/);
    expect((await client.run('FETCH 1 (UID MODSEQ)'))[0]).toMatch(/^\* 1 (UID)?FETCH/);
  });

  test('CHANGEDSINCE tells only what has changed, 0 everything', async () => {
    await client.run('SELECT INBOX (CONDSTORE)');
    const before = Math.max(...(await modSeqs()));
    const [stored = ''] = await client.run('STORE 2 +FLAGS.SILENT (\\Seen)');
    expect(stored).toMatch(/^\* 2 (FETCH \(UID 2 |UIDFETCH \()MODSEQ \(\d+\)\)$/);
    const changed = await client.run(`FETCH 1:* (FLAGS) (CHANGEDSINCE ${before})`);
    expect(changed).toEqual([
      expect.stringMatching(/^\* 2 (UID)?FETCH \(FLAGS \(\\Seen \\Recent\) MODSEQ \(\d+\)\)$/),
      'tag OK fetched',
    ]);
    expect(await client.run('UID FETCH 1:* (FLAGS) (CHANGEDSINCE 0)')).toHaveLength(4);
  });

  test('UNCHANGEDSINCE leaves alone what another has changed, and says which', async () => {
    const select = await client.run('SELECT INBOX (CONDSTORE)');
    const since = highest(select);
    const other = await gateway.signIn('INBOX');
    await other.run('STORE 2 +FLAGS (\\Flagged)');
    const answer = await client.run(`STORE 1:3 (UNCHANGEDSINCE ${since}) +FLAGS.SILENT (\\Deleted)`);
    expect(answer).toEqual([
      expect.stringMatching(/^\* 1 (FETCH \(UID 1 |UIDFETCH \()MODSEQ \(\d+\)\)$/),
      expect.stringMatching(
        /^\* 2 (FETCH \(UID 2 |UIDFETCH \()FLAGS \(\\Flagged \\Recent\) MODSEQ \(\d+\)\)$/,
      ),
      expect.stringMatching(/^\* 3 (FETCH \(UID 3 |UIDFETCH \()MODSEQ \(\d+\)\)$/),
      'tag OK [MODIFIED 2] stored, but for messages that have changed since',
    ]);
    const byUid = await client.run('UID STORE 2 (UNCHANGEDSINCE 0) +FLAGS (\\Seen)');
    expect(byUid).toEqual(['tag OK [MODIFIED 2] stored, but for messages that have changed since']);
  });

  test('a STORE that changes nothing writes nothing, and answers all the same', async () => {
    await client.run('SELECT INBOX (CONDSTORE)');
    const before = await modSeqs();
    const answer = await client.run('UID STORE 3 -FLAGS (\\Seen)');
    expect(answer).toEqual([
      inVariant(`* 3 FETCH (UID 3 FLAGS (\\Recent) MODSEQ (${before[2] ?? 0}))`, variant),
      'tag OK stored',
    ]);
    const conditional = await client.run(
      `UID STORE 3 (UNCHANGEDSINCE ${before[2] ?? 0}) -FLAGS.SILENT (\\Seen)`,
    );
    expect(conditional).toEqual([
      inVariant(`* 3 FETCH (UID 3 MODSEQ (${before[2] ?? 0}))`, variant),
      'tag OK stored',
    ]);
    expect(await modSeqs()).toEqual(before);
  });

  test('SEARCH MODSEQ tells the highest of what it found', async () => {
    await client.run('SELECT INBOX (CONDSTORE)');
    const [, second = 0, third = 0] = await modSeqs();
    await client.play(`
    C: a SEARCH MODSEQ ${second}
    S: * SEARCH 2 3 (MODSEQ ${third})
    S: a OK searched
    C: b SEARCH MODSEQ "/flags/\\\\seen" all ${third + 1}
    S: * SEARCH
    S: b OK searched
    C: c UID SEARCH RETURN (MIN) MODSEQ ${second}
    S: * ESEARCH (TAG "c") UID MIN 2 MODSEQ ${second}
    S: c OK searched
    C: d SEARCH RETURN (COUNT) MODSEQ ${second}
    S: * ESEARCH (TAG "d") COUNT 2 MODSEQ ${third}
    S: d OK searched
  `);
  });

  test('a silent STORE does not hide what another did to the same message', async () => {
    await client.run('SELECT INBOX');
    const other = await gateway.signIn('INBOX');
    await other.run('STORE 1 +FLAGS (\\Flagged)');
    expect(await client.run('STORE 1:2 +FLAGS.SILENT (\\Seen)')).toEqual([
      inVariant('* 1 FETCH (UID 1 FLAGS (\\Flagged \\Seen \\Recent))', variant),
      'tag OK stored',
    ]);
  });
});
