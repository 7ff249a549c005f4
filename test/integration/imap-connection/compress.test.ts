/** COMPRESS=DEFLATE (RFC 4978): what goes over the wire, and what it may cost. */
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { constants, createDeflateRaw, createInflateRaw, deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PASSWORD, TestGateway } from '../../support/gateway.ts';
import { seededRandom } from '../../support/seeded-random.ts';

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await TestGateway.start({ limits: { compressedConnections: 2, discardBytes: 4_000_000 } });
  await gateway.addUser();
});
afterEach(() => gateway.stop());

/** Deflated by itself and flushed, as a client that keeps nothing would. */
const packed = (text: string): Buffer =>
  deflateRawSync(Buffer.from(text, 'latin1'), { finishFlush: constants.Z_SYNC_FLUSH });

/** A connection whose bytes the test writes itself, signed in and compressed; `read` waits for a line of the server. */
async function compressed(): Promise<{ socket: Socket; read: (until: RegExp) => Promise<string> }> {
  const socket = connect({ port: gateway.port, host: '127.0.0.1' });
  await once(socket, 'connect');
  let received = '';
  let arrived: () => void = () => undefined;
  let over = false;
  const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
  let taken = (bytes: Buffer): void => {
    received += bytes.toString('latin1');
    arrived();
  };
  socket.on('data', (bytes: Buffer) => taken(bytes));
  // The last words are inflated after the socket has closed.
  socket.on('close', () => inflate.end());
  inflate.on('end', () => {
    over = true;
    arrived();
  });
  const read = async (until: RegExp): Promise<string> => {
    while (!until.test(received)) {
      if (over) return '(end)';
      await new Promise<void>((resolve) => (arrived = resolve));
    }
    const text = received;
    received = '';
    return text;
  };
  await read(/\r\n/);
  socket.write(`a LOGIN alice@example.test "${PASSWORD}"\r\n`);
  await read(/^a OK/m);
  socket.write('b COMPRESS DEFLATE\r\n');
  expect(await read(/^b /m)).toBe('b OK compressed from here on\r\n');
  const plain = taken;
  inflate.on('data', (bytes: Buffer) => plain(bytes));
  taken = (bytes) => void inflate.write(bytes);
  return { socket, read };
}

test('a second COMPRESS, another mechanism, or something behind the command: BAD, and all goes on', async () => {
  const client = await gateway.signIn();
  await client.play(`
    C: a COMPRESS LZ4
    S: a BAD DEFLATE is the only mechanism that is known
    C: b COMPRESS DEFLATE
    C: c NOOP
    S: b BAD nothing may follow before the answer
    S: c OK done
  `);
  await client.compress();
  await client.play(`
    C: d COMPRESS DEFLATE
    S: d BAD [COMPRESSIONACTIVE] the connection is compressed already
    C: e NOOP
    S: e OK done
  `);
});

test('only so many connections compress: NO [LIMIT] to the next one, until one of them is gone', async () => {
  const one = await gateway.signIn();
  await one.compress();
  const two = await gateway.signIn();
  await two.compress();
  const three = await gateway.signIn();
  expect(await three.run('COMPRESS DEFLATE')).toEqual([
    'tag NO [LIMIT] this server compresses too many connections already',
  ]);
  expect((await three.run('NOOP')).at(-1)).toBe('tag OK done');
  await two.run('LOGOUT');
  two.destroy();
  while (gateway.server.connectionCount > 2) await three.run('NOOP');
  expect((await three.run('COMPRESS DEFLATE')).at(-1)).toMatch(/^tag OK/);
});

test('before sign-in it is not on offer', async () => {
  const client = await gateway.connect();
  expect((await client.run('COMPRESS DEFLATE')).at(-1)).toBe('tag BAD sign in before COMPRESS');
});

test('messages go up and down whole, what can be compressed and what cannot', async () => {
  const client = await gateway.signIn('INBOX');
  await client.compress();
  const random = seededRandom(7);
  const noise = Array.from({ length: 200_000 }, () =>
    String.fromCharCode(1 + Math.floor(random() * 127)),
  ).join('');
  const message = `Subject: long\r\n\r\n${'all work and no play\r\n'.repeat(20_000)}${noise}`;
  expect(await client.append('INBOX', message)).toMatch(/^tag OK/);
  const lines = await client.run('FETCH 1 BODY.PEEK[]');
  const text = lines.join('\r\n');
  expect(text.slice(text.indexOf('}\r\n') + 3, text.lastIndexOf(')'))).toBe(message);
});

describe('the bytes', () => {
  test('a flush that comes by itself wakes nobody, and news comes while the client waits', async () => {
    const { socket, read } = await compressed();
    const whole = packed('c SELECT INBOX\r\nd IDLE\r\n');
    socket.write(whole.subarray(0, -4));
    socket.write(whole.subarray(-4));
    await read(/^\+ idling/m);
    const other = await gateway.signIn();
    await other.append('INBOX', 'Subject: x\r\n\r\nbody\r\n');
    expect(await read(/RECENT/)).toContain('* 1 EXISTS');
    socket.write(packed('DONE\r\n'));
    expect(await read(/^d /m)).toContain('d OK no longer idle');
    socket.destroy();
  });

  test('a client that keeps its window for ever, byte by byte', async () => {
    const { socket, read } = await compressed();
    const deflate = createDeflateRaw();
    const out: Buffer[] = [];
    deflate.on('data', (bytes: Buffer) => void out.push(bytes));
    for (let turn = 0; turn < 50; turn++) {
      await new Promise<void>((resolve) =>
        deflate.write(`t${turn} STATUS INBOX (MESSAGES)\r\n`, () => resolve()),
      );
      await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve()));
      for (const byte of Buffer.concat(out.splice(0))) socket.write(Uint8Array.of(byte));
      expect(await read(new RegExp(`^t${turn} OK`, 'm'))).toContain('(MESSAGES 0)');
    }
    socket.destroy();
  });

  test.each(['at rest', 'in IDLE', 'in the middle of a command'])(
    'a client that goes without a word %s is gone',
    async (when) => {
      const { socket, read } = await compressed();
      if (when === 'in IDLE') {
        socket.write(packed('c SELECT INBOX\r\nd IDLE\r\n'));
        await read(/^\+ idling/m);
      } else {
        socket.write(packed(when === 'at rest' ? 'c NOOP\r\n' : 'c NOOP\r\nd NO'));
        await read(/^c OK/m);
      }
      socket.end();
      const other = await gateway.signIn();
      for (let rounds = 0; gateway.server.connectionCount > 1 && rounds < 1_000; rounds++)
        await other.run('NOOP');
      expect(gateway.server.connectionCount).toBe(1);
      socket.destroy();
    },
  );

  test('what cannot be inflated ends the connection, and no other', async () => {
    const { socket, read } = await compressed();
    socket.write(Buffer.from('c NOOP\r\n'));
    expect(await read(/^c OK/m)).toBe('(end)');
    const other = await gateway.signIn();
    expect((await other.run('NOOP')).at(-1)).toBe('tag OK done');
    expect(gateway.errors).toEqual([]);
  });

  test('a few kilobytes that inflate to a line without end: BYE, and nothing is gathered', async () => {
    const { socket, read } = await compressed();
    socket.write(packed(`c NOOP ${' '.repeat(20_000_000)}`));
    expect(await read(/BYE/)).toContain('* BYE [TOOBIG]');
    socket.destroy();
  });

  test('UNAUTHENTICATE ends it on both sides, behind its OK (RFC 8437 §4.1)', async () => {
    const client = await gateway.signIn();
    await client.compress();
    await client.play(`
      C: a UNAUTHENTICATE
      S: a OK signed out
    `);
    client.decompress();
    await client.play(`
      C: b LOGIN alice@example.test "${PASSWORD}"
      S: b OK …
      C: c COMPRESS DEFLATE
      S: c OK compressed from here on
    `);
  });
});
