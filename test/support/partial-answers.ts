/** Answers that are right but not whole: batches done in part, pages that end early. */
import type { Call, HttpAnswer, JsonObject } from './transport.ts';
import { answer, bodyText, jsonAnswer, readBody, readJson, withBody, withJson } from './transport.ts';

type Send = (call: Call) => Promise<HttpAnswer>;
type Page = JsonObject & { Items?: JsonObject[]; LastEvaluatedKey?: JsonObject };

/** Where a batch keeps what can be done apart. */
type Batch = 'RequestItems' | 'Entries' | 'xml';

function batchOf(call: Call): Batch | undefined {
  if (call.operation === 'BatchGetItem' || call.operation === 'BatchWriteItem') return 'RequestItems';
  if (call.operation === 'SendMessageBatch' || call.operation === 'DeleteMessageBatch') return 'Entries';
  return call.operation === 'DeleteObjects' ? 'xml' : undefined;
}

/** A batch of one is refused as a whole rather than done in part. */
export function partlyProcessable(call: Call): boolean {
  switch (batchOf(call)) {
    case 'RequestItems':
      return Object.values(call.json.RequestItems as JsonObject).flatMap(partsOfTable).length > 1;
    case 'Entries':
      return (call.json.Entries as unknown[]).length > 1;
    case 'xml':
      return bodyText(call.request.body).split('<Key>').length > 2;
    case undefined:
      return false;
  }
}

/** Does a part of the batch, at least one of its items and not all, and reports the rest as not done. */
export async function partlyProcessed(call: Call, send: Send, random: () => number): Promise<HttpAnswer> {
  const split = splitter(random);
  switch (batchOf(call)) {
    case 'RequestItems':
      return splitTables(call, send, split);
    case 'Entries':
      return splitEntries(call, send, split);
    case 'xml':
      return splitDeletion(call, send, split);
    case undefined:
      throw new Error(`${call.operation} is not a batch`);
  }
}

type Split = <T>(parts: readonly T[]) => { done: T[]; left: T[] };

/** Each part is left with even odds, but the first is done and the last is left. */
function splitter(random: () => number): Split {
  return (parts) => {
    const isLeft = parts.map((_, i) => i === parts.length - 1 || (i > 0 && random() < 0.5));
    return { done: parts.filter((_, i) => !isLeft[i]), left: parts.filter((_, i) => isLeft[i]) };
  };
}

/** `{ table: { Keys: […], … } }` when reading, `{ table: […] }` when writing. */
function partsOfTable(table: unknown): unknown[] {
  return Array.isArray(table) ? table : ((table as { Keys?: unknown[] }).Keys ?? []);
}

async function splitTables(call: Call, send: Send, split: Split): Promise<HttpAnswer> {
  const tables = Object.entries(call.json.RequestItems as JsonObject);
  const parts = tables.flatMap(([name, table]) => partsOfTable(table).map((part) => ({ name, part })));
  const { done, left } = split(parts);
  const rebuilt = (some: typeof parts): JsonObject =>
    Object.fromEntries(
      tables.flatMap(([name, table]) => {
        const mine = some.filter((one) => one.name === name).map((one) => one.part);
        if (mine.length === 0) return [];
        return [[name, Array.isArray(table) ? mine : { ...(table as JsonObject), Keys: mine }]];
      }),
    );
  const json = { ...call.json, RequestItems: rebuilt(done) };
  const { response } = await send({ ...call, json, request: withJson(call.request, json) });
  const body = await readJson(response);
  const field = call.operation === 'BatchGetItem' ? 'UnprocessedKeys' : 'UnprocessedItems';
  return jsonAnswer(response, response.statusCode === 200 ? { ...body, [field]: rebuilt(left) } : body);
}

async function splitEntries(call: Call, send: Send, split: Split): Promise<HttpAnswer> {
  const { done, left } = split(call.json.Entries as { Id: string }[]);
  const json = { ...call.json, Entries: done };
  const { response } = await send({ ...call, json, request: withJson(call.request, json) });
  const body = await readJson(response);
  const failed = left.map(({ Id }) => ({
    Id,
    SenderFault: false,
    Code: 'InternalError',
    Message: 'injected',
  }));
  return jsonAnswer(response, response.statusCode === 200 ? { ...body, Failed: failed } : body);
}

async function splitDeletion(call: Call, send: Send, split: Split): Promise<HttpAnswer> {
  const xml = bodyText(call.request.body);
  const objects = [...xml.matchAll(/<Object>.*?<\/Object>/gs)].map(([text]) => text);
  const { done, left } = split(objects);
  const head = xml.slice(0, xml.indexOf('<Object>'));
  const tail = xml.slice(xml.lastIndexOf('</Object>') + '</Object>'.length);
  const { response } = await send({ ...call, request: withBody(call.request, head + done.join('') + tail) });
  const body = (await readBody(response.body)).toString('utf8');
  const errors = left.map((object) => {
    const key = /<Key>.*<\/Key>/s.exec(object)?.[0] ?? '';
    return `<Error>${key}<Code>InternalError</Code><Message>injected</Message></Error>`;
  });
  const whole = body.replace(/(?=<\/DeleteResult>)/, errors.join(''));
  return answer(response.statusCode, Buffer.from(whole), 'application/xml');
}

/** A page of one item: as when the next one would not fit 1 MB. */
export async function shortPage(call: Call, send: Send): Promise<HttpAnswer> {
  const json = { ...call.json, Limit: 1 };
  return send({ ...call, json, request: withJson(call.request, json) });
}

/**
 * A page without items and with a key to go on from: as when the service has looked for a while and found nothing yet.
 * Where there is nothing more to find, the answer is what it is.
 */
export async function emptyPage(call: Call, send: Send): Promise<HttpAnswer> {
  const { response } = await send(call);
  const page = (await readJson(response)) as Page;
  const start = call.json.ExclusiveStartKey as JsonObject | undefined;
  const first = page.Items?.[0];
  const before = start ?? (first && keyBefore(first, call.json.ScanIndexForward === false));
  if (response.statusCode !== 200 || first === undefined || before === undefined)
    return jsonAnswer(response, page);
  return jsonAnswer(response, { ...page, Items: [], Count: 0, ScannedCount: 0, LastEvaluatedKey: before });
}

/** A key just before the item in the order of the Query; undefined if the projection left the keys out. */
function keyBefore(item: JsonObject, descending: boolean): JsonObject | undefined {
  const { pk, sk } = item as { pk?: { S: string }; sk?: { S: string } };
  if (!pk || !sk) return undefined;
  if (descending) return { pk, sk: { S: `${sk.S}\0` } };
  const last = sk.S.charCodeAt(sk.S.length - 1);
  return { pk, sk: { S: `${sk.S.slice(0, -1)}${String.fromCharCode(last - 1)}\u{10ffff}` } };
}
