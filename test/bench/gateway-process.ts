/**
 * A gateway in a process of its own, and beside it a listener that sends as many bytes as it is asked for, as what a
 * command's time is compared with.
 */
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { writeHeapSnapshot } from 'node:v8';
import { startGatewayProcess } from '../../gateway/start.ts';
import { type EngineSettings, openEngine } from '../../shared/aws/engine.ts';
import { createLog } from '../../shared/log.ts';
import { testTls } from '../support/tls.ts';

export interface GatewayProcessSettings {
  readonly engine: EngineSettings;
  readonly replicaBudgetBytes?: number;
  /** Views are packed so soon. */
  readonly restMs?: number;
}
/** `memory`: after several collections; needs `--expose-gc`. With `QUIRE_BENCH_SNAPSHOT` a heap snapshot goes into that folder. */
export interface GatewayRequest {
  readonly do: 'memory';
}
export interface GatewayAnswer {
  readonly port: number;
  readonly tlsPort: number;
  readonly baselinePort: number;
  readonly memory: NodeJS.MemoryUsage;
}

/** Bytes of one write: what the gateway gathers, too. */
const PIECE = Buffer.alloc(16 * 1024, 'x');

const settings = JSON.parse(process.argv[2] ?? '{}') as GatewayProcessSettings;
const engine = await openEngine(settings.engine);
const gateway = await startGatewayProcess({
  engine,
  listeners: [
    { kind: 'plain', host: '127.0.0.1', port: 0 },
    { kind: 'tls', host: '127.0.0.1', port: 0 },
  ],
  tls: await testTls(),
  // All clients are on one machine, and some on one account.
  limits: {
    connections: 1e6,
    connectionsPerAddress: 1e6,
    connectionsPerAccount: 1e6,
    // Some never sign in: it is what a bare connection holds that is looked at.
    unauthenticatedMs: 3_600_000,
    ...(settings.restMs === undefined ? {} : { restMs: settings.restMs }),
  },
  ...(settings.replicaBudgetBytes === undefined ? {} : { replicaBudgetBytes: settings.replicaBudgetBytes }),
  log: createLog({ level: 'error', pretty: false }),
});
const baseline = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (asked: Buffer) => {
    void (async () => {
      for (let left = Number(asked.toString()); left > 0; left -= PIECE.length)
        if (!socket.write(PIECE.subarray(0, left))) await once(socket, 'drain');
    })();
  });
}).listen(0, '127.0.0.1');
await once(baseline, 'listening');

const answer = (): GatewayAnswer => ({
  port: gateway.addresses[0]?.port ?? 0,
  tlsPort: gateway.addresses[1]?.port ?? 0,
  baselinePort: (baseline.address() as AddressInfo).port,
  memory: process.memoryUsage(),
});

const snapshots = process.env.QUIRE_BENCH_SNAPSHOT;

process.on('message', (_request: GatewayRequest) => {
  void (async () => {
    // What a first collection makes unreachable (weak references, finalizers), a later one takes.
    for (let round = 0; round < 4; round++) {
      globalThis.gc?.();
      await setImmediate();
    }
    process.send?.(answer());
    if (snapshots !== undefined)
      writeHeapSnapshot(path.join(snapshots, `${process.pid}-${Date.now()}.heapsnapshot`));
  })();
});
process.on('disconnect', () => {
  void gateway.stop().finally(() => {
    engine.close();
    baseline.close();
    process.exit(0);
  });
});
process.send?.(answer());
