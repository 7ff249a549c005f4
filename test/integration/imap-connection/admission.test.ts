import { describe, expect, test } from '@jest/globals';
import { Admission, isLoopback, networkOf } from '../../../gateway/imap/server/admission.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('loopback', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].map(isLoopback)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['128.0.0.1', '::2', '::ffff:10.0.0.1', '127.evil', 'unknown'].map(isLoopback)).toEqual(
    Array(5).fill(false),
  );
});

describe('counts', () => {
  const limits = {
    connections: 3,
    connectionsPerAddress: 2,
    connectionsPerAccount: 1,
    compressedConnections: 1,
  };

  test('a release counts once, however often it is called', () => {
    const admission = new Admission(limits);
    const first = admission.admit('192.0.2.1');
    admission.admit('192.0.2.1');
    expect(admission.admit('192.0.2.1')).toMatchObject({ ok: false });
    if (first.ok) for (let i = 0; i < 3; i++) first.release();
    expect(admission.admit('192.0.2.1')).toMatchObject({ ok: true });
    expect(admission.admit('192.0.2.1')).toMatchObject({ ok: false });
    expect(admission.admit('192.0.2.2')).toMatchObject({ ok: true });
    expect(admission.admit('192.0.2.3')).toMatchObject({
      ok: false,
      reason: 'this server has too many connections',
    });
  });

  test('neighbours in one IPv6 network count together', () => {
    const admission = new Admission(limits);
    admission.admit('2001:db8::1');
    admission.admit('2001:db8::2');
    expect(admission.admit('2001:db8::3')).toMatchObject({ ok: false });
  });
});
