import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rawFieldValues } from '../../../shared/message/field-values.ts';
import { fieldNameOf, filterHeaderFields } from '../../../shared/message/header-fields.ts';
import { anyMail } from './arbitrary-mail.ts';

const values = (header: string, name: string): string[] =>
  rawFieldValues(Buffer.from(header, 'latin1'), name).map((value) => Buffer.from(value).toString('latin1'));

test('the values of a field, folded ones whole, up to the blank line', () => {
  const header = 'To: a\r\nX-To: b\r\nTO : c\r\n d\r\n\te\r\nTo\r\n: f\r\nto:g\n\r\nTo: h\r\n';
  expect(values(header, 'to')).toEqual([' a\r\n', ' c\r\n d\r\n\te\r\n', 'g\n']);
  expect(values('', 'to')).toEqual([]);
  expect(values('To:', 'to')).toEqual(['']);
});

test('are those of the fields that FETCH tells', () => {
  fc.assert(
    fc.property(anyMail(), fc.constantFrom('subject', 'to', 'content-type', 'x'), (mail, name) => {
      const fields = Buffer.from(filterHeaderFields(mail, [name])).toString('latin1');
      const told = rawFieldValues(mail, name).map((value) => Buffer.from(value).toString('latin1'));
      let at = 0;
      for (const value of told) {
        const from = fields.indexOf(value, at);
        expect(from).toBeGreaterThanOrEqual(at);
        expect(fieldNameOf(Buffer.from(fields.slice(at), 'latin1'))?.name).toBe(name);
        at = from + value.length;
      }
      expect(fields.slice(at)).toMatch(/^(?:\r?\n)?$/);
    }),
  );
});
