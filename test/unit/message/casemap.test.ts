import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { casemap, compareCasemapped } from '../../../shared/message/casemap.ts';
import { anyCharacter } from '../../support/any-character.ts';

describe('i;unicode-casemap (RFC 5051 §2)', () => {
  test.each([
    ['abc', 'ABC'],
    ['é', 'E\u0301'],
    ['É', 'E\u0301'],
    // Every sigma is one.
    ['ς', 'Σ'],
    ['σ', 'Σ'],
    // The digraph of the RFC's example, in all three cases.
    ['\u01c4', 'Dz\u030c'],
    ['\u01c5', 'Dz\u030c'],
    ['\u01c6', 'Dz\u030c'],
    // What has no simple title case stays, whatever its full upper case is.
    ['ß', 'ß'],
    // A ligature is decomposed after it was put in title case, and so keeps small letters.
    ['ﬁ', 'fi'],
    ['Å', 'A\u030a'],
    // A Greek letter with iota subscript; its capital with iota adscript.
    ['\u1f80', casemap('\u1f88')],
    ['\u1fb3', casemap('\u1fbc')],
    // Georgian has no title case.
    ['\u10d0', '\u10d0'],
    // Wide letters of Japanese.
    ['ａ', 'A'],
    ['한', '\u1112\u1161\u11ab'],
    // By itself each code point: marks are not put in order.
    ['a\u0307\u0323', 'A\u0307\u0323'],
    // Beyond the basic plane.
    ['\u{10428}', '\u{10400}'],
  ])('%j is %j', (text, mapped) => {
    expect(casemap(text)).toBe(mapped);
  });

  test('pieces that are mapped one by one make the whole', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.string({ unit: anyCharacter }), (a, b) => {
        expect(casemap(a + b)).toBe(casemap(a) + casemap(b));
      }),
    );
  });

  test('the order is that of the octets of UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.string({ unit: anyCharacter }), (a, b) => {
        const [one, other] = [casemap(a), casemap(b)];
        expect(Math.sign(compareCasemapped(one, other))).toBe(
          Buffer.compare(Buffer.from(one, 'utf8'), Buffer.from(other, 'utf8')),
        );
      }),
    );
    expect(compareCasemapped('\uff21', '\u{1f600}')).toBeLessThan(0);
  });
});
