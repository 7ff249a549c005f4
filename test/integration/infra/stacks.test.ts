/** What the stacks promise, looked up in the templates that `cdk synth` writes. */
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { MAX_DOMAINS } from '../../../infra/config/check.ts';
import type { QuireConfig } from '../../../infra/config/config.ts';
import { WILDCARDS } from '../../../infra/stacks/permissions.ts';
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

const SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:imap-AbCdEf';
const CONFIGS = {
  /** As the file that comes with Quire: no zone, TLS at the load balancer. */
  balancer: EXAMPLE,
  /** As different from it as can be. */
  gateway: {
    ...EXAMPLE,
    domains: [
      { name: 'example.org', hostedZoneId: 'Z0123456789', leaveOut: ['mx'], dmarcPolicy: 'reject' },
      { name: 'example.com', identity: 'existing', recipients: ['alice@example.com', 'bob@example.com'] },
    ],
    tls: { at: 'gateway', secretArn: SECRET },
    size: 'large',
    network: 'private',
    starttls: true,
    activateReceiptRules: 'never',
    mailWithoutTls: 'refuse',
    bounceUnknown: 'never',
    coldStorage: { class: 'glacier-instant', afterDays: 90 },
    restoredTables: { mail: 'mail-restored', directory: 'directory-restored' },
    retention: { backup: 7, logs: 90, aside: 14, grace: 21 },
    limits: { messagesPerCommand: 1_000, literalBytes: 4_096 },
    unauthenticate: false,
  },
  /** As the first, with copies in another region. */
  copied: {
    ...EXAMPLE,
    standby: { region: 'us-west-2', mailBucket: 'west-mail', inboundBucket: 'west-inbound' },
  },
} as const satisfies Record<string, QuireConfig>;

let balancer: Assembly;
let gateway: Assembly;
let copied: Assembly;
let printed: string;

beforeAll(async () => {
  const made = await synthesise(CONFIGS);
  ({ balancer, gateway, copied } = made.assemblies);
  ({ printed } = made);
  // A processor's few seconds, which may take long on a busy machine.
}, 300_000);

const both = (): [string, Assembly][] => [
  ['balancer', balancer],
  ['gateway', gateway],
];
const all = (): [string, Assembly][] => [...both(), ['copied', copied]];
const templates = (): [string, Template][] =>
  all().flatMap(([name, { stacks }]) =>
    Object.entries(stacks).map(([kind, template]): [string, Template] => [`${name} ${kind}`, template]),
  );
const ofType = (type: string): [string, Readonly<Record<string, unknown>>][] =>
  templates().flatMap(([name, template]) =>
    resourcesOf(template, type).map(({ id, Properties = {} }): [string, typeof Properties] => [
      `${name} ${id}`,
      Properties,
    ]),
  );

describe('synthesis', () => {
  test("CloudFormation's own rules have nothing to say, and neither has the library", () => {
    for (const [, { reports }] of all())
      expect(reports.find(({ pluginName }) => pluginName === 'CloudFormation Validate')?.violations).toEqual(
        [],
      );
    expect(printed).toContain('(AwsSolutions)');
    expect(printed).not.toMatch(/warning|deprecat/i);
  });

  test('everything that AWS Solutions asks for is there, or there is a reason why not', () => {
    for (const [, { reports }] of all()) {
      const nag = reports.find(({ pluginName }) => pluginName === 'AwsSolutions');
      // Wildcards are answered statement by statement, below.
      const open = nag?.violations.filter(
        ({ ruleName }) => !ruleName.startsWith('AwsSolutions-IAM5[Resource::'),
      );
      expect(open).toEqual([]);
      for (const { reason = '' } of nag?.suppressedViolations ?? [])
        expect(reason.split(' ').length).toBeGreaterThan(5);
    }
  });

  test('a template holds no secret', () => {
    for (const [, template] of templates())
      expect(JSON.stringify(template)).not.toMatch(
        /PRIVATE KEY|AKIA[A-Z0-9]{16}|"SecretString"|resolve:secretsmanager/,
      );
  });

  test('what a process is told by its environment are names, places and limits', () => {
    const named = (template: unknown): string[] => [
      ...new Set(JSON.stringify(template).match(/"(QUIRE_[A-Z_]+|AWS_[A-Z_]+)"/g) ?? []),
    ];
    const telling = templates().flatMap(([, template]) => named(template));
    expect(telling.length).toBeGreaterThan(10);
    const suspect = telling.filter((name) => /PASS|SECRET|TOKEN|PRIVATE|CREDENTIAL|_KEY/.test(name));
    // An ARN each: the secret is read when it is needed, the key never leaves KMS.
    expect([...new Set(suspect)].sort()).toEqual([
      '"QUIRE_CERTIFICATE_SECRET"',
      '"QUIRE_KEYS_TABLE"',
      '"QUIRE_KMS_KEY"',
    ]);
  });

  test('the parts that a snapshot is enough for', () => {
    const outline = Object.fromEntries(
      Object.entries(balancer.stacks).map(([kind, { Resources, Outputs = {} }]) => [
        kind,
        {
          resources: Object.values(Resources)
            .map(({ Type }) => Type)
            .sort(),
          outputs: Object.keys(Outputs).filter((name) => !name.startsWith('PublishOutput')),
        },
      ]),
    );
    expect(outline).toMatchSnapshot();
  });
});

describe('storage', () => {
  test.each(['MailTable', 'DirectoryTable', 'KeysTable'])(
    '%s: on demand, restorable, under the key, protected, kept',
    (id) => {
      for (const [config, days] of [
        [balancer, 35],
        [gateway, 7],
      ] as const) {
        const [table] = resourcesOf(config.stacks.Storage, 'AWS::DynamoDB::GlobalTable').filter((each) =>
          each.id.startsWith(id),
        );
        expect(table).toMatchObject({
          DeletionPolicy: 'Retain',
          UpdateReplacePolicy: 'Retain',
          Properties: {
            BillingMode: 'PAY_PER_REQUEST',
            KeySchema: [
              { AttributeName: 'pk', KeyType: 'HASH' },
              { AttributeName: 'sk', KeyType: 'RANGE' },
            ],
            SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
            TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
            Replicas: [
              {
                Region: 'us-east-1',
                DeletionProtectionEnabled: true,
                PointInTimeRecoverySpecification: {
                  PointInTimeRecoveryEnabled: true,
                  RecoveryPeriodInDays: days,
                },
                SSESpecification: {
                  KMSMasterKeyId: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] },
                },
              },
            ],
          },
        });
      }
    },
  );

  test.each(['MailBucket', 'InboundBucket'])('%s: encrypted, versioned, private, kept', (id) => {
    const [bucket] = resourcesOf(balancer.stacks.Storage, 'AWS::S3::Bucket').filter((each) =>
      each.id.startsWith(id),
    );
    expect(bucket).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            {
              BucketKeyEnabled: true,
              ServerSideEncryptionByDefault: {
                SSEAlgorithm: 'aws:kms',
                KMSMasterKeyID: { 'Fn::GetAtt': [expect.stringMatching(/^Key/), 'Arn'] },
              },
            },
          ],
        },
        VersioningConfiguration: { Status: 'Enabled' },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      },
    });
  });

  const rulesOf = (assembly: Assembly, id: string) =>
    (
      propertiesOf(assembly.stacks.Storage, 'AWS::S3::Bucket', id).LifecycleConfiguration as {
        Rules: Record<string, unknown>[];
      }
    ).Rules;

  test('a deleted object can be had longer than a table can go back', () => {
    for (const [assembly, days] of [
      [balancer, 35],
      [gateway, 7],
    ] as const)
      for (const id of ['MailBucket', 'InboundBucket'])
        expect(
          rulesOf(assembly, id).find(({ Id }) => Id === 'old-versions')?.NoncurrentVersionExpiration,
        ).toEqual({
          NoncurrentDays: days + 1,
        });
  });

  test('of what is gone with all its versions, no delete marker is left', () => {
    for (const id of ['MailBucket', 'InboundBucket'])
      expect(rulesOf(balancer, id).filter((rule) => rule.ExpiredObjectDeleteMarker === true)).toMatchObject([
        { Id: 'old-versions', Status: 'Enabled' },
      ]);
  });

  test('nothing of the mail bucket ever expires but what was deleted or never finished', () => {
    for (const rule of rulesOf(balancer, 'MailBucket')) expect(rule).not.toHaveProperty('ExpirationInDays');
    expect(rulesOf(balancer, 'MailBucket').find(({ Id }) => Id === 'multipart')).toMatchObject({
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
    });
  });

  test('packs and large messages move to cheaper storage; small ones would cost more there', () => {
    const transitions = rulesOf(balancer, 'MailBucket').filter(
      ({ Transitions }) => Transitions !== undefined,
    );
    expect(transitions).toMatchObject([
      { Prefix: 'packs/', Transitions: [{ StorageClass: 'INTELLIGENT_TIERING' }] },
      {
        Prefix: 'blobs/',
        ObjectSizeGreaterThan: 1_048_576,
        Transitions: [{ StorageClass: 'INTELLIGENT_TIERING' }],
      },
    ]);
  });

  test('where they go, and when, is as configured', () => {
    const transitions = rulesOf(gateway, 'MailBucket').flatMap(({ Prefix, Transitions }) =>
      Transitions === undefined ? [] : [[Prefix, Transitions]],
    );
    const at = [{ StorageClass: 'GLACIER_IR', TransitionInDays: 90 }];
    expect(transitions).toEqual([
      ['packs/', at],
      ['blobs/', at],
    ]);
  });

  test('mail that was never settled lies in inbound as long as the marks of deliveries live', () => {
    expect(
      rulesOf(gateway, 'InboundBucket').filter(({ ExpirationInDays }) => ExpirationInDays !== undefined),
    ).toMatchObject([{ Prefix: 'aside/', ExpirationInDays: 14 }, { ExpirationInDays: 400 }]);
  });

  test('buckets refuse what does not come over TLS 1.2', () => {
    for (const [, { PolicyDocument }] of ofType('AWS::S3::BucketPolicy')) {
      const { Statement } = PolicyDocument as { Statement: Statement[] };
      expect(Statement).toContainEqual(
        expect.objectContaining({
          Effect: 'Deny',
          Action: 's3:*',
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
      );
      expect(Statement).toContainEqual(
        expect.objectContaining({
          Effect: 'Deny',
          Action: 's3:*',
          Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } },
        }),
      );
    }
  });

  test('the key turns over, stays, and admits SES, SNS, schedules, alarms and logs, and nobody else', () => {
    const [key] = resourcesOf(balancer.stacks.Storage, 'AWS::KMS::Key');
    expect(key).toMatchObject({ DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true } });
    const { Statement } = key?.Properties?.KeyPolicy as { Statement: Statement[] };
    const services = Statement.filter(({ Principal }) => JSON.stringify(Principal).includes('Service'));
    expect(services.map(({ Principal }) => (Principal as { Service: string }).Service)).toEqual([
      'ses.amazonaws.com',
      'sns.amazonaws.com',
      'events.amazonaws.com',
      'cloudwatch.amazonaws.com',
      'logs.us-east-1.amazonaws.com',
    ]);
    for (const { Action } of services) expect(JSON.stringify(Action)).not.toContain('*');
    // What such a service may reach with it is held by who may write to buckets, topics and queues.
    for (const [, { PolicyDocument }] of [
      ...ofType('AWS::S3::BucketPolicy'),
      ...ofType('AWS::SNS::TopicPolicy'),
      ...ofType('AWS::SQS::QueuePolicy'),
    ])
      for (const statement of (PolicyDocument as { Statement: Statement[] }).Statement) {
        if (!JSON.stringify(statement.Principal).includes('Service')) continue;
        expect(JSON.stringify(statement.Condition)).toMatch(/aws:SourceA(ccount|rn)/);
      }
  });

  test('SES may write below the prefixes of the domains, and nowhere else', () => {
    const { PolicyDocument } = propertiesOf(gateway.stacks.Storage, 'AWS::S3::BucketPolicy', 'InboundBucket');
    const [statement] = (PolicyDocument as { Statement: Statement[] }).Statement.filter(
      ({ Sid }) => Sid === 'SesMayWrite',
    );
    expect(statement).toMatchObject({ Action: 's3:PutObject', Principal: { Service: 'ses.amazonaws.com' } });
    expect(listOf(statement?.Resource).map((arn) => JSON.stringify(arn))).toEqual([
      expect.stringContaining('"/example.com/*"'),
      expect.stringContaining('"/example.org/*"'),
    ]);
    expect(JSON.stringify(statement?.Condition)).toContain('aws:SourceAccount');
  });

  test('after a restore everything works on the restored tables, and the others stay', () => {
    expect(resourcesOf(gateway.stacks.Storage, 'AWS::DynamoDB::GlobalTable')).toHaveLength(3);
    const { Variables } = propertiesOf(gateway.stacks.Delivery, 'AWS::Lambda::Function', 'Deliver')
      .Environment as { Variables: unknown };
    expect(Variables).toMatchObject({
      QUIRE_MAIL_TABLE: 'mail-restored',
      QUIRE_DIRECTORY_TABLE: 'directory-restored',
    });
    expect(gateway.stacks.Storage.Outputs?.MailTableName).toMatchObject({ Value: 'mail-restored' });
    const resources = roleStatements(gateway.stacks.Gateway)
      // Keys are not restored with mail: a deleted one must not come back unasked.
      .filter(
        ({ statement: { Action, Sid } }) =>
          JSON.stringify(Action).includes('dynamodb:') && Sid !== 'ReadKeys',
      )
      .map(({ statement }) => JSON.stringify(statement.Resource));
    for (const resource of resources) expect(resource).toMatch(/table\/(mail|directory)-restored/);
  });

  test('the stack cannot be deleted by mistake', async () => {
    const manifest = JSON.parse(await readFile(`${balancer.folder}/manifest.json`, 'utf8')) as {
      artifacts: Record<string, { properties?: { terminationProtection?: boolean } }>;
    };
    expect(manifest.artifacts['Quire-Storage']?.properties?.terminationProtection).toBe(true);
  });
});

describe('delivery', () => {
  test('a rule for each domain, in order, with a prefix of its own and a topic; S3 encrypts, not SES', () => {
    const rules = resourcesOf(gateway.stacks.Delivery, 'AWS::SES::ReceiptRule').map(
      ({ Properties }) => Properties,
    );
    expect(rules).toMatchObject([
      {
        Rule: {
          Enabled: true,
          ScanEnabled: true,
          TlsPolicy: 'Require',
          Recipients: ['example.org'],
          Actions: [
            {
              S3Action: {
                ObjectKeyPrefix: 'example.org/',
                TopicArn: { Ref: expect.stringMatching(/^Topic/) as unknown },
              },
            },
          ],
        },
      },
      {
        After: { Ref: 'Ruleexampleorg' },
        // SES refuses mail to everybody else in this domain.
        Rule: {
          Recipients: ['alice@example.com', 'bob@example.com'],
          Actions: [{ S3Action: { ObjectKeyPrefix: 'example.com/' } }],
        },
      },
    ]);
    expect(JSON.stringify(rules)).not.toContain('KmsKeyArn');
    expect(propertiesOf(balancer.stacks.Delivery, 'AWS::SES::ReceiptRule').Rule).toMatchObject({
      TlsPolicy: 'Optional',
    });
  });

  test('topic to queue: raw, encrypted, with a queue for what gets lost in between', () => {
    expect(propertiesOf(balancer.stacks.Delivery, 'AWS::SNS::Subscription')).toMatchObject({
      Protocol: 'sqs',
      RawMessageDelivery: true,
      Endpoint: { 'Fn::GetAtt': [expect.stringMatching(/^Queue/), 'Arn'] },
      RedrivePolicy: {
        deadLetterTargetArn: { 'Fn::GetAtt': [expect.stringMatching(/^LostNotifications/), 'Arn'] },
      },
    });
    expect(propertiesOf(balancer.stacks.Delivery, 'AWS::SNS::Topic')).toHaveProperty('KmsMasterKeyId');
  });

  test('the queue waits six times as long as the function may run, and gives up to the dead letters', () => {
    const deliver = propertiesOf(balancer.stacks.Delivery, 'AWS::Lambda::Function', 'Deliver');
    const [queue] = resourcesOf(balancer.stacks.Delivery, 'AWS::SQS::Queue').filter(({ id }) =>
      id.startsWith('Queue'),
    );
    expect(queue?.Properties).toMatchObject({
      RedrivePolicy: {
        maxReceiveCount: 10,
        deadLetterTargetArn: { 'Fn::GetAtt': [expect.stringMatching(/^DeadLetters/), 'Arn'] },
      },
      MessageRetentionPeriod: 1_209_600,
    });
    expect(queue?.Properties?.VisibilityTimeout).toBeGreaterThanOrEqual(6 * Number(deliver.Timeout));
  });

  test.each([
    ['balancer', 5],
    ['gateway', 500],
  ] as const)('%s: batches with partial failures, %i at a time, no reserved concurrency', (name, most) => {
    const { Delivery } = (name === 'balancer' ? balancer : gateway).stacks;
    expect(propertiesOf(Delivery, 'AWS::Lambda::EventSourceMapping')).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: most },
    });
    expect(propertiesOf(Delivery, 'AWS::Lambda::Function', 'Deliver')).not.toHaveProperty(
      'ReservedConcurrentExecutions',
    );
  });

  test('a rule set is activated only in place of none, or if told to, or not at all', () => {
    const activate = ({ stacks }: Assembly) =>
      propertiesOf(stacks.Delivery, 'Custom::ActiveReceiptRules').Activate;
    // Going back to `never` must not delete the resource: that would deactivate a set that takes mail.
    expect([activate(balancer), activate(gateway)]).toEqual(['if-none', 'never']);
  });

  test('as many domains as the configuration takes have room in the stack for what it tells of them', () => {
    const outputs = Object.keys(balancer.stacks.Delivery.Outputs ?? {});
    const ofDomain = outputs.filter((name) => name.startsWith('Dkim0')).length;
    expect(ofDomain).toBe(6);
    expect(outputs.length + (MAX_DOMAINS - 1) * ofDomain).toBeLessThanOrEqual(200);
  });

  test('a rule set becomes active after its rules: without them it would refuse all mail', () => {
    const [activation] = resourcesOf(balancer.stacks.Delivery, 'Custom::ActiveReceiptRules');
    const [rule] = resourcesOf(balancer.stacks.Delivery, 'AWS::SES::ReceiptRule');
    expect(listOf(activation?.DependsOn)).toContain(rule?.id);
  });

  test('a domain that SES has already is left as it is', () => {
    const identities = resourcesOf(gateway.stacks.Delivery, 'AWS::SES::EmailIdentity');
    expect(identities.map(({ Properties }) => Properties?.EmailIdentity)).toEqual(['example.org']);
  });

  test('bounces are for the domains alone, and cannot be sent where they are not wanted', () => {
    const bounce = (assembly: Assembly) =>
      roleStatements(assembly.stacks.Delivery).filter(({ statement }) => statement.Sid === 'Bounce');
    expect(bounce(balancer)).toMatchObject([{ statement: { Action: 'ses:SendBounce' } }]);
    expect(JSON.stringify(bounce(balancer)[0]?.statement.Resource)).toContain('identity/');
    expect(bounce(gateway)).toEqual([]);
    const environment = (assembly: Assembly) =>
      (
        propertiesOf(assembly.stacks.Delivery, 'AWS::Lambda::Function', 'Deliver').Environment as {
          Variables: Record<string, unknown>;
        }
      ).Variables;
    expect(environment(balancer).QUIRE_BOUNCE_UNKNOWN).toBe('authenticated');
    expect(environment(gateway).QUIRE_BOUNCE_UNKNOWN).toBe('never');
  });

  test('records stand in the zone of a domain that has one, without those that are left out', () => {
    expect(resourcesOf(balancer.stacks.Delivery, 'AWS::Route53::RecordSet')).toEqual([]);
    const records = ['Delivery', 'Gateway'].flatMap((kind) =>
      resourcesOf(gateway.stacks[kind as 'Delivery'], 'AWS::Route53::RecordSet').map(
        ({ Properties }) => Properties,
      ),
    );
    expect(
      records.map(
        (record) => `${String(record?.Type)} ${typeof record?.Name === 'string' ? record.Name : 'DKIM'}`,
      ),
    ).toEqual([
      'TXT example.org.',
      'CNAME DKIM',
      'CNAME DKIM',
      'CNAME DKIM',
      'TXT _dmarc.example.org.',
      'A mail.example.org.',
      'SRV _imaps._tcp.example.org.',
      'SRV _imap._tcp.example.org.',
      'SRV _pop3._tcp.example.org.',
      'SRV _pop3s._tcp.example.org.',
    ]);
    for (const record of records) expect(record).toMatchObject({ HostedZoneId: 'Z0123456789' });
    expect(records[4]).toMatchObject({ ResourceRecords: ['"v=DMARC1; p=reject"'] });
  });
});

describe('functions', () => {
  test('run Node 24 on arm64 from one file, with a log under the key', () => {
    for (const [name, properties] of ofType('AWS::Lambda::Function'))
      expect([name, properties]).toEqual([
        name,
        expect.objectContaining({
          Runtime: 'nodejs24.x',
          Architectures: ['arm64'],
          Handler: 'index.handler',
        }),
      ]);
    for (const [, properties] of ofType('AWS::Logs::LogGroup')) {
      expect(properties).toHaveProperty('KmsKeyId');
      expect([30, 90]).toContain(properties.RetentionInDays);
    }
  });

  test('wait for their role: an event source that comes before it could not be made', () => {
    for (const [, template] of templates())
      for (const { DependsOn } of resourcesOf(template, 'AWS::Lambda::Function'))
        expect(listOf(DependsOn)).toContainEqual(expect.stringMatching(/RoleDefaultPolicy/));
  });

  test.each([
    ['Compact', 'rate(1 minute)', 'rate(1 minute)'],
    ['Expunge', 'rate(15 minutes)', 'rate(1 minute)'],
  ])('%s runs by the clock, at a pace of the size; a run that nobody took is kept', (id, small, large) => {
    for (const [assembly, pace] of [
      [balancer, small],
      [gateway, large],
    ] as const)
      expect(propertiesOf(assembly.stacks.Maintenance, 'AWS::Events::Rule', id)).toMatchObject({
        ScheduleExpression: pace,
        State: 'ENABLED',
        Targets: [
          {
            DeadLetterConfig: { Arn: { 'Fn::GetAtt': [expect.stringMatching(/^DeadLetters/), 'Arn'] } },
            RetryPolicy: { MaximumRetryAttempts: 2 },
          },
        ],
      });
  });

  test('what was expunged can be brought back for as long as the configuration says', () => {
    for (const [assembly, days] of [
      [balancer, '7'],
      [gateway, '21'],
    ] as const)
      for (const id of ['Compact', 'Expunge']) {
        const { Variables } = propertiesOf(assembly.stacks.Maintenance, 'AWS::Lambda::Function', id)
          .Environment as { Variables: unknown };
        expect(Variables).toMatchObject({ QUIRE_GRACE_DAYS: days });
      }
  });
});

describe('queues and topics', () => {
  test('are under the key, keep what they have for 14 days, and take nothing without TLS', () => {
    for (const [, properties] of ofType('AWS::SQS::Queue'))
      expect(properties).toMatchObject({
        KmsMasterKeyId: expect.anything() as unknown,
        MessageRetentionPeriod: 1_209_600,
      });
    const policies = [...ofType('AWS::SQS::QueuePolicy'), ...ofType('AWS::SNS::TopicPolicy')];
    expect(policies.length).toBe(ofType('AWS::SQS::Queue').length + ofType('AWS::SNS::Topic').length);
    for (const [name, { PolicyDocument }] of policies)
      expect([name, JSON.stringify(PolicyDocument)]).toEqual([
        name,
        expect.stringContaining('"Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny"'),
      ]);
  });
});

describe('the gateway', () => {
  const container = ({ stacks }: Assembly) => {
    const task = propertiesOf(stacks.Gateway, 'AWS::ECS::TaskDefinition');
    const [only] = task.ContainerDefinitions as Record<string, unknown>[];
    return { task, container: only ?? {} };
  };
  const environmentOf = (assembly: Assembly): Record<string, unknown> =>
    Object.fromEntries(
      (container(assembly).container.Environment as { Name: string; Value: unknown }[]).map(
        ({ Name, Value }) => [Name, Value],
      ),
    );
  const listener = (assembly: Assembly, port: number) =>
    resourcesOf(assembly.stacks.Gateway, 'AWS::ElasticLoadBalancingV2::Listener').find(
      ({ Properties }) => Properties?.Port === port,
    )?.Properties;
  const targets = (assembly: Assembly, id: string) => {
    const properties = propertiesOf(assembly.stacks.Gateway, 'AWS::ElasticLoadBalancingV2::TargetGroup', id);
    const attributes = properties.TargetGroupAttributes as { Key: string; Value: string }[];
    return { properties, attributes: Object.fromEntries(attributes.map(({ Key, Value }) => [Key, Value])) };
  };

  test('is one container on arm64: no root, nothing to write on, two minutes to stop', () => {
    for (const [, assembly] of both()) {
      const { task, container: only } = container(assembly);
      expect(task).toMatchObject({
        RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
        RequiresCompatibilities: ['FARGATE'],
      });
      expect(only).toMatchObject({
        User: '65532:65532',
        ReadonlyRootFilesystem: true,
        StopTimeout: 120,
        Ulimits: [{ Name: 'nofile', SoftLimit: 65_536 }],
      });
      expect(only).not.toHaveProperty('Privileged');
      expect(only).not.toHaveProperty('Secrets');
    }
  });

  test('its image is built for arm64, wherever it is built', async () => {
    const manifest = JSON.parse(await readFile(`${balancer.folder}/Quire-Gateway.assets.json`, 'utf8')) as {
      dockerImages: Record<string, { source: { platform?: string } }>;
    };
    const images = Object.values(manifest.dockerImages);
    expect(images.map(({ source }) => source.platform)).toEqual(['linux/arm64']);
  });

  test('TLS at the load balancer: a certificate of ACM, and the client is known by its address', () => {
    expect(listener(balancer, 993)).toMatchObject({
      Protocol: 'TLS',
      Certificates: [{ CertificateArn: { Ref: expect.stringMatching(/^Certificate/) as unknown } }],
      SslPolicy: expect.stringMatching(/TLS13-1-2/) as unknown,
    });
    expect(targets(balancer, 'Imaps').attributes).toMatchObject({
      'preserve_client_ip.enabled': 'true',
      'proxy_protocol_v2.enabled': 'false',
    });
    expect(environmentOf(balancer)).toMatchObject({ QUIRE_BEHIND_TLS_PORT: '1993' });
    expect(environmentOf(balancer)).not.toHaveProperty('QUIRE_IMAPS_PORT');
    expect(environmentOf(balancer)).not.toHaveProperty('QUIRE_PROXY_PROTOCOL_FROM');
    expect(environmentOf(balancer)).not.toHaveProperty('QUIRE_LITERAL_LIMIT');
    expect(environmentOf(balancer)).not.toHaveProperty('QUIRE_UNAUTHENTICATE');
  });

  test('TLS in the gateway: the proxy protocol where the client speaks first, its own address where it does not', () => {
    expect(listener(gateway, 993)).toMatchObject({ Protocol: 'TCP' });
    expect(targets(gateway, 'Imaps').attributes).toMatchObject({
      'preserve_client_ip.enabled': 'false',
      'proxy_protocol_v2.enabled': 'true',
    });
    expect(targets(gateway, 'StartTls').attributes).toMatchObject({
      'preserve_client_ip.enabled': 'true',
      'proxy_protocol_v2.enabled': 'false',
    });
    expect(environmentOf(gateway)).toMatchObject({
      QUIRE_IMAPS_PORT: '1993',
      QUIRE_IMAP_PORT: '1143',
      QUIRE_CERTIFICATE_SECRET: SECRET,
      QUIRE_MESSAGE_LIMIT: '1000',
      QUIRE_LITERAL_LIMIT: '4096',
      QUIRE_UNAUTHENTICATE: 'no',
    });
    const fronts = resourcesOf(gateway.stacks.Gateway, 'AWS::EC2::Subnet').filter(({ id }) =>
      id.includes('front'),
    );
    expect(environmentOf(gateway).QUIRE_PROXY_PROTOCOL_FROM).toBe(
      fronts.map(({ Properties }) => Properties?.CidrBlock).join(','),
    );
    expect(fronts).toHaveLength(2);
  });

  test('a client that idles for 29 minutes stays: TCP listeners wait longer, TLS ones hear keep-alives', () => {
    for (const port of [993, 143])
      expect(listener(gateway, port)?.ListenerAttributes).toEqual([
        { Key: 'tcp.idle_timeout.seconds', Value: '2100' },
      ]);
    expect(2_100).toBeGreaterThan(29 * 60);
  });

  test('143 is open only if asked for', () => {
    expect(listener(balancer, 143)).toBeUndefined();
    expect(listener(gateway, 143)).toMatchObject({ Protocol: 'TCP' });
  });

  test('health checks go to a port of their own and end a deployment that does not come up', () => {
    for (const [, assembly] of both())
      expect(targets(assembly, 'Imaps').properties).toMatchObject({
        HealthCheckProtocol: 'HTTP',
        HealthCheckPort: '8080',
        HealthCheckPath: '/healthy',
        TargetType: 'ip',
      });
    expect(propertiesOf(balancer.stacks.Gateway, 'AWS::ECS::Service')).toMatchObject({
      DeploymentConfiguration: {
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
      },
    });
  });

  test('a task that leaves the load balancer keeps its connections, and is stopped soon after', () => {
    const { attributes } = targets(balancer, 'Imaps');
    expect(attributes['deregistration_delay.timeout_seconds']).toBe('30');
    expect(attributes['deregistration_delay.connection_termination.enabled'] ?? 'false').toBe('false');
  });

  test('a deployment leaves as many tasks as there are', () => {
    for (const [, { stacks }] of both())
      expect(propertiesOf(stacks.Gateway, 'AWS::ECS::Service')).not.toHaveProperty('DesiredCount');
  });

  test('grows by sessions and by CPU', () => {
    const policies = resourcesOf(gateway.stacks.Gateway, 'AWS::ApplicationAutoScaling::ScalingPolicy').map(
      ({ Properties }) => Properties?.TargetTrackingScalingPolicyConfiguration,
    );
    expect(policies).toMatchObject([
      {
        PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
        TargetValue: 60,
      },
      {
        CustomizedMetricSpecification: { MetricName: 'Sessions', Namespace: 'Quire', Statistic: 'Average' },
        TargetValue: 20_000,
      },
    ]);
    expect(propertiesOf(gateway.stacks.Gateway, 'AWS::ApplicationAutoScaling::ScalableTarget')).toMatchObject(
      { MinCapacity: 4, MaxCapacity: 400 },
    );
  });

  test('tasks are reached from the load balancer alone, and the load balancer on IMAP alone', () => {
    for (const [name, { stacks }] of both()) {
      const groups = resourcesOf(stacks.Gateway, 'AWS::EC2::SecurityGroup');
      const front = groups.find(({ id }) => id.includes('FrontGroup'));
      const open = (front?.Properties?.SecurityGroupIngress as { FromPort: number; ToPort: number }[]).map(
        ({ FromPort, ToPort }) => [FromPort, ToPort],
      );
      const port = (each: number) => [each, each];
      expect(open).toEqual(name === 'balancer' ? [993, 993].map(port) : [993, 993, 143, 143].map(port));
      const task = groups.find(({ id }) => id.includes('TaskGroup'));
      expect(task?.Properties).not.toHaveProperty('SecurityGroupIngress');
      const ingress = resourcesOf(stacks.Gateway, 'AWS::EC2::SecurityGroupIngress').filter(({ id }) =>
        id.startsWith('NetworkTaskGroupfrom'),
      );
      for (const { Properties } of ingress) {
        expect(Properties?.SourceSecurityGroupId).toEqual({ 'Fn::GetAtt': [front?.id, 'GroupId'] });
        expect(Properties).not.toHaveProperty('CidrIp');
      }
      expect(ingress.map(({ Properties }) => Properties?.FromPort).sort()).toEqual(
        name === 'balancer' ? [1993, 8080] : [1143, 1993, 8080],
      );
    }
  });

  test('there is no NAT gateway, and S3 and DynamoDB are reached without one', () => {
    for (const [, { stacks }] of both()) {
      expect(resourcesOf(stacks.Gateway, 'AWS::EC2::NatGateway')).toEqual([]);
      const endpoints = resourcesOf(stacks.Gateway, 'AWS::EC2::VPCEndpoint').map(
        ({ Properties }) => Properties,
      );
      expect(endpoints.filter((each) => each?.VpcEndpointType === 'Gateway')).toHaveLength(2);
    }
  });

  test('a private network has no public address and no way out; a public one has addresses that nobody reaches', () => {
    const service = (assembly: Assembly) =>
      propertiesOf(assembly.stacks.Gateway, 'AWS::ECS::Service').NetworkConfiguration as {
        AwsvpcConfiguration: { AssignPublicIp: string };
      };
    expect(service(balancer).AwsvpcConfiguration.AssignPublicIp).toBe('ENABLED');
    expect(service(gateway).AwsvpcConfiguration.AssignPublicIp).toBe('DISABLED');
    const routes = resourcesOf(gateway.stacks.Gateway, 'AWS::EC2::Route').filter(({ id }) =>
      id.includes('tasks'),
    );
    expect(routes).toEqual([]);
    const interfaces = resourcesOf(gateway.stacks.Gateway, 'AWS::EC2::VPCEndpoint').filter(
      ({ Properties }) => Properties?.VpcEndpointType === 'Interface',
    );
    expect(interfaces.map(({ Properties }) => JSON.stringify(Properties?.ServiceName)).sort()).toEqual([
      expect.stringContaining('.ecr.api'),
      expect.stringContaining('.ecr.dkr'),
      expect.stringContaining('.kms'),
      expect.stringContaining('.logs'),
      expect.stringContaining('.secretsmanager'),
      expect.stringContaining('.sqs'),
    ]);
  });
});

describe('roles', () => {
  const statements = (): [string, Statement][] =>
    templates().flatMap(([name, template]) =>
      roleStatements(template).map(({ policy, statement }): [string, Statement] => [
        `${name} ${policy}`,
        statement,
      ]),
    );

  test('no action has a wildcard', () => {
    for (const [name, { Action }] of statements())
      expect([name, listOf(Action).filter((action) => action.includes('*'))]).toEqual([name, []]);
  });

  test('a resource has one only where its statement says why', () => {
    const starred = statements().filter(([, { Resource }]) => JSON.stringify(Resource).includes('*'));
    expect(starred.length).toBeGreaterThan(10);
    const unexplained = starred.filter(
      ([name, { Sid = '' }]) => !(Sid in WILDCARDS) && !name.includes('TaskExecutionRole'),
    );
    expect(unexplained).toEqual([]);
    // No reason without a statement.
    for (const sid of Object.keys(WILDCARDS)) expect(starred.map(([, { Sid }]) => Sid)).toContain(sid);
  });

  test('items are only ever used by the beginnings of their keys', () => {
    const ITEMS =
      /^dynamodb:(Batch)?(Get|Write|Put|Update|Delete|ConditionCheck)?(Item|Query|Scan|PartiQL\w+)$/;
    const onItems = statements().filter(([, { Action }]) =>
      listOf(Action).some((action) => ITEMS.test(action)),
    );
    expect(onItems.length).toBeGreaterThan(20);
    for (const [name, { Sid, Action, Condition }] of onItems) {
      // It counts, and gets no item.
      if (Sid === 'CountMailboxes') {
        expect(Condition).toEqual({ StringEquals: { 'dynamodb:Select': 'COUNT' } });
        continue;
      }
      expect([name, Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys']]).toEqual([
        name,
        expect.anything(),
      ]);
      // It has no leading key, and would pass the condition.
      expect(listOf(Action)).not.toContain('dynamodb:Scan');
    }
  });

  test('passwords can be read by the gateway alone; that of a closed account is deleted by the expunge function', () => {
    const onPasswords = statements().filter(
      ([name, { Action, Condition }]) =>
        JSON.stringify(Condition ?? {}).includes('credential#') &&
        !(name.includes(' Maintenance ExpungeRole') && JSON.stringify(Action) === '"dynamodb:DeleteItem"'),
    );
    expect(onPasswords.length).toBeGreaterThan(0);
    for (const [name] of onPasswords) expect(name).toMatch(/ Gateway TaskTaskRole/);
  });

  test('the key is used through a service, or to unwrap the data key of an account, never otherwise', () => {
    for (const [, { Action, Condition, Sid }] of statements().filter(([, each]) =>
      listOf(each.Action).some((action) => action.startsWith('kms:')),
    ))
      if (Sid === 'UnwrapKeys') {
        expect(listOf(Action)).toEqual(['kms:Decrypt']);
        expect(Condition).toEqual({ StringLike: { 'kms:EncryptionContext:quire:account': '*' } });
      } else expect(Condition).toHaveProperty(['StringEquals', 'kms:ViaService']);
  });

  test('no role has a policy of AWS, which would change without us', () => {
    for (const [, properties] of ofType('AWS::IAM::Role'))
      expect(properties).not.toHaveProperty('ManagedPolicyArns');
  });
});
