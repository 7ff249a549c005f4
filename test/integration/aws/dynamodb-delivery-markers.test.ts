import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AccountId, RecordNumber } from '../../../shared/account/ids.ts';
import { dynamoDbClient } from '../../../shared/aws/clients.ts';
import { DynamoDbDeliveryMarkers } from '../../../shared/aws/dynamodb-delivery-markers.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import { markedDelivery } from '../../../shared/aws/keys.ts';
import { type TestDynoxide, startTestDynoxide } from '../../support/dynoxide.ts';

const A = 'a0'.repeat(10) as AccountId;
const B = 'b1'.repeat(10) as AccountId;

let store: TestDynoxide;
beforeAll(async () => {
  store = await startTestDynoxide(['mail']);
});
afterAll(() => store.stop());

async function collected<T>(all: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const each of all) list.push(each);
  return list;
}

describe('markers of deliveries', () => {
  test('are found across accounts, with the record that each was put with, and can be dropped', async () => {
    const client = dynamoDbClient(store.settings);
    const journal = new DynamoDbJournalStore(client, 'mail');
    const markers = new DynamoDbDeliveryMarkers(client, 'mail');
    const record = (number: number) => ({
      number: number as RecordNumber,
      commit: 'c',
      time: 0,
      ops: [],
      usage: { messages: 0, bytes: 0 },
      journalBytes: 0,
    });
    await journal.put(A, [record(1)], [{ messageId: 'old', expiresAt: 10 }]);
    // A message id may hold what keys are separated by.
    await journal.put(A, [record(2)], [{ messageId: 'x#y', expiresAt: 20 }]);
    await journal.put(B, [record(7)], [{ messageId: 'x#y', expiresAt: 30 }]);
    const found = await collected(markers.expiringFrom(20));
    expect(found.sort((a, b) => a.expiresAt - b.expiresAt)).toEqual([
      { account: A, messageId: 'x#y', record: 2, expiresAt: 20 },
      { account: B, messageId: 'x#y', record: 7, expiresAt: 30 },
    ]);
    await markers.drop({ account: A, messageId: 'x#y' });
    await markers.drop({ account: A, messageId: 'x#y' });
    expect(await journal.delivered('x#y', [A, B])).toEqual(new Set([B]));
    client.destroy();
  });

  test('no other key is taken for one', () => {
    expect(markedDelivery(`account#${A}`)).toBeNull();
    expect(markedDelivery('delivery#')).toBeNull();
  });
});
