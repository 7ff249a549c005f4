/** What sessions see of what happens to mail by itself: retention, undelete, and the end of an account. */
import { afterEach, expect, test } from '@jest/globals';
import { expungeAccount } from '../../../functions/expunge/expunge-account.ts';
import { decideUndelete } from '../../../shared/account/decide-undelete.ts';
import { GRACE_SECONDS } from '../../../shared/account/due.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { commitOnWholeState } from '../../../shared/account/whole-state.ts';
import { AccountObjects } from '../../../shared/blob/account-objects.ts';
import { inVariants } from '../../support/conformance.ts';
import { foldStoreOf } from '../../support/forced-folds.ts';
import { TestGateway } from '../../support/gateway.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';

const DAY_MS = 86_400_000;
inVariants((variant) => {
  let gateway: TestGateway;
  afterEach(() => gateway.stop());

  /** A gateway, and what looks after the account of alice. */
  async function begin() {
    const journal = new MemoryJournalStore();
    gateway = await TestGateway.start({ journal, variant });
    const folds = foldStoreOf(journal);
    const { rim, messages, blobs } = gateway;
    const deps = {
      journal,
      folds,
      folded: folds,
      summaries: messages,
      objects: new AccountObjects(blobs),
      rim,
      graceSeconds: GRACE_SECONDS,
    };
    const account = await gateway.addUser();
    const put = (...ops: readonly Op[]) => commitOnWholeState(deps, account, () => ({ ops, value: null }));
    return { deps, account, put };
  }

  const append = (name: string, text: string): string => `APPEND ${name} {${text.length}+}\r\n${text}`;

  test('retention takes messages away as an EXPUNGE does, and the quota falls', async () => {
    const { deps, account } = await begin();
    const client = await gateway.signIn('Trash');
    await client.run(append('Trash', 'Subject: first\r\n\r\nHello.\r\n'));
    gateway.rim.time += 20 * DAY_MS;
    await client.run(append('Trash', 'Subject: second\r\n\r\nHello.\r\n'));
    gateway.rim.time += 11 * DAY_MS;
    const before = await client.run('GETQUOTAROOT INBOX');
    expect(before.join('\n')).toMatch(/MESSAGE 2 /);
    expect(await expungeAccount(deps, account)).toMatchObject({ expired: 1 });
    const gone = variant === 'qresync' || variant === 'uidonly' ? '* VANISHED 1' : '* 1 EXPUNGE';
    expect(await client.run('NOOP')).toEqual([gone, 'tag OK done']);
    expect((await client.run('GETQUOTAROOT INBOX')).join('\n')).toMatch(/MESSAGE 1 /);
    expect((await client.run('UID SEARCH ALL'))[0]).toBe('* SEARCH 2');
  });

  test('what is undeleted arrives as a new message, and is read whole', async () => {
    const { deps, account } = await begin();
    const client = await gateway.signIn('INBOX');
    await client.run(append('INBOX', 'Subject: back\r\n\r\nHello.\r\n'));
    await client.run('STORE 1 +FLAGS (\\Seen \\Deleted)');
    await client.run('EXPUNGE');
    const lost = { since: 0, mailbox: null };
    await commitOnWholeState(deps, account, (whole) =>
      decideUndelete(whole, { lost, into: null, now: gateway.rim.now() }),
    );
    expect(await client.run('NOOP')).toEqual(expect.arrayContaining(['* 1 EXISTS']));
    const [fetched] = await client.run('UID FETCH 2 (FLAGS ENVELOPE)');
    expect(fetched).toContain('\\Seen');
    expect(fetched).not.toContain('\\Deleted');
    expect(fetched).toContain('"back"');
    expect((await client.run('UID FETCH 2 BODY.PEEK[TEXT]')).join('\n')).toContain('Hello.');
  });

  test('of what was purged nobody hears anything, and nothing else is touched', async () => {
    const { deps, account } = await begin();
    const client = await gateway.signIn('INBOX');
    await client.run(append('INBOX', 'Subject: gone\r\n\r\nHello.\r\n'));
    await client.run(append('INBOX', 'Subject: stays\r\n\r\nHello.\r\n'));
    await client.run('COPY 2 Archive');
    await client.run('STORE 1:2 +FLAGS (\\Deleted)');
    await client.run('EXPUNGE');
    gateway.rim.time += 8 * DAY_MS;
    expect(await expungeAccount(deps, account, { sweep: true })).toMatchObject({ purged: 1 });
    expect(await client.run('NOOP')).toEqual(['tag OK done']);
    await client.run('SELECT Archive');
    expect((await client.run('FETCH 1 BODY.PEEK[]')).join('\n')).toContain('Subject: stays');
  });

  test('an account that is closed for good takes nothing more, and says why', async () => {
    const { put } = await begin();
    const client = await gateway.signIn('INBOX');
    await put({ op: 'policy', change: { closed: true } });
    expect((await client.run(append('INBOX', 'Subject: late\r\n\r\nHello.\r\n'))).at(-1)).toBe(
      'tag NO [CONTACTADMIN] the account is closed',
    );
    // Nobody would ever look for it.
    for await (const { key } of gateway.blobs.list('blobs/')) expect(key).toBe('of no message');
  });
});
