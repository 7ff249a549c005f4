/**
 * How messages are stored: what compression saves on mail as it comes, what it and encryption cost in processor time, and what
 * a part of a large message takes to read. Sizes and requests do not depend on the machine; milliseconds do.
 */
import type { AccountId, BlobId } from '../../shared/account/ids.ts';
import type { ByteRange, ByteSuffix } from '../../shared/blob/blob-store.ts';
import { MessageStore, type MessageStoreOptions } from '../../shared/blob/message-store.ts';
import { DataKey } from '../../shared/keys/data-key.ts';
import { MemoryBlobStore } from '../support/memory-blob-store.ts';
import { TestRim } from '../support/rim.ts';
import { type Figure, type Section, median } from './figure.ts';
import { sampleMail } from './sample-mail.ts';
import { htmlMail, plainMail } from './sample-text.ts';

const ACCOUNT = 'a0'.repeat(10) as AccountId;
const KEY = new DataKey(Buffer.alloc(32, 1));
const FORMATS: Readonly<Record<'raw' | 'framed' | 'sealed', MessageStoreOptions>> = {
  raw: { format: 'raw' },
  framed: { format: 'framed' },
  sealed: { format: 'framed', keys: { of: () => Promise.resolve(KEY) } },
};
const LARGE_BYTES = 20 * 1024 * 1024;
const MB = 1_000_000;

/** Counts what is asked of it. */
class CountedStore extends MemoryBlobStore {
  requests = 0;
  bytes = 0;

  override async get(
    key: string,
    range?: ByteRange | ByteSuffix,
    options?: { readonly signal?: AbortSignal },
  ): Promise<AsyncIterable<Uint8Array>> {
    const chunks = await super.get(key, range, options);
    this.requests++;
    const count = (bytes: number): void => void (this.bytes += bytes);
    return (async function* () {
      for await (const chunk of chunks) {
        count(chunk.length);
        yield chunk;
      }
    })();
  }

  get stored(): number {
    return [...this.objects].reduce(
      (sum, [key, { length }]) => sum + (key.startsWith('blobs/') ? length : 0),
      0,
    );
  }
}

interface Run {
  readonly stored: number;
  /** Milliseconds of processor time for each MB of mail. */
  readonly write: number;
  readonly read: number;
}

export const blobs: Section = async ({ runs, scale, say }) => {
  const count = (number: number): number => Math.max(2, Math.round(number * scale));
  const corpora: Readonly<Record<string, readonly Buffer[]>> = {
    'plain text, 4 KB': messages(count(500), (index) => plainMail(index, 4_000 - 2_500)),
    'newsletters, 45 KB': messages(count(200), (index) => htmlMail(index, 42_000)),
    'with an attachment, 250 KB': messages(count(60), (index) => sampleMail(index, { bytes: 250_000 })),
    'with an attachment, 20 MB': [Buffer.from(sampleMail(1, { bytes: LARGE_BYTES }))],
  };
  const figures: Figure[] = [];
  for (const [name, mail] of Object.entries(corpora)) {
    say(name);
    const bytes = mail.reduce((sum, { length }) => sum + length, 0);
    const run = async (format: keyof typeof FORMATS): Promise<Run> => {
      const all: Run[] = [];
      for (let each = 0; each < runs; each++) all.push(await once(mail, bytes, FORMATS[format]));
      const of = (value: (run: Run) => number): number => median(all.map(value));
      return {
        stored: of(({ stored }) => stored),
        write: of(({ write }) => write),
        read: of(({ read }) => read),
      };
    };
    const [raw, framed, sealed] = [await run('raw'), await run('framed'), await run('sealed')];
    const costs = (what: 'write' | 'read', measures: string): Figure[] => [
      { name: `${name}: ${what}, compressed`, value: framed[what] - raw[what], unit: 'ms/MB', measures },
      { name: `${name}: ${what}, encrypted too`, value: sealed[what] - raw[what], unit: 'ms/MB', measures },
    ];
    figures.push(
      {
        name: `${name}: stored`,
        value: (100 * sealed.stored) / bytes,
        unit: '%',
        measures: `of ${Math.round(bytes / 1000)} kB; compressed alone as much, for a seal is as long as a checksum`,
      },
      ...costs(
        'write',
        `processor time beyond that of a raw message, which takes ${raw.write.toFixed(1)}, for its summary`,
      ),
      ...costs(
        'read',
        `processor time of reading all of it beyond that of a raw message, ${raw.read.toFixed(1)}`,
      ),
    );
  }
  say('a part of a large message');
  return [...figures, ...(await ranges(corpora['with an attachment, 20 MB']?.[0] ?? Buffer.alloc(0)))];
};

function messages(count: number, make: (index: number) => string): Buffer[] {
  return Array.from({ length: count }, (_, index) => Buffer.from(make(index)));
}

async function once(mail: readonly Buffer[], bytes: number, options: MessageStoreOptions): Promise<Run> {
  const store = new CountedStore();
  const target = new MessageStore(store, new TestRim(1), options);
  const put: BlobId[] = [];
  const write = await processorMs(async () => {
    for (const message of mail) put.push((await target.put(ACCOUNT, message, message.length)).blob);
  });
  const read = await processorMs(async () => {
    for (const blob of put) await drain(await target.get(ACCOUNT, { blob, pack: null }));
  });
  return { stored: store.stored, write: (write * MB) / bytes, read: (read * MB) / bytes };
}

async function ranges(message: Buffer): Promise<Figure[]> {
  const figures: Figure[] = [];
  const store = new CountedStore();
  const { blob } = await new MessageStore(store, new TestRim(1), FORMATS.sealed).put(
    ACCOUNT,
    message,
    message.length,
  );
  const read = async (name: string, range: ByteRange | undefined, again: boolean): Promise<void> => {
    const reader = new MessageStore(store, new TestRim(2), FORMATS.sealed);
    if (again) await drain(await reader.get(ACCOUNT, { blob, pack: null }, { start: 0, end: 1 }));
    store.requests = store.bytes = 0;
    await drain(await reader.get(ACCOUNT, { blob, pack: null }, range));
    const measures = `of the store, for ${name}${again ? ', its index at hand' : ''}`;
    figures.push(
      { name: `${name}${again ? ', again' : ''}: requests`, value: store.requests, unit: '', measures },
      { name: `${name}${again ? ', again' : ''}: bytes`, value: store.bytes / 1000, unit: 'kB', measures },
    );
  };
  const middle = message.length >> 1;
  const part = { start: middle, end: middle + 100_000 };
  await read('100 kB of a 20 MB attachment', part, false);
  await read('100 kB of a 20 MB attachment', part, true);
  await read('all of a 20 MB attachment', undefined, false);
  return figures;
}

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of chunks) if (chunk.length === 0) throw new Error('an empty chunk');
}

async function processorMs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
