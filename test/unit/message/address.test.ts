import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AddressParser, parseAddresses } from '../../../shared/message/address.ts';
import { Cursor } from '../../../shared/message/cursor.ts';

/** Short form: `name|route|local@host`, groups as `name:` and `;`. */
function short(text: string): string[] {
  return parseAddresses(text).map((address) => {
    if (address.kind === 'groupStart') return `${address.name}:`;
    if (address.kind === 'groupEnd') return ';';
    const { name, route, local, host } = address;
    return [
      ...(name === null ? [] : [`${name}|`]),
      ...(route === null ? [] : [`${route}|`]),
      `${local}@${host}`,
    ].join('');
  });
}

describe('addresses of RFC 5322, appendix A', () => {
  test.each([
    ['John Doe <jdoe@machine.example>', ['John Doe|jdoe@machine.example']],
    ['"Joe Q. Public" <john.q.public@example.com>', ['Joe Q. Public|john.q.public@example.com']],
    [
      'Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>',
      ['Mary Smith|mary@x.test', 'jdoe@example.org', 'Who?|one@y.test'],
    ],
    [
      '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
      ['boss@nil.test', 'Giant; "Big" Box|sysservices@example.net'],
    ],
    [
      'A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;',
      ['A Group:', 'Ed Jones|c@a.test', 'joe@where.test', 'John|jdoe@one.test', ';'],
    ],
    ['Undisclosed recipients:;', ['Undisclosed recipients:', ';']],
    ['Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', ['Pete|pete@silly.test']],
    [
      "A Group(Some people):Chris Jones <c@(Chris's host.)public.example>,joe@example.org, John <jdoe@one.test> (my dear friend); (the end of the group)",
      ['A Group:', 'Chris Jones|c@public.example', 'joe@example.org', 'John|jdoe@one.test', ';'],
    ],
    ['(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;', ['Hidden recipients:', ';']],
    ['Joe Q. Public <john.q.public@example.com>', ['Joe Q. Public|john.q.public@example.com']],
    [
      'Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example',
      ['Mary Smith|@node.test|mary@example.net', 'jdoe@test.example'],
    ],
    ['<@a.test,@b.test:u@c.test>', ['@a.test,@b.test|u@c.test']],
    ['pete@[192.0.2.1]', ['pete@[192.0.2.1]']],
    ['"john doe"@example.test', ['john doe@example.test']],
    ['john . doe @ example . test', ['john.doe@example.test']],
  ])('%s', (text, expected) => {
    expect(short(text)).toEqual(expected);
  });
});

describe('addresses as real mail has them', () => {
  test.each([
    ['a@b (Full Name)', ['Full Name|a@b']],
    ['<a@b> (Full Name)', ['Full Name|a@b']],
    ['John Doe john@x.test', ['John Doe|john@x.test']],
    ['Foo <a@b> Bar <c@d>', ['Foo|a@b', 'Bar|c@d']],
    ['a@b c@d', ['a@b', 'c@d']],
    ['Foo <a@b, c@d', ['Foo|a@b', 'c@d']],
    ['"never closed <a@b>, c@d', ['"never closed|a@b', 'c@d']],
    ['smile :-( <a@b>, c@d', ['smile:', '-(|a@b', 'c@d', ';']],
    ['group: a@b, c@d', ['group:', 'a@b', 'c@d', ';']],
    ['"": a@b;, "" :;, : c@d', [':', 'a@b', ';', ':', ';', 'c@d']],
    ['a@b; c@d', ['a@b', 'c@d']],
    ['just words', ['just words@']],
    ['MAILER-DAEMON', ['MAILER-DAEMON@']],
    ['<>', ['@']],
    ['Name <>', ['Name|@']],
    ['Name <@>', ['Name|@|@']],
    ['<a@b@c>', ['a@b']],
    ['"a@b" <a@b>', ['a@b|a@b']],
    ['a@b.', ['a@b.']],
    ['Grüße <g@exämple.test>', ['Grüße|g@exämple.test']],
    ['=?utf-8?Q?J=C3=BC?= =?utf-8?Q?rgen?= <j@x>', ['=?utf-8?Q?J=C3=BC?= =?utf-8?Q?rgen?=|j@x']],
    ['', []],
    [' , ,; (comment)', []],
  ])('%s', (text, expected) => {
    expect(short(text)).toEqual(expected);
  });
});

test('any text gives addresses in steps that grow with it', () => {
  const parts = ['(', ')', '"', '\\', '<', '>', '@', ',', ';', ':', '[', ']', '.', ' ', 'a', '\t'];
  const any = fc.array(fc.constantFrom(...parts), { maxLength: 60 }).map((chars) => chars.join(''));
  fc.assert(
    fc.property(any, fc.integer({ min: 1, max: 40 }), (unit, times) => {
      const cursor = new Cursor(unit.repeat(times));
      new AddressParser(cursor).parse();
      expect(cursor.steps).toBeLessThan(25 * cursor.text.length + 50);
      expect(cursor.done).toBe(true);
    }),
    { numRuns: 3000 },
  );
  const floods = [...parts, '(a', '"a', '<a', 'a@b ', '<@a,', '(\\', 'a ', '. ', 'a:', '\\"', '\\('];
  for (const start of ['', '"', '(', '<', 'a@']) {
    for (const flood of floods) {
      const cursor = new Cursor(start + flood.repeat(10_000));
      new AddressParser(cursor).parse();
      expect(cursor.steps).toBeLessThan(25 * cursor.text.length);
    }
  }
});
