/**
 * Which permissions a call needs ("Actions, resources, and condition keys", service authorization reference), and whether the
 * statements of a role give them. Only what the processes of Quire do is known; anything else is an error, so that a call
 * cannot pass unjudged.
 */
import type { AwsCall } from './aws-front.ts';
import { ACCOUNT, REGION } from './resolve.ts';
import { listOf, type Statement } from './synthesised.ts';

export interface Permission {
  readonly action: string;
  readonly resource: string;
  /** Condition keys of the request. */
  readonly context: Readonly<Record<string, readonly string[]>>;
}

export interface Judge {
  /** ARN of the key that tables, buckets and queues of the deployment are under. */
  readonly key: string;
}

type Values = Readonly<Record<string, { readonly S?: string }>>;
interface Keyed {
  readonly TableName: string;
  readonly Key?: Values;
  readonly Item?: Values;
  readonly KeyConditionExpression?: string;
  readonly Select?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Values;
}

export function permissionsOf(call: AwsCall, judge: Judge): Permission[] {
  switch (call.service) {
    case 'dynamodb':
      return [...onItems(call), throughKey('dynamodb', 'kms:Decrypt', judge)];
    case 's3':
      return onObjects(call, judge);
    case 'sqs':
      return onQueue(call);
    case 'ses':
      return [plain(`ses:${call.operation}`, sesResource(call))];
    case 'kms':
      return [onKey(call)];
    case 'cloudwatch':
      return [plain(`cloudwatch:${call.operation}`, '*')];
    case 'secretsmanager':
      return [
        plain(`secretsmanager:${call.operation}`, (JSON.parse(call.body) as { SecretId: string }).SecretId),
      ];
    default:
      throw new Error(`nothing is known of ${call.service}`);
  }
}

const plain = (action: string, resource: string): Permission => ({ action, resource, context: {} });

function throughKey(service: string, action: string, { key }: Judge): Permission {
  return { action, resource: key, context: { 'kms:ViaService': [`${service}.${REGION}.amazonaws.com`] } };
}

const tableArn = (name: string): string => `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}`;

function onItem(action: string, { TableName, ...rest }: Keyed): Permission {
  return {
    action: `dynamodb:${action}`,
    resource: tableArn(TableName),
    context: { 'dynamodb:LeadingKeys': [leadingKey(rest)] },
  };
}

function leadingKey(item: Omit<Keyed, 'TableName'>): string {
  const {
    Key,
    Item,
    KeyConditionExpression = '',
    ExpressionAttributeNames = {},
    ExpressionAttributeValues = {},
  } = item;
  const given = (Key ?? Item)?.pk?.S;
  if (given !== undefined) return given;
  for (const [, name = '', value = ''] of KeyConditionExpression.matchAll(/(#?\w+)\s*=\s*(:\w+)/g)) {
    const key = ExpressionAttributeValues[value]?.S;
    if ((ExpressionAttributeNames[name] ?? name) === 'pk' && key !== undefined) return key;
  }
  throw new Error(`no leading key in ${JSON.stringify(item)}`);
}

/** A transaction needs the permission of each of its parts; a batch is one action on all of its keys. */
function onItems({ operation, body }: AwsCall): Permission[] {
  const input = JSON.parse(body) as Keyed & {
    readonly TransactItems?: readonly Readonly<Record<string, Keyed>>[];
    readonly RequestItems?: Readonly<Record<string, { readonly Keys: readonly Values[] }>>;
  };
  switch (operation) {
    case 'TransactWriteItems':
      return (input.TransactItems ?? []).flatMap((item) =>
        Object.entries(item).map(([kind, part]) =>
          onItem(kind === 'ConditionCheck' ? 'ConditionCheckItem' : `${kind}Item`, part),
        ),
      );
    case 'BatchGetItem':
      return Object.entries(input.RequestItems ?? {}).flatMap(([TableName, { Keys }]) =>
        Keys.map((Key) => onItem('BatchGetItem', { TableName, Key })),
      );
    case 'GetItem':
    case 'PutItem':
    case 'UpdateItem':
    case 'DeleteItem':
    case 'Query':
      return [onItem(operation, input)];
    case 'DescribeTable':
    case 'DescribeContinuousBackups':
      return [plain(`dynamodb:${operation}`, tableArn(input.TableName))];
    case 'Scan':
      return [
        {
          ...plain('dynamodb:Scan', tableArn(input.TableName)),
          context: input.Select === undefined ? {} : { 'dynamodb:Select': [input.Select] },
        },
      ];
    default:
      throw new Error(`nothing is known of dynamodb:${operation}`);
  }
}

function onObjects({ operation, body, status }: AwsCall, judge: Judge): Permission[] {
  const [method = '', target = ''] = operation.split(' ');
  const url = new URL(target, 'http://s3');
  const [bucket = '', ...path] = decodeURIComponent(url.pathname.slice(1)).split('/');
  const objects = `arn:aws:s3:::${bucket}`;
  const object = `${objects}/${path.join('/')}`;
  if (method === 'GET' && url.searchParams.has('versioning'))
    return [plain('s3:GetBucketVersioning', objects)];
  if (method === 'GET' && url.searchParams.has('list-type')) return [plain('s3:ListBucket', objects)];
  const encrypt = throughKey('s3', 'kms:GenerateDataKey', judge);
  const decrypt = throughKey('s3', 'kms:Decrypt', judge);
  // S3 answers 404 only to who may list; to anybody else a missing object is a forbidden one.
  const missing = status === 404 ? [plain('s3:ListBucket', objects)] : [];
  if (method === 'GET' || method === 'HEAD') return [plain('s3:GetObject', object), decrypt, ...missing];
  if (method === 'DELETE' && url.searchParams.has('uploadId'))
    return [plain('s3:AbortMultipartUpload', object)];
  if (method === 'POST' && url.searchParams.has('delete'))
    return [...body.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = '']) =>
      plain('s3:DeleteObject', `${objects}/${key}`),
    );
  if (method === 'PUT' && url.searchParams.has('partNumber'))
    return [plain('s3:PutObject', object), encrypt, decrypt];
  if (method === 'PUT') return [plain('s3:PutObject', object), encrypt];
  if (method === 'POST') return [plain('s3:PutObject', object), encrypt, decrypt];
  throw new Error(`nothing is known of s3 ${operation}`);
}

function onQueue({ operation, body }: AwsCall): Permission[] {
  const { QueueUrl, QueueName } = JSON.parse(body) as { QueueUrl?: string; QueueName?: string };
  const name = QueueName ?? QueueUrl?.split('/').at(-1) ?? '';
  return [plain(`sqs:${operation.replace(/Batch$/, '')}`, `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`)];
}

/** Data keys are asked for in the caller's own name, with a context. */
function onKey({ operation, body }: AwsCall): Permission {
  const { KeyId, EncryptionContext = {} } = JSON.parse(body) as {
    KeyId: string;
    EncryptionContext?: Readonly<Record<string, string>>;
  };
  const context = Object.entries(EncryptionContext).map(([name, value]) => [
    `kms:EncryptionContext:${name}`,
    [value],
  ]);
  return {
    action: `kms:${operation}`,
    resource: KeyId,
    context: Object.fromEntries(context) as Permission['context'],
  };
}

/** Who may bounce is asked about the identity that the bounce is from. */
function sesResource({ operation, body }: AwsCall): string {
  if (operation !== 'SendBounce') return '*';
  const domain = new URLSearchParams(body).get('BounceSender')?.split('@').at(-1) ?? '';
  return `arn:aws:ses:${REGION}:${ACCOUNT}:identity/${domain}`;
}

/** The statements that allow it; none: it would be refused. */
export function allowing(permission: Permission, statements: readonly Statement[]): Statement[] {
  return statements.filter(
    ({ Effect, Action, Resource, Condition = {} }) =>
      Effect === 'Allow' &&
      listOf(Action).includes(permission.action) &&
      listOf(Resource as string | readonly string[]).some((pattern) =>
        matches(pattern, permission.resource),
      ) &&
      Object.entries(Condition).every(([operator, keys]) => holds(operator, keys, permission.context)),
  );
}

function holds(
  operator: string,
  keys: Readonly<Record<string, unknown>>,
  context: Permission['context'],
): boolean {
  return Object.entries(keys).every(([key, wanted]) => {
    const values = context[key];
    const patterns = listOf(wanted as string | readonly string[]);
    if (operator === 'StringEquals') return values?.some((value) => patterns.includes(value)) === true;
    if (operator === 'StringLike')
      return values?.some((value) => patterns.some((pattern) => matches(pattern, value))) === true;
    // True for a request without the key, as IAM has it.
    if (operator === 'ForAllValues:StringLike')
      return (values ?? []).every((value) => patterns.some((pattern) => matches(pattern, value)));
    throw new Error(`nothing is known of the condition ${operator}`);
  });
}

function matches(pattern: string, text: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`, 's').test(text);
}
