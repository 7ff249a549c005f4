import { ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import path from 'node:path';
import nodemailer from 'nodemailer';
import { loadCertificate, type Certificate } from '../../../infra/local/certificate.ts';
import { removingEnvelopes, requeueInbound, type Inbound } from '../../../infra/local/inbound.ts';
import type { SesNotification } from '../../../infra/local/ses-notification.ts';
import {
  MAX_MESSAGE_BYTES,
  startSmtp,
  type SmtpListener,
  type SmtpOptions,
} from '../../../infra/local/smtp.ts';
import { ensureQueues, startSqs, type LocalSqs } from '../../../infra/local/sqs.ts';
import { sqsClient } from '../../../shared/aws/clients.ts';
import type { BlobStore } from '../../../shared/blob/blob-store.ts';
import { FolderBlobStore } from '../../../shared/blob/folder-blob-store.ts';
import { createLog } from '../../../shared/log.ts';
import { eventually } from './processes.ts';
import { temporaryFolder } from './temporary-folder.ts';

const log = createLog({ level: 'silent', pretty: false });
const RECEIVED = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

let folder: string;
let server: LocalSqs;
let sqs: SQSClient;
let inbound: Inbound;
let certificate: Certificate;
let listener: SmtpListener | undefined;

beforeEach(async () => {
  folder = await temporaryFolder();
  certificate = await loadCertificate(folder, Date.now(), log);
  await openQueue();
  inbound = {
    blobs: await FolderBlobStore.open(path.join(folder, 'inbound')),
    prefix: 'all/',
    bucketName: 'inbound',
    sqs,
    queueUrl: await ensureQueues(sqs),
  };
});

afterEach(async () => {
  await listener?.stop();
  listener = undefined;
  sqs.destroy();
  await server.stop();
});

async function openQueue(): Promise<void> {
  server = await startSqs();
  sqs = sqsClient({ region: 'us-east-1', endpoints: { sqs: server.endpoint } });
}

/** As after a crash: the queue, in memory, is empty; the folder is as it was. */
async function loseQueue(): Promise<void> {
  sqs.destroy();
  await server.stop();
  await openQueue();
  inbound = { ...inbound, sqs, queueUrl: await ensureQueues(sqs) };
}

async function listen(options: Partial<SmtpOptions> = {}): Promise<SmtpListener> {
  listener = await startSmtp({
    host: '127.0.0.1',
    port: 0,
    inbound,
    spool: path.join(folder, 'spool'),
    accepts: (address) => Promise.resolve(address.endsWith('@example.test')),
    certificate,
    log,
    now: () => RECEIVED,
    ...options,
  });
  return listener;
}

async function queued(): Promise<SesNotification[]> {
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: inbound.queueUrl, MaxNumberOfMessages: 10 }),
  );
  return (Messages ?? []).map(({ Body }) => JSON.parse(Body ?? '') as SesNotification);
}

async function blob(key: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of await inbound.blobs.get(key)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function keys(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of inbound.blobs.list('')) found.push(key);
  return found;
}

/** A transcript: each line is sent when the answer to the one before has come. Returns the answers' first lines. */
async function talk(port: number, lines: readonly (string | Buffer)[]): Promise<string[]> {
  const socket = connect(port, '127.0.0.1');
  const answers: string[] = [];
  let text = '';
  let answered: () => void = () => undefined;
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
    for (let end; (end = text.indexOf('\r\n')) >= 0; text = text.slice(end + 2)) {
      // "250-" is followed by more lines of the same answer.
      if (text.charAt(3) === '-') continue;
      answers.push(text.slice(0, end));
      answered();
    }
  });
  const answer = (count: number): Promise<void> =>
    new Promise((resolve) => {
      answered = () => answers.length >= count && resolve();
      answered();
    });
  await answer(1);
  for (const [index, line] of lines.entries()) {
    socket.write(line);
    await answer(index + 2);
  }
  socket.end();
  await once(socket, 'close');
  return answers.slice(1);
}

/** A connection whose client has been greeted: who speaks sooner is refused. */
async function greeted(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'data');
  return socket;
}

const ENVELOPE = ['EHLO client.example\r\n', 'MAIL FROM:<jane@example.com>\r\n'];
const TO_ANN = [...ENVELOPE, 'RCPT TO:<ann@example.test>\r\n', 'DATA\r\n'];

describe('the SMTP listener in place of SES', () => {
  test('250 means: message and envelope lie in inbound, and the notification is queued', async () => {
    const { port } = await listen();
    const transport = nodemailer.createTransport({
      host: '127.0.0.1',
      port,
      tls: { ca: certificate.certificate, servername: 'localhost' },
    });
    const info = await transport.sendMail({
      from: 'Jane <jane@example.com>',
      to: ['ann@example.test', 'bob@example.test'],
      bcc: 'eve@example.test',
      subject: 'Hello',
      text: 'Hello world\n',
    });
    expect(info.response).toMatch(/^250 OK [0-9a-f]{40}$/);
    const messageId = info.response.slice(-40);
    const [notification, ...others] = await queued();
    expect(others).toEqual([]);
    expect(notification).toMatchObject({
      notificationType: 'Received',
      mail: {
        timestamp: '2026-01-02T03:04:05.678Z',
        source: 'jane@example.com',
        messageId,
        destination: ['ann@example.test', 'bob@example.test', 'eve@example.test'],
        commonHeaders: { subject: 'Hello', to: ['ann@example.test', 'bob@example.test'] },
      },
      receipt: {
        recipients: ['ann@example.test', 'bob@example.test', 'eve@example.test'],
        action: { type: 'S3', bucketName: 'inbound', objectKey: `all/${messageId}` },
      },
    });
    const raw = (await blob(`all/${messageId}`)).toString();
    expect(raw).toMatch(
      /^Return-Path: <jane@example.com>\r\nReceived: from \S+ \(\S+ \[127\.0\.0\.1\]\)\r\n/,
    );
    expect(raw).toContain('Fri, 02 Jan 2026 03:04:05 +0000 (UTC)\r\n');
    expect(raw).toMatch(/\r\n\r\nHello world\r\n$/);
    // Who else it went to is nobody's business.
    expect(raw).not.toContain('eve@');
    expect(raw).not.toMatch(/^ for /m);
    expect(await readdir(path.join(folder, 'spool'))).toEqual([]);
    expect(JSON.parse((await blob(`all/${messageId}.notification.json`)).toString())).toEqual(notification);
  });

  test('every byte of the message is kept: bare LF, bare CR, NUL, 8 bits, a leading dot', async () => {
    const { port } = await listen();
    const message = Buffer.from('Subject: odd\r\n\r\n.dot\r\nbare\nLF bare\rCR nul\0 caf\xe9\r\n', 'latin1');
    const stuffed = Buffer.from(message.toString('latin1').replace('\r\n.dot', '\r\n..dot'), 'latin1');
    const answers = await talk(port, [...TO_ANN, Buffer.concat([stuffed, Buffer.from('.\r\n')]), 'QUIT\r\n']);
    expect(answers.map((line) => line.slice(0, 3))).toEqual(['250', '250', '250', '354', '250', '221']);
    const [notification] = await queued();
    const raw = await blob(notification?.receipt.action.objectKey ?? '');
    expect(raw.subarray(raw.length - message.length)).toEqual(message);
    const head = raw.subarray(0, raw.length - message.length).toString();
    expect(head).toBe(
      'Return-Path: <jane@example.com>\r\n' +
        'Received: from client.example (client.example [127.0.0.1])\r\n' +
        ` by localhost with ESMTP id ${notification?.mail.messageId ?? ''}\r\n` +
        ' for ann@example.test;\r\n' +
        ' Fri, 02 Jan 2026 03:04:05 +0000 (UTC)\r\n',
    );
  });

  test('a bounce has an empty sender; a greeting cannot forge a header field', async () => {
    const { port } = await listen();
    await talk(port, [
      'HELO a)(b;c\r\n',
      'MAIL FROM:<>\r\n',
      'RCPT TO:<ann@example.test>\r\n',
      'DATA\r\n',
      '\r\n.\r\n',
    ]);
    const [notification] = await queued();
    expect(notification?.mail.source).toBe('');
    const raw = (await blob(notification?.receipt.action.objectKey ?? '')).toString();
    expect(raw).toMatch(/^Return-Path: <>\r\nReceived: from abc \(abc \[127/);
  });

  test('an unknown recipient is 550 5.1.1, and the known one gets the message', async () => {
    const { port } = await listen();
    const answers = await talk(port, [
      ...ENVELOPE,
      'RCPT TO:<nobody@elsewhere.test>\r\n',
      'RCPT TO:<ann@example.test>\r\n',
      'DATA\r\n',
      'x\r\n.\r\n',
    ]);
    expect(answers[2]).toBe('550 5.1.1 <nobody@elsewhere.test>: no such recipient here');
    expect((await queued()).map(({ receipt }) => receipt.recipients)).toEqual([['ann@example.test']]);
  });

  test('if the directory cannot be asked, the sender is to try later', async () => {
    const { port } = await listen({ accepts: () => Promise.reject(new Error('away')) });
    const answers = await talk(port, [...ENVELOPE, 'RCPT TO:<ann@example.test>\r\n']);
    expect(answers[2]).toMatch(/^451 4\.3\.0/);
  });

  test('the hundred-and-first recipient is 452', async () => {
    const { port } = await listen();
    const recipients = Array.from({ length: 101 }, (_, n) => `RCPT TO:<u${n}@example.test>\r\n`);
    const answers = await talk(port, [...ENVELOPE, ...recipients]);
    expect(answers.slice(100).map((line) => line.slice(0, 3))).toEqual(['250', '250', '452']);
  });

  test('above 40 MB: announced or not it is 552, and nothing is kept', async () => {
    const { port } = await listen();
    const announced = `MAIL FROM:<jane@example.com> SIZE=${MAX_MESSAGE_BYTES + 1}\r\n`;
    expect((await talk(port, ['EHLO c\r\n', announced]))[1]).toMatch(/^552/);
    const unannounced = Buffer.concat([
      Buffer.alloc(MAX_MESSAGE_BYTES + 1, 'xxxxxxxx\r\n'),
      Buffer.from('\r\n.\r\n'),
    ]);
    const answers = await talk(port, [...TO_ANN, unannounced]);
    expect(answers[4]).toMatch(/^552/);
    expect(await keys()).toEqual([]);
    expect(await readdir(path.join(folder, 'spool'))).toEqual([]);
  });

  test('a client that goes away in the middle of a message has sent none', async () => {
    const { port } = await listen();
    const socket = await greeted(port);
    socket.write(`${TO_ANN.join('')}Subject: half\r\n\r\nhalf a mess`);
    await eventually(async () => (await readdir(path.join(folder, 'spool'))).length === 1);
    socket.destroy();
    await eventually(async () => (await readdir(path.join(folder, 'spool'))).length === 0);
    expect(await keys()).toEqual([]);
    expect(await queued()).toEqual([]);
  });

  test.each<[string, (store: BlobStore) => Partial<Inbound>]>([
    ['the store fails', (store) => ({ blobs: refusing(store, () => true) })],
    [
      'the store takes the envelope alone',
      (store) => ({ blobs: refusing(store, (key) => !key.endsWith('.json')) }),
    ],
    ['the queue fails', () => ({ queueUrl: 'http://127.0.0.1:1/000000000000/none', sqs: nowhere() })],
  ])('no 250 if %s; the connection goes on', async (_what, broken) => {
    const { port } = await listen({ inbound: { ...inbound, ...broken(inbound.blobs) } });
    const answers = await talk(port, [...TO_ANN, 'x\r\n.\r\n', 'NOOP\r\n']);
    expect(answers.slice(4).map((line) => line.slice(0, 3))).toEqual(['451', '250']);
    expect(await queued()).toEqual([]);
  });

  test('a taken port is one sentence that names the flag', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    await expect(listen({ port })).rejects.toThrow(
      `The SMTP port 127.0.0.1:${port} is taken by another program: give another one with --smtp-port.`,
    );
    taken.close();
    await once(taken, 'close');
  });

  test('what a killed process was receiving is swept at start', async () => {
    await mkdir(path.join(folder, 'spool'));
    await writeFile(path.join(folder, 'spool', 'half'), 'half');
    await listen();
    expect(await readdir(path.join(folder, 'spool'))).toEqual([]);
  });

  test('stopping waits for the message that is being received', async () => {
    const { port } = await listen();
    const socket = await greeted(port);
    let answers = '';
    socket.setEncoding('latin1').on('data', (text: string) => (answers += text));
    socket.write(TO_ANN.join(''));
    await eventually(() => answers.includes('354'));
    const stopping = listener?.stop();
    socket.write('x\r\n.\r\n');
    await eventually(() => answers.includes('250 OK'));
    await stopping;
    listener = undefined;
    socket.destroy();
    expect(await queued()).toHaveLength(1);
  });
});

function refusing(store: BlobStore, refuses: (key: string) => boolean): BlobStore {
  return {
    put: (key, body, size) =>
      refuses(key) ? Promise.reject(new Error('disk full')) : store.put(key, body, size),
    get: (key, range) => store.get(key, range),
    delete: (some) => store.delete(some),
    list: (prefix) => store.list(prefix),
    folders: (prefix) => store.folders(prefix),
  };
}

function nowhere(): SQSClient {
  return sqsClient({ region: 'us-east-1', endpoints: { sqs: 'http://127.0.0.1:1' } });
}

describe('after a crash', () => {
  const deliver = async (port: number, body: string): Promise<void> => {
    const answers = await talk(port, [...TO_ANN, `${body}\r\n.\r\n`]);
    expect(answers[4]).toMatch(/^250/);
  };

  test('all that was accepted and not delivered is queued again, as it was', async () => {
    const { port } = await listen();
    await deliver(port, 'one');
    await deliver(port, 'two');
    const before = await queued();
    expect(before).toHaveLength(2);
    await loseQueue();
    expect(await queued()).toEqual([]);
    expect(await requeueInbound(inbound, log)).toEqual({ queued: 2, strays: [] });
    const order = (a: SesNotification, b: SesNotification): number =>
      a.mail.messageId < b.mail.messageId ? -1 : 1;
    expect((await queued()).sort(order)).toEqual(before.sort(order));
  });

  test('the envelope of a message that was delivered, or never came, is removed', async () => {
    const { port } = await listen();
    await deliver(port, 'one');
    const [notification] = await queued();
    await inbound.blobs.delete([notification?.receipt.action.objectKey ?? '']);
    await loseQueue();
    expect(await requeueInbound(inbound, log)).toEqual({ queued: 0, strays: [] });
    expect(await keys()).toEqual([]);
  });

  test('a message without an envelope is reported and kept', async () => {
    await inbound.blobs.put('all/stray', Buffer.from('x'), 1);
    expect(await requeueInbound(inbound, log)).toEqual({ queued: 0, strays: ['all/stray'] });
    expect(await keys()).toEqual(['all/stray']);
  });

  test('envelopes go with their messages, and only with them', async () => {
    const { port } = await listen();
    await deliver(port, 'done');
    await deliver(port, 'kept by the delivery function');
    await deliver(port, 'failed');
    const records = (await queued()).map((notification, index) => ({
      messageId: String(index),
      receiptHandle: '',
      body: JSON.stringify(notification),
      attributes: { ApproximateReceiveCount: '1', SentTimestamp: '0' },
      messageAttributes: {},
      md5OfBody: '',
      eventSource: 'aws:sqs' as const,
      eventSourceARN: '',
      awsRegion: '',
      key: notification.receipt.action.objectKey,
    }));
    const [done, keptOne, failed] = records.map(({ key }) => key);
    if (done === undefined || keptOne === undefined || failed === undefined)
      throw new Error('three were sent');
    const handler = removingEnvelopes(
      inbound,
      async () => {
        await inbound.blobs.delete([done]);
        return { batchItemFailures: [{ itemIdentifier: '2' }] };
      },
      log,
    );
    await handler({ Records: records });
    const expected = [keptOne, failed].flatMap((key) => [key, `${key}.notification.json`]).sort();
    expect(await keys()).toEqual(expected);
  });
});
