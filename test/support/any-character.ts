import fc from 'fast-check';

const SURROGATES = { from: 0xd800, count: 0x800 };
const LAST = 0x10ffff - SURROGATES.count;

/**
 * Any character of Unicode, as the unit `'binary'` of `fc.string` has them: to know which it could have drawn, that one makes
 * a table of them all, which takes a second in every file that asks for one.
 */
export const anyCharacter = fc.integer({ min: 0, max: LAST }).map(
  (index) => String.fromCodePoint(index < SURROGATES.from ? index : index + SURROGATES.count),
  (value) => {
    const point = typeof value === 'string' ? value.codePointAt(0) : undefined;
    if (point === undefined || String.fromCodePoint(point) !== value || !value.isWellFormed())
      throw new Error('no character');
    return point < SURROGATES.from ? point : point - SURROGATES.count;
  },
);
