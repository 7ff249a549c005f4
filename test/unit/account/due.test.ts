import { describe, expect, test } from '@jest/globals';
import { type Looked, dayOf, isSweepDay, nextDueDay } from '../../../shared/account/due.ts';
import type { BuriedRow } from '../../../shared/account/graveyard.ts';
import type { AccountId, BlobId, MailboxId } from '../../../shared/account/ids.ts';
import type { Op } from '../../../shared/account/ops.ts';
import type { PolicyChange } from '../../../shared/account/policy.ts';
import { NOW, after, fresh, mailboxOf } from '../../support/account-state.ts';

const DAY = 86_400;
const SECONDS = NOW / 1000;
const TODAY = dayOf(SECONDS);
/** An account whose day of the period is `ahead` days from now. */
const sweptIn = (ahead: number): AccountId =>
  ((TODAY + ahead) % 30).toString(16).padStart(6, '0').padEnd(20, '0') as AccountId;

const looked = (over: Partial<Looked> = {}): Looked => ({
  state: fresh(),
  buried: [],
  now: SECONDS,
  grace: 7 * DAY,
  ...over,
});
const buried = (daysAgo: number): BuriedRow => ({
  mailbox: 1 as MailboxId,
  name: 'INBOX',
  expunged: SECONDS - daysAgo * DAY,
  row: undefined as unknown as BuriedRow['row'],
});
const inTrash = (): Op => ({
  op: 'append',
  to: { use: 'Trash' },
  blob: 'a'.repeat(32) as BlobId,
  size: 1,
  system: 0,
  keywords: [],
  date: 0,
  zone: 0,
  summary: { inline: new Uint8Array(1) },
});
const with_ = (...changes: readonly PolicyChange[]) =>
  after(
    fresh(),
    changes.map((change): Op => ({ op: 'policy', change })),
  );

describe('an account is looked at', () => {
  test('once in 30 days, on a day of its own, though nothing is due', () => {
    for (const ahead of [1, 12, 30]) {
      const account = sweptIn(ahead);
      const day = nextDueDay(account, looked());
      expect(day).toBe(TODAY + ahead);
      expect(isSweepDay(account, day)).toBe(true);
    }
  });

  test('the day after the grace of what was expunged first is over', () => {
    expect(nextDueDay(sweptIn(29), looked({ buried: [buried(2), buried(3)] }))).toBe(TODAY + 4 + 1);
  });

  test('tomorrow, when something is due already', () => {
    expect(nextDueDay(sweptIn(29), looked({ buried: [buried(20)] }))).toBe(TODAY + 1);
  });

  test('when the first message in a mailbox with a retention is due', () => {
    const state = after(fresh(), [inTrash()]);
    expect(nextDueDay(sweptIn(24), looked({ state, now: SECONDS + 25 * DAY }))).toBe(TODAY + 30 + 1);
  });

  test('within the retention of a mailbox that is empty: a message may come at any moment', () => {
    const rule: PolicyChange = { scope: { use: 'Junk' }, days: 3 };
    expect(nextDueDay(sweptIn(29), looked({ state: with_(rule) }))).toBe(TODAY + 3 + 1);
  });

  test('when the delay of its closing is over', () => {
    const state = with_({ closing: NOW + 5 * DAY * 1000 });
    expect(nextDueDay(sweptIn(29), looked({ state }))).toBe(TODAY + 5 + 1);
  });

  test('under a hold, for nothing but its own day', () => {
    const state = with_({ hold: true }, { closing: NOW });
    expect(nextDueDay(sweptIn(29), looked({ state, buried: [buried(9)] }))).toBe(TODAY + 29);
  });

  test('the mailboxes of this test are those of a new account', () => {
    expect(mailboxOf(fresh(), 'Trash').use).toBe('Trash');
  });
});
