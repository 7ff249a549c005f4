/** Behind a load balancer: whom a connection is from, who may say so, and what counts as secured. */
import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Admission } from '../../../gateway/imap/server/admission.ts';
import { networksOf } from '../../../gateway/imap/server/arrivals.ts';
import { Connection } from '../../../gateway/imap/server/connection.ts';
import { nextTurn } from '../../../gateway/imap/server/fairness.ts';
import { ImapServer, type ImapServerOptions } from '../../../gateway/imap/server/imap-server.ts';
import { DEFAULT_LIMITS } from '../../../gateway/imap/server/limits.ts';
import type { TlsSettings } from '../../../gateway/imap/server/tls.ts';
import { NO_METRICS } from '../../../shared/metrics/metrics.ts';
import { proxyHeader, WithholdingLoadBalancer } from '../../support/load-balancer.ts';
import { testTls } from '../../support/tls.ts';
import { ManualTimers } from './manual-timers.ts';
import { newStage, ScriptedHandler, type Stage } from './scripted-handler.ts';
import { WireClient } from './wire-client.ts';

let tls: TlsSettings;
beforeAll(async () => {
  tls = await testTls();
});

const LOOPBACK = networksOf(['127.0.0.1/32']);
const ELSEWHERE = networksOf(['10.83.0.0/24', '10.83.1.0/24']);

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Running {
  readonly port: number;
  readonly server: ImapServer;
  readonly stage: Stage;
  readonly timers: ManualTimers;
  readonly log: string[];
}

async function start(
  listener: Partial<ImapServerOptions['listeners'][number]>,
  options: Partial<ImapServerOptions> = {},
): Promise<Running> {
  const stage = newStage();
  const timers = new ManualTimers();
  const log: string[] = [];
  const write = (fields: object, message: string): void => {
    log.push(`${message} ${JSON.stringify(fields)}`);
  };
  const server = new ImapServer({
    listeners: [{ kind: 'tls', host: '127.0.0.1', port: 0, ...listener }],
    createHandler: (connection) => new ScriptedHandler(connection, stage),
    tls,
    timers,
    log: { debug: write, warn: write, error: write },
    ...options,
  });
  ends.push(() => server.drain({ graceMs: 0 }));
  const [address] = await server.listen();
  return { port: address?.port ?? 0, server, stage, timers, log };
}

async function balancer(port: number, header?: Buffer): Promise<number> {
  const made = await WithholdingLoadBalancer.start(port, header);
  ends.push(() => made.stop());
  return made.port;
}

async function secured(port: number): Promise<WireClient> {
  const client = await WireClient.tls(port);
  ends.push(() => client.destroy());
  return client;
}

/** A socket as the load balancer opens it. */
async function raw(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  ends.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

const peers = ({ stage }: Running): string[] =>
  stage.connections.map(({ peer }) => `${peer.address} ${peer.port}`);

describe('TLS in the gateway', () => {
  test('the load balancer tells whom a connection is from, and only with the first byte of the client', async () => {
    const running = await start({ proxiedFrom: LOOPBACK });
    const client = await secured(await balancer(running.port, proxyHeader('203.0.113.7', 40_000)));
    await client.play(`
      S: * OK hello tls=true secure=true
      C: a NOOP
      S: a OK NOOP`);
    expect(peers(running)).toEqual(['203.0.113.7 40000']);
  });

  test('an address of IPv6 is written as everywhere else', async () => {
    const running = await start({ proxiedFrom: LOOPBACK });
    const client = await secured(await balancer(running.port, proxyHeader('2001:db8:0:0:0:0:0:1', 40_000)));
    await client.play('S: * OK hello tls=true secure=true');
    expect(peers(running)).toEqual(['2001:db8::1 40000']);
  });

  test('a header that comes byte by byte, with more behind the addresses', async () => {
    const running = await start({ proxiedFrom: LOOPBACK });
    const socket = await raw(running.port);
    const endpoint = Buffer.from('ea000501abcdef', 'hex');
    for (const byte of proxyHeader('203.0.113.7', 40_000, endpoint)) {
      socket.write(Buffer.of(byte));
      await nextTurn();
    }
    const client = connectTls({ socket, rejectUnauthorized: false });
    await once(client, 'secureConnect');
    await until(() => running.stage.connections.length === 1);
    expect(peers(running)).toEqual(['203.0.113.7 40000']);
  });

  test('nobody but the load balancer may say it, or connect at all', async () => {
    const running = await start({ proxiedFrom: ELSEWHERE });
    const socket = await raw(running.port);
    socket.write(proxyHeader('203.0.113.7', 40_000));
    await once(socket, 'close');
    expect(running.stage.connections).toEqual([]);
    expect(running.log[0]).toContain('turned away: it does not come from the load balancer');
  });

  test('a client without a header is cut off: it came round the load balancer, or the header was lost', async () => {
    const running = await start({ proxiedFrom: LOOPBACK });
    const socket = await raw(running.port);
    socket.write(Buffer.from('160301', 'hex'));
    await once(socket, 'close');
    expect(running.log).toEqual([expect.stringContaining('it does not begin with a PROXY header')]);
  });

  test.each([
    ['version 1', Buffer.from('PROXY TCP4 203.0.113.7 10.0.0.1 40000 993\r\n')],
    [
      'version 3',
      Buffer.concat([proxyHeader('203.0.113.7', 1).subarray(0, 12), Buffer.from('3111000c', 'hex')]),
    ],
    [
      'an unknown command',
      Buffer.concat([proxyHeader('203.0.113.7', 1).subarray(0, 12), Buffer.from('2f11000c', 'hex')]),
    ],
    [
      'no room for addresses',
      Buffer.concat([proxyHeader('203.0.113.7', 1).subarray(0, 12), Buffer.from('2111000400000000', 'hex')]),
    ],
    [
      'more than anybody has to say',
      Buffer.concat([proxyHeader('203.0.113.7', 1).subarray(0, 12), Buffer.from('2111ffff', 'hex')]),
    ],
  ])('a header of %s ends the connection', async (_what, header) => {
    const running = await start({ proxiedFrom: LOOPBACK });
    const socket = await raw(running.port);
    socket.write(header);
    await once(socket, 'close');
    expect(running.stage.connections).toEqual([]);
  });

  test.each([
    ['that opens and closes', Buffer.alloc(0)],
    ['with a header of its own', Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex')],
    ['of a family that is not known', Buffer.from('0d0a0d0a000d0a515549540a21000000', 'hex')],
  ])('a health check %s disturbs nobody', async (_what, header) => {
    const running = await start({ proxiedFrom: LOOPBACK });
    const check = await raw(running.port);
    check.end(header);
    await once(check, 'close');
    expect(running.stage.connections).toEqual([]);
    expect(running.log.filter((line) => !line.startsWith('connection lost'))).toEqual([]);
    const client = await secured(await balancer(running.port, proxyHeader('203.0.113.7', 40_000)));
    await client.play('S: * OK hello tls=true secure=true');
  });

  test('connections count by the client, not by the load balancer', async () => {
    const running = await start({ proxiedFrom: LOOPBACK }, { limits: { connectionsPerAddress: 1 } });
    const one = await balancer(running.port, proxyHeader('203.0.113.7', 40_000));
    const other = await balancer(running.port, proxyHeader('203.0.113.8', 40_000));
    await (await secured(one)).play('S: * OK hello tls=true secure=true');
    await (await secured(other)).play('S: * OK hello tls=true secure=true');
    await expect(secured(one)).rejects.toThrow(/disconnected|reset/);
  });

  test('who never speaks is let go in time', async () => {
    const running = await start({ proxiedFrom: LOOPBACK });
    const socket = await raw(running.port);
    await until(() => running.timers.pending === 1);
    running.timers.advance(DEFAULT_LIMITS.unauthenticatedMs);
    await once(socket, 'close');
    expect(running.log[0]).toContain('it said nothing for too long');
  });

  test('those who have not spoken yet do not outgrow the gateway', async () => {
    const running = await start({ proxiedFrom: LOOPBACK }, { limits: { connections: 2 } });
    const waiting = [await raw(running.port), await raw(running.port)];
    await until(() => running.timers.pending === 2);
    const third = await raw(running.port);
    await once(third, 'close');
    expect(running.log[0]).toContain('too many have not said a word');
    expect(waiting.map(({ destroyed }) => destroyed)).toEqual([false, false]);
  });

  test('draining lets go of those who have not spoken yet', async () => {
    const running = await start({ proxiedFrom: LOOPBACK });
    const socket = await raw(running.port);
    await until(() => running.timers.pending === 1);
    const closed = once(socket, 'close');
    await running.server.drain({ graceMs: 1_000 });
    await closed;
  });

  test('on a port where the server speaks first, both would wait for ever: it is not opened', async () => {
    await expect(start({ kind: 'plain', proxiedFrom: LOOPBACK })).rejects.toThrow(
      'does not fit a port on which we speak first',
    );
  });

  test('and so would a load balancer that withholds the header while the server is silent', async () => {
    // The client of a plain port waits for a greeting that the load balancer cannot pass on before it has said a word.
    const running = await start({ kind: 'plain' });
    const client = await WireClient.plain(await balancer(running.port, proxyHeader('203.0.113.7', 40_000)));
    ends.push(() => client.destroy());
    await client.play('S: * OK hello tls=false secure=true');
    client.send('a NOOP\r\n');
    // The header arrives in the middle of the conversation, and is no command.
    await until(() => client.received !== '');
    expect(client.received).not.toContain('a OK NOOP');
  });
});

describe('TLS at the load balancer', () => {
  /** A connection from `peer`: here, where everybody is on loopback, it has to be put together by hand. */
  const from = (address: string, behindTls: boolean): Connection => {
    const limits = DEFAULT_LIMITS;
    const admission = new Admission(limits);
    const place = admission.admit(address);
    if (!place.ok) throw new Error(place.reason);
    return new Connection(1, new Socket(), { address, port: 40_000, behindTls }, place, {
      limits,
      writing: { batchBytes: 1, turnBytes: 1, nextTurn },
      timers: new ManualTimers(),
      nextTurn,
      metrics: NO_METRICS,
      log: { debug: () => undefined, warn: () => undefined, error: () => undefined },
      admission,
      tls,
      createHandler: (connection) => new ScriptedHandler(connection, newStage()),
      left: () => undefined,
    });
  };

  test('what comes in counts as secured, and STARTTLS is not on offer inside of it', () => {
    expect(from('203.0.113.7', true)).toMatchObject({ tls: false, secure: true, canStartTls: false });
  });

  test('a client of a plain port has to STARTTLS first', () => {
    expect(from('203.0.113.7', false)).toMatchObject({ tls: false, secure: false, canStartTls: true });
  });

  test('the kind of the listener is what says so', async () => {
    for (const [kind, behindTls] of [
      ['behind-tls', true],
      ['plain', false],
    ] as const) {
      const { port, stage } = await start({ kind });
      const client = await WireClient.plain(port);
      ends.push(() => client.destroy());
      await client.play('S: * OK hello tls=false secure=true');
      expect(stage.connections[0]?.peer.behindTls).toBe(behindTls);
    }
  });
});

test.each(['10.0.0.0', '10.0.0.0/33', 'all', '10.0.0.0/'])('%s is no network', (cidr) => {
  expect(() => networksOf([cidr])).toThrow(`${JSON.stringify(cidr)} is no network such as 10.0.0.0/24`);
});
