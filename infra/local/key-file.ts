/**
 * The key file of an installation is made once, for a table in which no key has been wrapped by one. Later it is only ever
 * missed: a new one in its place would wrap the keys of new accounts, and they would be lost when the right one is put back.
 */
import { ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { dynamoDbClient, type AwsSettings } from '../../shared/aws/clients.ts';
import { DynamoDbKeyStore } from '../../shared/aws/dynamodb-key-store.ts';
import { ensureKeyFile, readKeyFile } from '../../shared/keys/key-file.ts';
import type { KeyStore } from '../../shared/keys/key-store.ts';
import { LocalKeyWrap } from '../../shared/keys/local-key-wrap.ts';
import { existsSync } from 'node:fs';
import { SetupError } from './setup-error.ts';

/**
 * Makes the file if there is none and none was ever needed. Before the engine is opened, which reads it.
 * @throws {SetupError} if a key of the table was wrapped by a file that is gone.
 */
export async function ensureKeyFileOf(file: string, aws: AwsSettings, table: string): Promise<void> {
  if (!existsSync(file)) {
    const client = dynamoDbClient(aws);
    try {
      if ((await keysWrapped(new DynamoDbKeyStore(client, table), () => false)) === 'by another')
        throw new SetupError(
          `The key file ${file} is gone, and accounts have keys that it has wrapped: put it back from where you keep it, for without it their mail cannot be read. Nothing was started.`,
        );
    } finally {
      client.destroy();
    }
  }
  await ensureKeyFile(file);
}

/** @throws {SetupError} if the file is not the one that has wrapped the keys of the table. */
export async function mustBeKeyFileOf(file: string, keys: Pick<KeyStore, 'list'>): Promise<void> {
  const wrap = new LocalKeyWrap(await readKeyFile(file));
  if ((await keysWrapped(keys, (wrapped) => wrap.hasWrapped(wrapped))) === 'by another')
    throw new SetupError(
      `The key file ${file} is not the one that has wrapped the keys of the accounts here: put that one back from where you keep it, for without it their mail cannot be read. Nothing was started.`,
    );
}

/** One key that the file has wrapped is enough: the table is read no further. */
async function keysWrapped(
  keys: Pick<KeyStore, 'list'>,
  isOurs: (wrapped: Uint8Array) => boolean,
): Promise<'by none' | 'by this' | 'by another'> {
  let others = false;
  try {
    for await (const { key } of keys.list()) {
      if (key.kind !== 'key' || key.by !== 'file') continue;
      if (isOurs(key.wrapped)) return 'by this';
      others = true;
    }
  } catch (error) {
    // A folder that is being set up.
    if (!(error instanceof ResourceNotFoundException)) throw error;
  }
  return others ? 'by another' : 'by none';
}
