import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { nextTurn } from '../../../gateway/imap/server/fairness.ts';
import { ImapServer, type ImapServerOptions } from '../../../gateway/imap/server/imap-server.ts';
import { ListenError } from '../../../gateway/imap/server/listen-error.ts';
import { DEFAULT_LIMITS } from '../../../gateway/imap/server/limits.ts';
import type { TlsSettings } from '../../../gateway/imap/server/tls.ts';
import { testTls } from '../../support/tls.ts';
import { ManualTimers } from './manual-timers.ts';
import { Gate, newStage, ScriptedHandler, type Stage } from './scripted-handler.ts';
import { WireClient } from './wire-client.ts';

let tls: TlsSettings;
beforeAll(async () => {
  tls = await testTls();
});

const servers: ImapServer[] = [];
const clients: WireClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  for (const server of servers.splice(0)) await server.drain({ graceMs: 0 });
});

/** Lets the event loop go round until something is so. The test's own time limit ends it otherwise. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

/** Time enough for what has been sent within this process to arrive. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

interface Running {
  readonly server: ImapServer;
  readonly stage: Stage;
  readonly timers: ManualTimers;
  readonly log: string[];
  readonly ports: readonly number[];
  readonly plain: () => Promise<WireClient>;
  readonly secured: () => Promise<WireClient>;
}

async function start({
  withoutTls = false,
  ...options
}: Partial<ImapServerOptions> & { withoutTls?: boolean } = {}): Promise<Running> {
  const stage = newStage();
  const timers = new ManualTimers();
  const log: string[] = [];
  const write = (fields: object, message: string): void => {
    log.push(`${message} ${JSON.stringify(fields)}`);
  };
  const server = new ImapServer({
    listeners: [
      { kind: 'plain', host: '127.0.0.1', port: 0 },
      { kind: 'tls', host: '127.0.0.1', port: 0 },
    ],
    createHandler: (connection) => new ScriptedHandler(connection, stage),
    ...(withoutTls ? {} : { tls }),
    timers,
    log: { debug: () => undefined, warn: write, error: write },
    ...options,
  });
  servers.push(server);
  const addresses = await server.listen();
  const ports = addresses.map(({ port }) => port);
  const port = (place: number): number => ports[place] ?? 0;
  const keep = (client: WireClient): WireClient => {
    clients.push(client);
    return client;
  };
  return {
    server,
    stage,
    timers,
    log,
    ports,
    plain: async () => keep(await WireClient.plain(port(0))),
    secured: async () => keep(await WireClient.tls(port(1))),
  };
}

describe('commands', () => {
  test('pipelined ones run one after the other and are answered in order', async () => {
    const { plain, stage } = await start();
    const client = await plain();
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a NOOP
      C: b WAIT
      C: c NOOP
      S: a OK NOOP`);
    await stage.waiting.opened;
    expect(stage.events).toEqual(['begin a', 'end a', 'begin b']);
    stage.release.open();
    await client.play(`
      S: b OK WAIT
      S: c OK NOOP
      C: d LOGOUT
      C: e NOOP
      S: * BYE see you
      S: d OK bye
      S: (end)`);
    await stage.closed.opened;
    expect(stage.events.slice(3)).toEqual(['end b', 'begin c', 'end c', 'begin d', 'end d', 'closed']);
  });

  test('a client that closes its side at once still gets its answers', async () => {
    const { plain, stage } = await start();
    const client = await plain();
    client.send('a WAIT\r\nb NOOP\r\n');
    client.end();
    await stage.waiting.opened;
    await turns(50);
    stage.release.open();
    await client.play(`
      S: * OK hello tls=false secure=true
      S: a OK WAIT
      S: b OK NOOP
      S: (end)`);
  });

  test('IDLE: DONE and the next commands in one packet; updates go out while it waits', async () => {
    const { plain, stage } = await start();
    const client = await plain();
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a IDLE
      S: + idling`);
    await stage.idling.opened;
    stage.connections[0]?.stir();
    await client.play(`
      S: * NEWS
      C: DONE
      C: b NOOP
      S: * LINE DONE
      S: a OK IDLE
      S: b OK NOOP`);
  });

  test('news waits for the command that runs, and a command for the news', async () => {
    const { plain, stage } = await start();
    const client = await plain();
    const told = new Gate();
    stage.news = () => told.opened;
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a WAIT`);
    await stage.waiting.opened;
    stage.connections[0]?.stir();
    stage.connections[0]?.stir();
    await turns(20);
    stage.release.open();
    await client.play('S: a OK WAIT');
    client.send('b NOOP\r\n');
    await turns(20);
    expect(stage.events).toEqual(['begin a', 'end a']);
    told.open();
    await client.play(`
      S: * NEWS
      S: b OK NOOP`);
  });

  test('a client that speaks is heard, however much news there is', async () => {
    const { plain, stage } = await start();
    const client = await plain();
    await client.play('S: * OK hello tls=false secure=true');
    const [connection] = stage.connections;
    stage.news = async () => {
      await nextTurn();
      connection?.stir();
    };
    connection?.stir();
    client.send('a NOOP\r\n');
    await until(() => stage.events.includes('end a'));
    stage.news = () => Promise.resolve();
  });

  test('news that comes while other news comes to its end is not forgotten', async () => {
    const { plain, stage } = await start();
    const client = await plain();
    await client.play('S: * OK hello tls=false secure=true');
    const [connection] = stage.connections;
    for (let steps = 0; steps < 20; steps++) {
      stage.news = () => {
        stage.news = () => Promise.resolve();
        let later = Promise.resolve();
        for (let step = 0; step < steps; step++) later = later.then(() => undefined);
        void later.then(() => connection?.stir());
        return Promise.resolve();
      };
      connection?.stir();
      await client.play(`
        S: * NEWS
        S: * NEWS`);
    }
  });

  test('a connection at rest waits for nothing: no call of it is under way', async () => {
    const { plain, stage, timers } = await start();
    const client = await plain();
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a SIGNIN alice
      S: a OK SIGNIN
      C: b IDLE
      S: + idling`);
    await until(() => timers.next() === DEFAULT_LIMITS.idleMs);
    expect(stage.connections[0]?.resting).toBe(true);
    await client.play(`
      C: DONE
      S: * LINE DONE
      S: b OK IDLE`);
    await until(() => stage.connections[0]?.resting === true);
  });

  test('what is told to a client that is silent does not give it more time', async () => {
    const { plain, stage, timers } = await start();
    const client = await plain();
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a SIGNIN alice
      S: a OK SIGNIN
      C: b IDLE
      S: + idling`);
    await until(() => timers.next() === DEFAULT_LIMITS.idleMs);
    timers.advance(DEFAULT_LIMITS.idleMs - 1);
    stage.connections[0]?.stir();
    await client.play('S: * NEWS');
    timers.advance(1);
    await client.play(`
      S: * BYE you were idle for too long
      S: (end)`);
  });

  test('a challenge is answered by a line that is no command', async () => {
    const { plain } = await start();
    const client = await plain();
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a CHALLENGE
      S: + who are you
      C: alice
      S: * LINE alice
      S: a OK CHALLENGE`);
  });

  test('a client that goes away in IDLE lets the handler go', async () => {
    const { plain, stage } = await start();
    const client = await plain();
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a IDLE
      S: + idling`);
    client.reset();
    await stage.closed.opened;
    expect(stage.events).toContain('closed');
  });

  test('literals: asked for, streamed, refused, and the connection goes on', async () => {
    const { plain } = await start({ limits: { messageBytes: 10, bufferedLiteralBytes: 5 } });
    const client = await plain();
    await client.play(
      `
      S: * OK hello tls=false secure=true
      C: a APPEND {5}
      S: + go ahead
      C: hello
      S: * TOOK 5
      S: a OK APPEND
      C: b APPEND {11}
      S: b NO [TOOBIG] a message may have at most 10 bytes
      C: c APPEND {11+}
      C: hello world
      C: d NOOP {6}
      S: c NO [TOOBIG] a message may have at most 10 bytes
      S: d BAD [TOOBIG] literals of this command may hold 5 bytes in all
      C: nothing
      S: * BAD a command begins with a tag
      C: e NOOP
      S: e OK NOOP`.replace('C: nothing', 'C: (nothing)'),
    );
  });

  test('a literal beyond all measure ends the connection', async () => {
    const { plain } = await start();
    const client = await plain();
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a APPEND {99999999999+}
      S: * BYE [TOOBIG] more than 134217728 bytes of a refused command
      S: (end)`);
  });

  test('a message of several megabytes comes in whole, at the pace of the sink', async () => {
    const { plain, stage } = await start();
    const client = await plain();
    let largest = 0;
    stage.sink = async (body) => {
      let size = 0;
      for await (const bytes of body) {
        await nextTurn();
        size += bytes.length;
        largest = Math.max(largest, bytes.length);
      }
      return size;
    };
    client.send(`a APPEND {5000000+}\r\n${'m'.repeat(5_000_000)}\r\nb NOOP\r\n`);
    await client.play(`
      S: * OK hello tls=false secure=true
      S: * TOOK 5000000
      S: a OK APPEND
      S: b OK NOOP`);
    // Never more than what the socket buffers before it makes the client wait.
    expect(largest).toBeLessThanOrEqual(256 * 1024);
  });

  test('a failure that should not be is logged and ends the connection without a tagged answer', async () => {
    const { plain, log } = await start();
    const client = await plain();
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a CRASH
      S: * BYE [SERVERBUG] internal error, please connect again
      S: (end)`);
    expect(log.join()).toContain('a command failed in a way that it should not');
  });
});

describe('answers', () => {
  test('a client that does not read makes the answer wait, and gets all of it when it reads', async () => {
    const { plain, stage, timers } = await start();
    const client = await plain();
    await client.play('S: * OK hello tls=false secure=true');
    client.socket.pause();
    client.send('a LINES 200000\r\n');
    // The answer is 19 MB, far more than sockets hold: the writer waits, under its own time limit.
    await until(() => timers.pending === 3);
    await turns(50);
    expect(stage.events).toEqual(['begin a']);
    client.socket.resume();
    const lines = Array.from({ length: 200_000 }, (_, i) => `* LINE ${i} ${'x'.repeat(80)}\r\n`).join('');
    expect((await client.take(lines.length)) === lines).toBe(true);
    expect(await client.line()).toBe('a OK LINES');
  });

  test('a long answer lets other connections have their turn', async () => {
    const { plain } = await start();
    const [long, short] = [await plain(), await plain()];
    await long.play('S: * OK hello tls=false secure=true');
    await short.play('S: * OK hello tls=false secure=true');
    long.send('a LINES 100000\r\n');
    expect(await long.line()).toContain('LINE 0');
    await short.play(`
      C: b NOOP
      S: b OK NOOP`);
    expect(long.received).not.toContain('a OK');
  });

  test('a literal is streamed whole', async () => {
    const { plain } = await start();
    const client = await plain();
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a3000 LITERAL 3000
      S: * {3000}
      S: ${'a'.repeat(3000)}
      S: a3000 OK LITERAL`);
  });

  test.each([
    ['shorter', 2999],
    ['longer', 3001],
  ])(
    'a body that is %s than announced ends the connection, and nothing is put in its place',
    async (_which, size) => {
      const { plain, stage } = await start();
      const client = await plain();
      await client.play(`
      S: * OK hello tls=false secure=true
      C: a${size} LITERAL 3000
      C: b NOOP`);
      const end = [await client.line(), await client.line()].join();
      expect(end).toMatch(/\(end/);
      expect(end).not.toContain('OK');
      await stage.closed.opened;
      expect(stage.events).toEqual([`begin a${size}`, 'closed']);
    },
  );

  test('a reset in the middle of an answer ends that connection and nothing else', async () => {
    const { plain, stage } = await start();
    const [gone, stays] = [await plain(), await plain()];
    gone.send('a LINES 1000000\r\n');
    await gone.line();
    gone.reset();
    await stage.closed.opened;
    expect(stage.events).toEqual(['begin a', 'closed']);
    await until(() => stage.connections[0]?.signal.aborted === true);
    await stays.play(`
      S: * OK hello tls=false secure=true
      C: b NOOP
      S: b OK NOOP`);
  });
});

describe('TLS', () => {
  test('from the first byte', async () => {
    const { secured } = await start();
    await (
      await secured()
    ).play(`
      S: * OK hello tls=true secure=true
      C: a NOOP
      S: a OK NOOP`);
  });

  test('STARTTLS: what was pipelined in the clear is never run', async () => {
    const { plain, stage } = await start();
    const client = await plain();
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a STARTTLS
      C: b NOOP
      S: a OK begin TLS now`);
    await client.startTls();
    await client.play(`
      C: c NOOP
      S: c OK NOOP`);
    expect(stage.connections[0]?.tls).toBe(true);
    expect(stage.connections[0]?.canStartTls).toBe(false);
    expect(stage.events.filter((event) => event.startsWith('begin'))).toEqual(['begin a', 'begin c']);
  });

  test('STARTTLS: what lies in the socket already is thrown away as well', async () => {
    const { plain, stage } = await start();
    const client = await plain();
    client.send('a WAIT\r\nb STARTTLS\r\n');
    await stage.waiting.opened;
    client.send('c NOOP\r\n');
    await turns(50);
    stage.release.open();
    await client.play(`
      S: * OK hello tls=false secure=true
      S: a OK WAIT
      S: b OK begin TLS now`);
    await client.startTls();
    await client.play(`
      C: d NOOP
      S: d OK NOOP`);
    expect(stage.events).not.toContain('begin c');
  });

  test('STARTTLS: plain text after the OK breaks the handshake', async () => {
    const { plain, stage } = await start();
    const client = await plain();
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a STARTTLS
      S: a OK begin TLS now
      C: b NOOP`);
    await stage.closed.opened;
    expect(stage.events).toEqual(['begin a', 'closed']);
  });

  test('a client that speaks plain text on the TLS port is cut off, and others are served', async () => {
    const { ports, secured } = await start();
    const client = await WireClient.plain(ports[1] ?? 0);
    clients.push(client);
    client.send('a NOOP\r\n');
    // TLS's own alert may come before the end.
    expect(await client.line()).toMatch(/^\(end/);
    await (await secured()).play('S: * OK hello tls=true secure=true');
  });

  test('STARTTLS is not on offer without a certificate, nor is a TLS port', async () => {
    const { plain, stage } = await start({
      withoutTls: true,
      listeners: [{ kind: 'plain', host: '127.0.0.1', port: 0 }],
    });
    await (await plain()).play('S: * OK hello tls=false secure=true');
    expect(stage.connections[0]?.canStartTls).toBe(false);
    const createHandler = (): never => {
      throw new Error('never called');
    };
    expect(
      () => new ImapServer({ listeners: [{ kind: 'tls', host: '127.0.0.1', port: 0 }], createHandler }),
    ).toThrow('a TLS listener needs a certificate');
  });
});

describe('time limits', () => {
  const { unauthenticatedMs, idleMs, commandMs, messageStallMs, answerMs, writeStallMs, lingerMs } =
    DEFAULT_LIMITS;
  const HELLO = 'S: * OK hello tls=false secure=true';
  const SIGNED_IN = `${HELLO}
    C: a SIGNIN alice
    S: a OK SIGNIN`;

  test('to sign in', async () => {
    const { plain, timers } = await start();
    const client = await plain();
    await client.play(HELLO);
    timers.advance(unauthenticatedMs - 1);
    await client.play(`
      C: a NOOP
      S: a OK NOOP`);
    timers.advance(1);
    await client.play(`
      S: * BYE you did not sign in in time
      S: (end)`);
  });

  test('of a TLS handshake', async () => {
    const { ports, timers } = await start();
    const client = await WireClient.plain(ports[1] ?? 0);
    clients.push(client);
    await until(() => timers.pending === 1);
    timers.advance(unauthenticatedMs);
    expect(await client.line()).toBe('(end)');
  });

  test('without a command, counted from the last one', async () => {
    const { plain, timers } = await start();
    const client = await plain();
    await client.play(SIGNED_IN);
    await until(() => timers.pending === 1);
    timers.advance(idleMs - 1);
    await client.play(`
      C: b NOOP
      S: b OK NOOP`);
    await until(() => timers.pending === 1);
    timers.advance(idleMs - 1);
    await client.play(`
      C: c NOOP
      S: c OK NOOP`);
    await until(() => timers.pending === 1);
    timers.advance(idleMs);
    await client.play(`
      S: * BYE you were idle for too long
      S: (end)`);
  });

  test('in IDLE', async () => {
    const { plain, timers, stage } = await start();
    const client = await plain();
    await client.play(`${SIGNED_IN}
      C: b IDLE
      S: + idling`);
    timers.advance(idleMs);
    await client.play('S: * BYE you were idle for too long');
    await stage.closed.opened;
  });

  test('for a command, however steadily it drips in', async () => {
    const { plain, timers, stage } = await start({ limits: { idleMs: 10 * commandMs } });
    const client = await plain();
    await client.play(SIGNED_IN);
    await until(() => timers.next() === 10 * commandMs);
    client.send('b N');
    await until(() => timers.next() === commandMs);
    timers.advance(commandMs - 1);
    client.send('OO');
    await turns(50);
    expect(timers.next()).toBe(1);
    timers.advance(1);
    await client.play(`
      S: * BYE the command took too long to arrive
      S: (end)`);
    expect(stage.events).not.toContain('begin b');
  });

  test('between two pieces of a message', async () => {
    const { plain, timers, stage } = await start();
    let reason: unknown;
    stage.sink = async (body) => {
      try {
        for await (const bytes of body) stage.events.push(`got ${bytes.length}`);
      } catch (error) {
        reason = error;
      }
    };
    const client = await plain();
    await client.play(`${SIGNED_IN}
      C: b APPEND {10}
      S: + go ahead
      C+ hello`);
    await until(() => stage.events.includes('got 5'));
    timers.advance(messageStallMs - 1);
    client.send('wor');
    await until(() => stage.events.includes('got 3'));
    timers.advance(messageStallMs);
    await client.play(`
      S: * BYE the message took too long to arrive
      S: (end)`);
    await stage.closed.opened;
    expect(String(reason)).toContain('the client went away in a literal');
  });

  test('for a command that is never done: no answer, just the end', async () => {
    const { plain, timers, stage, log } = await start();
    const client = await plain();
    await client.play(`${SIGNED_IN}
      C: b WAIT`);
    await stage.waiting.opened;
    timers.advance(answerMs);
    await client.play('S: (end)');
    expect(log.join()).toContain('"limit":"answer"');
    stage.release.open();
    await stage.closed.opened;
  });

  test('for a client that does not read', async () => {
    const { plain, timers, stage, log } = await start();
    const client = await plain();
    await client.play(SIGNED_IN);
    client.socket.pause();
    client.send('b LINES 400000\r\n');
    await until(() => stage.events.includes('begin b'));
    await until(() => timers.pending === 2);
    await turns(50);
    timers.advance(writeStallMs);
    await stage.closed.opened;
    expect(log.join()).toContain('"limit":"write"');
  });

  test('for a client that does not close its side after our last words', async () => {
    const { plain, timers, server } = await start();
    const client = await plain();
    await client.play(`${SIGNED_IN}
      C: b LOGOUT
      S: * BYE see you
      S: b OK bye
      S: (end)`);
    await until(() => timers.pending === 1);
    expect(server.connectionCount).toBe(1);
    timers.advance(lingerMs);
    await until(() => server.connectionCount === 0);
    expect(timers.pending).toBe(0);
  });
});

describe('connections', () => {
  test('too many from one address are turned away with a word, and let in when others have gone', async () => {
    const { plain, server } = await start({ limits: { connectionsPerAddress: 2 } });
    const [first, second] = [await plain(), await plain()];
    await first.play('S: * OK hello tls=false secure=true');
    await second.play('S: * OK hello tls=false secure=true');
    await (
      await plain()
    ).play(`
      S: * BYE [UNAVAILABLE] there are too many connections from your address
      S: (end)`);
    first.destroy();
    await until(() => server.connectionCount === 1);
    await (await plain()).play('S: * OK hello tls=false secure=true');
  });

  test('too many in all', async () => {
    const { plain } = await start({ limits: { connections: 1 } });
    await (await plain()).play('S: * OK hello tls=false secure=true');
    await (
      await plain()
    ).play(`
      S: * BYE [UNAVAILABLE] this server has too many connections
      S: (end)`);
  });

  test('too many to one account', async () => {
    const { plain, stage } = await start({ limits: { connectionsPerAccount: 1 } });
    const [first, second] = [await plain(), await plain()];
    await first.play(`
      S: * OK hello tls=false secure=true
      C: a SIGNIN alice
      S: a OK SIGNIN`);
    await second.play(`
      S: * OK hello tls=false secure=true
      C: a SIGNIN alice
      S: * NO there are too many connections to this account
      S: a OK SIGNIN
      C: b SIGNIN bob
      S: b OK SIGNIN`);
    first.destroy();
    await stage.closed.opened;
    await (
      await plain()
    ).play(`
      S: * OK hello tls=false secure=true
      C: a SIGNIN alice
      S: a OK SIGNIN`);
  });

  test('a port that is taken is one clear sentence, and no listener stays open', async () => {
    const { ports } = await start();
    const taken = ports[0] ?? 0;
    const server = new ImapServer({
      listeners: [
        { kind: 'plain', host: '127.0.0.1', port: 0 },
        { kind: 'plain', host: '127.0.0.1', port: taken },
      ],
      createHandler: (connection) => new ScriptedHandler(connection, newStage()),
    });
    const failure = server.listen();
    await expect(failure).rejects.toThrow(ListenError);
    await expect(failure).rejects.toThrow(
      `cannot listen on 127.0.0.1:${taken}: another process listens there`,
    );
  });
});

describe('draining', () => {
  test('waiting clients hear BYE, running commands finish first, nobody new is let in', async () => {
    const { plain, server, stage, ports } = await start();
    const [waiting, running] = [await plain(), await plain()];
    await waiting.play('S: * OK hello tls=false secure=true');
    await running.play(`
      S: * OK hello tls=false secure=true
      C: a WAIT
      C: b NOOP`);
    await stage.waiting.opened;
    const drained = server.drain({ graceMs: 1000 });
    await waiting.play(`
      S: * BYE [UNAVAILABLE] the server is going down, please connect again
      S: (end)`);
    waiting.end();
    await expect(WireClient.plain(ports[0] ?? 0)).rejects.toThrow('ECONNREFUSED');
    stage.release.open();
    await running.play(`
      S: a OK WAIT
      S: * BYE [UNAVAILABLE] the server is going down, please connect again
      S: (end)`);
    running.end();
    await drained;
    expect(stage.events).not.toContain('begin b');
    expect(server.connectionCount).toBe(0);
  });

  test('a client in IDLE hears BYE', async () => {
    const { plain, server } = await start();
    const client = await plain();
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a IDLE
      S: + idling`);
    const drained = server.drain({ graceMs: 1000 });
    await client.play('S: * BYE [UNAVAILABLE] the server is going down, please connect again');
    client.end();
    await drained;
  });

  test('clients are dropped over a while, so that they do not come back all at once', async () => {
    const { plain, server, timers } = await start();
    const [first, second] = [await plain(), await plain()];
    await first.play('S: * OK hello tls=false secure=true');
    await second.play('S: * OK hello tls=false secure=true');
    const drained = server.drain({ graceMs: 5000, spreadMs: 2000 });
    await first.play('S: * BYE [UNAVAILABLE] the server is going down, please connect again');
    first.end();
    await until(() => server.connectionCount === 1);
    await second.play(`
      C: a NOOP
      S: a OK NOOP`);
    timers.advance(1000);
    await second.play('S: * BYE [UNAVAILABLE] the server is going down, please connect again');
    second.end();
    await drained;
  });

  test('what does not finish in time is cut off', async () => {
    const { plain, server, stage, timers } = await start();
    const client = await plain();
    await client.play(`
      S: * OK hello tls=false secure=true
      C: a WAIT`);
    await stage.waiting.opened;
    const drained = server.drain({ graceMs: 1000 });
    timers.advance(1000);
    await drained;
    await client.play('S: (end)');
    stage.release.open();
    await stage.closed.opened;
  });
});
