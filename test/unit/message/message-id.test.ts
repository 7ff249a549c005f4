import { expect, test } from '@jest/globals';
import { messageIds } from '../../../shared/message/message-id.ts';

test.each([
  ['<a@b>', ['a@b']],
  // RFC 5256 §3: quoting makes no difference.
  ['<"01KF8JCEOCBS0045PS"@xxx.yyy.com>', ['01KF8JCEOCBS0045PS@xxx.yyy.com']],
  ['<01KF8JCEOCBS0045PS@xxx.yyy.com>', ['01KF8JCEOCBS0045PS@xxx.yyy.com']],
  ['<"a\\"b"@c>', ['a"b@c']],
  ['<a@b> <c@d>\t<e@f>', ['a@b', 'c@d', 'e@f']],
  ['<a@b><c@d>', ['a@b', 'c@d']],
  ['<a @ b>', ['a@b']],
  ['<a@b (comment)>', ['a@b']],
  ['<a@[1.2.3.4]>', ['a@[1.2.3.4]']],
  // As some write In-Reply-To.
  ['Your message of "Mon, 1 Feb 2024" <a@b>', ['a@b']],
  ['<a@b> (from ann@example.test)', ['a@b']],
  // No Message IDs.
  ['', []],
  ['a@b', []],
  ['<ab>', []],
  ['<@b>', []],
  ['<a@>', []],
  ['<a@b', []],
  ['<a <c@d>', ['c@d']],
  ['<"a@b>', ['"a@b']],
  // Case counts.
  ['<A@b>', ['A@b']],
])('%j: %j', (text, ids) => {
  expect(messageIds(text)).toEqual(ids);
});
