import { describe, test, expect } from '@jest/globals';
import {
  BrokenLiteralError,
  ConnectionLostError,
  ResponseWriter,
  type ByteSink,
  type Chunk,
} from '../../../../gateway/imap/wire/response-writer.ts';

/** A sink that writes down each batch, and is behind when told so. */
class Sink implements ByteSink {
  readonly batches: string[][] = [];
  destroyed: Error | undefined;
  behind: (() => void)[] = [];
  slow = false;

  write(chunks: readonly Chunk[]): Promise<void> | undefined {
    this.batches.push(
      chunks.map((chunk) => (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1'))),
    );
    return this.slow ? new Promise((resolve) => this.behind.push(resolve)) : undefined;
  }

  destroy(reason: Error): void {
    this.destroyed = reason;
  }

  get sent(): string {
    return this.batches.flat().join('');
  }
}

function start(batchBytes = 10, turnBytes = 20): { sink: Sink; writer: ResponseWriter; turns: () => number } {
  const sink = new Sink();
  let turns = 0;
  const nextTurn = async (): Promise<void> => {
    turns++;
  };
  return { sink, writer: new ResponseWriter(sink, { batchBytes, turnBytes, nextTurn }), turns: () => turns };
}

async function* stream(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk, 'latin1');
}

describe('batches', () => {
  test('what is written goes out at a flush, neighbouring strings as one', async () => {
    const { sink, writer } = start();
    writer.untagged('1 EXISTS');
    writer.status('a', 'OK', 'done');
    writer.write(Buffer.from('bytes'));
    writer.continuation();
    expect(sink.batches).toEqual([]);
    await writer.flush();
    expect(sink.batches).toEqual([['* 1 EXISTS\r\na OK done\r\n', 'bytes', '+ go ahead\r\n']]);
    await writer.flush();
    expect(sink.batches).toHaveLength(1);
  });

  test('pace sends only when enough has gathered, and gives others a turn', async () => {
    const { sink, writer, turns } = start(10, 20);
    writer.write('123456789');
    expect(writer.full).toBe(false);
    await writer.pace();
    expect(sink.batches).toEqual([]);
    writer.write('0');
    expect(writer.full).toBe(true);
    await writer.pace();
    expect([sink.sent, turns()]).toEqual(['1234567890', 0]);
    writer.write('1234567890');
    await writer.pace();
    expect(turns()).toBe(1);
  });

  test('a client that is behind makes every flush wait, and order is kept', async () => {
    const { sink, writer } = start();
    const done: number[] = [];
    sink.slow = true;
    writer.write('a');
    const first = writer.flush().then(() => done.push(1));
    writer.write('b');
    const second = writer.flush().then(() => done.push(2));
    expect(sink.sent).toBe('a');
    sink.slow = false;
    sink.behind.shift()?.();
    await Promise.all([first, second]);
    expect(sink.sent).toBe('ab');
    expect(done).toHaveLength(2);
  });

  test('once the connection is lost, writes vanish and a flush rejects', async () => {
    const { sink, writer } = start();
    writer.write('a');
    writer.close(new ConnectionLostError('gone'));
    writer.write('b');
    await expect(writer.flush()).rejects.toThrow('gone');
    expect(sink.batches).toEqual([]);
  });
});

describe('literals', () => {
  test('from memory, from a stream, empty, and as literal8', async () => {
    const { sink, writer } = start();
    await writer.literal(3, Buffer.from('abc'));
    await writer.literal(4, stream('de', 'fg'));
    await writer.literal(0, stream());
    await writer.literal(1, Buffer.from('h'), { binary: true });
    await writer.flush();
    expect(sink.sent).toBe('{3}\r\nabc{4}\r\ndefg{0}\r\n~{1}\r\nh');
  });

  test('NUL becomes 0x80 of the same length, but not in a literal8; the source is left as it is', async () => {
    const { sink, writer } = start();
    const body = Buffer.from('a\0b');
    await writer.literal(3, body);
    await writer.literal(3, body, { binary: true });
    await writer.flush();
    expect(sink.sent).toBe('{3}\r\na\x80b~{3}\r\na\0b');
    expect(body.toString('latin1')).toBe('a\0b');
  });

  test('a large one goes out in pieces, each when the client has taken the one before', async () => {
    const { sink, writer } = start(1024);
    sink.slow = true;
    const sent = writer.literal(200_000, Buffer.alloc(200_000, 'x'));
    let batches = 0;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const taken = sink.behind.shift();
      if (taken === undefined) break;
      expect(sink.batches).toHaveLength(++batches);
      taken();
    }
    await sent;
    expect(batches).toBe(4);
    expect(sink.sent).toBe(`{200000}\r\n${'x'.repeat(200_000)}`);
  });

  test.each([
    ['too short', stream('ab'), 'the body ended after 2 of 3 bytes'],
    ['too long', stream('ab', 'cd'), 'the body is longer than the 3 bytes'],
    [
      'broken midway',
      (async function* () {
        yield Buffer.from('a');
        throw new Error('S3 went away');
      })(),
      'S3 went away',
    ],
  ])('one that is %s destroys the connection, and nothing more is sent', async (_what, body, why) => {
    const { sink, writer } = start(1000);
    writer.write('* 1 FETCH (BODY[] ');
    const literal = writer.literal(3, body);
    await expect(literal).rejects.toThrow(BrokenLiteralError);
    await expect(literal).rejects.toThrow(why);
    expect(sink.destroyed?.message).toContain(why);
    writer.write('a OK done');
    await expect(writer.flush()).rejects.toThrow(ConnectionLostError);
    expect(sink.batches).toEqual([]);
  });

  test('nothing else can be written into one', async () => {
    const { writer } = start();
    let go: () => void = () => undefined;
    const waits = (async function* () {
      await new Promise<void>((resolve) => (go = resolve));
      yield Buffer.from('abc');
    })();
    const literal = writer.literal(3, waits);
    expect(writer.inLiteral).toBe(true);
    expect(() => writer.untagged('1 EXISTS')).toThrow('a literal is being sent');
    go();
    await literal;
    expect(writer.inLiteral).toBe(false);
  });
});
