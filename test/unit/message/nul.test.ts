import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { base64Lines, base64LinesLength } from '../../../shared/message/base64-lines.ts';
import { HeaderWatch } from '../../../shared/message/header-watch.ts';
import { NulFinder, stretchesOf } from '../../../shared/message/nul.ts';
import { SummaryBuilder } from '../../../shared/message/summary.ts';

const cutUp = (bytes: Uint8Array, at: number[]): Uint8Array[] => {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
};

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

function partsWithNul(message: string, at: number[] = []): string[] | null {
  const bytes = Buffer.from(message, 'latin1');
  const summary = new SummaryBuilder();
  summary.write(bytes);
  const finder = new NulFinder(summary.end().parts);
  for (const chunk of cutUp(bytes, at)) finder.write(chunk);
  const found = finder.end();
  return found?.map(({ bodyStart, end }) => message.slice(bodyStart, end)) ?? null;
}

const mixed = (...parts: string[]): string =>
  `Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`;

describe('NUL in a message', () => {
  test('is found in the parts that can be encoded', () => {
    const binary = 'Content-Transfer-Encoding: binary\r\n\r\na\0b';
    expect(partsWithNul(mixed('\r\nplain', binary, '\r\n\0'))).toEqual(['a\0b', '\0']);
    expect(partsWithNul(mixed(`Content-Type: message/rfc822\r\n\r\n${binary}`))).toEqual(['a\0b']);
    expect(partsWithNul('Subject: x\r\n\r\n\0')).toEqual(['\0']);
  });

  test.each([
    ['in the header', 'Subject: \0\r\n\r\nx'],
    ['in a preamble', mixed('\r\nx').replace('\r\n\r\n--b', '\r\n\r\n\0\r\n--b')],
    ['behind the last part', `${mixed('\r\nx')}\0`],
    ['in a part that is encoded', mixed('Content-Transfer-Encoding: base64\r\n\r\nYQ==\0')],
    ['in a part whose encoding nobody knows', mixed('Content-Transfer-Encoding: x-own\r\n\r\n\0')],
    ['in the header of a part', mixed('Content-Type: text/plain; x="\0"\r\n\r\nx')],
  ])('%s cannot be kept', (_, message) => {
    expect(partsWithNul(message)).toBeNull();
  });

  test('property: however the message is cut up', () => {
    const part = fc.constantFrom(
      '\r\n\0',
      '\r\nx',
      'Content-Transfer-Encoding: binary\r\n\r\n\0\0a\0',
      '\0\r\n\r\nx',
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), fc.array(fc.nat()), (parts, at) => {
        const message = mixed(...parts);
        const expected = parts.some((one) => one.startsWith('\0'))
          ? null
          : parts.map((one) => one.slice(one.startsWith('\r\n') ? 2 : one.indexOf('\r\n\r\n') + 4));
        expect(partsWithNul(message, at)).toEqual(expected?.filter((body) => body.includes('\0')) ?? null);
      }),
    );
  });

  test('stretches make up the whole message', () => {
    const message = mixed('A: x\r\n\r\n\0', 'B: y\r\n\r\nz');
    const summary = new SummaryBuilder();
    summary.write(Buffer.from(message, 'latin1'));
    const { parts } = summary.end();
    const stretches = stretchesOf(message.length, parts.children);
    expect(stretches.map(({ start, end }) => message.slice(start, end)).join('')).toBe(message);
    expect(stretches.filter(({ kind }) => kind === 'body')).toHaveLength(2);
  });
});

test('property: base64 in lines is what its length says, and decodes to what it was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat()), async (bytes, at) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of base64Lines(stream(cutUp(bytes, at)))) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString('latin1');
      expect(text).toHaveLength(base64LinesLength(bytes.length));
      expect(new Uint8Array(Buffer.from(text, 'base64'))).toEqual(bytes);
      for (const line of text.split('\r\n')) expect(line.length).toBeLessThanOrEqual(76);
    }),
  );
});

describe('8-bit characters in a header', () => {
  test.each([
    ['Subject: x\xe9\r\n\r\n', true],
    ['Subject: x\r\nTo: \xff\n\nbody', true],
    ['Subject: x\r\n\r\n\xe9', false],
    ['Subject: x\n\n\xe9', false],
    ['\r\n\xe9', false],
    ['no header at all\xe9', true],
  ])('%j: %p', (message, found) => {
    const whole = new HeaderWatch();
    whole.write(Buffer.from(message, 'latin1'));
    const bytewise = new HeaderWatch();
    for (const byte of Buffer.from(message, 'latin1')) bytewise.write(Uint8Array.of(byte));
    expect([whole.found, bytewise.found]).toEqual([found, found]);
  });
});
