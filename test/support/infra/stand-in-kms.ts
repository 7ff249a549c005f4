/** KMS as far as data keys need it: what it wraps opens with the same context alone. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Backend } from './aws-front.ts';

interface Asked {
  readonly KeyId: string;
  readonly CiphertextBlob?: string;
  readonly EncryptionContext?: Readonly<Record<string, string>>;
}

const TYPE = 'application/x-amz-json-1.1';

export function standInKms(): Exclude<Backend, string> {
  const secret = randomBytes(32);
  return (operation, body) => {
    const asked = JSON.parse(body) as Asked;
    const bound = Buffer.from(JSON.stringify([asked.KeyId, asked.EncryptionContext ?? {}]));
    if (operation === 'GenerateDataKey') {
      const [key, nonce] = [randomBytes(32), randomBytes(12)];
      const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(bound);
      const wrapped = Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
      return answer({ Plaintext: key.toString('base64'), CiphertextBlob: wrapped.toString('base64') });
    }
    const wrapped = Buffer.from(asked.CiphertextBlob ?? '', 'base64');
    const decipher = createDecipheriv('aes-256-gcm', secret, wrapped.subarray(0, 12)).setAAD(bound);
    decipher.setAuthTag(wrapped.subarray(-16));
    try {
      const key = Buffer.concat([decipher.update(wrapped.subarray(12, -16)), decipher.final()]);
      return answer({ Plaintext: key.toString('base64'), KeyId: asked.KeyId });
    } catch {
      return { status: 400, body: JSON.stringify({ __type: 'InvalidCiphertextException' }), type: TYPE };
    }
  };
}

function answer(body: unknown): { status: number; body: string; type: string } {
  return { status: 200, body: JSON.stringify(body), type: TYPE };
}
