/**
 * The engine of a local instance on its stores, for whoever needs it: `quire start` starts the embedded ones,
 * `quire gateway` and `quire user` use those of a running instance, or start the store for as long as they need it.
 */
import { existsSync } from 'node:fs';
import { openEngine, type Engine, type EngineOptions, type EngineSettings } from '../../shared/aws/engine.ts';
import type { AwsSettings } from '../../shared/aws/clients.ts';
import type { Log } from '../../shared/log.ts';
import { dataPaths, lockDataFolder, makeDataFolder } from './data-folder.ts';
import { startDynoxide } from './dynoxide.ts';
import { findInstance, type Endpoints } from './instance.ts';
import { ensureKeyFileOf, mustBeKeyFileOf } from './key-file.ts';
import type { LocalSettings } from './settings.ts';
import { SetupError } from './setup-error.ts';
import { LOCAL_REGION, startSqs } from './sqs.ts';
import type { StartedParts } from './started-parts.ts';
import { ensureTables } from './tables.ts';

/** Where the stores are. */
export type StorePlaces = Pick<Endpoints, 'dynamodb' | 'sqs' | 'blobs' | 'sealing'>;

export function engineSettings({ dynamodb, sqs, blobs, sealing }: StorePlaces): EngineSettings {
  const s3 = 'mail' in blobs ? undefined : blobs;
  const { region, endpoints } = awsSettings(dynamodb);
  return {
    aws: {
      region,
      endpoints: {
        ...endpoints,
        sqs: sqs.endpoint,
        ...(s3?.endpoint === undefined ? {} : { s3: s3.endpoint }),
      },
    },
    mailTable: dynamodb.mailTable,
    directoryTable: dynamodb.directoryTable,
    blobFormat: sealing.blobFormat,
    keys: {
      table: sealing.keysTable,
      wrap: sealing.kmsKey === undefined ? { file: sealing.keyFile } : { kms: sealing.kmsKey },
      create: sealing.dataKeys,
    },
    ...('mail' in blobs
      ? { mail: { folder: blobs.mail }, inbound: { folder: blobs.inbound } }
      : { mail: { bucket: blobs.mailBucket }, inbound: { bucket: blobs.inboundBucket } }),
  };
}

function awsSettings({ endpoint }: { readonly endpoint: string }): AwsSettings {
  return { region: process.env.AWS_REGION ?? LOCAL_REGION, endpoints: { dynamodb: endpoint } };
}

export interface StoreOptions {
  readonly settings: LocalSettings;
  readonly log: Log;
  readonly parts: StartedParts;
  /** Called when the embedded store has died and runs again. */
  readonly restarted?: (pid: number) => void;
}

/**
 * Makes the data folder, takes its lock and starts what the settings do not place elsewhere.
 * @param holder what this process is: `quire start`.
 * @throws {SetupError} if the folder cannot be written, or another process uses it.
 */
export async function startStores(options: StoreOptions, holder: string): Promise<StorePlaces> {
  const { settings, parts } = options;
  await makeDataFolder(settings.data);
  const lock = await lockDataFolder(settings.data, holder);
  parts.add('lock of the data folder', () => lock.release());
  const paths = dataPaths(settings.data);
  const dynamodb = await startStore(options);
  if (settings.kmsKey === undefined)
    await ensureKeyFileOf(paths.keyFile, awsSettings(dynamodb), settings.keysTable);
  let sqsEndpoint = settings.sqsEndpoint;
  if (sqsEndpoint === undefined) {
    const sqs = await startSqs();
    parts.add('queues', () => sqs.stop());
    sqsEndpoint = sqs.endpoint;
  }
  return {
    dynamodb: { ...dynamodb, mailTable: settings.mailTable, directoryTable: settings.directoryTable },
    sqs: { endpoint: sqsEndpoint },
    blobs: settings.s3 ?? { mail: paths.blobs, inbound: paths.inbound },
    sealing: {
      blobFormat: settings.blobFormat,
      dataKeys: settings.dataKeys,
      keysTable: settings.keysTable,
      keyFile: paths.keyFile,
      ...(settings.kmsKey === undefined ? {} : { kmsKey: settings.kmsKey }),
    },
  };
}

async function startStore(options: StoreOptions): Promise<{ endpoint: string; pid?: number }> {
  const { settings, log, parts, restarted } = options;
  if (settings.dynamodbEndpoint !== undefined) return { endpoint: settings.dynamodbEndpoint };
  const { database } = dataPaths(settings.data);
  const store = await startDynoxide({
    database,
    log: log.child({ part: 'store' }),
    ...(restarted === undefined ? {} : { restarted }),
  });
  parts.add('store', () => store.stop());
  return { endpoint: store.endpoint, ...(store.pid === undefined ? {} : { pid: store.pid }) };
}

/**
 * The engine on these stores, with its tables in place.
 * @throws {SetupError} if it would seal by another key file than it has been sealed by.
 */
export async function startEngine(
  places: StorePlaces,
  parts: StartedParts,
  options: EngineOptions = {},
): Promise<Engine> {
  const engine = await openEngine(engineSettings(places), options);
  parts.add('engine', () => engine.close());
  await ensureTables(engine.dynamodb, [
    places.dynamodb.mailTable,
    places.dynamodb.directoryTable,
    places.sealing.keysTable,
  ]);
  const { keyFile, kmsKey } = places.sealing;
  if (engine.keys && kmsKey === undefined) await mustBeKeyFileOf(keyFile, engine.keys);
  return engine;
}

/**
 * The engine of the instance that runs on the data folder; if none does, on stores started for the purpose.
 * @throws {SetupError} if there is no such folder: a name that was typed wrong must not become an empty installation.
 */
export async function reachEngine(options: StoreOptions, holder: string): Promise<Engine> {
  const { settings, parts } = options;
  const instance = await findInstance(settings.data);
  if (instance !== undefined) return startEngine(instance, parts);
  if (!existsSync(settings.data))
    throw new SetupError(
      `There is no data folder ${settings.data}: name that of your instance with --data, or have "npm start" make one.`,
    );
  return startEngine(await startStores(options, holder), parts);
}
