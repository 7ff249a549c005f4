/** Data keys wrapped by KMS: in the region where they were made, and in one that has a replica of the key. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AccountId } from '../../../shared/account/ids.ts';
import { kmsClient } from '../../../shared/aws/clients.ts';
import { KmsKeyWrap } from '../../../shared/aws/kms-key-wrap.ts';
import { KeyRing } from '../../../shared/keys/key-ring.ts';
import { AwsFront } from '../../support/infra/aws-front.ts';
import { standInKms } from '../../support/infra/stand-in-kms.ts';
import { MemoryKeyStore } from '../../support/memory-keys.ts';

const ALICE = 'a11ce0a11ce0a11ce0aa' as AccountId;
const BOB = 'b0bb0bb0bb0bb0bb0bb0' as AccountId;
const EAST = 'us-east-1';
const WEST = 'us-west-2';
const MULTI = 'mrk-0123456789abcdef0123456789abcdef';
const SINGLE = '01234567-89ab-cdef-0123-456789abcdef';
const arn = (region: string, id: string): string => `arn:aws:kms:${region}:123456789012:key/${id}`;

const fronts = new Map<string, AwsFront>();
beforeAll(async () => {
  const secret = randomBytes(32);
  for (const region of [EAST, WEST])
    fronts.set(region, await AwsFront.start({ kms: standInKms(region, secret) }));
});
afterAll(async () => {
  for (const front of fronts.values()) await front.stop();
});

const frontOf = (region: string): AwsFront => {
  const front = fronts.get(region);
  if (!front) throw new Error(`no KMS in ${region}`);
  return front;
};

function wrapIn(region: string, keyArn: string): KmsKeyWrap {
  const client = kmsClient({
    region,
    endpoints: { kms: frontOf(region).endpoint('kms') },
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  return new KmsKeyWrap(client, keyArn);
}

describe('a data key that the primary of a multi-Region key has wrapped', () => {
  test("is unwrapped by its replica in another region, under the replica's own ARN", async () => {
    const { key, wrapped } = await wrapIn(EAST, arn(EAST, MULTI)).generate(ALICE);
    frontOf(WEST).take();
    expect(await wrapIn(WEST, arn(WEST, MULTI)).unwrap(ALICE, wrapped)).toEqual(key);
    expect(frontOf(WEST).calls.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      {
        KeyId: arn(WEST, MULTI),
        CiphertextBlob: Buffer.from(wrapped).toString('base64'),
        EncryptionContext: { 'quire:account': ALICE },
      },
    ]);
  });

  test('and the other way round: what is made there while the first region is lost is of use in it later', async () => {
    const { key, wrapped } = await wrapIn(WEST, arn(WEST, MULTI)).generate(ALICE);
    expect(await wrapIn(EAST, arn(EAST, MULTI)).unwrap(ALICE, wrapped)).toEqual(key);
  });

  test('is no more of use to another account than it is here', async () => {
    const { wrapped } = await wrapIn(EAST, arn(EAST, MULTI)).generate(ALICE);
    await expect(wrapIn(WEST, arn(WEST, MULTI)).unwrap(BOB, wrapped)).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });

  test('is never asked for by the ARN of the region that is lost', async () => {
    const { wrapped } = await wrapIn(EAST, arn(EAST, MULTI)).generate(ALICE);
    await expect(wrapIn(WEST, arn(EAST, MULTI)).unwrap(ALICE, wrapped)).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });
});

test('what a single-Region key has wrapped is lost with its region', async () => {
  const { wrapped } = await wrapIn(EAST, arn(EAST, SINGLE)).generate(ALICE);
  for (const id of [SINGLE, MULTI])
    await expect(wrapIn(WEST, arn(WEST, id)).unwrap(ALICE, wrapped)).rejects.toMatchObject({
      name: 'IncorrectKeyException',
    });
});

test('what the table of keys says of an account is good in both regions: a copy of it gives the same data key', async () => {
  const now = (): number => 1_800_000_000_000;
  const store = new MemoryKeyStore();
  const east = new KeyRing({ store, wrap: wrapIn(EAST, arn(EAST, MULTI)), create: true, now });
  await east.begin(ALICE);
  const copy = new MemoryKeyStore();
  for (const [account, key] of store.items) copy.items.set(account, key);
  const west = new KeyRing({ store: copy, wrap: wrapIn(WEST, arn(WEST, MULTI)), create: true, now });
  const [made, read] = [await east.of(ALICE), await west.of(ALICE)];
  expect(read?.textKey).toEqual(made?.textKey);
  expect(read?.fromBeginning).toBe(true);
});
