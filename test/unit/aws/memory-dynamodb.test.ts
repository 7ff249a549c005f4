/** The table in memory that simulations run on keeps the contract of the real one, by the stores' own code. */
import { DynamoDbFoldStore } from '../../../shared/aws/dynamodb-fold-store.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import { accountKeys } from '../../../shared/aws/keys.ts';
import { journalStoreContract } from '../../support/journal-store-contract.ts';
import { MemoryDynamoDb } from '../../support/memory-dynamodb.ts';

const table = new MemoryDynamoDb();
journalStoreContract('the journal on a table in memory', () => ({
  journal: new DynamoDbJournalStore(table.client, 'mail'),
  folds: new DynamoDbFoldStore(table.client, 'mail'),
  putNewer: async (account, number) => {
    const { pk, sk } = accountKeys.record(account, number);
    const input = { Item: { pk: { S: pk }, sk: { S: sk }, v: { N: '99' } } };
    await table.execute({ constructor: { name: 'PutItemCommand' }, input });
  },
}));
