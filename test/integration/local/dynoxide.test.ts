import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startDynoxide, type Dynoxide } from '../../../infra/local/dynoxide.ts';
import { identityOf } from '../../../infra/local/process-identity.ts';
import { SetupError } from '../../../infra/local/setup-error.ts';
import { ensureTables } from '../../../infra/local/tables.ts';
import { dynamoDbClient } from '../../../shared/aws/clients.ts';
import { createLog } from '../../../shared/log.ts';
import { eventually, killAtOnce, processGone, startPart } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';

const log = createLog({ level: 'silent', pretty: false });
const client = (endpoint: string): DynamoDBClient =>
  dynamoDbClient({ region: 'us-east-1', endpoints: { dynamodb: endpoint } });
const key = (sk: string) => ({ pk: { S: 'account#a' }, sk: { S: sk } });
const put = (db: DynamoDBClient, sk: string) =>
  db.send(
    new PutItemCommand({
      TableName: 'mail',
      Item: key(sk),
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    }),
  );

async function keysOf(db: DynamoDBClient): Promise<Set<string>> {
  const found = new Set<string>();
  let from: Awaited<ReturnType<typeof put>>['Attributes'];
  do {
    const page = await db.send(
      new QueryCommand({
        TableName: 'mail',
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: 'account#a' } },
        ConsistentRead: true,
        ExclusiveStartKey: from,
      }),
    );
    for (const item of page.Items ?? []) found.add(item.sk?.S ?? '');
    from = page.LastEvaluatedKey;
  } while (from !== undefined);
  return found;
}

async function withStore(
  run: (store: Dynoxide, db: DynamoDBClient, database: string) => Promise<void>,
): Promise<void> {
  const database = path.join(await temporaryFolder(), 'quire.db');
  const store = await startDynoxide({ database, log });
  const db = client(store.endpoint);
  try {
    await ensureTables(db, ['mail']);
    await run(store, db, database);
  } finally {
    db.destroy();
    await store.stop();
  }
}

const pidOf = (store: Dynoxide): number => {
  if (store.pid === undefined) throw new Error('the store is not running');
  return store.pid;
};

describe('the embedded DynamoDB', () => {
  test('killed alone under load, it is there again on the same port, with all that was acknowledged', async () => {
    await withStore(async (store, db) => {
      const acknowledged: string[] = [];
      let refused = 0;
      let killed = false;
      const first = pidOf(store);
      const write = async (writer: number): Promise<void> => {
        for (let n = 0; n < 60; n += 1) {
          const sk = `${writer}-${n}`;
          try {
            await put(db, sk);
            acknowledged.push(sk);
          } catch {
            refused += 1;
            // It comes back by itself: a client has only to ask again.
            await eventually(() =>
              db.send(new GetItemCommand({ TableName: 'mail', Key: key('-') })).then(
                () => true,
                () => false,
              ),
            );
          }
          if (!killed && acknowledged.length > 100) {
            killed = true;
            process.kill(first, 'SIGKILL');
          }
        }
      };
      await Promise.all([1, 2, 3, 4].map(write));
      expect(killed).toBe(true);
      expect(refused).toBeGreaterThan(0);
      expect(pidOf(store)).not.toBe(first);
      const found = await keysOf(db);
      expect(acknowledged.filter((sk) => !found.has(sk))).toEqual([]);
    });
  });

  test('stopped and started again on the same file, it has everything, and its tables are not made twice', async () => {
    const database = path.join(await temporaryFolder(), 'quire.db');
    for (const round of [1, 2]) {
      const store = await startDynoxide({ database, log });
      const db = client(store.endpoint);
      await ensureTables(db, ['mail', 'directory']);
      await put(db, `round-${round}`);
      expect((await keysOf(db)).size).toBe(round);
      db.destroy();
      const pid = pidOf(store);
      await store.stop();
      expect(identityOf(pid)).toBeUndefined();
    }
  });

  test('two processes making the same tables at once do not trip over each other', async () => {
    await withStore(async (_store, db) => {
      await Promise.all([ensureTables(db, ['directory']), ensureTables(db, ['directory'])]);
    });
  });

  test('does not outlive its parent, even one that is killed', async () => {
    const database = path.join(await temporaryFolder(), 'quire.db');
    const { child, line } = await startPart('store', database);
    const pid = Number(line.pid);
    expect(identityOf(pid)).toBeDefined();
    await killAtOnce(child);
    await processGone(pid);
  });

  test('an orphan whose watchdog was killed as well is ended by the next start, and its data is there', async () => {
    const database = path.join(await temporaryFolder(), 'quire.db');
    const { child, line } = await startPart('store', database);
    const orphan = Number(line.pid);
    const old = client(String(line.endpoint));
    await ensureTables(old, ['mail']);
    await put(old, 'kept');
    old.destroy();
    const watchdogs = execFileSync('ps', ['-o', 'pid=', '--ppid', String(child.pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
      .map(Number)
      .filter((pid) => pid !== orphan);
    expect(watchdogs).toHaveLength(1);
    for (const pid of watchdogs) process.kill(pid, 'SIGKILL');
    await killAtOnce(child);
    expect(identityOf(orphan)).toBeDefined();
    const store = await startDynoxide({ database, log });
    expect(identityOf(orphan)).toBeUndefined();
    const db = client(store.endpoint);
    expect(await keysOf(db)).toEqual(new Set(['kept']));
    db.destroy();
    await store.stop();
  });

  /** What the engine relies on, so that another version of the store shows here first. */
  describe('answers as DynamoDB does', () => {
    test('one of many conditional puts wins, the others are given the item that was first', async () => {
      await withStore(async (_store, db) => {
        const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => put(db, 'race')));
        const lost = outcomes.flatMap((outcome) =>
          outcome.status === 'rejected' ? [outcome.reason as unknown] : [],
        );
        expect(lost).toHaveLength(19);
        for (const error of lost) {
          if (!(error instanceof ConditionalCheckFailedException)) throw error;
          expect(error.Item).toEqual(key('race'));
        }
      });
    });

    test('a cancelled transaction has changed nothing and tells which item was there', async () => {
      await withStore(async (_store, db) => {
        await put(db, 'taken');
        const transaction = new TransactWriteItemsCommand({
          TransactItems: ['new', 'taken'].map((sk) => ({
            Put: {
              TableName: 'mail',
              Item: key(sk),
              ConditionExpression: 'attribute_not_exists(pk)',
              ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
            },
          })),
        });
        const error: unknown = await db.send(transaction).catch((reason: unknown) => reason);
        if (!(error instanceof TransactionCanceledException)) throw error;
        expect(error.CancellationReasons?.map(({ Code, Item }) => ({ Code, Item }))).toEqual([
          { Code: 'None', Item: undefined },
          { Code: 'ConditionalCheckFailed', Item: key('taken') },
        ]);
        expect(await keysOf(db)).toEqual(new Set(['taken']));
      });
    });

    test('a page of a query ends at 1 MB with a key to go on from; an item above 400 KB is refused', async () => {
      await withStore(async (_store, db) => {
        const putBytes = (sk: string, bytes: number) =>
          db.send(
            new PutItemCommand({ TableName: 'mail', Item: { ...key(sk), v: { B: new Uint8Array(bytes) } } }),
          );
        for (let n = 0; n < 4; n += 1) await putBytes(`n${n}`, 300_000);
        const page = await db.send(
          new QueryCommand({
            TableName: 'mail',
            KeyConditionExpression: 'pk = :pk',
            ExpressionAttributeValues: { ':pk': { S: 'account#a' } },
          }),
        );
        expect(page.Items).toHaveLength(3);
        expect(page.LastEvaluatedKey).toEqual(key('n2'));
        expect(await keysOf(db)).toEqual(new Set(['n0', 'n1', 'n2', 'n3']));
        await expect(putBytes('big', 409_600)).rejects.toThrow(/maximum allowed size/);
      });
    });
  });
});

test('a database that is damaged is one sentence, and is left as it is', async () => {
  const database = path.join(await temporaryFolder(), 'quire.db');
  await writeFile(database, 'no database at all '.repeat(500));
  await expect(startDynoxide({ database, log })).rejects.toThrow(
    new SetupError(
      `The database ${database} is damaged: put it back from a backup and run "quire restore", as docs/ADMINISTRATION.md says under "Restore".`,
    ),
  );
  expect(await readFile(database, 'utf8')).toMatch(/^no database at all/);
});
