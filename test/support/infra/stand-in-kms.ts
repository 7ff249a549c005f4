/**
 * KMS as far as data keys need it: what it wraps opens with the same context alone, and with the same key, which it is told
 * of by the key's ARN in its own region. A multi-Region key is the same one in every region that has a replica of it.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Backend } from './aws-front.ts';
import { REGION } from './resolve.ts';

interface Asked {
  readonly KeyId: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Readonly<Record<string, string>>;
}

const TYPE = 'application/x-amz-json-1.1';

/** `secret`: of all keys; regions that share it share their multi-Region keys. */
export function standInKms(region = REGION, secret = randomBytes(32)): Exclude<Backend, string> {
  return (operation, body) => {
    const asked = JSON.parse(body) as Asked;
    const key = materialOf(asked.KeyId, region);
    if (key === null) return refused('NotFoundException');
    const bound = Buffer.from(JSON.stringify([key, asked.EncryptionContext ?? {}]));
    if (operation === 'GenerateDataKey') {
      const [plain, nonce] = [randomBytes(32), randomBytes(12)];
      const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(bound);
      const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      // The real one names its key in front as well, for who has lost it.
      const wrapped = Buffer.concat([Buffer.from(`${key}\n`), sealed]);
      return answer({ Plaintext: plain.toString('base64'), CiphertextBlob: wrapped.toString('base64') });
    }
    const wrapped = Buffer.from(asked.CiphertextBlob ?? '', 'base64');
    const sealedAt = wrapped.indexOf('\n') + 1;
    if (wrapped.subarray(0, sealedAt).toString() !== `${key}\n`) return refused('IncorrectKeyException');
    const sealed = wrapped.subarray(sealedAt);
    const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, 12)).setAAD(bound);
    decipher.setAuthTag(sealed.subarray(-16));
    try {
      const plain = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
      return answer({ Plaintext: plain.toString('base64'), KeyId: asked.KeyId });
    } catch {
      return refused('InvalidCiphertextException');
    }
  };
}

/** What tells two keys apart; null: the region has no such key. */
function materialOf(arn: string, region: string): string | null {
  const [, , , at, , resource = ''] = arn.split(':');
  if (at !== region) return null;
  return resource.startsWith('key/mrk-') ? resource : arn;
}

function refused(type: string): { status: number; body: string; type: string } {
  return { status: 400, body: JSON.stringify({ __type: type }), type: TYPE };
}

function answer(body: unknown): { status: number; body: string; type: string } {
  return { status: 200, body: JSON.stringify(body), type: TYPE };
}
