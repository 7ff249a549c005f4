/**
 * What must never be lost: tables and buckets, under one key of the customer's. Everything here stays when the stack is
 * deleted.
 */
import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type LifecycleRule,
  ObjectOwnership,
  StorageClass,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Deployment } from '../config/check.ts';
import { UNSETTLED_DAYS } from '../config/keeping.ts';
import { acknowledge } from './acknowledged.ts';
import { Replication } from './replication.ts';
import { storageKey } from './storage-key.ts';

/** Restoring a table and finding that its oldest blobs went an hour ago would be a pity. */
const VERSION_MARGIN_DAYS = 1;
/** Below it, a cheaper class costs more in transitions and monitoring than it saves. */
const TIERED_FROM_BYTES = 1_048_576;
const TTL_ATTRIBUTE = 'expiresAt';

const COLD_CLASSES = {
  'intelligent-tiering': StorageClass.INTELLIGENT_TIERING,
  'standard-ia': StorageClass.INFREQUENT_ACCESS,
  'glacier-instant': StorageClass.GLACIER_INSTANT_RETRIEVAL,
} as const;

/**
 * S3 moves objects by their age by itself, for a price a thousand and without a request of ours. A pack is as old as its
 * messages have lain unread, and a week younger.
 */
function coldRules(cold: Deployment['coldStorage']): readonly LifecycleRule[] {
  if (cold.class === 'none') return [];
  const storageClass = COLD_CLASSES[cold.class];
  const after = (days: number) => [{ storageClass, transitionAfter: Duration.days(days) }];
  // That class looks for 30 days by itself who reads what, and takes nothing for reading.
  const watches = cold.class === 'intelligent-tiering';
  return [
    { id: 'packs', prefix: 'packs/', transitions: after(watches ? 0 : cold.afterDays) },
    {
      id: 'large-messages',
      prefix: 'blobs/',
      objectSizeGreaterThan: TIERED_FROM_BYTES,
      transitions: after(cold.afterDays),
    },
  ];
}

export interface StorageStackProps extends StackProps {
  readonly deployment: Deployment;
}

/** What the other stacks know of a table. */
export type Table = Pick<TableV2, 'tableName' | 'tableArn'>;

export class StorageStack extends Stack {
  readonly key: IKey;
  readonly mailTable: Table;
  readonly directoryTable: Table;
  /** Of data keys, apart from the others: its backups are all that is left of a key that was deleted. */
  readonly keysTable: Table;
  readonly mailBucket: Bucket;
  readonly inboundBucket: Bucket;
  readonly #deployment: Deployment;
  readonly #replication: Replication | undefined;

  constructor(scope: Construct, id: string, { deployment, ...props }: StorageStackProps) {
    super(scope, id, {
      ...props,
      description: 'Quire: tables and buckets of mail. They stay when this stack is deleted.',
    });
    this.#deployment = deployment;
    this.key = storageKey(this, deployment);
    const { standby } = deployment;
    if (standby !== undefined)
      this.#replication = new Replication(this, 'Replication', {
        deployment,
        region: standby.region,
        key: this.key,
      });
    this.mailTable = this.#table('MailTable', 'mail');
    this.directoryTable = this.#table('DirectoryTable', 'directory');
    this.keysTable = this.#table('KeysTable', 'keys');
    const { backup, aside } = deployment.retention;
    this.mailBucket = this.#makeBucket(
      'MailBucket',
      backup,
      coldRules(deployment.coldStorage),
      standby?.mailBucket,
    );
    const inboundRules = [
      { id: 'aside', prefix: 'aside/', expiration: Duration.days(aside) },
      // Mail that was never settled lies here until somebody has it delivered; this ends what nobody ever will.
      { id: 'unsettled', expiration: Duration.days(UNSETTLED_DAYS) },
    ];
    this.inboundBucket = this.#makeBucket('InboundBucket', backup, inboundRules, standby?.inboundBucket);
    this.#replication?.permit([this.mailBucket, this.inboundBucket]);
    this.inboundBucket.addToResourcePolicy(this.#sesMayWrite(deployment));
    this.#outputs();
  }

  /** What every process is told: its stores (`engineSettingsFrom`), and where its metrics belong. */
  get processEnvironment(): Record<string, string> {
    const { standby } = this.#deployment;
    return {
      QUIRE_MAIL_TABLE: this.mailTable.tableName,
      QUIRE_DIRECTORY_TABLE: this.directoryTable.tableName,
      QUIRE_KEYS_TABLE: this.keysTable.tableName,
      QUIRE_KMS_KEY: this.key.keyArn,
      QUIRE_BLOB_FORMAT: this.#deployment.storedMail === 'raw' ? 'raw' : 'framed',
      QUIRE_MAIL_BUCKET: this.mailBucket.bucketName,
      QUIRE_INBOUND_BUCKET: this.inboundBucket.bucketName,
      QUIRE_METRICS_NAMESPACE: this.#deployment.name,
      ...(standby === undefined ? {} : { QUIRE_STANDBY: standby.region }),
    };
  }

  /** The stack's own, which is there in any case but in a region that stands by, or what takes its place. */
  #table(id: string, which: 'mail' | 'directory' | 'keys'): Table {
    const { restoredTables, standbyOf } = this.#deployment;
    const named = (name: string): Table => ({
      tableName: name,
      tableArn: this.formatArn({ service: 'dynamodb', resource: 'table', resourceName: name }),
    });
    const own = standbyOf === undefined ? this.#makeTable(id) : named(standbyOf.tables[which]);
    const restored = restoredTables?.[which];
    return restored === undefined ? own : named(restored);
  }

  #makeTable(id: string): TableV2 {
    const { retention, standby } = this.#deployment;
    return new TableV2(this, id, {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      timeToLiveAttribute: TTL_ATTRIBUTE,
      encryption: TableEncryptionV2.customerManagedKey(this.key, this.#replication?.replicaKeys),
      // With the settings below, each in its region.
      ...(standby === undefined ? {} : { replicas: [{ region: standby.region }] }),
      pointInTimeRecoverySpecification: {
        pointInTimeRecoveryEnabled: true,
        recoveryPeriodInDays: retention.backup,
      },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  #makeBucket(
    id: string,
    backupDays: number,
    rules: readonly LifecycleRule[],
    copyTo: string | undefined,
  ): Bucket {
    const bucket = new Bucket(this, id, {
      ...(copyTo === undefined ? {} : this.#replication?.to(copyTo)),
      encryption: BucketEncryption.KMS,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      versioned: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [
        { id: 'multipart', abortIncompleteMultipartUploadAfter: Duration.days(2) },
        // A restored table must not name blobs that are gone: what is deleted can be had as long as a table can go back.
        {
          id: 'old-versions',
          noncurrentVersionExpiration: Duration.days(backupDays + VERSION_MARGIN_DAYS),
          // A deletion leaves a marker that stays for ever, is billed, and is passed over by every listing of the account.
          expiredObjectDeleteMarker: true,
        },
        ...rules,
      ],
    });
    acknowledge(
      bucket,
      'CloudFormation-Validate::W9003',
      'The library writes the size of a lifecycle rule as a number, CloudFormation takes it as such.',
    );
    acknowledge(
      bucket,
      'AwsSolutions-S1',
      'Access logs would cost about as much as the requests that they tell of, and keep who reads which mail, and when, for ever. CloudTrail data events can be switched on for the time of an investigation.',
    );
    return bucket;
  }

  #sesMayWrite(deployment: Deployment): PolicyStatement {
    return new PolicyStatement({
      sid: 'SesMayWrite',
      principals: [new ServicePrincipal('ses.amazonaws.com')],
      actions: ['s3:PutObject'],
      resources: deployment.domains.map(({ name }) => this.inboundBucket.arnForObjects(`${name}/*`)),
      conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
    });
  }

  /** What `quire --stack` reads. */
  #outputs(): void {
    const outputs = {
      MailTableName: this.mailTable.tableName,
      DirectoryTableName: this.directoryTable.tableName,
      KeysTableName: this.keysTable.tableName,
      KeyArn: this.key.keyArn,
      MailBucketName: this.mailBucket.bucketName,
      InboundBucketName: this.inboundBucket.bucketName,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
