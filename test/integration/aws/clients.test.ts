import '../../support/error-realm.ts';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test } from '@jest/globals';
import type { AwsSettings, Transport } from '../../../shared/aws/clients.ts';
import { dynamoDbClient, s3Client, sqsClient } from '../../../shared/aws/clients.ts';
import { outcomeUnknown } from '../../../shared/aws/retry.ts';

const local: AwsSettings = {
  region: 'eu-central-1',
  endpoints: { dynamodb: 'http://127.0.0.1:1', s3: 'http://localhost:2', sqs: 'http://[::1]:3' },
};

const nowhere: AwsSettings = {
  region: 'eu-central-1',
  endpoints: { dynamodb: 'http://127.0.0.1:1', s3: 'http://127.0.0.1:1', sqs: 'http://127.0.0.1:1' },
};

describe('clients', () => {
  test.each([
    ['DynamoDB', dynamoDbClient, 'http://127.0.0.1:1'],
    ['S3', s3Client, 'http://localhost:2'],
    ['SQS', sqsClient, 'http://[::1]:3'],
  ] as const)(
    '%s: region, endpoint, one attempt, placeholder credentials on loopback',
    async (_name, make, endpoint) => {
      const { config } = make(local);
      expect(await config.region()).toBe('eu-central-1');
      expect(await config.maxAttempts()).toBe(1);
      expect(await config.credentials()).toMatchObject({ accessKeyId: 'local' });
      const found = await config.endpoint?.();
      expect(`${found?.protocol ?? ''}//${found?.hostname ?? ''}:${found?.port ?? ''}`).toBe(endpoint);
    },
  );

  test('given credentials are used, on loopback too', async () => {
    const credentials = { accessKeyId: 'mine', secretAccessKey: 'secret' };
    expect(await s3Client({ ...local, credentials }).config.credentials()).toMatchObject({
      accessKeyId: 'mine',
    });
  });

  test('an endpoint elsewhere gets no placeholder: what the environment has, or an error', async () => {
    const client = s3Client({ region: 'eu-central-1', endpoints: { s3: 'https://s3.example.test' } });
    const found = await client.config.credentials().catch(() => undefined);
    expect(found?.accessKeyId).not.toBe('local');
  });

  test('only S3 endpoints other than AWS get paths for buckets and do without trailing checksums', async () => {
    const { config: elsewhere } = s3Client(local);
    expect(elsewhere.forcePathStyle).toBe(true);
    expect(await elsewhere.requestChecksumCalculation()).toBe('WHEN_REQUIRED');
    const { config: aws } = s3Client({ region: 'eu-central-1' });
    expect(aws.forcePathStyle).toBe(false);
    expect(await aws.requestChecksumCalculation()).toBe('WHEN_SUPPORTED');
  });

  test.each(['127.0.0.1:8000', 'ftp://example.test', 'nonsense'])(
    'the endpoint %j is refused by name',
    (dynamodb) => {
      expect(() => dynamoDbClient({ region: 'eu-central-1', endpoints: { dynamodb } })).toThrow(
        `the dynamodb endpoint "${dynamodb}" is not an http or https URL`,
      );
    },
  );

  test('the transport can be wrapped', () => {
    const seen: Transport[] = [];
    const client = dynamoDbClient(local, {
      wrapTransport: (transport) => {
        seen.push(transport);
        return transport;
      },
    });
    expect(client.config.requestHandler).toBe(seen[0]);
    client.destroy();
  });

  test.each([
    [
      'DynamoDB',
      'requestTimeout',
      (wrapTransport: Wrap) => dynamoDbClient(nowhere, { wrapTransport }).send(new ListTablesCommand({})),
    ],
    [
      'S3',
      'socketTimeout',
      (wrapTransport: Wrap) => s3Client(nowhere, { wrapTransport }).send(new ListBucketsCommand({})),
    ],
    [
      'SQS',
      'requestTimeout',
      (wrapTransport: Wrap) => sqsClient(nowhere, { wrapTransport }).send(new ListQueuesCommand({})),
    ],
  ] as const)('%s gives up on who does not answer, by its %s', async (_name, timeout, send) => {
    const seen: Transport[] = [];
    // The transport settles its settings at the first request.
    const error: unknown = await send((transport) => {
      seen.push(transport);
      return transport;
    }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    expect(outcomeUnknown(error)).toBe(false);
    const settled = seen[0]?.httpHandlerConfigs() ?? {};
    expect(settled.connectionTimeout).toBeGreaterThan(0);
    expect(settled[timeout]).toBeGreaterThan(0);
    expect(settled.throwOnRequestTimeout ?? false).toBe(timeout === 'requestTimeout');
    seen[0]?.destroy();
  });
});

type Wrap = (transport: Transport) => Transport;
