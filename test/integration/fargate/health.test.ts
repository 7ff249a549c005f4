/** The port of health checks: answered with and without a PROXY header, and truthful while the gateway drains. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type HealthPort, startHealthPort } from '../../../gateway/fargate/health.ts';
import { proxyHeader } from '../../support/load-balancer.ts';

const REQUEST = Buffer.from(
  'GET /healthy HTTP/1.1\r\nHost: 10.83.0.7:8080\r\nUser-Agent: ELB-HealthChecker/2.0\r\n\r\n',
);
/** As a load balancer sends it that speaks for itself. */
const LOCAL = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex');

let health: HealthPort;
beforeEach(async () => {
  health = await startHealthPort(0, '127.0.0.1');
});
afterEach(() => health.stop());

async function ask(...pieces: Buffer[]): Promise<string> {
  const socket = connect({ port: health.port, host: '127.0.0.1' });
  await once(socket, 'connect');
  for (const piece of pieces) socket.write(piece);
  return text(socket);
}

describe('a health check', () => {
  test.each([
    ['without a header', [REQUEST]],
    ["with the load balancer's own header, which names no client", [LOCAL, REQUEST]],
    ['with the header of a client', [proxyHeader('203.0.113.7', 40_000), REQUEST]],
    ['in pieces', [LOCAL.subarray(0, 7), LOCAL.subarray(7), REQUEST.subarray(0, 20), REQUEST.subarray(20)]],
  ])('%s is answered', async (_how, pieces) => {
    expect(await ask(...pieces)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nhealthy$/);
  });

  test('is answered 503 while the gateway sees its clients out', async () => {
    health.drain();
    expect(await ask(REQUEST)).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
  });

  test('that goes on for ever is cut off', async () => {
    expect(await ask(Buffer.alloc(10_000, 'x')).catch(() => '')).toBe('');
  });
});
