import { describe, test, expect } from '@jest/globals';
import fc from 'fast-check';
import { CommandReader } from '../../../../gateway/imap/wire/command-reader.ts';
import { ImapSyntaxError } from '../../../../gateway/imap/wire/syntax-error.ts';
import { byByte, bytes, collect, cut, LIMITS, readAll, sourceOf } from './byte-source.ts';

const read = (text: string, ...rest: Parameters<typeof readAll> extends [unknown, ...infer R] ? R : never) =>
  readAll([bytes(text)], ...rest);

describe('lines', () => {
  test('pipelined commands come one by one; empty lines before a tag and bare LF are let pass', async () => {
    expect(await read('a NOOP\r\n\r\n\nb NOOP\nc LOGOUT\r\n')).toEqual({
      results: [
        ['a', 'a NOOP'],
        ['b', 'b NOOP'],
        ['c', 'c LOGOUT'],
      ],
      continuations: 0,
    });
  });

  test('an unfinished command at the end is dropped', async () => {
    expect((await read('a NOOP\r\nb NOO')).results).toEqual([['a', 'a NOOP']]);
    expect((await read('a LOGIN {5}\r\nxy')).results).toEqual([]);
    expect((await read('a APPEND x {5}\r\nxy')).results).toEqual([]);
  });

  test('a line without a tag is refused without one', async () => {
    const refusal = { tag: undefined, status: 'BAD', text: 'a command begins with a tag' };
    expect((await read('+ NOOP\r\n* {3+}\r\nabc\r\nb NOOP\r\n')).results).toEqual([
      refusal,
      refusal,
      ['b', 'b NOOP'],
    ]);
  });

  test('a line of exactly the limit is read, one byte more is BAD, and the next command is read', async () => {
    const fits = `a ${'x'.repeat(LIMITS.lineBytes - 2)}`;
    const { results } = await read(`${fits}\r\n${fits}y\r\n${fits}y\nb NOOP\r\n`);
    const refusal = { tag: 'a', status: 'BAD', text: 'the command is longer than 200 bytes' };
    expect(results).toEqual([['a', fits], refusal, refusal, ['b', 'b NOOP']]);
  });

  test('text after a literal counts towards the same limit', async () => {
    // "a X " are 4 bytes, so that 196 are left.
    const { results } = await read(`a X {1+}\r\ny${'z'.repeat(196)}\r\nb X {1+}\r\ny${'z'.repeat(197)}\r\n`);
    expect(results).toEqual([
      ['a', 'a X ', '<y>', 'z'.repeat(196)],
      { tag: 'b', status: 'BAD', text: 'the command is longer than 200 bytes' },
    ]);
  });

  test('a line that never ends is given up', async () => {
    expect((await read('x'.repeat(LIMITS.lineBytes + LIMITS.discardBytes + 2))).results).toEqual([
      'InputFloodError: more than 2000 bytes of a refused command',
    ]);
  });
});

describe('literals', () => {
  test('a synchronising one is asked for, LITERAL+ is not, literal8 is marked', async () => {
    expect(await read('a LOGIN {4}\r\nbill {3+}\r\n\r\nx\r\nb X (~{2+}\r\n\0\r)\r\n')).toEqual({
      results: [
        ['a', 'a LOGIN ', '<bill>', ' ', '<\r\nx>', ''],
        ['b', 'b X (', '~<\0\r>', ')'],
      ],
      continuations: 1,
    });
  });

  test('an empty literal', async () => {
    expect((await read('a X {0+}\r\n\r\n')).results).toEqual([['a', 'a X ', '<>', '']]);
  });

  test('a message is streamed, and the policy sees what stands before it', async () => {
    const seen: unknown[] = [];
    const { results } = await read(
      'a APPEND {4+}\r\nSent (\\Seen) {11+}\r\nhello world\r\n',
      (announcement) => {
        seen.push({ ...announcement, segments: announcement.segments.length });
        return announcement.segments.length === 1
          ? { kind: 'buffer' }
          : { kind: 'stream', sink: async (body, size) => `${size} ${(await collect(body)).length}` };
      },
    );
    expect(results).toEqual([['a', 'a APPEND ', '<Sent>', ' (\\Seen) ', 'stream<11 11>', '']]);
    expect(seen).toMatchObject([
      { tag: 'a', size: 4, sync: false, binary: false, segments: 1 },
      { tag: 'a', size: 11, segments: 3 },
    ]);
  });

  test('a sink that fails early, or takes only a part, leaves the stream at the right place', async () => {
    const outcomes = [
      async (): Promise<never> => Promise.reject(new Error('disk full')),
      (): never => {
        throw new Error('at once');
      },
      async (body: AsyncIterable<Uint8Array>): Promise<string> => {
        for await (const part of body) return Buffer.from(part).toString();
        return '';
      },
    ];
    const { results } = await readAll(byByte('a APPEND x {4+}\r\nabcd\r\n'.repeat(3)), () => ({
      kind: 'stream',
      sink: outcomes.shift() ?? (async () => 'none'),
    }));
    expect(results).toEqual(
      ['failed<Error: disk full>', 'failed<Error: at once>', 'stream<a>'].map((outcome) => [
        'a',
        'a APPEND x ',
        outcome,
        '',
      ]),
    );
  });

  test('a sink that goes on reading after it has settled sees an error, never a short message', async () => {
    let late: Promise<unknown> = Promise.resolve();
    await readAll(byByte('a APPEND x {4+}\r\nabcd\r\n'), () => ({
      kind: 'stream',
      sink: async (body) => {
        const iterator = body[Symbol.asyncIterator]();
        await iterator.next();
        late = new Promise((resolve) => setImmediate(resolve)).then(async () => iterator.next());
        late.catch(() => undefined);
      },
    }));
    await expect(late).rejects.toThrow('the literal was given up');
  });

  test('the stream is read only as fast as the sink takes it', async () => {
    const source = sourceOf(['a APPEND x {6+}\r\n', 'ab', 'cd', 'ef', '\r\n'].map(bytes));
    const seen: number[] = [];
    const reader = new CommandReader(source, LIMITS);
    await reader.next({
      literalPolicy: () => ({
        kind: 'stream',
        sink: async (body) => {
          for await (const part of body) {
            expect(part).toHaveLength(2);
            await new Promise((resolve) => setImmediate(resolve));
            seen.push(source.reads);
          }
        },
      }),
      continuation: async () => undefined,
    });
    expect(seen).toEqual([2, 3, 4]);
  });

  test('NUL in a message makes it fail unless it is a literal8', async () => {
    const { results } = await read('a APPEND x {3+}\r\na\0b\r\nb APPEND x ~{3+}\r\na\0b\r\nc NOOP\r\n');
    expect(results).toEqual([
      ['a', 'a APPEND x ', expect.stringContaining('failed<NulInLiteralError'), ''],
      ['b', 'b APPEND x ', '~stream<a\0b>', ''],
      ['c', 'c NOOP'],
    ]);
  });

  test('a client that goes away within a message makes the sink fail', async () => {
    let outcome: Promise<unknown> = Promise.resolve();
    await readAll([bytes('a APPEND x {9+}\r\nabc')], () => ({
      kind: 'stream',
      sink: (body) => (outcome = collect(body)),
    }));
    await expect(outcome).rejects.toThrow('the client went away');
  });
});

describe('refusals', () => {
  const refuse = () => ({ kind: 'refuse', response: { status: 'NO', text: 'no' } }) as const;

  test('of a synchronising literal: no continuation, and the next line is a command', async () => {
    expect(await read('a X {3}\r\nb NOOP\r\n', refuse)).toEqual({
      results: [{ tag: 'a', status: 'NO', text: 'no' }, ['b', 'b NOOP']],
      continuations: 0,
    });
  });

  test('of LITERAL+: its bytes, the rest of the line and further literals are thrown away', async () => {
    expect((await read('a X {3+}\r\na\r\n (y {2+}\r\n\r\n) z\r\nb NOOP\r\n', refuse)).results).toEqual([
      { tag: 'a', status: 'NO', text: 'no' },
      ['b', 'b NOOP'],
    ]);
  });

  test('of LITERAL+ followed by a synchronising one: the command ends there', async () => {
    expect(await read('a X {3+}\r\nabc {4}\r\nb NOOP\r\n', refuse)).toMatchObject({
      results: [{ tag: 'a' }, ['b', 'b NOOP']],
      continuations: 0,
    });
  });

  test('a line that is too long and ends in LITERAL+ is thrown away with its literal', async () => {
    expect((await read(`a ${'x'.repeat(300)} {5+}\r\nb X\r\n\r\nc NOOP\r\n`)).results).toMatchObject([
      { tag: 'a', status: 'BAD' },
      ['c', 'c NOOP'],
    ]);
  });

  test('the limit for buffered literals holds for the command as a whole', async () => {
    const literal = (n: number) => `{${n}+}\r\n${'x'.repeat(n)}`;
    expect(
      (await read(`a X ${literal(60)} ${literal(40)}\r\nb X ${literal(60)} ${literal(41)}\r\n`)).results,
    ).toMatchObject([
      ['a', 'a X ', expect.any(String), ' ', expect.any(String), ''],
      { tag: 'b', status: 'BAD', code: 'TOOBIG' },
    ]);
  });

  test('a message above the limit is NO [TOOBIG] and its bytes are thrown away', async () => {
    const { results } = await read(
      `a APPEND x {1001+}\r\n${'x'.repeat(1001)}\r\nb APPEND x {1001}\r\nc NOOP\r\n`,
    );
    expect(results).toMatchObject([
      { tag: 'a', status: 'NO', code: 'TOOBIG' },
      { tag: 'b', status: 'NO', code: 'TOOBIG' },
      ['c', 'c NOOP'],
    ]);
  });

  test('a literal that is too big to be thrown away ends the connection', async () => {
    for (const size of ['2001', '99999999999999999999999']) {
      expect((await read(`a APPEND x {${size}+}\r\n`)).results).toEqual([
        'InputFloodError: more than 2000 bytes of a refused command',
      ]);
    }
  });

  test('a syntax error of the policy is the answer', async () => {
    const policy = () => {
      throw new ImapSyntaxError('no such thing', { status: 'NO', code: 'CANNOT' });
    };
    expect((await read('a X {1+}\r\ny\r\n', policy)).results).toEqual([
      { tag: 'a', status: 'NO', text: 'no such thing', code: 'CANNOT' },
    ]);
  });
});

describe('raw lines', () => {
  test('DONE and the next commands in one packet', async () => {
    const reader = new CommandReader(sourceOf([bytes('a IDLE\r\nDONE\r\nb NOOP\r\n')]), LIMITS);
    const hooks = { literalPolicy: () => ({ kind: 'buffer' }) as const, continuation: async () => undefined };
    expect(await reader.next(hooks)).toMatchObject({ command: { tag: 'a' } });
    expect(await reader.line()).toBe('DONE');
    expect(await reader.next(hooks)).toMatchObject({ command: { tag: 'b' } });
    expect(await reader.line()).toBeNull();
  });

  test('one that is too long is an error, and the next is read', async () => {
    const reader = new CommandReader(sourceOf([bytes(`${'x'.repeat(201)}\r\nDONE\r\n`)]), LIMITS);
    await expect(reader.line()).rejects.toThrow(ImapSyntaxError);
    expect(await reader.line()).toBe('DONE');
  });

  test('STARTTLS: what was pipelined in the clear is gone', async () => {
    const source = sourceOf([bytes('a STARTTLS\r\nb LOGIN x y\r\n'), bytes('c NOOP\r\n')]);
    const reader = new CommandReader(source, LIMITS);
    const hooks = { literalPolicy: () => ({ kind: 'buffer' }) as const, continuation: async () => undefined };
    await reader.next(hooks);
    expect(reader.discard()).toBe('b LOGIN x y\r\n'.length);
    expect(await reader.next(hooks)).toMatchObject({ command: { tag: 'c' } });
  });
});

test('property: however the bytes are cut into chunks, the same commands come out', async () => {
  const fragment = fc.oneof(
    fc.constantFrom(
      'a NOOP\r\n',
      '\r\n',
      '\n',
      'b X\n',
      '{5+}\r\n',
      '{3}\r\n',
      '~{2+}\r\n',
      '{999+}\r\n',
      ' ',
      '\r',
    ),
    fc.constantFrom('a APPEND x {7+}\r\n', 'a LOGIN {4}\r\nbill ', '"', '\0', '{', '}', '+'),
    fc.integer({ min: 0, max: 260 }).map((n) => 'x'.repeat(n)),
    fc.string({ unit: 'binary-ascii', maxLength: 12 }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fragment, { maxLength: 30 }),
      fc.array(fc.nat(), { maxLength: 40 }),
      async (parts, places) => {
        const whole = bytes(parts.join(''));
        const expected = await readAll([whole]);
        expect(await readAll(cut(whole, places))).toEqual(expected);
        expect(await readAll(byByte(parts.join('')))).toEqual(expected);
      },
    ),
    { numRuns: 300 },
  );
});
