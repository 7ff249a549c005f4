import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatSize, parseCount, parseSize } from '../../../infra/cli/size.ts';
import { SetupError } from '../../../infra/local/setup-error.ts';

describe('sizes as people write them', () => {
  test.each<[string, number]>([
    ['0B', 0],
    ['10B', 10],
    ['1KB', 1024],
    ['500MB', 500 * 1024 ** 2],
    ['50GB', 50 * 1024 ** 3],
    ['50 GiB', 50 * 1024 ** 3],
    ['1.5gb', 1.5 * 1024 ** 3],
    ['2tb', 2 * 1024 ** 4],
  ])('%s is %d octets', (text, octets) => {
    expect(parseSize(text, '--quota')).toBe(octets);
  });

  test.each(['', 'GB', '50', '50G', '-1GB', '1e3MB', '1,5GB', '50GBs', '9999999TB', '50iB', '١GB'])(
    '%j is refused in one sentence',
    (text) => {
      expect(() => parseSize(text, '--quota')).toThrow(SetupError);
      expect(() => parseSize(text, '--quota')).toThrow(`--quota is "${text}"`);
    },
  );

  test('what is printed is read as the same size', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 4 }), (value, power) => {
        const octets = value * 1024 ** power;
        fc.pre(Number.isSafeInteger(octets));
        expect(parseSize(formatSize(octets), 'it')).toBe(octets);
      }),
    );
    expect(formatSize(50 * 1024 ** 3)).toBe('50GB');
    expect(formatSize(0)).toBe('0B');
    expect(formatSize(1025)).toBe('1025B');
    expect(formatSize(3 * 1024 ** 5)).toBe('3072TB');
  });

  test('a count is a whole number', () => {
    expect(parseCount('5000000', '--messages')).toBe(5_000_000);
    for (const text of ['', '1.5', '-1', 'many', '99999999999999999999'])
      expect(() => parseCount(text, '--messages')).toThrow(`--messages is "${text}"`);
  });
});
