import { expect, test } from '@jest/globals';
import { ClientView } from '../../hunt/swarm/client-view.ts';

test('of UIDs that were never told, one that vanishes stood below the next that is known', () => {
  const view = new ClientView({ vanished: true, uidOnly: false });
  for (const text of ['* 6 EXISTS', '* 1 FETCH (UID 11 FLAGS ())', '* 4 FETCH (UID 14 FLAGS ())'])
    view.take(text, true);
  view.take('* VANISHED 12,16', true);
  expect(view.entries.map(({ uid }) => uid)).toEqual([11, null, 14, null]);
});

test('without message numbers those that were never told have no place among the others', () => {
  const view = new ClientView({ vanished: true, uidOnly: true });
  for (const text of ['* 3 EXISTS', '* 9 UIDFETCH (FLAGS ())', '* 15 UIDFETCH (FLAGS ())'])
    view.take(text, true);
  view.take('* VANISHED 5', true);
  expect(view.entries.map(({ uid }) => uid)).toEqual([9, 15]);
});
