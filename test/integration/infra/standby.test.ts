/** Two regions, as the templates have them: one serves, and its copies wait in the other, under the key of the first. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { QuireConfig } from '../../../infra/config/config.ts';
import { allowing } from '../../support/infra/permission.ts';
import { Resolver } from '../../support/infra/resolve.ts';
import {
  type Assembly,
  EXAMPLE,
  listOf,
  propertiesOf,
  resourcesOf,
  roleStatements,
  type Statement,
  synthesise,
  type Template,
} from '../../support/infra/synthesised.ts';

const ID = 'mrk-0123456789abcdef0123456789abcdef';
const EAST_KEY = `arn:aws:kms:us-east-1:123456789012:key/${ID}`;
const TABLES = { mail: 'Quire-Mail', directory: 'Quire-Directory', keys: 'Quire-Keys' };
const CONFIGS = {
  east: {
    ...EXAMPLE,
    standby: { region: 'us-west-2', mailBucket: 'west-mail', inboundBucket: 'west-inbound' },
  },
  west: { ...EXAMPLE, name: 'West', region: 'us-west-2', standbyOf: { keyArn: EAST_KEY, tables: TABLES } },
  /** The other way round, after the first region has come back. */
  back: {
    ...EXAMPLE,
    name: 'West',
    region: 'us-west-2',
    standbyOf: { keyArn: EAST_KEY, tables: TABLES },
    standby: { region: 'us-east-1', mailBucket: 'east-mail', inboundBucket: 'east-inbound' },
  },
  /** Under a key that somebody else looks after. */
  given: {
    ...EXAMPLE,
    keyArn: EAST_KEY,
    standby: { region: 'eu-west-1', mailBucket: 'eu-mail', inboundBucket: 'eu-inbound' },
  },
} as const satisfies Record<string, QuireConfig>;

let assemblies: Record<keyof typeof CONFIGS, Assembly>;
let printed: string;

beforeAll(async () => {
  ({ assemblies, printed } = await synthesise(CONFIGS));
}, 300_000);

const storage = (name: keyof typeof CONFIGS): Template => assemblies[name].stacks.Storage;
const textOf = (value: unknown): string => JSON.stringify(value);
/** An ARN of the primary's region with another region in its place, as the template puts it together. */
const replicaOfOwnKey = (region: string): unknown => ({
  'Fn::Join': [
    '',
    [
      `arn:aws:kms:${region}:`,
      { Ref: 'AWS::AccountId' },
      ':key/',
      { Ref: expect.stringMatching(/^Key/) as unknown },
    ],
  ],
});

describe('the region that serves', () => {
  test('has a key of which another region can have a replica', () => {
    expect(resourcesOf(storage('east'), 'AWS::KMS::Key').map(({ Properties }) => Properties)).toMatchObject([
      { MultiRegion: true, EnableKeyRotation: true },
    ]);
  });

  test('has replicas of all three tables in the other, restorable, protected, and under its replica of the key', () => {
    const tables = resourcesOf(storage('east'), 'AWS::DynamoDB::GlobalTable');
    expect(tables).toHaveLength(3);
    for (const { Properties, DeletionPolicy } of tables) {
      expect(DeletionPolicy).toBe('Retain');
      const replicas = Properties?.Replicas as { Region: string }[];
      expect(replicas.map(({ Region }) => Region).sort()).toEqual(['us-east-1', 'us-west-2']);
      expect(replicas.find(({ Region }) => Region === 'us-west-2')).toEqual({
        Region: 'us-west-2',
        DeletionProtectionEnabled: true,
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 35 },
        SSESpecification: { KMSMasterKeyId: replicaOfOwnKey('us-west-2') },
      });
    }
  });

  test.each([
    ['MailBucket', 'west-mail'],
    ['InboundBucket', 'west-inbound'],
  ])('copies %s, encrypted objects and delete markers as well', (id, to) => {
    const { ReplicationConfiguration } = propertiesOf(storage('east'), 'AWS::S3::Bucket', id);
    expect(ReplicationConfiguration).toEqual({
      Role: { 'Fn::GetAtt': [expect.stringMatching(/^ReplicationRole/), 'Arn'] },
      Rules: [
        {
          Id: 'standby',
          Priority: 1,
          Status: 'Enabled',
          Filter: { Prefix: '' },
          DeleteMarkerReplication: { Status: 'Enabled' },
          SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
          Destination: {
            Bucket: `arn:aws:s3:::${to}`,
            // No threshold: S3 promises no time, and takes nothing for it.
            Metrics: { Status: 'Enabled' },
            EncryptionConfiguration: { ReplicaKmsKeyID: replicaOfOwnKey('us-west-2') },
          },
        },
      ],
    });
  });

  test('lets S3 read versions here and put them there, with the key of each region, and nothing else', () => {
    const statements = roleStatements(storage('east')).map(({ statement }) => statement);
    const of = (sid: string): Statement | undefined => statements.find(({ Sid }) => Sid === sid);
    expect(statements.map(({ Sid }) => Sid)).toEqual([
      'ReadRules',
      'ReadVersions',
      'ListWhatLies',
      'CopyWhatLies',
      'PutCopies',
      'OpenVersions',
      'SealCopies',
    ]);
    expect(listOf(of('PutCopies')?.Resource)).toEqual([
      'arn:aws:s3:::west-inbound/*',
      'arn:aws:s3:::west-mail/*',
    ]);
    expect(of('OpenVersions')).toMatchObject({
      Action: 'kms:Decrypt',
      Resource: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] },
      Condition: { StringEquals: { 'kms:ViaService': 's3.us-east-1.amazonaws.com' } },
    });
    expect(of('SealCopies')).toMatchObject({
      Action: ['kms:Encrypt', 'kms:GenerateDataKey'],
      Resource: replicaOfOwnKey('us-west-2'),
      Condition: { StringEquals: { 'kms:ViaService': 's3.us-west-2.amazonaws.com' } },
    });
    const role = propertiesOf(storage('east'), 'AWS::IAM::Role', 'ReplicationRole');
    const { Statement: trust } = role.AssumeRolePolicyDocument as { Statement: Statement[] };
    // The first: of what lay there before, by a job that somebody starts.
    const Service = ['batchoperations.s3.amazonaws.com', 's3.amazonaws.com'];
    expect(trust).toEqual([{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service } }]);
    expect(storage('east').Outputs).toHaveProperty('ReplicationRoleArn');
  });

  describe('what S3 asks for in the name of that role, which nobody here can record', () => {
    const ask = (action: string, resource: string, via?: string) => {
      const resolver = new Resolver(assemblies.east);
      const statements = roleStatements(storage('east')).map(
        ({ statement }) => resolver.value('Quire-Storage', statement) as Statement,
      );
      const names = resolver.outputs('Quire-Storage');
      const key = resolver.text('Quire-Storage', names.KeyArn);
      const filled = resource
        .replace('MAIL', names.MailBucketName ?? '')
        .replace('INBOUND', names.InboundBucketName ?? '')
        .replace('REPLICA', key.replace('us-east-1', 'us-west-2'))
        .replace('KEY', key);
      const context = via === undefined ? {} : { 'kms:ViaService': [`s3.${via}.amazonaws.com`] };
      return allowing({ action, resource: filled, context }, statements).map(({ Sid }) => Sid);
    };

    // The user guide: "Setting up permissions for live replication", "Replicating encrypted objects", "Configuring an IAM role for
    // S3 Batch Replication" (with a manifest that S3 makes, and no report).
    test.each([
      ['s3:GetReplicationConfiguration', 'arn:aws:s3:::MAIL'],
      ['s3:ListBucket', 'arn:aws:s3:::INBOUND'],
      ['s3:GetObjectVersionForReplication', 'arn:aws:s3:::MAIL/blobs/1/2'],
      ['s3:GetObjectVersionAcl', 'arn:aws:s3:::INBOUND/example.org/1'],
      ['s3:GetObjectVersionTagging', 'arn:aws:s3:::MAIL/packs/1/2'],
      ['s3:ReplicateObject', 'arn:aws:s3:::west-mail/blobs/1/2'],
      ['s3:ReplicateDelete', 'arn:aws:s3:::west-inbound/example.org/1'],
      ['s3:ReplicateTags', 'arn:aws:s3:::west-mail/packs/1/2'],
      ['kms:Decrypt', 'KEY', 'us-east-1'],
      ['kms:Encrypt', 'REPLICA', 'us-west-2'],
      ['kms:GenerateDataKey', 'REPLICA', 'us-west-2'],
      ['s3:PutInventoryConfiguration', 'arn:aws:s3:::MAIL'],
      ['s3:InitiateReplication', 'arn:aws:s3:::INBOUND/example.org/1'],
    ])('is allowed by one statement: %s on %s', (action, resource, ...via: string[]) => {
      expect(ask(action, resource, ...via)).toHaveLength(1);
    });

    test.each([
      ['s3:GetObject', 'arn:aws:s3:::MAIL/blobs/1/2'],
      ['s3:DeleteObject', 'arn:aws:s3:::west-mail/blobs/1/2'],
      ['s3:ReplicateObject', 'arn:aws:s3:::MAIL/blobs/1/2'],
      ['s3:ReplicateObject', 'arn:aws:s3:::west-mail-of-others/1'],
      ['s3:GetObjectVersionForReplication', 'arn:aws:s3:::west-mail/blobs/1/2'],
      ['s3:ListBucket', 'arn:aws:s3:::west-mail'],
      ['kms:Decrypt', 'REPLICA', 'us-west-2'],
      ['kms:Decrypt', 'KEY', 'us-west-2'],
      ['kms:Decrypt', 'KEY'],
      ['kms:Encrypt', 'KEY', 'us-east-1'],
    ])('and nothing else is: %s on %s', (action, resource, ...via: string[]) => {
      expect(ask(action, resource, ...via)).toEqual([]);
    });
  });
});

test('copies that are behind, or fail, are told of, and nothing is watched where there are none', () => {
  const watched = (name: keyof typeof CONFIGS) =>
    resourcesOf(assemblies[name].stacks.Observability, 'AWS::CloudWatch::Alarm')
      .filter(({ Properties }) => String(Properties?.AlarmName).includes('-Copied'))
      .map(({ Properties }) => [
        Properties?.AlarmName,
        (
          Properties?.Metrics as {
            MetricStat?: { Metric: { MetricName: string; Dimensions: { Name: string; Value: unknown }[] } };
          }[]
        ).flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : [])),
      ]);
  expect(watched('west')).toEqual([]);
  const [tables, objects] = watched('east').map(([name, metrics]) => ({
    name,
    metrics: metrics as { MetricName: string; Dimensions: { Name: string; Value: unknown }[] }[],
  }));
  expect([tables?.name, objects?.name]).toEqual(['Quire-CopiedTables', 'Quire-CopiedObjects']);
  expect(tables?.metrics).toHaveLength(3);
  for (const { MetricName, Dimensions } of tables?.metrics ?? []) {
    expect(MetricName).toBe('ReplicationLatency');
    expect(Dimensions).toContainEqual({ Name: 'ReceivingRegion', Value: 'us-west-2' });
  }
  expect(
    objects?.metrics.map(({ MetricName, Dimensions }) => [
      MetricName,
      ...Dimensions.filter(({ Name }) => Name !== 'SourceBucket').map(
        ({ Name, Value }) => `${Name} ${String(Value)}`,
      ),
    ]),
  ).toEqual([
    ['OperationsFailedReplication', 'DestinationBucket west-mail', 'RuleId standby'],
    ['OperationsFailedReplication', 'DestinationBucket west-inbound', 'RuleId standby'],
  ]);
});

describe('the region that stands by', () => {
  test('has a replica of the key, which stays, and admits its own services and nobody else', () => {
    expect(resourcesOf(storage('west'), 'AWS::KMS::Key')).toEqual([]);
    const [replica] = resourcesOf(storage('west'), 'AWS::KMS::ReplicaKey');
    expect(replica).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: { PrimaryKeyArn: EAST_KEY },
    });
    const { Statement } = replica?.Properties?.KeyPolicy as { Statement: Statement[] };
    expect(Statement.map(({ Principal }) => (Principal as { Service?: string }).Service)).toEqual([
      undefined,
      'ses.amazonaws.com',
      'sns.amazonaws.com',
      'events.amazonaws.com',
      'cloudwatch.amazonaws.com',
      'logs.us-west-2.amazonaws.com',
    ]);
    // Without it, nobody could ever change the policy of the key.
    expect(Statement[0]).toMatchObject({ Action: 'kms:*', Effect: 'Allow' });
    expect(textOf(Statement[0]?.Principal)).toContain(':root');
  });

  test('makes no table: their replicas are there, and have the names of the tables', () => {
    expect(resourcesOf(storage('west'), 'AWS::DynamoDB::GlobalTable')).toEqual([]);
    expect(storage('west').Outputs).toMatchObject({
      MailTableName: { Value: TABLES.mail },
      DirectoryTableName: { Value: TABLES.directory },
      KeysTableName: { Value: TABLES.keys },
    });
  });

  test('has buckets of its own, under the replica, to which SES may write', () => {
    const buckets = resourcesOf(storage('west'), 'AWS::S3::Bucket');
    expect(buckets).toHaveLength(2);
    for (const { Properties } of buckets) {
      expect(textOf(Properties?.BucketEncryption)).toContain('{"Fn::GetAtt":["ReplicaKey","Arn"]}');
      expect(Properties).toMatchObject({ VersioningConfiguration: { Status: 'Enabled' } });
      expect(Properties).not.toHaveProperty('ReplicationConfiguration');
    }
    const policy = propertiesOf(storage('west'), 'AWS::S3::BucketPolicy', 'InboundBucket');
    expect(textOf(policy)).toContain('"SesMayWrite"');
  });

  test('everything that runs there is told of the replica and may unwrap with it alone', () => {
    const functions = [
      ...resourcesOf(assemblies.west.stacks.Delivery, 'AWS::Lambda::Function'),
      ...resourcesOf(assemblies.west.stacks.Maintenance, 'AWS::Lambda::Function'),
    ]
      .map(({ Properties }) => Properties?.Environment as { Variables: Record<string, unknown> } | undefined)
      .filter((each) => each !== undefined && 'QUIRE_KMS_KEY' in each.Variables);
    expect(functions).toHaveLength(3);
    for (const each of functions)
      expect(each?.Variables).toMatchObject({
        QUIRE_MAIL_TABLE: TABLES.mail,
        QUIRE_KEYS_TABLE: TABLES.keys,
        QUIRE_KMS_KEY: { 'Fn::GetStackOutput': { StackName: 'West-Storage', Region: 'us-west-2' } },
      });
    const all = Object.values(assemblies.west.stacks).flatMap(roleStatements);
    const unwrapping = all.filter(({ statement: { Sid } }) => Sid === 'UnwrapKeys');
    expect(unwrapping.length).toBeGreaterThanOrEqual(3);
    for (const { statement } of unwrapping) {
      expect(textOf(statement.Resource)).toContain('"StackName":"West-Storage"');
      expect(textOf(statement.Resource)).toContain('ReplicaKey');
    }
    for (const { statement } of all) {
      expect(textOf(statement.Resource)).not.toContain('us-east-1');
      expect(textOf(statement.Condition ?? {})).not.toContain('us-east-1');
    }
  });

  test('nothing but the key of the region that serves is named: the lost region is asked for nothing', () => {
    for (const template of Object.values(assemblies.west.stacks))
      for (const [id, resource] of Object.entries(template.Resources))
        if (resource.Type !== 'AWS::KMS::ReplicaKey')
          expect([id, textOf(resource.Properties ?? {}).includes('us-east-1')]).toEqual([id, false]);
  });

  test('copies its buckets back once it is told to, and its tables need nothing', () => {
    const back = storage('back');
    expect(resourcesOf(back, 'AWS::DynamoDB::GlobalTable')).toEqual([]);
    const { ReplicationConfiguration } = propertiesOf(back, 'AWS::S3::Bucket', 'MailBucket');
    expect(textOf(ReplicationConfiguration)).toContain('arn:aws:s3:::east-mail');
    expect(textOf(ReplicationConfiguration)).toContain('arn:aws:kms:us-east-1:');
  });
});

describe('under a key that was given', () => {
  test('no key is made, and tables, buckets, queues, topics, logs and roles are under it', () => {
    expect(resourcesOf(storage('given'), 'AWS::KMS::Key')).toEqual([]);
    for (const { Properties } of resourcesOf(storage('given'), 'AWS::DynamoDB::GlobalTable'))
      expect(Properties?.Replicas).toContainEqual(
        expect.objectContaining({ Region: 'us-east-1', SSESpecification: { KMSMasterKeyId: EAST_KEY } }),
      );
    for (const { Properties } of resourcesOf(storage('given'), 'AWS::S3::Bucket'))
      expect(textOf(Properties?.BucketEncryption)).toContain(`"KMSMasterKeyID":"${EAST_KEY}"`);
    const kinds = [
      ['AWS::SQS::Queue', 'KmsMasterKeyId'],
      ['AWS::SNS::Topic', 'KmsMasterKeyId'],
      ['AWS::Logs::LogGroup', 'KmsKeyId'],
    ] as const;
    for (const [type, property] of kinds) {
      const all = Object.values(assemblies.given.stacks).flatMap((template) => resourcesOf(template, type));
      expect(all.length).toBeGreaterThan(0);
      for (const { id, Properties } of all) expect([id, Properties?.[property]]).toEqual([id, EAST_KEY]);
    }
    const onKeys = Object.values(assemblies.given.stacks)
      .flatMap(roleStatements)
      .filter(({ statement }) => listOf(statement.Action).some((action) => action.startsWith('kms:')));
    expect(onKeys.length).toBeGreaterThan(8);
    for (const { policy, statement } of onKeys)
      expect([policy, statement.Resource]).toEqual([
        policy,
        statement.Sid === 'SealCopies' ? EAST_KEY.replace('us-east-1', 'eu-west-1') : EAST_KEY,
      ]);
  });

  test('its replica in the region that stands by is known by its id', () => {
    const { ReplicationConfiguration } = propertiesOf(storage('given'), 'AWS::S3::Bucket', 'MailBucket');
    expect(textOf(ReplicationConfiguration)).toContain(
      `"ReplicaKmsKeyID":"arn:aws:kms:eu-west-1:123456789012:key/${ID}"`,
    );
  });
});

test("CloudFormation's rules and AWS Solutions have nothing to say", async () => {
  expect(printed).not.toMatch(/warning|deprecat/i);
  for (const [name, { reports, folder }] of Object.entries(assemblies)) {
    const open = reports
      .flatMap(({ violations }) => violations)
      // Wildcards are answered statement by statement, in the test of the stacks.
      .filter(({ ruleName }) => !ruleName.startsWith('AwsSolutions-IAM5[Resource::'));
    expect([name, open]).toEqual([name, []]);
    const manifest = await readFile(`${folder}/manifest.json`, 'utf8');
    expect(manifest).toContain('"terminationProtection": true');
  }
});
