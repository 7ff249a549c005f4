/** Folds side by side hold no more rows together than there is memory for. */
import { expect, test } from '@jest/globals';
import { Room } from '../../../functions/compact/room.ts';
import { append, commit, expectWhole } from '../../support/fold-ops.ts';
import { FoldingAccount } from '../../support/folding.ts';

test('who fits goes in, who does not waits for its turn; nobody overtakes', async () => {
  const room = new Room(10);
  const inside: string[] = [];
  const ends = new Map<string, () => void>();
  const enter = (name: string, rows: number): Promise<void> =>
    room.holding(rows, async () => {
      inside.push(name);
      await new Promise<void>((end) => ends.set(name, end));
      inside.splice(inside.indexOf(name), 1);
    });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await new Promise(setImmediate);
  };
  const all = [enter('a', 6), enter('b', 4), enter('huge', 1_000), enter('small', 1)];
  await new Promise(setImmediate);
  expect(inside).toEqual(['a', 'b']);
  await end('a');
  // There would be room for the small one, but then the huge one might never have it.
  expect(inside).toEqual(['b']);
  await end('b');
  expect(inside).toEqual(['huge']);
  await end('huge');
  expect(inside).toEqual(['small']);
  await end('small');
  await Promise.all(all);
});

test('one that fails leaves its room to the next', async () => {
  const room = new Room(1);
  const failing = room.holding(1, () => Promise.reject(new Error('no')));
  const next = room.holding(1, () => Promise.resolve('done'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('done');
});

test('a fold asks for the rows of the mailboxes that it loads, and does without room where there is nothing to fold', async () => {
  const account = await FoldingAccount.begun();
  const writer = account.replica();
  await commit(writer, () => Array.from({ length: 30 }, () => append(account)));
  await account.fold();
  const asked: number[] = [];
  class AskedRoom extends Room {
    override holding<T>(rows: number, work: () => Promise<T>): Promise<T> {
      asked.push(rows);
      return super.holding(rows, work);
    }
  }
  const room = new AskedRoom(10);
  expect(await account.fold({ room })).toEqual({ kind: 'nothing' });
  expect(asked).toEqual([]);
  await commit(writer, () => [append(account)]);
  expect(await account.fold({ room })).toMatchObject({ kind: 'folded', records: 1 });
  await commit(writer, () => [{ op: 'create', name: 'Empty', uidValidity: 9, use: null }]);
  expect(await account.fold({ room })).toMatchObject({ kind: 'folded', records: 1 });
  expect(asked).toEqual([30, 0]);
  await expectWhole(account);
});
