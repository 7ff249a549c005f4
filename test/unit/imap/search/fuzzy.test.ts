import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  FuzzyFinder,
  FuzzyText,
  hasWords,
  nearness,
  scoreBeyond,
} from '../../../../gateway/imap/search/fuzzy.ts';

const score = (sought: string, text: string): number => new FuzzyText(sought).scoreOf(text);

describe('a text is nearly there', () => {
  test.each([
    // The examples of RFC 6203 §3 and §4.
    ['Helo', 'hello'],
    ['Helo', 'help'],
    ['IMAP break', 'breaking IMAP'],
    // Misspelt, swapped, left out.
    ['meeting', 'metting'],
    ['meeting', 'meeitng'],
    ['accommodation', 'acomodation'],
    // Inflected, or a part.
    ['work', 'working'],
    ['working', 'work'],
    ['press', 'express'],
    // Without diacritics, and with ss for ß.
    ['zurich', 'Zürich'],
    ['Zürich', 'zurich'],
    ['STRASSE', 'Straße'],
    ['東京', '東京都庁'],
  ])('%s in %s', (sought, text) => {
    expect(score(sought, text)).toBeGreaterThan(0);
    expect(score(sought, text)).toBeLessThanOrEqual(100);
  });

  test.each([
    ['Helo', 'world'],
    ['meeting', 'meat'],
    ['cat', 'car'],
    ['IMAP break', 'IMAP'],
  ])('%s not in %s', (sought, text) => {
    expect(score(sought, text)).toBe(0);
  });

  test('the nearer the more', () => {
    const scores = ['meeting', 'meetings', 'premeetings', 'metting', 'nothing'].map((text) =>
      score('meeting', text),
    );
    expect(scores).toEqual([100, 90, 75, 73, 0]);
  });

  test('one letter of a short word is another word', () => {
    expect(nearness('CAT', 'CAR')).toBe(0);
    expect(nearness('HELO', 'HELP')).toBeGreaterThan(0);
  });

  test('what has no word is not compared', () => {
    expect(hasWords('?! ')).toBe(false);
    expect(hasWords('a!')).toBe(true);
  });
});

test('what an exact search finds, a fuzzy one finds as well', () => {
  expect(score('g p', 'meeting project')).toBe(75);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat(), fc.nat(), (text, from, to) => {
      const part = text.slice(from % (text.length + 1), to % (text.length + 1)).toWellFormed();
      if (text.includes(part)) expect(score(part, text)).toBeGreaterThan(0);
    }),
  );
});

test('however a text is cut, its score is the same', () => {
  const words = fc
    .array(fc.constantFrom('hello', 'world', 'helo', 'wörld', ' ', ', ', 'x'), { maxLength: 20 })
    .map((all) => all.join(''));
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 9 }), (text, size) => {
      const finder = new FuzzyFinder(['hello world']);
      for (let at = 0; at < text.length; at += size) finder.write(text.slice(at, at + size));
      finder.break();
      expect(finder.scores.get('hello world')).toBe(score('hello world', text));
    }),
  );
});

test('nothing is a word across a break', () => {
  const finder = new FuzzyFinder(['hello']);
  finder.write('hel');
  finder.break();
  finder.write('lo');
  finder.break();
  expect(finder.scores.get('hello')).toBe(0);
});

test('beyond a limit less and less, and nothing beyond the tolerance', () => {
  expect([0, 1, 2, 3, 4].map((distance) => scoreBeyond(distance, 3))).toEqual([100, 75, 50, 25, 0]);
  expect(scoreBeyond(-7, 3)).toBe(100);
});
