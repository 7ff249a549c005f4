/**
 * The mail engine of one process on its stores: made in one place, the same for gateway, functions, command line and
 * tests. Where the stores are is all that differs between AWS and one machine.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DeliveryMarkers, JournalStore } from '../account/journal-store.ts';
import type { Rim } from '../account/rim.ts';
import { AccountObjects } from '../blob/account-objects.ts';
import type { BlobStore } from '../blob/blob-store.ts';
import { FolderBlobStore } from '../blob/folder-blob-store.ts';
import { BLOB_FORMATS, type BlobFormat } from '../blob/message-blobs.ts';
import { MessageStore } from '../blob/message-store.ts';
import { S3BlobStore } from '../blob/s3-blob-store.ts';
import type {
  AccountDirectory,
  AddressDirectory,
  LoginDirectory,
  ServerAnnotations,
  SharingDirectory,
} from '../directory/directory.ts';
import {
  DynamoDbAddressDirectory,
  DynamoDbLoginDirectory,
  dynamoDbAccountDirectory,
} from '../directory/dynamodb-directory.ts';
import { DynamoDbServerAnnotations } from '../directory/dynamodb-server-annotations.ts';
import { DynamoDbSharingDirectory } from '../directory/dynamodb-sharing.ts';
import { readKeyFile } from '../keys/key-file.ts';
import { KeyRing } from '../keys/key-ring.ts';
import type { KeyWrap } from '../keys/key-store.ts';
import { LocalKeyWrap } from '../keys/local-key-wrap.ts';
import { systemRim } from '../system-rim.ts';
import { type Metrics, NO_METRICS } from '../metrics/metrics.ts';
import type { GatewayRegister } from '../wake/presence.ts';
import type { KeyNoticeSender } from '../wake/key-notice.ts';
import type { WakeSender, WatchRegister } from '../wake/wake-queue.ts';
import {
  type AwsSettings,
  type ClientOptions,
  dynamoDbClient,
  kmsClient,
  s3Client,
  sqsClient,
} from './clients.ts';
import { DynamoDbCalendar } from './dynamodb-calendar.ts';
import { DynamoDbDeliveryMarkers } from './dynamodb-delivery-markers.ts';
import { DynamoDbFoldStore } from './dynamodb-fold-store.ts';
import { DynamoDbGatewayRegister } from './dynamodb-gateway-register.ts';
import { DynamoDbKeyStore } from './dynamodb-key-store.ts';
import { DynamoDbJournalStore } from './dynamodb-journal-store.ts';
import { DynamoDbWatchRegister } from './dynamodb-watch-register.ts';
import { KmsKeyWrap } from './kms-key-wrap.ts';
import { SqsWakeSender } from './sqs-wake-queue.ts';
import { DynamoDbWorkItems } from './work-items.ts';

/** Where objects are kept: a bucket, or a folder of this machine. */
export type BlobPlace = { readonly bucket: string } | { readonly folder: string };

export interface EngineSettings {
  readonly aws: AwsSettings;
  readonly mailTable: string;
  readonly directoryTable: string;
  readonly mail: BlobPlace;
  readonly inbound: BlobPlace;
  /** How messages of accounts without a data key are stored. Default `framed`. */
  readonly blobFormat?: BlobFormat;
  /** Absent: no account has a data key, nor gets one. */
  readonly keys?: KeySettings;
}

/** Where data keys are kept, and what wraps them. */
export interface KeySettings {
  readonly table: string;
  /** A key of KMS, by id or ARN; or a file of this machine with a key in it (`readKeyFile`). */
  readonly wrap: { readonly kms: string } | { readonly file: string };
  /** Whether new accounts get one. */
  readonly create: boolean;
}

/** Which of the two stores of objects. */
export type BlobKind = 'mail' | 'inbound';

export interface EngineOptions extends ClientOptions {
  /** Wraps a store of objects, as `wrapTransport` wraps the clients: a test watches or breaks it here. */
  readonly wrapBlobs?: (store: BlobStore, kind: BlobKind) => BlobStore;
}

export interface Engine {
  readonly rim: Rim;
  readonly journal: JournalStore;
  readonly folds: DynamoDbFoldStore;
  readonly markers: DeliveryMarkers;
  readonly work: DynamoDbWorkItems;
  readonly calendar: DynamoDbCalendar;
  readonly messages: MessageStore;
  /** Null: this installation has no data keys. */
  readonly keys: KeyRing | null;
  readonly objects: AccountObjects;
  readonly inbound: BlobStore;
  readonly logins: LoginDirectory;
  readonly sharing: SharingDirectory;
  readonly serverAnnotations: ServerAnnotations;
  readonly addresses: AddressDirectory;
  readonly directory: AccountDirectory;
  readonly watches: WatchRegister;
  readonly gateways: GatewayRegister;
  readonly wakeSender: WakeSender & KeyNoticeSender;
  readonly dynamodb: DynamoDBClient;
  readonly sqs: SQSClient;
  /** Where this process tells what it does: the options', or nobody's. */
  readonly metrics: Metrics;
  /** Closes the connections of all clients. */
  close(): void;
}

export async function openEngine(settings: EngineSettings, options: EngineOptions = {}): Promise<Engine> {
  const { aws, mailTable, directoryTable } = settings;
  const dynamodb = dynamoDbClient(aws, options);
  const sqs = sqsClient(aws, options);
  const s3 = s3Client(aws, options);
  const blobs = async (kind: BlobKind): Promise<BlobStore> => {
    const place = settings[kind];
    const store =
      'bucket' in place ? new S3BlobStore(s3, place.bucket) : await FolderBlobStore.open(place.folder);
    return options.wrapBlobs?.(store, kind) ?? store;
  };
  const mail = await blobs('mail');
  const rim = systemRim;
  const metrics = options.metrics ?? NO_METRICS;
  const kms = settings.keys && 'kms' in settings.keys.wrap ? kmsClient(aws, options) : undefined;
  const keys = settings.keys ? await keyRing(settings.keys, dynamodb, kms, rim) : null;
  const directory = { client: dynamodb, table: directoryTable };
  return {
    rim,
    journal: new DynamoDbJournalStore(dynamodb, mailTable, {}, metrics),
    folds: new DynamoDbFoldStore(dynamodb, mailTable),
    markers: new DynamoDbDeliveryMarkers(dynamodb, mailTable),
    work: new DynamoDbWorkItems(dynamodb, mailTable),
    calendar: new DynamoDbCalendar(dynamodb, mailTable),
    messages: new MessageStore(mail, rim, {
      format: settings.blobFormat ?? 'framed',
      ...(keys && { keys }),
    }),
    keys,
    objects: new AccountObjects(mail),
    inbound: await blobs('inbound'),
    logins: new DynamoDbLoginDirectory(directory),
    sharing: new DynamoDbSharingDirectory(directory),
    serverAnnotations: new DynamoDbServerAnnotations(directory),
    addresses: new DynamoDbAddressDirectory(directory),
    directory: dynamoDbAccountDirectory({ ...directory, now: rim.now }),
    watches: new DynamoDbWatchRegister(dynamodb, mailTable),
    gateways: new DynamoDbGatewayRegister(dynamodb, mailTable),
    wakeSender: new SqsWakeSender(sqs),
    dynamodb,
    sqs,
    metrics,
    close: () => {
      for (const client of [dynamodb, sqs, s3, kms]) client?.destroy();
    },
  };
}

async function keyRing(
  { table, wrap, create }: KeySettings,
  dynamodb: DynamoDBClient,
  kms: KMSClient | undefined,
  rim: Rim,
): Promise<KeyRing> {
  const wrapped: KeyWrap =
    'kms' in wrap && kms
      ? new KmsKeyWrap(kms, wrap.kms)
      : new LocalKeyWrap(await readKeyFile('file' in wrap ? wrap.file : ''));
  const store = new DynamoDbKeyStore(dynamodb, table);
  return new KeyRing({ store, wrap: wrapped, create, now: rim.now });
}

/**
 * The settings that a process on AWS is given in its environment: `QUIRE_MAIL_TABLE`, `QUIRE_DIRECTORY_TABLE`,
 * `QUIRE_MAIL_BUCKET`, `QUIRE_INBOUND_BUCKET`, and `AWS_REGION`, which Lambda and ECS set; and how messages are stored:
 * `QUIRE_KEYS_TABLE` and `QUIRE_KMS_KEY`, where accounts have data keys (`QUIRE_DATA_KEYS=no`: new ones get none), and
 * `QUIRE_BLOB_FORMAT`. Throws in one sentence.
 */
export function engineSettingsFrom(
  environment: Readonly<Record<string, string | undefined>>,
): EngineSettings {
  const required = (name: string): string => {
    const value = environment[name];
    if (value === undefined || value === '')
      throw new Error(`set ${name}: this process does not know its stores`);
    return value;
  };
  return {
    aws: { region: required('AWS_REGION') },
    mailTable: required('QUIRE_MAIL_TABLE'),
    directoryTable: required('QUIRE_DIRECTORY_TABLE'),
    mail: { bucket: required('QUIRE_MAIL_BUCKET') },
    inbound: { bucket: required('QUIRE_INBOUND_BUCKET') },
    blobFormat: blobFormat(environment.QUIRE_BLOB_FORMAT ?? 'framed'),
    ...((environment.QUIRE_KEYS_TABLE ?? '') !== '' && {
      keys: {
        table: required('QUIRE_KEYS_TABLE'),
        wrap: { kms: required('QUIRE_KMS_KEY') },
        create: environment.QUIRE_DATA_KEYS !== 'no',
      },
    }),
  };
}

function blobFormat(text: string): BlobFormat {
  const known = BLOB_FORMATS.find((format) => format === text);
  if (!known)
    throw new Error(`QUIRE_BLOB_FORMAT is "${text}", but it must be one of ${BLOB_FORMATS.join(', ')}`);
  return known;
}
