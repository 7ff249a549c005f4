import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  AddressError,
  normaliseDomain,
  parseAddress,
  parseIfAddress,
} from '../../../shared/directory/address.ts';
import { anyCharacter } from '../../support/any-character.ts';

describe('an address is compared in one form', () => {
  test.each([
    ['Alice@Example.TEST', 'alice@example.test'],
    ['alice@Bücher.DE', 'alice@xn--bcher-kva.de'],
    ['alice@xn--bcher-kva.de', 'alice@xn--bcher-kva.de'],
    // Composed and decomposed, upper and lower.
    ['JOSE\u0301@example.test', 'jos\u00e9@example.test'],
    ['jos\u00e9@example.test', 'jos\u00e9@example.test'],
    // A capital that has no composed form, of a letter that has one.
    ['J\u030c@example.test', '\u01f0@example.test'],
    ['"alice"@example.test', 'alice@example.test'],
    ['"al\\ice"@example.test', 'alice@example.test'],
    ['"Alice B"@example.test', '"alice b"@example.test'],
    ['"a\\"b"@example.test', '"a\\"b"@example.test'],
    ['"a@b"@example.test', '"a@b"@example.test'],
    ["o'hara/x=1!#$%&*?^_`{|}~-@example.test", "o'hara/x=1!#$%&*?^_`{|}~-@example.test"],
    ['ИВАН@пример.рф', 'иван@xn--e1afmkfd.xn--p1ai'],
  ])('%s is %s', (input, address) => {
    expect(parseAddress(input).address).toBe(address);
  });

  test('the tag is split off at the first plus, with its case kept', () => {
    expect(parseAddress('Alice+Lists+X@Example.test')).toEqual({
      address: 'alice+lists+x@example.test',
      domain: 'example.test',
      tagged: { base: 'alice@example.test', detail: 'Lists+X' },
    });
  });

  test.each(['+tag@example.test', 'alice@example.test', '"alice +x"@example.test'])(
    '%s has no tag',
    (input) => {
      expect(parseAddress(input).tagged).toBeUndefined();
    },
  );

  test.each([
    ['', 'no @'],
    ['alice', 'no @'],
    ['@example.test', 'empty'],
    ['alice@', 'domain is missing'],
    ['alice@[192.0.2.1]', 'literal'],
    ['alice@192.0.2.1', 'not a domain'],
    ['alice@0x7f.1', 'not a domain'],
    ['alice@a%41.de', 'not a domain'],
    ['alice@a/b.de', 'not a domain'],
    ['alice@a..b', 'not a domain'],
    ['alice@example.test.', 'not a domain'],
    ['alice@-a.de', 'not a domain'],
    ['alice@a_b.de', 'not a domain'],
    ['alice@ex ample.test', 'not a domain'],
    ['.alice@example.test', 'needs quotes'],
    ['al..ice@example.test', 'needs quotes'],
    ['al ice@example.test', 'needs quotes'],
    ['a@b@example.test', 'needs quotes'],
    ['al\u0000ice@example.test', 'needs quotes'],
    ['al\ud800ice@example.test', 'needs quotes'],
    ['"alice@example.test', 'malformed'],
    ['""@example.test', 'malformed'],
    ['"a\nb"@example.test', 'malformed'],
    ['"a"b"@example.test', 'malformed'],
    [`${'a'.repeat(65)}@example.test`, '64 octets'],
    [`alice@${'a.'.repeat(130)}de`, 'not a domain'],
    [`${'a'.repeat(60)}@${'abcdefg.'.repeat(30)}de`, '254 octets'],
    ['a'.repeat(100_000), 'too long'],
  ])('%j is refused: %s', (input, problem) => {
    expect(() => parseAddress(input)).toThrow(AddressError);
    expect(() => parseAddress(input)).toThrow(problem);
    expect(parseIfAddress(input)).toBeUndefined();
  });

  test('a long input is not repeated whole in the error', () => {
    expect(() => parseAddress('x'.repeat(100_000))).toThrow(/^.{1,200}$/);
  });

  test('property: what comes out goes in unchanged', () => {
    const local = fc.oneof(
      fc.string({ unit: anyCharacter, maxLength: 20 }),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
    );
    fc.assert(
      fc.property(local, fc.boolean(), fc.domain(), (text, quoted, domain) => {
        const input = quoted ? `"${text.replace(/["\\]/g, '\\$&')}"@${domain}` : `${text}@${domain}`;
        const once = parseIfAddress(input);
        if (once === undefined) return;
        expect(parseAddress(once.address).address).toBe(once.address);
        expect(parseAddress(once.address).domain).toBe(once.domain);
        expect(parseAddress(once.address).tagged?.base).toBe(once.tagged?.base);
        if (once.tagged) expect(parseAddress(once.tagged.base).address).toBe(once.tagged.base);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a domain alone', () => {
    expect(normaliseDomain('Bücher.DE')).toBe('xn--bcher-kva.de');
    expect(() => normaliseDomain('')).toThrow('missing');
  });
});
