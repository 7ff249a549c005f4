/**
 * What each process may do, in its own words: which keys of which table, which prefixes of which bucket. Every role is put
 * together from these statements, and a test runs the processes and holds each call that they make against them.
 */
import { Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { keyItems } from '../../shared/aws/keys.ts';
import { ACCOUNT_CONTEXT } from '../../shared/aws/kms-key-wrap.ts';
import { WAKE_QUEUE_PREFIX } from '../../shared/aws/sqs-wake-queue.ts';

/**
 * Statements with a `*` in a resource, and why each is there. A test fails on any other, and on any `*` in an action;
 * that of `cdk-nag` about wildcards is answered by this list.
 */
export const WILDCARDS = {
  StoreMessages:
    'Objects are named by account and message; the prefix is what tells mail from everything else.',
  CheckMessages: 'As StoreMessages.',
  TakeBack: 'As StoreMessages.',
  TakeInbound: 'SES names objects by message, below a prefix for each domain.',
  KeepAside: 'As TakeInbound, below a prefix of its own.',
  ReadSummaries: 'Objects are named by account and fold.',
  KeepSummaries: 'As ReadSummaries.',
  ReadOverflow: 'As StoreMessages.',
  KeepPacks: 'As ReadSummaries.',
  ReadPacks: 'As ReadSummaries.',
  TakeMessages: 'As StoreMessages.',
  Sweep: 'As StoreMessages.',
  ReadVersions: 'Every object of both buckets is copied to the region that stands by.',
  CopyWhatLies: 'As ReadVersions.',
  PutCopies: 'As ReadVersions.',
  Wake: 'Each gateway makes a queue of its own, with a random name behind the prefix.',
  Metrics: 'CloudWatch knows no resources for metrics: whoever may read one may read all.',
  ActivateRules: 'SES knows no resource for these two actions.',
} as const;
/**
 * Statements, by role, that no call of the tests needs, each with its reason: the test starts the bundles, and fails on any other
 * statement that nothing has used.
 */
export const UNRECORDED: Readonly<Record<string, string>> = {
  'ActivationFunctionRole.Log': 'Lambda itself writes the log, in the name of the role.',
  'CompactRole.Log': 'As above.',
  'CompactRole.MissObjects': 'Only a summary that is gone is missed; it is made again.',
  'CompactRole.ReadOverflow':
    'Only summaries of more than 8 KB are objects of their own until they are folded.',
  'DeliverRole.ForgetWatchers': 'Only a gateway that ended without a word is forgotten.',
  'DeliverRole.Log': 'As above.',
  'DeliverRole.Queue': "Lambda's pollers take messages off the queue, in the name of the role.",
  'DeliverRole.Wake': 'Only accounts that somebody idles on are told of.',
  'ExpungeRole.Log': 'As above.',
  'ExpungeRole.ReadOverflow':
    'Only ops of more than a record holds are objects of their own until they are folded.',
  'ExpungeRole.SweepFolded':
    'Only accounts too large for one item have segments; they go when a fold died, or the account is closed.',
  'TallyRole.Log': 'As above.',
};
/** Name of a statement that may hold a wildcard. */
export type WildcardSid = keyof typeof WILDCARDS;

export type TableAction =
  'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'ConditionCheckItem';

/**
 * `actions` on the items whose partition key begins with one of `prefixes`. A transaction needs the permission of each
 * of its parts. No Scan: it has no leading key, which the condition would take for nothing to object to.
 */
export function mayUseItems(
  sid: string,
  table: Pick<TableV2, 'tableArn'>,
  actions: readonly TableAction[],
  prefixes: readonly string[],
): PolicyStatement {
  return new PolicyStatement({
    sid,
    actions: actions.map((action) => `dynamodb:${action}`),
    resources: [table.tableArn],
    conditions: {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': prefixes.map((prefix) => `${prefix}*`) },
    },
  });
}

export type ObjectAction = 'GetObject' | 'PutObject' | 'DeleteObject' | 'AbortMultipartUpload';

export function mayUseObjects(
  sid: WildcardSid,
  bucket: Pick<Bucket, 'arnForObjects'>,
  actions: readonly ObjectAction[],
  prefixes: readonly string[],
): PolicyStatement {
  return new PolicyStatement({
    sid,
    actions: actions.map((action) => `s3:${action}`),
    resources: prefixes.map((prefix) => bucket.arnForObjects(`${prefix}*`)),
  });
}

/** Without it, S3 says of a missing object that it may not be read, and a lost message could not be told from a fault. */
export function mayMissObjects(sid: string, buckets: readonly Pick<Bucket, 'bucketArn'>[]): PolicyStatement {
  return new PolicyStatement({
    sid,
    actions: ['s3:ListBucket'],
    resources: buckets.map(({ bucketArn }) => bucketArn),
  });
}

export type QueueAction =
  'CreateQueue' | 'GetQueueUrl' | 'DeleteQueue' | 'SendMessage' | 'ReceiveMessage' | 'DeleteMessage';

/** The queues by which gateways are woken, one each, made and named by themselves. */
export function mayUseWakeQueues(
  scope: Construct,
  sid: WildcardSid,
  actions: readonly QueueAction[],
): PolicyStatement {
  return new PolicyStatement({
    sid,
    actions: actions.map((action) => `sqs:${action}`),
    resources: [Stack.of(scope).formatArn({ service: 'sqs', resource: `${WAKE_QUEUE_PREFIX}*` })],
  });
}

/**
 * Unwraps the data keys of accounts, which KMS knows by their context: the key opens nothing else for the role. Making and
 * deleting them is for administrators.
 */
export function mayUseDataKeys(table: Pick<TableV2, 'tableArn'>, key: IKey): PolicyStatement[] {
  return [
    mayUseItems('ReadKeys', table, ['GetItem'], [keyItems.prefix]),
    new PolicyStatement({
      sid: 'UnwrapKeys',
      actions: ['kms:Decrypt'],
      resources: [key.keyArn],
      conditions: { StringLike: { [`kms:EncryptionContext:${ACCOUNT_CONTEXT}`]: '*' } },
    }),
  ];
}

/** Which service uses the key in the name of the caller. */
export type KeyUser = 'dynamodb' | 's3' | 'sqs';

/**
 * The customer key, never directly: only as tables and buckets use it. DynamoDB wants all of these of whoever reads or
 * writes a table under a customer key ("Using IAM policies with customer managed keys", DynamoDB developer guide).
 */
export function mayUseKeyThrough(
  scope: Construct,
  sid: string,
  key: IKey,
  services: readonly KeyUser[],
): PolicyStatement {
  const { region } = Stack.of(scope);
  return new PolicyStatement({
    sid,
    actions: services.includes('dynamodb')
      ? [
          'kms:Decrypt',
          'kms:DescribeKey',
          'kms:Encrypt',
          'kms:GenerateDataKey',
          'kms:GenerateDataKeyWithoutPlaintext',
          'kms:ReEncryptFrom',
          'kms:ReEncryptTo',
        ]
      : ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: [key.keyArn],
    conditions: {
      StringEquals: { 'kms:ViaService': services.map((service) => `${service}.${region}.amazonaws.com`) },
    },
  });
}

export type CopiedBucket = Pick<Bucket, 'bucketArn' | 'arnForObjects'>;

/**
 * What S3 itself needs to copy buckets to another region ("Setting up permissions for live replication", S3 user guide), and
 * a batch job that lists for itself what lies there already ("Configuring an IAM role for S3 Batch Replication").
 */
export function mayReplicate(
  scope: Construct,
  copies: {
    readonly from: readonly CopiedBucket[];
    readonly to: readonly CopiedBucket[];
    readonly keys: { readonly from: IKey; readonly to: IKey };
    readonly toRegion: string;
  },
): PolicyStatement[] {
  const { from, to, keys, toRegion } = copies;
  const through = (region: string) => ({
    StringEquals: { 'kms:ViaService': `s3.${region}.amazonaws.com` },
  });
  return [
    new PolicyStatement({
      sid: 'ReadRules',
      actions: ['s3:GetReplicationConfiguration', 's3:ListBucket'],
      resources: from.map(({ bucketArn }) => bucketArn),
    }),
    new PolicyStatement({
      sid: 'ReadVersions',
      actions: ['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging'],
      resources: from.map((bucket) => bucket.arnForObjects('*')),
    }),
    new PolicyStatement({
      sid: 'ListWhatLies',
      actions: ['s3:PutInventoryConfiguration'],
      resources: from.map(({ bucketArn }) => bucketArn),
    }),
    new PolicyStatement({
      sid: 'CopyWhatLies',
      actions: ['s3:InitiateReplication'],
      resources: from.map((bucket) => bucket.arnForObjects('*')),
    }),
    new PolicyStatement({
      sid: 'PutCopies',
      actions: ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'],
      resources: to.map((bucket) => bucket.arnForObjects('*')),
    }),
    new PolicyStatement({
      sid: 'OpenVersions',
      actions: ['kms:Decrypt'],
      resources: [keys.from.keyArn],
      conditions: through(Stack.of(scope).region),
    }),
    new PolicyStatement({
      sid: 'SealCopies',
      // Under a bucket key, S3 asks for a data key as well.
      actions: ['kms:Encrypt', 'kms:GenerateDataKey'],
      resources: [keys.to.keyArn],
      conditions: through(toRegion),
    }),
  ];
}
