/** DynamoDB's API in memory, for one test file. */
import './error-realm.ts';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import type { AwsSettings } from '../../shared/aws/clients.ts';
import { dynamoDbClient } from '../../shared/aws/clients.ts';
import { freePorts } from './free-port.ts';
import { stopProcess } from './stop-process.ts';

export interface TestDynoxide {
  readonly endpoint: string;
  readonly pid: number;
  /** For the client factories. */
  readonly settings: AwsSettings;
  stop(): Promise<void>;
}

/** Another process may take the port that was free a moment ago. */
const PORT_ATTEMPTS = 5;

/** Starts the store with the given tables (`pk`, `sk`); `stop` ends it by its process id. */
export async function startTestDynoxide(
  tables: readonly string[] = ['mail', 'directory'],
): Promise<TestDynoxide> {
  for (let attempt = 1; ; attempt++) {
    const [port = 0] = await freePorts(1);
    const child = spawn(binary(), ['--port', String(port)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const failure = await listening(child);
    if (failure === undefined) return ready(child, `http://127.0.0.1:${port}`, tables);
    await stopProcess(child);
    if (attempt >= PORT_ATTEMPTS) throw new Error(`dynoxide did not start: ${failure}`);
  }
}

async function ready(
  child: ChildProcess,
  endpoint: string,
  tables: readonly string[],
): Promise<TestDynoxide> {
  const settings: AwsSettings = { region: 'us-east-1', endpoints: { dynamodb: endpoint } };
  const client = dynamoDbClient(settings);
  try {
    for (const table of tables) await client.send(createTable(table));
  } catch (error) {
    await stopProcess(child);
    throw error;
  } finally {
    client.destroy();
  }
  return { endpoint, pid: child.pid ?? 0, settings, stop: () => stopProcess(child) };
}

function createTable(name: string): CreateTableCommand {
  return new CreateTableCommand({
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'sk', AttributeType: 'S' },
    ],
  });
}

/** Undefined once it listens, else why it does not. */
function listening(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    let printed = '';
    const read = (text: Buffer): void => {
      printed += text.toString();
      if (/listening on/i.test(printed)) resolve(undefined);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code) => resolve(`exit ${String(code)}: ${printed}`));
  });
}

function binary(): string {
  return createRequire(import.meta.url).resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
}
