import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dynamoDbClient } from '../../../shared/aws/clients.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import { FolderBlobStore } from '../../../shared/blob/folder-blob-store.ts';
import { inVariants } from '../../support/conformance.ts';
import { type TestDynoxide, startTestDynoxide } from '../../support/dynoxide.ts';
import { PASSWORD, TestGateway } from '../../support/gateway.ts';
import { BEFORE_SIGN_IN } from '../../support/variants.ts';

const run = promisify(execFile);
let store: TestDynoxide;
let folder: string;
let blobs: FolderBlobStore;

beforeAll(async () => {
  store = await startTestDynoxide();
  folder = await mkdtemp(join(tmpdir(), 'quire-restart-'));
  blobs = await FolderBlobStore.open(join(folder, 'blobs'));
});
afterAll(async () => {
  await store.stop();
  await rm(folder, { recursive: true });
});

inVariants((variant) => {
  /** A gateway that knows nothing but what DynamoDB and the folder hold, and the keys that go with it. */
  async function freshGateway(): Promise<TestGateway> {
    const client = dynamoDbClient(store.settings);
    return TestGateway.start({
      journal: new DynamoDbJournalStore(client, 'mail'),
      blobs,
      variant,
    });
  }

  test('what curl appends, curl fetches from another gateway', async () => {
    const message = 'From: a@example.test\r\nSubject: kept\r\n\r\nOne\r\nTwoü.\r\n';
    const file = join(folder, 'message.eml');
    await writeFile(file, message);
    const scheme = variant === 'tls' ? 'imaps' : 'imap';
    const user = ['--insecure', '--user', `alice@example.test:${PASSWORD}`];
    const before = await freshGateway();
    const account = await before.addUser();
    await run('curl', [
      '--silent',
      '--show-error',
      ...user,
      '-T',
      file,
      `${scheme}://127.0.0.1:${before.port}/INBOX`,
    ]);
    await before.stop();
    const after = await freshGateway();
    await after.admit('alice@example.test', account);
    const url = `${scheme}://127.0.0.1:${after.port}/INBOX;MAILINDEX=1`;
    const { stdout } = await run('curl', ['--silent', '--show-error', ...user, url]);
    expect(stdout).toBe(message);
    const section = await run('curl', ['--silent', ...user, `${url};SECTION=TEXT`]);
    expect(section.stdout).toBe('One\r\nTwoü.\r\n');
    await after.stop();
  });
}, BEFORE_SIGN_IN);
