/**
 * The SMTP listener of one machine, in place of SES: takes mail for the recipients that exist, and says 250 only when
 * the message is durable and queued (`inbound.ts`). It relays nothing, so there is nothing to log in for.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { once } from 'node:events';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import type { Log } from '../../shared/log.ts';
import type { Certificate } from './certificate.ts';
import { acceptArrival, type Inbound } from './inbound.ts';
import type { Listener } from './instance.ts';
import { errorCode, listenError } from './setup-error.ts';

/** SES takes messages of up to 40 MB. */
export const MAX_MESSAGE_BYTES = 40 * 1024 * 1024;
/** RFC 5321 §4.5.3.1.8 asks for 100 at least; a receipt rule's notification lists no more. */
const MAX_RECIPIENTS = 100;
const MAX_CLIENTS = 200;
/** Of a message, kept for the header fields of its notification. */
const START_BYTES = 64 * 1024;
/** A client that is silent after we began to stop is told 421. Running transfers are waited for. */
const CLOSE_TIMEOUT_MS = 1_000;

export interface SmtpOptions {
  readonly host: string;
  readonly port: number;
  readonly inbound: Inbound;
  /** Messages are received into this folder: the store wants to know their size before it takes them. */
  readonly spool: string;
  /** Whether the address leads anywhere. A rejection is "try later" (451). */
  readonly accepts: (address: string) => Promise<boolean>;
  readonly certificate?: Certificate;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

export interface SmtpListener extends Listener {
  /** Takes no more connections, waits for messages that are being received, and closes. */
  stop(): Promise<void>;
}

/** An answer other than 250. */
class Refusal extends Error {
  readonly responseCode: number;
  constructor(responseCode: number, message: string) {
    super(message);
    this.responseCode = responseCode;
  }
}

export async function startSmtp(options: SmtpOptions): Promise<SmtpListener> {
  const { host, port, log } = options;
  // What a process that died was receiving was never acknowledged.
  await rm(options.spool, { recursive: true, force: true });
  await mkdir(options.spool, { recursive: true, mode: 0o700 });
  const receiving = new Set<Promise<void>>();
  const server = new SMTPServer({
    name: 'localhost',
    banner: 'Quire',
    size: MAX_MESSAGE_BYTES,
    maxClients: MAX_CLIENTS,
    closeTimeout: CLOSE_TIMEOUT_MS,
    disabledCommands: options.certificate === undefined ? ['AUTH', 'STARTTLS'] : ['AUTH'],
    authOptional: true,
    disableReverseLookup: true,
    hideENHANCEDSTATUSCODES: true,
    logger: false,
    ...(options.certificate === undefined
      ? {}
      : { cert: options.certificate.certificate, key: options.certificate.privateKey }),
    onRcptTo({ address }, session, callback) {
      answer(checkRecipient(options, address, session), callback);
    },
    onData(stream, session, callback) {
      const received = receive(options, stream, session).then(
        (messageId) => callback(null, `OK ${messageId}`),
        (error: unknown) => {
          // Whatever is left of it must be read, or the client's next command never comes into view.
          stream.resume();
          if (!(error instanceof Refusal) && errorCode(error) !== 'ECONNECTION')
            log.error({ err: error }, 'a message was not taken');
          callback(
            error instanceof Refusal ? error : new Refusal(451, '4.3.0 Not taken now, try again later'),
          );
        },
      );
      receiving.add(received);
      void received.finally(() => receiving.delete(received));
    },
  });
  server.on('error', (error) => log.debug({ err: error }, 'an SMTP connection failed'));
  const listener = server.listen(port, host);
  try {
    await once(listener, 'listening');
  } catch (error) {
    throw listenError(error, 'The SMTP', host, port, '--smtp-port');
  }
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP listener has no port');
  return {
    host,
    port: address.port,
    async stop() {
      listener.close();
      await Promise.all(receiving);
      await new Promise<void>((resolve) => server.close(resolve));
    },
  };
}

function answer(decision: Promise<void>, callback: (error?: Error | null) => void): void {
  decision.then(
    () => callback(),
    (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
  );
}

async function checkRecipient(
  options: SmtpOptions,
  address: string,
  session: SMTPServerSession,
): Promise<void> {
  if (session.envelope.rcptTo.length >= MAX_RECIPIENTS) throw new Refusal(452, '4.5.3 Too many recipients');
  let known: boolean;
  try {
    known = await options.accepts(address);
  } catch (error) {
    options.log.error({ err: error }, 'the directory cannot be asked for a recipient');
    throw new Refusal(451, '4.3.0 Recipient cannot be checked now, try again later');
  }
  if (!known) throw new Refusal(550, `5.1.1 <${address}>: no such recipient here`);
}

/** Receives one message and makes it an arrival. Returns its id. */
async function receive(
  options: SmtpOptions,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Promise<string> {
  const now = options.now ?? Date.now;
  const received = now();
  // The form of SES's ids: 40 small letters and digits.
  const messageId = randomBytes(20).toString('hex');
  const spooled = path.join(options.spool, messageId);
  const { mailFrom, rcptTo } = session.envelope;
  const source = mailFrom === false ? '' : mailFrom.address;
  const recipients = [...new Set(rcptTo.map(({ address }) => address))];
  try {
    const { size, start } = await spool(
      stream,
      traceFields(session, source, recipients, messageId, received),
      spooled,
    );
    if (stream.sizeExceeded) throw new Refusal(552, `5.3.4 A message has at most ${MAX_MESSAGE_BYTES} bytes`);
    await acceptArrival(options.inbound, {
      messageId,
      source,
      recipients,
      received,
      processed: now(),
      start,
      body: createReadStream(spooled),
      size,
    });
  } finally {
    await rm(spooled, { force: true });
  }
  options.log.info({ messageId, recipients: recipients.length }, 'message received and queued');
  return messageId;
}

/** Writes the message to a file; not synced, for it is not what is acknowledged. */
async function spool(
  stream: SMTPServerDataStream,
  head: Buffer,
  file: string,
): Promise<{ size: number; start: Uint8Array }> {
  let size = 0;
  const start: Uint8Array[] = [];
  const count = (chunk: Buffer): void => {
    if (size < START_BYTES) start.push(chunk.subarray(0, START_BYTES - size));
    size += chunk.length;
  };
  // A client that goes away in the middle makes the stream fail, never end: half a message is not taken for a whole.
  await pipeline(
    stream,
    async function* (chunks: AsyncIterable<Buffer>) {
      count(head);
      yield head;
      for await (const chunk of chunks) {
        // Above the limit it is read to its end and thrown away.
        if (stream.sizeExceeded) continue;
        count(chunk);
        yield chunk;
      }
    },
    createWriteStream(file, { flags: 'wx', mode: 0o600 }),
  );
  return { size, start: Buffer.concat(start) };
}

/** The two lines that SES puts before a message (RFC 5321 §4.4). */
function traceFields(
  session: SMTPServerSession,
  source: string,
  recipients: readonly string[],
  messageId: string,
  received: number,
): Buffer {
  // The client's own words: nothing of them may end the line or the comment.
  const greeting = session.hostNameAppearsAs.replace(/[^A-Za-z0-9.:[\]_-]/g, '') || 'unknown';
  const date = new Date(received).toUTCString().replace('GMT', '+0000 (UTC)');
  const [only] = recipients;
  // With several recipients "for" would tell each of the others (RFC 5321 §7.2).
  const recipient = recipients.length === 1 && only !== undefined ? ` for ${only};` : ';';
  return Buffer.from(
    `Return-Path: <${source}>\r\n` +
      `Received: from ${greeting} (${greeting} [${session.remoteAddress}])\r\n` +
      ` by localhost with ${session.transmissionType} id ${messageId}\r\n` +
      `${recipient === ';' ? ' ;' : recipient}\r\n` +
      ` ${date}\r\n`,
  );
}
