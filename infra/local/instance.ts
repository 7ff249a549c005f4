/**
 * `instance.json` in the data folder: what runs there, for the commands that want to talk to it (`quire gateway`,
 * `quire user …`). It is written when the instance is ready, again when its store has been restarted, and removed at
 * exit; after a `kill -9` it lies there, so whoever reads it asks whether that process is still alive.
 */
import { rm } from 'node:fs/promises';
import type { BlobFormat } from '../../shared/blob/message-blobs.ts';
import { dataPaths, readIfPresent, replaceFile } from './data-folder.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';
import type { S3Settings } from './settings.ts';

export interface Listener {
  readonly host: string;
  readonly port: number;
}

/** Where the parts of an instance are reached. */
export interface Endpoints {
  readonly imap: Listener;
  readonly imaps: Listener;
  readonly smtp: Listener;
  /** `pid`: of the embedded store, if this instance has one. */
  readonly dynamodb: {
    readonly endpoint: string;
    readonly pid?: number;
    readonly mailTable: string;
    readonly directoryTable: string;
  };
  readonly sqs: { readonly endpoint: string };
  /** Folders, or buckets. */
  readonly blobs: { readonly mail: string; readonly inbound: string } | S3Settings;
  readonly sealing: Sealing;
}

/** How messages are stored. */
export interface Sealing {
  readonly blobFormat: BlobFormat;
  /** Whether new accounts get a data key. */
  readonly dataKeys: boolean;
  readonly keysTable: string;
  /** Path of the file that wraps the keys. */
  readonly keyFile: string;
  /** Or the key of KMS that does. */
  readonly kmsKey?: string;
}

export interface Instance extends Endpoints {
  readonly process: ProcessIdentity;
}

/** Says that this process is a running instance. */
export async function publishInstance(folder: string, endpoints: Endpoints): Promise<void> {
  const own = identityOf(process.pid);
  if (own === undefined) throw new Error(`this process, ${process.pid}, cannot find itself`);
  const instance: Instance = { process: own, ...endpoints };
  await replaceFile(dataPaths(folder).instance, `${JSON.stringify(instance, null, 2)}\n`);
}

export async function withdrawInstance(folder: string): Promise<void> {
  await rm(dataPaths(folder).instance, { force: true });
}

/** The instance that runs on the folder, or undefined. */
export async function findInstance(folder: string): Promise<Instance | undefined> {
  const text = await readIfPresent(dataPaths(folder).instance);
  if (text === undefined) return undefined;
  // Written by publishInstance alone, and whole (rename).
  const instance = JSON.parse(text) as Instance;
  return isAlive(instance.process) ? instance : undefined;
}
