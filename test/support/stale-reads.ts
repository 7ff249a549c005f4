/**
 * Eventually consistent reads that lag: it remembers what every item was before each write that passes, and answers as
 * the table stood some writes ago. An item that came from elsewhere (another process) is missing from the first
 * eventual read that meets it. Items deleted lately come back for GetItem alone, not for Query and BatchGetItem.
 */
import type { Item } from './dynamodb-items.ts';
import type { Call, HttpAnswer, JsonObject } from './transport.ts';
import { jsonAnswer, readBody, readJson, withJson } from './transport.ts';

type Send = (call: Call) => Promise<HttpAnswer>;

interface Write {
  readonly key: string;
  readonly before: Item | undefined;
}

/** Writes back that a read may lag. */
const FURTHEST = 6;

export class StaleReads {
  /** The newest writes, oldest first. */
  #writes: Write[] = [];
  /** Items that this test has written or met. */
  readonly #known = new Set<string>();

  /** Sends the call; of a write, notes what it replaced. */
  async remember(call: Call, send: Send): Promise<HttpAnswer> {
    const keys = writtenKeys(call.json, call.operation);
    if (keys.length === 0) return send(call);
    const before = await Promise.all(keys.map(({ table, key }) => strongly(call, table, key, send)));
    const answer = await send(call);
    if (answer.response.statusCode === 200) {
      for (const [i, { table, key }] of keys.entries()) {
        this.#known.add(nameOf(table, key));
        this.#writes.push({ key: nameOf(table, key), before: before[i] });
      }
      this.#writes = this.#writes.slice(-FURTHEST);
    }
    return answer;
  }

  /** Answers an eventually consistent read as of one to six writes ago. */
  async read(call: Call, send: Send, random: () => number): Promise<HttpAnswer> {
    const lag = 1 + Math.floor(random() * FURTHEST);
    const undone = this.#writes.slice(-lag);
    const view = (table: string, key: Item, now: Item | undefined): Item | undefined => {
      const name = nameOf(table, key);
      const write = undone.find((one) => one.key === name);
      if (write) return write.before;
      if (this.#known.has(name) || now === undefined) return now;
      this.#known.add(name);
      return undefined;
    };
    if (call.operation === 'GetItem') return staleGet(call, send, view);
    return call.operation === 'Query' ? staleQuery(call, send, view) : staleBatch(call, send, view);
  }
}

type View = (table: string, key: Item, now: Item | undefined) => Item | undefined;

async function staleGet(call: Call, send: Send, view: View): Promise<HttpAnswer> {
  const { response } = await send(call);
  const body = await readJson(response);
  if (response.statusCode !== 200) return jsonAnswer(response, body);
  const { Item: now, ...rest } = body as { Item?: Item };
  const then = view(call.json.TableName as string, call.json.Key as Item, now);
  const shown = then === now ? then : projected(then, call.json);
  return jsonAnswer(response, shown === undefined ? rest : { ...rest, Item: shown });
}

async function staleQuery(call: Call, send: Send, view: View): Promise<HttpAnswer> {
  const json = withKeys(call.json);
  const { response } = await send({ ...call, json, request: withJson(call.request, json) });
  const body = await readJson(response);
  if (response.statusCode !== 200 || !Array.isArray(body.Items)) return jsonAnswer(response, body);
  const items = seen(body.Items as Item[], call.json.TableName as string, call.json, view);
  return jsonAnswer(response, { ...body, Items: items, Count: items.length, ScannedCount: items.length });
}

async function staleBatch(call: Call, send: Send, view: View): Promise<HttpAnswer> {
  const tables = Object.entries(call.json.RequestItems as Record<string, JsonObject>);
  const asked = Object.fromEntries(
    tables.map(([name, table]) => [name, table.ConsistentRead === true ? table : withKeys(table)]),
  );
  const json = { ...call.json, RequestItems: asked };
  const { response } = await send({ ...call, json, request: withJson(call.request, json) });
  const body = await readJson(response);
  if (response.statusCode !== 200) return jsonAnswer(response, body);
  const found = body.Responses as Record<string, Item[]>;
  const shown = tables.map(([name, table]) => {
    const items = found[name] ?? [];
    return [name, table.ConsistentRead === true ? items : seen(items, name, table, view)];
  });
  return jsonAnswer(response, { ...body, Responses: Object.fromEntries(shown) as JsonObject });
}

function seen(items: readonly Item[], table: string, asked: JsonObject, view: View): Item[] {
  return items.flatMap((now) => {
    const then = view(table, now, now);
    const shown = projected(then, asked);
    return shown === undefined ? [] : [shown];
  });
}

/** The request with its keys in the projection, without which the items could not be told. */
function withKeys(json: JsonObject): JsonObject {
  const names = projection(json);
  if (names === undefined) return json;
  const missing = ['pk', 'sk'].filter((key) => !names.includes(key));
  return { ...json, ProjectionExpression: [json.ProjectionExpression, ...missing].join(', ') };
}

/** Only what was asked for; paths into an attribute are not supported. */
function projected(item: Item | undefined, json: JsonObject): Item | undefined {
  const names = projection(json);
  if (item === undefined || names === undefined) return item;
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)));
}

function projection(json: JsonObject): string[] | undefined {
  const expression = json.ProjectionExpression;
  if (typeof expression !== 'string') return undefined;
  if (/[.[]/.test(expression))
    throw new Error(`stale reads of the projection ${expression} are not supported`);
  const names = (json.ExpressionAttributeNames ?? {}) as Record<string, string>;
  return expression.split(',').map((name) => names[name.trim()] ?? name.trim());
}

interface KeyOfTable {
  readonly table: string;
  readonly key: Item;
}

function writtenKeys(json: JsonObject, operation: string): KeyOfTable[] {
  const one = (part: JsonObject): KeyOfTable => ({
    table: part.TableName as string,
    key: keyOf((part.Key ?? part.Item) as Item),
  });
  if (operation === 'PutItem' || operation === 'UpdateItem' || operation === 'DeleteItem') return [one(json)];
  if (operation === 'TransactWriteItems') {
    const parts = json.TransactItems as Record<string, JsonObject>[];
    return parts.flatMap(({ Put, Update, Delete }) =>
      [Put, Update, Delete].filter((part) => part !== undefined).map(one),
    );
  }
  if (operation !== 'BatchWriteItem') return [];
  const tables = Object.entries(json.RequestItems as Record<string, Record<string, JsonObject>[]>);
  return tables.flatMap(([table, parts]) =>
    parts
      .flatMap(({ PutRequest, DeleteRequest }) =>
        [PutRequest, DeleteRequest].filter((part) => part !== undefined),
      )
      .map((part) => one({ ...part, TableName: table })),
  );
}

async function strongly(call: Call, table: string, key: Item, send: Send): Promise<Item | undefined> {
  const json = { TableName: table, Key: key, ConsistentRead: true };
  const request = withJson(call.request, json);
  const target = Object.keys(request.headers).find((name) => name.toLowerCase() === 'x-amz-target');
  request.headers[target ?? 'x-amz-target'] = 'DynamoDB_20120810.GetItem';
  const { response } = await send({ service: 'dynamodb', operation: 'GetItem', request, json });
  if (response.statusCode !== 200) {
    throw new Error(
      `what ${call.operation} replaces cannot be read: ${String(await readBody(response.body))}`,
    );
  }
  return (await readJson(response)).Item as Item | undefined;
}

function keyOf(item: Item): Item {
  const { pk, sk } = item;
  if (!pk || !sk) throw new Error('an item without the keys pk and sk');
  return { pk, sk };
}

function nameOf(table: string, item: Item): string {
  return JSON.stringify([table, item.pk?.S, item.sk?.S]);
}
