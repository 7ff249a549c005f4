import { describe, expect, test } from '@jest/globals';
import { type EpochResult, beginEpoch } from '../../../functions/check/begin-epoch.ts';
import { deliverTo } from '../../../shared/account/delivery.ts';
import { epochNumber, jumpOver } from '../../../shared/account/epoch.ts';
import { type AccountId, type MailboxId, type RecordNumber, recordOf } from '../../../shared/account/ids.ts';
import { JournalDamagedError } from '../../../shared/account/opening.ts';
import type { AppendOp } from '../../../shared/account/ops.ts';
import { isEmptied } from '../../../shared/account/record.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { inboxOf, markSeen } from '../../support/fold-ops.ts';
import { KilledError, Killer } from '../../support/folding.ts';
import { KeptAccount } from '../../support/kept-account.ts';

const HOUR = 3_600_000;

/** An account whose table was restored as it was an hour ago: of ten letters, four are lost. */
async function restored() {
  const account = await KeptAccount.begun();
  for (let number = 1; number <= 3; number++) await account.receive(`letter ${number}`);
  await account.fold();
  for (let number = 4; number <= 6; number++) await account.receive(`letter ${number}`);
  const asOf = account.rim.now();
  const putBack = account.backUp();
  account.rim.time += HOUR;
  const stale = account.replica();
  for (let number = 7; number <= 10; number++) await account.receive(`letter ${number}`);
  await stale.load([INBOX_ID]);
  await stale.sync();
  putBack();
  return { account, asOf, stale };
}

const uidsOf = (lines: readonly string[] = []) => lines.map((line) => Number.parseInt(line, 10));

describe('a jump', () => {
  test('is longer for a longer time, and longer again from the same backup later', () => {
    expect(jumpOver(HOUR)).toBeGreaterThan(jumpOver(0) + 900_000);
    const first = epochNumber(100, HOUR);
    // 200 records a second for ten minutes, and the same backup once more.
    expect(epochNumber(100, HOUR + 600_000)).toBeGreaterThan(first + 200 * 600);
  });

  test('that cannot be numbered is refused', () => {
    expect(() => epochNumber(2 ** 32 - 10, 0)).toThrow(/beyond what this release can number/);
  });
});

test('what was given out in the lost hour is not given out again', async () => {
  const { account, asOf, stale } = await restored();
  const lost = await stale.load([INBOX_ID]);
  expect(await beginEpoch(account.deps, account.id, { asOf })).toMatchObject({
    kind: 'begun',
    behind: 0,
    recovered: 4,
  });
  await account.receive('after');
  await account.commit(() => [{ op: 'create', name: 'New', uidValidity: 1, use: null }]);
  const contents = await account.contents();
  expect(contents.INBOX?.map((line) => line.replace(/^\d+ /, ''))).toEqual([
    ...[1, 2, 3, 4, 5, 6].map((number) => `letter ${number}`),
    // Their records are lost, and they are not: each came back under another UID.
    ...[7, 8, 9, 10].map((number) => `letter ${number}`),
    'after',
  ]);
  const state = await account.reopened();
  const inbox = state.mailboxes.get(INBOX_ID);
  const fresh = uidsOf(contents.INBOX).slice(6);
  expect(Math.min(...fresh)).toBeGreaterThan((lost.mailboxes.get(INBOX_ID)?.uidNext ?? Infinity) + 1000);
  expect(inbox?.uidValidity).toBe(lost.mailboxes.get(INBOX_ID)?.uidValidity);
  expect(recordOf(inbox?.highestModSeq ?? (0 as never))).toBeGreaterThan(lost.number);
  const made = [...state.mailboxes.values()].find(({ name }) => name === 'New');
  expect(made?.id).toBeGreaterThan(lost.nextMailbox + 1000);
  expect(made?.uidValidity).toBeGreaterThan(Math.floor(asOf / 1000));
  expect(await account.kinds()).toEqual([]);
});

test('a gateway that knew the lost hour writes above the epoch, and sees what everybody sees', async () => {
  const { account, asOf, stale } = await restored();
  const before = stale.current?.number ?? 0;
  const { number } = (await beginEpoch(account.deps, account.id, { asOf })) as { number: number };
  // A STORE without a read before it: of a message that is lost, and of one that is not.
  await account.commit((state) => [markSeen(state, 2, 10)], stale);
  expect(account.stored.entries.get(before + 1)).toMatchObject({ emptied: true });
  const state = await account.reopened();
  expect(state.number).toBe(number + 1);
  expect(state.mailboxes.get(INBOX_ID)).toMatchObject({ messages: 10, unseen: 5 });
  const held = await stale.load([INBOX_ID]);
  expect([...inboxOf(held).uids.subarray(0, 6)]).toEqual([1, 2, 3, 4, 5, 6]);
});

test('beyond the fence its record stands where nobody reads: a check finds it, and a repair names its message again', async () => {
  const { account, asOf, stale } = await restored();
  await beginEpoch(account.deps, account.id, { asOf, fence: 0 });
  await account.receive('stray', { inbox: true }, {}, stale);
  expect((await account.contents()).INBOX).toHaveLength(10);
  expect(await account.kinds()).toEqual(['record-standing']);
  const { left } = await account.mend();
  expect(left.findings).toEqual([]);
  expect((await account.contents()).INBOX?.at(-1)).toMatch(/ stray$/);
});

async function deliver(account: KeptAccount) {
  const bytes = Buffer.from('Subject: new\r\n\r\n');
  const { blob, size, summary, freshUntil } = await account.messages.put(account.id, bytes, bytes.length);
  const append: AppendOp = {
    op: 'append',
    to: { inbox: true },
    ...{ blob, size, summary, system: 0, keywords: [], date: 1, zone: 0 },
  };
  const quota = { quotaBytes: 1e9, quotaMessages: 1e9 };
  return deliverTo(account.id, [{ messageId: 'm', append, freshUntil }], quota, account.deps);
}

test('a delivery goes on behind it', async () => {
  const { account, asOf } = await restored();
  await beginEpoch(account.deps, account.id, { asOf });
  expect((await deliver(account)).outcomes).toEqual(['delivered']);
  expect((await account.contents()).INBOX?.at(-1)).toMatch(/ new$/);
});

test('a delivery that reads so early that it sees the fence and no epoch behind it goes on behind the epoch', async () => {
  const { account, asOf } = await restored();
  const { last, fence } = (await beginEpoch(account.deps, account.id, { asOf })) as EpochResult & {
    kind: 'begun';
  };
  const { journal } = account;
  journal.newest = async () => account.stored.entries.get(last + fence) ?? null;
  expect((await deliver(account)).outcomes).toEqual(['delivered']);
  expect((await account.contents()).INBOX?.at(-1)).toMatch(/ new$/);
});

test('a delivery that meets a fence while the epoch is about to begin is not done, and comes again', async () => {
  const { account } = await restored();
  const last = Math.max(...account.stored.entries.keys());
  const usage = { messages: 0, bytes: 0 };
  const entry = { number: (last + 1) as RecordNumber, usage, journalBytes: 0, emptied: true } as const;
  await account.folds.occupy(account.id, entry, 2e9);
  await expect(deliver(account)).rejects.toThrow(JournalDamagedError);
  expect(Math.max(...account.stored.entries.keys())).toBe(last + 1);
});

test('the journal is cut at its first gap; the messages behind it are named again', async () => {
  const { account, asOf } = await restored();
  const last = Math.max(...account.stored.entries.keys());
  account.stored.entries.delete(last - 1);
  await expect(account.contents()).rejects.toThrow(/is missing below record/);
  expect(await account.kinds()).toEqual(['journal-hole']);
  const result = await beginEpoch(account.deps, account.id, { asOf });
  expect(result).toMatchObject({ kind: 'begun', last: last - 2, behind: 1, recovered: 6 });
  const subjects = (await account.contents()).INBOX?.map((line) => line.replace(/^\d+ /, ''));
  expect(subjects).toEqual(Array.from({ length: 10 }, (_, index) => `letter ${index + 1}`));
  expect(await account.kinds()).toEqual([]);
});

test('a hold, and a closing that was taken back, are kept where the record before theirs is lost', async () => {
  const account = await KeptAccount.begun();
  const closing = account.rim.now() + HOUR;
  await account.commit(() => [{ op: 'policy', change: { closing } }]);
  for (const subject of ['one', 'two']) await account.receive(subject);
  const last = Math.max(...account.stored.entries.keys());
  await account.commit(() => [
    { op: 'policy', change: { hold: true } },
    { op: 'policy', change: { closing: null } },
    { op: 'policy', change: { scope: { use: 'Trash' }, days: 7 } },
    { op: 'policy', change: { scope: { mailbox: 999 as MailboxId }, days: 1 } },
  ]);
  account.stored.entries.delete(last);
  const { left } = await account.mend();
  expect(left.findings).toEqual([]);
  const { policy } = await account.reopened();
  expect(policy).toEqual({
    hold: true,
    closing: null,
    closed: false,
    retention: new Map([['use Trash', 7]]),
  });
});

test('from a time that was too late, it is begun once more as of an earlier one, and names what the first has not', async () => {
  const { account, asOf } = await restored();
  account.rim.time += 3 * HOUR;
  const late = account.rim.now();
  expect(await beginEpoch(account.deps, account.id, { asOf: late })).toMatchObject({ recovered: 0 });
  expect((await account.check()).unnamed).toBe(4);
  expect(await beginEpoch(account.deps, account.id, { asOf })).toMatchObject({ kind: 'begun', recovered: 4 });
  expect(await account.check()).toMatchObject({ findings: [], unnamed: 0, messages: 10 });
});

test('mail of a mailbox that was made since comes back into one of its name, with those above it', async () => {
  const { account, asOf } = await restored();
  const putBack = account.backUp();
  await account.commit(() => [{ op: 'create', name: 'Work/2026', uidValidity: 1, use: null }]);
  const lost = [...(await account.reopened()).mailboxes.values()].find(({ name }) => name === 'Work/2026');
  const arrived = { mailbox: 'Work/2026' };
  for (const subject of ['contract', 'annex'])
    await account.receive(subject, { mailbox: lost?.id ?? INBOX_ID }, {}, account.replica(), arrived);
  putBack();
  account.rim.time += 60_000;
  expect(await beginEpoch(account.deps, account.id, { asOf })).toMatchObject({ kind: 'begun', recovered: 6 });
  expect((await account.contents())['Work/2026']).toEqual(['1 contract', '2 annex']);
  const made = [...(await account.reopened()).mailboxes.values()].filter(({ name }) =>
    name.startsWith('Work'),
  );
  expect(made.map(({ name }) => name)).toEqual(['Work', 'Work/2026']);
  for (const { id, uidValidity } of made) {
    expect(id).toBeGreaterThan((lost?.id ?? Infinity) + 1000);
    expect(uidValidity).toBeGreaterThan(lost?.uidValidity ?? Infinity);
  }
  expect(await account.kinds()).toEqual([]);
});

test('an account that was being closed as of the backup is told of', async () => {
  const account = await KeptAccount.begun();
  const closing = account.rim.now() + HOUR;
  await account.commit(() => [{ op: 'policy', change: { closing } }]);
  const putBack = account.backUp();
  const asOf = account.rim.now();
  await account.commit(() => [{ op: 'policy', change: { closing: null } }]);
  putBack();
  expect(await beginEpoch(account.deps, account.id, { asOf })).toMatchObject({ kind: 'begun', closing });
});

test('a repair of a hole is an epoch', async () => {
  const { account } = await restored();
  account.stored.entries.delete(Math.max(...account.stored.entries.keys()) - 1);
  const { done, left } = await account.mend();
  expect(done).toEqual([expect.stringMatching(/^began a new epoch at record \d+, after record \d+$/)]);
  expect(left.findings).toEqual([]);
});

test('a repair of a hole names again the message whose record is lost, and none that may be under way', async () => {
  const account = await KeptAccount.begun();
  for (let number = 1; number <= 5; number++) {
    await account.receive(`letter ${number}`);
    account.rim.time += HOUR;
  }
  await account.receive('under way');
  const numbers = [...account.stored.entries.keys()].sort((a, b) => a - b);
  account.stored.entries.delete(numbers.at(-1) as RecordNumber);
  account.stored.entries.delete(numbers.at(-3) as RecordNumber);
  const { left } = await account.mend();
  expect(left.findings).toEqual([]);
  const { INBOX = [] } = await account.contents();
  expect(INBOX.map((line) => line.replace(/^\d+ /, '')).sort()).toEqual(
    [1, 2, 3, 4, 5].map((number) => `letter ${number}`),
  );
  expect(left.unnamed).toBe(1);
});

test('a message that had waited for its record when the backup was made is named again', async () => {
  const { account, asOf } = await restored();
  const key = account.blobs.messages.at(-1) ?? '';
  const bytes = account.blobs.objects.get(key) ?? Buffer.alloc(0);
  // An APPEND of several messages, the first of which was stored an hour before the last, less some seconds.
  account.blobs.putBack(key, bytes, asOf - HOUR + 5_000);
  expect(await beginEpoch(account.deps, account.id, { asOf })).toMatchObject({ recovered: 4 });
  const subjects = (await account.contents()).INBOX?.map((line) => line.replace(/^\d+ /, ''));
  expect(subjects).toContain('letter 10');
});

test('what is shared is published anew, also if the backup knows of no share', async () => {
  const { account, asOf } = await restored();
  expect((await account.reopened()).sharedAt).toBe(0);
  const { number } = (await beginEpoch(account.deps, account.id, { asOf })) as { number: number };
  expect((await account.reopened()).sharedAt).toBe(number);
});

test('a fold that comes between record and checkpoint of a repair gives each message its own summary', async () => {
  const { account, asOf, stale } = await restored();
  await beginEpoch(account.deps, account.id, { asOf, fence: 0 });
  for (const subject of ['stray one', 'stray two', 'stray three'])
    await account.receive(subject, { inbox: true }, {}, stale);
  const put = account.journal.put.bind(account.journal);
  account.journal.put = async (...args) => {
    await put(...args);
    account.journal.put = put;
    throw new KilledError('killed');
  };
  await expect(account.mend()).rejects.toThrow(KilledError);
  await account.receive('after');
  await account.fold();
  expect((await account.contents()).INBOX).toHaveLength(14);
  expect(await account.wrongSummaries()).toEqual([]);
  expect((await account.mend()).left.findings).toEqual([]);
});

test('an account with neither checkpoint nor journal is said to be missing, and never begun anew', async () => {
  const { account } = await restored();
  const id = 'f'.repeat(20) as AccountId;
  const result = await beginEpoch(account.deps, id, { asOf: 0 });
  expect(result).toMatchObject({ kind: 'impossible', findings: [{ kind: 'account-missing' }] });
  expect(account.journal.account(id).entries.size).toBe(0);
});

test('killed at any of its calls, before or after the effect, it goes on to the same end', async () => {
  let calls = 0;
  for (const when of ['before', 'after'] as const)
    for (let at = 0; ; at++) {
      const { account, asOf } = await restored();
      account.stored.entries.delete(Math.max(...account.stored.entries.keys()) - 1);
      const killer = new Killer(at, when);
      const { journal, folds } = account;
      const deps = { ...account.deps, journal: killer.watch(journal), folds: killer.watch(folds) };
      const end = await beginEpoch(deps, account.id, { asOf, fence: 3 }).catch((error: unknown) => error);
      if (!(end instanceof KilledError)) break;
      calls++;
      await beginEpoch(account.deps, account.id, { asOf, fence: 3 });
      const subjects = (await account.contents()).INBOX?.map((line) => line.replace(/^\d+ /, ''));
      expect(subjects).toEqual(Array.from({ length: 10 }, (_, index) => `letter ${index + 1}`));
      const standing = [...account.stored.entries.values()].filter((entry) => !isEmptied(entry));
      expect(standing).toHaveLength(1);
      expect((await account.kinds()).filter((kind) => kind !== 'summary-lost')).toEqual([]);
    }
  expect(calls).toBeGreaterThan(20);
});
