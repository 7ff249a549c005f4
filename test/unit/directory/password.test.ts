import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_PASSWORD_OCTETS, preparePassword } from '../../../shared/directory/opaque-string.ts';
import {
  PasswordError,
  PasswordHashError,
  SCRYPT_DEFAULT,
  hashPassword,
  matchesHash,
  needsRehash,
  unmatchableHash,
} from '../../../shared/directory/password.ts';
import { anyCharacter } from '../../support/any-character.ts';

const CHEAP = { ln: 4, r: 8, p: 1 };

async function matches(stored: string, password: string): Promise<boolean> {
  const prepared = preparePassword(password);
  return prepared.kind === 'prepared' && matchesHash(stored, prepared.password);
}

describe('preparation by OpaqueString (RFC 8265 §4.2)', () => {
  test.each([
    ['case and spaces at the ends stay', ' Pass word ', ' Pass word '],
    ['composed and decomposed are one', 'e\u0301', '\u00e9'],
    ['other spaces become U+0020 (RFC 8265 §4.3, example 4)', 'foo\u1680bar', 'foo bar'],
    ['compatibility forms stay apart', '\uff21', '\uff21'],
    ['emoji', '\u{1f511}', '\u{1f511}'],
  ])('%s', (_, input, password) => {
    expect(preparePassword(input)).toEqual({ kind: 'prepared', password });
  });

  test.each([
    ['', 'is empty'],
    ['my cat is a \u0009by (RFC 8265 §4.3, example 6)', 'control character'],
    ['nul\u0000', 'control character'],
    ['\ud800', 'control character'],
    ['\ufdd0', 'control character'],
    ['a'.repeat(MAX_PASSWORD_OCTETS + 1), 'longer than'],
    ['\u00e9'.repeat(MAX_PASSWORD_OCTETS / 2 + 1), 'longer than'],
    ['a'.repeat(1_000_000), 'longer than'],
  ])('%.20j is refused', (input, problem) => {
    expect(preparePassword(input)).toEqual({ kind: 'refused', problem: expect.stringContaining(problem) });
  });

  test('the longest password is taken', () => {
    expect(preparePassword('\u00e9'.repeat(MAX_PASSWORD_OCTETS / 2)).kind).toBe('prepared');
  });

  test('property: preparing twice is preparing once', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (input) => {
        const once = preparePassword(input);
        if (once.kind === 'prepared') expect(preparePassword(once.password)).toEqual(once);
      }),
    );
  });
});

describe('scrypt hashes', () => {
  test('RFC 7914 §12: a test vector, as a PHC string', async () => {
    const encode = (octets: Buffer): string => octets.toString('base64').replace(/=+$/, '');
    const vector =
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887';
    const stored = `$scrypt$ln=14,r=8,p=1$${encode(Buffer.from('SodiumChloride'))}$${encode(Buffer.from(vector, 'hex'))}`;
    expect(await matches(stored, 'pleaseletmein')).toBe(true);
    expect(await matches(stored, 'pleaseletmeIn')).toBe(false);
  });

  test('a hash matches its password in every Unicode spelling, and no other', async () => {
    const stored = await hashPassword('caf\u00e9 noir', CHEAP);
    expect(stored).toMatch(/^\$scrypt\$ln=4,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await matches(stored, 'cafe\u0301\u00a0noir')).toBe(true);
    expect(await matches(stored, 'Caf\u00e9 noir')).toBe(false);
  });

  test('two hashes of one password differ', async () => {
    expect(await hashPassword('secret', CHEAP)).not.toBe(await hashPassword('secret', CHEAP));
  });

  test('the default setting works, within its memory bound', async () => {
    const stored = await hashPassword('secret');
    expect(stored).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$/);
    expect(await matches(stored, 'secret')).toBe(true);
    expect(needsRehash(stored)).toBe(false);
  });

  test('other parameters than the wanted ones ask for a new hash', async () => {
    const stored = await hashPassword('secret', CHEAP);
    expect(needsRehash(stored, CHEAP)).toBe(false);
    expect(needsRehash(stored, SCRYPT_DEFAULT)).toBe(true);
    expect(needsRehash(stored, { ...CHEAP, p: 2 })).toBe(true);
    expect(needsRehash(stored, { ...CHEAP, r: 9 })).toBe(true);
  });

  test('an unmatchable hash has the work and the form of a real one', async () => {
    const nobody = unmatchableHash(CHEAP);
    const real = await hashPassword('secret', CHEAP);
    expect(nobody).toHaveLength(real.length);
    expect(needsRehash(nobody, CHEAP)).toBe(false);
    expect(await matches(nobody, 'secret')).toBe(false);
  });

  test('what cannot be a password is not hashed, nor repeated in the error', async () => {
    await expect(hashPassword('', CHEAP)).rejects.toThrow(new PasswordError('is empty'));
    await expect(hashPassword('hunter2\u0007', CHEAP)).rejects.toThrow(/^(?!.*hunter2)/);
  });

  const SALT = 'AAAAAAAAAAAAAAAAAAAAAA';
  const HASH = 'A'.repeat(43);
  test.each([
    ['hunter2', 'PHC'],
    ['', 'PHC'],
    [`$argon2id$v=19$m=1$${SALT}$${HASH}`, 'not scrypt'],
    [`$scrypt$ln=4,r=8$${SALT}$${HASH}`, 'parameters are malformed'],
    [`$scrypt$ln=4,r=8,p=1$${SALT}$${HASH}$more`, 'parameters are malformed'],
    [`$scrypt$ln=0,r=8,p=1$${SALT}$${HASH}`, 'out of bounds'],
    [`$scrypt$ln=30,r=8,p=1$${SALT}$${HASH}`, 'out of bounds'],
    [`$scrypt$ln=99,r=999,p=1$${SALT}$${HASH}`, 'out of bounds'],
    [`$scrypt$ln=4,r=8,p=99$${SALT}$${HASH}`, 'out of bounds'],
    [`$scrypt$ln=4,r=8,p=1$$${HASH}`, 'salt'],
    [`$scrypt$ln=4,r=8,p=1$${SALT}==$${HASH}`, 'salt'],
    [`$scrypt$ln=4,r=8,p=1$${SALT}$`, 'hash is malformed'],
    [`$scrypt$ln=4,r=8,p=1$${SALT}$${'A'.repeat(200)}`, 'hash is malformed'],
  ])('a stored string that is no hash is refused: %s', async (stored, problem) => {
    await expect(matchesHash(stored, 'secret')).rejects.toThrow(PasswordHashError);
    await expect(matchesHash(stored, 'secret')).rejects.toThrow(problem);
    await expect(matchesHash(stored, 'secret')).rejects.toThrow(/^(?!.*hunter2)/);
  });
});
