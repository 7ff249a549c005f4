import { beforeAll, describe, expect, test } from '@jest/globals';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { Login, LoginDirectory } from '../../../shared/directory/directory.ts';
import { logIn } from '../../../shared/directory/log-in.ts';
import { PasswordVerifier } from '../../../shared/directory/password-verifier.ts';
import { hashPassword } from '../../../shared/directory/password.ts';

const CHEAP = { ln: 4, r: 8, p: 1 };
let active: Login;
let disabled: Login;
beforeAll(async () => {
  active = {
    account: '0123456789abcdef0123' as AccountId,
    address: 'alice@example.test',
    passwordHash: await hashPassword('secret', CHEAP),
    disabled: false,
    administrator: false,
    limits: { quotaBytes: 1, quotaMessages: 1, maxConnections: 1 },
  };
  disabled = { ...active, address: 'bob@example.test', disabled: true };
});

const directory: LoginDirectory = {
  findLogin: async (name) => [active, disabled].find(({ address }) => address === name),
};
const verifier = (): PasswordVerifier => new PasswordVerifier({ now: () => 0, parameters: CHEAP });

describe('logging in', () => {
  test('with the right password', async () => {
    const outcome = await logIn(directory, verifier(), 'alice@example.test', 'secret');
    expect(outcome).toEqual({ kind: 'welcome', login: active, rehash: false });
  });

  test.each([
    ['a wrong password', 'alice@example.test', 'wrong'],
    ['a name that is unknown', 'carol@example.test', 'secret'],
    ['a wrong password of an account that is disabled, which stays its secret', 'bob@example.test', 'wrong'],
  ])('with %s', async (_, name, password) => {
    expect(await logIn(directory, verifier(), name, password)).toEqual({ kind: 'refused' });
  });

  test('to an account that is disabled', async () => {
    const outcome = await logIn(directory, verifier(), 'bob@example.test', 'secret');
    expect(outcome).toEqual({ kind: 'disabled', login: disabled });
  });

  test('a password verified before does not open an account that was disabled since', async () => {
    const shared = verifier();
    await logIn({ findLogin: async () => ({ ...disabled, disabled: false }) }, shared, 'bob', 'secret');
    expect((await logIn({ findLogin: async () => disabled }, shared, 'bob', 'secret')).kind).toBe('disabled');
  });
});
