import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Cursor } from '../../../shared/message/cursor.ts';
import { parseParams } from '../../../shared/message/params.ts';
import { mimeFields } from '../../../shared/message/mime-fields.ts';

test('parameters are read in steps that grow with the text, and never without end', () => {
  const parts = [';', '=', '"', '\\', '(', ')', ' ', 'a', '*', '0', "'", '%', ','];
  const any = fc.array(fc.constantFrom(...parts), { maxLength: 60 }).map((chars) => chars.join(''));
  fc.assert(
    fc.property(any, fc.integer({ min: 1, max: 40 }), (unit, times) => {
      const cursor = new Cursor(unit.repeat(times));
      parseParams(cursor);
      expect(cursor.steps).toBeLessThan(12 * cursor.text.length + 50);
    }),
    { numRuns: 3000 },
  );
});

test('whatever the MIME fields say, they are read', () => {
  const names = fc.constantFrom(
    'content-type',
    'content-disposition',
    'content-language',
    'content-transfer-encoding',
  );
  const values = fc.array(
    fc.constantFrom('text', '/', 'plain', ';', ' ', '(', ')', '"', '=', ',', 'a', '*', '\\', '\xff'),
  );
  fc.assert(
    fc.property(names, values, (name, value) => {
      const field = { name, raw: Buffer.from(value.join(''), 'latin1'), valueAt: 0, cut: false };
      const fields = mimeFields([field], false);
      expect(fields.type).not.toBe('');
      expect(fields.subtype).not.toBe('');
      expect(fields.encoding).not.toBe('');
    }),
    { numRuns: 3000 },
  );
});

test('more parameters than anyone writes are left out', () => {
  const text = Array.from({ length: 5_000 }, (_, index) => `;p${index}=${index}`).join('');
  expect(parseParams(new Cursor(text))).toHaveLength(256);
});
