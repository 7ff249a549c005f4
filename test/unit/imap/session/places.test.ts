/** Whose mailbox a name below `#user/` means. */
import { expect, test } from '@jest/globals';
import { ownerOf } from '../../../../gateway/imap/session/places.ts';

test.each([
  ['INBOX', null],
  ['#user', null],
  ['#user/', { address: '', rest: '' }],
  ['#user/a@b.test', { address: 'a@b.test', rest: '' }],
  ['#user/a@b.test/', { address: 'a@b.test', rest: '' }],
  ['#user/a@b.test/Work/c@d.test', { address: 'a@b.test', rest: 'Work/c@d.test' }],
  ['#user/a/b@c.test/Work', { address: 'a/b@c.test', rest: 'Work' }],
  ['#user/"x@y.test/z"@c.test/Work', { address: '"x@y.test/z"@c.test', rest: 'Work' }],
  ['#user/nobody/Work', { address: 'nobody', rest: 'Work' }],
  ['#user/a@/b', { address: 'a@', rest: 'b' }],
])('%s', (name, owner) => {
  expect(ownerOf(name)).toEqual(owner);
});

test('a name of thousands of levels is looked at no longer than an address can be', () => {
  const long = '@/'.repeat(50_000);
  expect(ownerOf(`#user/${long}`)).toEqual({ address: '@', rest: long.slice(2) });
});
