/** The tally's asset, started as its template says, against stand-ins that answer as AWS does; its calls, and its role. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type FunctionPlan, functionPlan, LambdaProcess } from '../../support/infra/lambda.ts';
import { allowing, type Permission } from '../../support/infra/permission.ts';
import { ACCOUNT, REGION, Resolver } from '../../support/infra/resolve.ts';
import { EXAMPLE, roleStatements, type Statement, synthesise } from '../../support/infra/synthesised.ts';

const STACK = 'Quire-Observability';

interface Asked {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Of S3. */
  readonly bucket?: string;
}

const asked: Asked[] = [];
let aws: Server;
let plan: FunctionPlan;
let resolver: Resolver;
let tally: LambdaProcess;

beforeAll(async () => {
  const made = await synthesise({ only: EXAMPLE });
  resolver = new Resolver(made.assemblies.only);
  plan = functionPlan(made.assemblies.only, resolver, STACK, 'Tally');
  aws = createServer((request, response) => {
    void buffer(request).then((body) => {
      const target = request.headers['x-amz-target'];
      if (typeof target === 'string') {
        const operation = target.split('.').at(-1) ?? '';
        const input = JSON.parse(body.toString()) as Asked['input'];
        asked.push({ operation, input });
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
        response.end(JSON.stringify(answerTo(operation, input)));
        return;
      }
      const { pathname, search } = new URL(request.url ?? '', 'http://s3');
      const bucket = pathname.split('/')[1] ?? '';
      asked.push({ operation: `${request.method ?? ''} ${search}`, input: {}, bucket });
      response.writeHead(200, { 'content-type': 'application/xml' });
      response.end('<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>');
    });
  });
  await new Promise<void>((resolve) => aws.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(aws.address() as AddressInfo).port}`;
  tally = await LambdaProcess.start(plan, {
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: endpoint,
  });
}, 300_000);

afterAll(async () => {
  await tally.stop();
  aws.closeAllConnections();
  aws.close();
});

/** Two hours, a dollar in each, of whatever is shown. */
function answerTo(operation: string, input: Asked['input']): object {
  if (operation === 'GetMetricData') {
    const queries = input.MetricDataQueries as { Id: string; ReturnData: boolean }[];
    const shown = queries.filter(({ ReturnData }) => ReturnData);
    return { MetricDataResults: shown.map(({ Id }) => ({ Id, Values: [1, 1] })) };
  }
  if (operation === 'DescribeTable') return { Table: { TableSizeBytes: 1_000 } };
  if (operation === 'Scan') return { Count: 7 };
  return {
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'ENABLED' },
    },
  };
}

test('says what the month has cost, by the names that the template gives it', async () => {
  const { byService, byActivity } = (await tally.invoke({})) as {
    byService: Record<string, number>;
    byActivity: Record<string, number>;
  };
  // In the first hour of a month there is nothing to ask for.
  const spent = new Set([...Object.values(byService), ...Object.values(byActivity)]);
  expect([[2], [0]]).toContainEqual([...spent]);
  expect(Object.keys(byService)).toContain('DynamoDB');
  expect(tally.log).toContain('"mailboxes":7');
  expect(tally.log).not.toContain('backups are switched off');
  const storage = resolver.outputs('Quire-Storage');
  const scans = asked.filter(({ operation }) => operation === 'Scan');
  expect(scans.map(({ input }) => input.TableName)).toEqual([storage.DirectoryTableName]);
  const buckets = asked.flatMap(({ bucket }) => bucket ?? []).sort();
  expect(buckets).toEqual([storage.InboundBucketName, storage.MailBucketName].sort());
});

test('asked for nothing that its role does not allow, and its role allows nothing that it did not ask for', () => {
  const statements = roleStatements(resolver.template(STACK))
    .filter(({ policy }) => policy.startsWith(plan.role.slice(0, -8)))
    .map(({ statement }) => resolver.value(STACK, statement) as Statement);
  const used = new Set<string>();
  for (const permission of asked.flatMap(permissionsOf)) {
    const allows = allowing(permission, statements);
    expect({ permission, allowed: allows.length > 0 }).toEqual({ permission, allowed: true });
    for (const { Sid = '' } of allows) used.add(Sid);
  }
  const unused = statements.map(({ Sid = '' }) => Sid).filter((sid) => !used.has(sid));
  // Lambda itself writes the log, in the name of the role.
  expect(unused).toEqual(['Log']);
});

test('its role gives it no item of the directory: it may count, and nothing else', () => {
  const statements = roleStatements(resolver.template(STACK)).map(
    ({ statement }) => resolver.value(STACK, statement) as Statement,
  );
  const table = resolver.outputs('Quire-Storage').DirectoryTableName ?? '';
  const scan = (Select: string): number => allowing(onTable('Scan', table, { Select }), statements).length;
  expect(scan('COUNT')).toBe(1);
  expect(scan('ALL_ATTRIBUTES')).toBe(0);
  expect(allowing(onTable('GetItem', table, {}), statements)).toEqual([]);
});

function onTable(operation: string, table: string, { Select }: Asked['input']): Permission {
  return {
    action: `dynamodb:${operation}`,
    resource: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${table}`,
    context: typeof Select === 'string' ? { 'dynamodb:Select': [Select] } : {},
  };
}

function permissionsOf({ operation, input, bucket }: Asked): Permission[] {
  if (bucket !== undefined) {
    expect(operation).toMatch(/^GET \?versioning/);
    return [{ action: 's3:GetBucketVersioning', resource: `arn:aws:s3:::${bucket}`, context: {} }];
  }
  if (operation === 'GetMetricData')
    return [{ action: 'cloudwatch:GetMetricData', resource: '*', context: {} }];
  const own = onTable(operation, String(input.TableName), input);
  if (operation !== 'Scan') return [own];
  const key = Object.entries(resolver.template('Quire-Storage').Resources).find(
    ([, { Type }]) => Type === 'AWS::KMS::Key',
  )?.[0];
  const arn = resolver.text('Quire-Storage', { 'Fn::GetAtt': [key, 'Arn'] });
  return [
    own,
    {
      action: 'kms:Decrypt',
      resource: arn,
      context: { 'kms:ViaService': [`dynamodb.${REGION}.amazonaws.com`] },
    },
  ];
}
