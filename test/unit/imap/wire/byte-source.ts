import type {
  ByteSource,
  ReadHooks,
  ReaderLimits,
  ReadResult,
} from '../../../../gateway/imap/wire/command-reader.ts';
import { CommandReader } from '../../../../gateway/imap/wire/command-reader.ts';
import type { LiteralPolicy, Segment } from '../../../../gateway/imap/wire/command.ts';

export const LIMITS: ReaderLimits = {
  lineBytes: 200,
  bufferedLiteralBytes: 100,
  messageBytes: 1000,
  discardBytes: 2000,
};

/** Chunks in order, then the end; counts what was asked for. */
export function sourceOf(chunks: Iterable<Uint8Array>): ByteSource & { reads: number } {
  const left = [...chunks];
  return {
    reads: 0,
    read() {
      this.reads++;
      return Promise.resolve(left.shift() ?? null);
    },
  };
}

export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

/** Every byte a chunk of its own. */
export function byByte(text: string): Uint8Array[] {
  return Array.from(bytes(text), (byte) => Uint8Array.of(byte));
}

/** Cuts at the given places (taken modulo the length). */
export function cut(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b);
  const chunks: Uint8Array[] = [];
  let from = 0;
  for (const to of [...sorted, whole.length]) {
    chunks.push(whole.subarray(from, to));
    from = to;
  }
  return chunks;
}

export async function collect(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}

/** APPEND streams, everything else is buffered. */
export const appendPolicy: LiteralPolicy = ({ segments }) =>
  typeof segments[0] === 'string' && /APPEND/i.test(segments[0])
    ? { kind: 'stream', sink: collect }
    : { kind: 'buffer' };

export interface Transcript {
  readonly results: readonly unknown[];
  readonly continuations: number;
}

/** Reads everything and writes down what came, in plain data. */
export async function readAll(
  chunks: Iterable<Uint8Array>,
  policy: LiteralPolicy = appendPolicy,
  limits: ReaderLimits = LIMITS,
): Promise<Transcript> {
  const reader = new CommandReader(sourceOf(chunks), limits);
  let continuations = 0;
  const hooks: ReadHooks = {
    literalPolicy: policy,
    continuation: async () => {
      continuations++;
    },
  };
  const results: unknown[] = [];
  for (;;) {
    let result: ReadResult;
    try {
      result = await reader.next(hooks);
    } catch (error) {
      results.push(String(error));
      return { results, continuations };
    }
    if (result.kind === 'end') return { results, continuations };
    if (result.kind === 'command') results.push([result.command.tag, ...result.command.segments.map(plain)]);
    else results.push({ tag: result.tag, ...result.response });
  }
}

function plain(segment: Segment): unknown {
  if (typeof segment === 'string') return segment;
  const mark = segment.binary ? '~' : '';
  if (segment.kind === 'buffered') return `${mark}<${Buffer.from(segment.body).toString('latin1')}>`;
  return segment.outcome.status === 'fulfilled'
    ? `${mark}stream<${String(segment.outcome.value)}>`
    : `${mark}failed<${String(segment.outcome.reason)}>`;
}
