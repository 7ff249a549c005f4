import { describe, expect, test } from '@jest/globals';
import { SaslPlainError, parseSaslPlain } from '../../../shared/directory/sasl-plain.ts';

const message = (text: string): Buffer => Buffer.from(text);

describe('SASL PLAIN (RFC 4616)', () => {
  test.each([
    ['\0tim\0tanstaaftanstaaf', 'tim', 'tanstaaftanstaaf'],
    ['tim@example.test\0tim@example.test\0a b', 'tim@example.test', 'a b'],
    ['Tim@Example.test\0tim@example.test\0pw', 'tim@example.test', 'pw'],
    ['tim\0tim\0pw', 'tim', 'pw'],
    ['\0josé@bücher.de\0päßword', 'josé@bücher.de', 'päßword'],
  ])('%j', (text, name, password) => {
    expect(parseSaslPlain(message(text))).toEqual({ name, password });
  });

  test.each([
    ['', 'three parts'],
    ['tim', 'three parts'],
    ['\0tim', 'three parts'],
    ['\0tim\0pw\0', 'three parts'],
    ['\0tim\0p\0w', 'three parts'],
    ['\0\0pw', 'name of the user is empty'],
    ['\0tim\0', 'password is empty'],
    [`\0tim\0${'x'.repeat(5000)}`, 'too long'],
  ])('C: %.30j is malformed', (text, problem) => {
    expect(() => parseSaslPlain(message(text))).toThrow(
      expect.objectContaining({ reason: 'malformed', message: expect.stringContaining(problem) }),
    );
  });

  test('octets that are not UTF-8 are malformed', () => {
    expect(() => parseSaslPlain(Buffer.from([0, 0x74, 0, 0xff]))).toThrow('not UTF-8');
  });

  test.each(['root\0tim\0pw', 'root@example.test\0tim@example.test\0pw', 'TIM\0tim\0pw'])(
    'C: %j asks to act as another, which nobody may',
    (text) => {
      expect(() => parseSaslPlain(message(text))).toThrow(SaslPlainError);
      expect(() => parseSaslPlain(message(text))).toThrow(
        expect.objectContaining({ reason: 'not-authorized' }),
      );
    },
  );

  test('no error repeats what was sent', () => {
    for (const text of ['hunter2', 'hunter2\0tim\0hunter2', '\0hunter2\0hunter2\0hunter2']) {
      expect(() => parseSaslPlain(message(text))).toThrow(/^(?!.*hunter2)/);
    }
  });
});
