import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { DynamoDbServerAnnotations } from '../../../shared/directory/dynamodb-server-annotations.ts';
import type { TestDynoxide } from '../../support/dynoxide.ts';
import { startTestDynoxide } from '../../support/dynoxide.ts';
import { createDirectoryTable, impatient, openDirectory } from './directory-fixture.ts';

let store: TestDynoxide;
let annotations: DynamoDbServerAnnotations;

beforeAll(async () => {
  store = await startTestDynoxide([]);
});
afterAll(() => store.stop());
beforeEach(async () => {
  const table = await createDirectoryTable(store.settings);
  const { client } = openDirectory(store.settings, table);
  annotations = new DynamoDbServerAnnotations({ client, table, retryClock: impatient });
});

const set = (name: string, value: string) =>
  annotations.change((entries) => new Map(entries).set(name, Buffer.from(value)));
const texts = async () =>
  Object.fromEntries(
    [...(await annotations.read())].map(([name, value]) => [name, Buffer.from(value).toString()]),
  );

test('entries are set, replaced and taken away; a value may be empty, or any bytes', async () => {
  expect(await texts()).toEqual({});
  await set('/comment', 'one');
  await set('/vendor/a/b', '');
  await set('/comment', '\0two');
  expect(await texts()).toEqual({ '/comment': '\0two', '/vendor/a/b': '' });
  await annotations.change(() => new Map());
  expect(await texts()).toEqual({});
});

test('of many at once none undoes another', async () => {
  const names = Array.from({ length: 5 }, (_, index) => `/e${index}`);
  await Promise.all(names.map((name) => set(name, name)));
  expect(Object.keys(await texts()).sort()).toEqual(names);
});

test('a decision that refuses changes nothing', async () => {
  await set('/comment', 'one');
  const refused = annotations.change(() => {
    throw new Error('no');
  });
  await expect(refused).rejects.toThrow('no');
  expect(await texts()).toEqual({ '/comment': 'one' });
});
