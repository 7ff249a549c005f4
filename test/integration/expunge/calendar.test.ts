import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { AccountId } from '../../../shared/account/ids.ts';
import { dynamoDbClient } from '../../../shared/aws/clients.ts';
import { DynamoDbCalendar } from '../../../shared/aws/dynamodb-calendar.ts';
import { calendarKeys } from '../../../shared/aws/keys.ts';
import { type TestDynoxide, startTestDynoxide } from '../../support/dynoxide.ts';

let store: TestDynoxide;
let tables = 0;
beforeAll(async () => {
  store = await startTestDynoxide(['mail0', 'mail1']);
});
afterAll(() => store.stop());

const calendar = () => new DynamoDbCalendar(dynamoDbClient(store.settings), `mail${tables++}`);
const accountOf = (index: number) => index.toString(16).padStart(20, '0') as AccountId;
const TODAY = 20_785;

test('what is due up to today is found, however long nobody looked; what comes tomorrow is not', async () => {
  const days = calendar();
  await days.leave(accountOf(1), TODAY - 400);
  await days.leave(accountOf(2), TODAY);
  await days.leave(accountOf(2), TODAY);
  await days.leave(accountOf(3), TODAY + 1);
  await days.leave(accountOf(1), TODAY + 30);
  expect(await days.due(TODAY, 0)).toEqual([
    { account: accountOf(1), day: TODAY - 400 },
    { account: accountOf(2), day: TODAY },
  ]);
  expect((await days.due(TODAY + 1, 0)).map(({ account }) => account)).toContain(accountOf(3));
});

test('a day is taken by one function at a time, and stays if it is asked for meanwhile', async () => {
  const days = calendar();
  const due = { account: accountOf(7), day: TODAY };
  await days.leave(due.account, due.day);
  const first = await days.take(due, { holder: 'a', now: 0, until: 1000 });
  if (!first) throw new Error('nothing was taken');
  expect(await days.take(due, { holder: 'b', now: 10, until: 1010 })).toBeNull();
  expect(await days.due(TODAY, 10)).toEqual([]);
  await days.leave(due.account, due.day);
  expect(await days.finish(first)).toBe('more');
  const second = await days.take(due, { holder: 'b', now: 20, until: 1020 });
  if (!second) throw new Error('nothing was taken');
  expect(await days.finish(second)).toBe('done');
  expect(await days.due(TODAY, 5000)).toEqual([]);
});

test('keys say account and day, and sort by day', () => {
  const { sk } = calendarKeys.item(accountOf(5), TODAY);
  expect(sk).toBe(`2026-11-28#${accountOf(5)}`);
  expect(calendarKeys.parse(sk)).toEqual({ account: accountOf(5), day: TODAY });
});
