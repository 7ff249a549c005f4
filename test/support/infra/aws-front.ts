/**
 * AWS as a process on Lambda or Fargate sees it: one endpoint for each service, on loopback. What a process asks for is passed
 * on to a stand-in (DynamoDB, S3, SQS) or answered from a script (SES, Secrets Manager, CloudFormation), and written down.
 */
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export type Service =
  'dynamodb' | 's3' | 'sqs' | 'ses' | 'secretsmanager' | 'cloudformation' | 'cloudwatch' | 'kms';

export interface AwsCall {
  readonly service: Service;
  /** `PutItem`; of S3, method and path with its query. */
  readonly operation: string;
  readonly body: string;
  /** 0 while there is no answer, as of a long poll. */
  readonly status: number;
}

/** Answers a call, or says at which endpoint it is to be had. */
export type Backend =
  string | ((operation: string, body: string) => { status: number; body: string; type?: string });

export class AwsFront {
  readonly calls: AwsCall[] = [];
  readonly #servers = new Map<Service, Server>();

  /** Call `stop` in the end. */
  static async start(backends: Readonly<Partial<Record<Service, Backend>>>): Promise<AwsFront> {
    const front = new AwsFront();
    for (const [service, backend] of Object.entries(backends) as [Service, Backend][]) {
      const server = createServer((request, response) => {
        front.#answer(service, backend, request, response).catch((error: unknown) => {
          response.writeHead(500).end(String(error));
        });
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      front.#servers.set(service, server);
    }
    return front;
  }

  endpoint(service: Service): string {
    const server = this.#servers.get(service);
    if (!server) throw new Error(`no endpoint of ${service}`);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** What the SDK reads: where the services are, and credentials that nobody checks. */
  get environment(): Record<string, string> {
    const names: Record<Service, string> = {
      dynamodb: 'DYNAMODB',
      s3: 'S3',
      sqs: 'SQS',
      ses: 'SES',
      secretsmanager: 'SECRETS_MANAGER',
      cloudformation: 'CLOUDFORMATION',
      cloudwatch: 'CLOUDWATCH',
      kms: 'KMS',
    };
    return {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      ...Object.fromEntries(
        [...this.#servers.keys()].map((service) => [
          `AWS_ENDPOINT_URL_${names[service]}`,
          this.endpoint(service),
        ]),
      ),
    };
  }

  /** Forgets what was asked for, and returns it. */
  take(): AwsCall[] {
    return this.calls.splice(0);
  }

  async stop(): Promise<void> {
    for (const server of this.#servers.values()) {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    }
  }

  async #answer(
    service: Service,
    backend: Backend,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const bytes = await buffer(request);
    const operation = operationOf(service, request, bytes);
    const body = service === 's3' && request.method === 'PUT' ? '' : bytes.toString();
    const call = { service, operation, body, status: 0 };
    this.calls.push(call);
    if (typeof backend === 'function') {
      const answer = backend(operation, body);
      call.status = answer.status;
      response.writeHead(answer.status, { 'content-type': answer.type ?? 'text/xml' }).end(answer.body);
      return;
    }
    const [answer, content] = await forward(backend, request, bytes);
    call.status = answer.statusCode ?? 0;
    // Queues are named by their address.
    const own = service === 'sqs' ? content.toString().replaceAll(backend, this.endpoint('sqs')) : content;
    const headers = { ...answer.headers };
    if (service === 'sqs') headers['content-length'] = String(Buffer.byteLength(own));
    response.writeHead(answer.statusCode ?? 500, headers).end(own);
  }
}

function operationOf(service: Service, request: IncomingMessage, body: Buffer): string {
  if (service === 's3') return `${request.method ?? ''} ${request.url ?? ''}`;
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return target.split('.').at(-1) ?? '';
  return new URLSearchParams(body.toString()).get('Action') ?? '';
}

async function forward(
  to: string,
  request: IncomingMessage,
  body: Buffer,
): Promise<[IncomingMessage, Buffer]> {
  const { hostname, port } = new URL(to);
  const { method, url: path, headers } = request;
  const onward = httpRequest({
    hostname,
    port,
    method,
    path,
    headers: { ...headers, host: `${hostname}:${port}` },
  });
  onward.end(body);
  const [answer] = (await once(onward, 'response')) as [IncomingMessage];
  return [answer, await buffer(answer)];
}
