/** What TCP itself asks of a silent client, as the kernel tells of the socket: no client and no load balancer of a test would see it. */
import { readFile } from 'node:fs/promises';
import { afterEach, expect, test } from '@jest/globals';
import { ImapServer } from '../../../gateway/imap/server/imap-server.ts';
import { DEFAULT_LIMITS } from '../../../gateway/imap/server/limits.ts';
import { newStage, ScriptedHandler } from './scripted-handler.ts';
import { WireClient } from './wire-client.ts';

const ESTABLISHED = '01';
/** `tr` of proc_pid_net(5): the timer that runs is that of keep-alive. */
const KEEP_ALIVE = '02';
const TICKS_A_SECOND = 100;

let server: ImapServer | undefined;
let client: WireClient | undefined;
afterEach(async () => {
  client?.destroy();
  await server?.drain({ graceMs: 0 });
});

/** The timer of the connection that came to `port`, and the seconds until it goes off. */
async function timerOf(port: number): Promise<{ timer: string; seconds: number }> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of (await readFile('/proc/self/net/tcp', 'latin1')).split('\n')) {
    const [, address = '', , state, , times = ''] = line.trim().split(/\s+/);
    if (!address.endsWith(local) || state !== ESTABLISHED) continue;
    const [timer = '', ticks = ''] = times.split(':');
    return { timer, seconds: parseInt(ticks, 16) / TICKS_A_SECOND };
  }
  throw new Error(`no connection to port ${port}`);
}

test('a client that idles is asked whether it is there before a load balancer forgets its flow', async () => {
  const stage = newStage();
  server = new ImapServer({
    listeners: [{ kind: 'behind-tls', host: '127.0.0.1', port: 0 }],
    createHandler: (connection) => new ScriptedHandler(connection, stage),
  });
  const [{ port } = { port: 0 }] = await server.listen();
  client = await WireClient.plain(port);
  await client.play(`
    S: * OK hello tls=false secure=true
    C: a IDLE
    S: + idling`);
  // Until what was said last is acknowledged, another timer runs.
  let asked = await timerOf(port);
  while (asked.timer !== KEEP_ALIVE && asked.timer !== '00') asked = await timerOf(port);
  expect(asked.timer).toBe(KEEP_ALIVE);
  // A TLS listener of a network load balancer waits for 350 s.
  expect(asked.seconds).toBeLessThanOrEqual(DEFAULT_LIMITS.keepAliveMs / 1_000);
});
