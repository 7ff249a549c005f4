/** The two DynamoDB tables, made where nobody else makes them (on AWS the stack does). */
import {
  CreateTableCommand,
  DescribeTimeToLiveCommand,
  ResourceInUseException,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { withRetry } from '../../shared/aws/retry.ts';

/** DynamoDB removes an item some time after this attribute's time (seconds since the epoch). */
const EXPIRY = 'expiresAt';
const TABLE_TIMEOUT_S = 60;

/** Makes each table that is missing, and returns when all can be used. Safe to call from two processes at once. */
export async function ensureTables(client: DynamoDBClient, names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => withRetry(() => ensureTable(client, name))));
}

async function ensureTable(client: DynamoDBClient, name: string): Promise<void> {
  try {
    await client.send(
      new CreateTableCommand({
        TableName: name,
        AttributeDefinitions: [
          { AttributeName: 'pk', AttributeType: 'S' },
          { AttributeName: 'sk', AttributeType: 'S' },
        ],
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        BillingMode: 'PAY_PER_REQUEST',
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  await waitUntilTableExists(
    { client, maxWaitTime: TABLE_TIMEOUT_S, minDelay: 1, maxDelay: 2 },
    { TableName: name },
  );
  // Setting what is set already is an error on AWS.
  const { TimeToLiveDescription: expiry } = await client.send(
    new DescribeTimeToLiveCommand({ TableName: name }),
  );
  if (expiry?.TimeToLiveStatus === 'ENABLED' || expiry?.TimeToLiveStatus === 'ENABLING') return;
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: name,
      TimeToLiveSpecification: { AttributeName: EXPIRY, Enabled: true },
    }),
  );
}
