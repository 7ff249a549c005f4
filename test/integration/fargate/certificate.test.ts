/** The certificate of a gateway in which TLS ends: a renewed one serves the next handshake, a bad one changes nothing. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import { generate } from 'selfsigned';
import { SecretCertificate } from '../../../gateway/fargate/certificate.ts';
import { createLog } from '../../../shared/log.ts';

let first: string;
let second: string;
beforeAll(async () => {
  const [one, two] = await Promise.all(
    ['first.example', 'second.example'].map((value) =>
      generate([{ name: 'commonName', value }], { keyType: 'ec', curve: 'P-256' }),
    ),
  );
  const secretOf = (made: typeof one): string =>
    JSON.stringify({ certificate: made?.cert, privateKey: made?.private });
  [first, second] = [secretOf(one), secretOf(two)];
});

/** What the secret says at the moment; an error is thrown by whoever reads it. */
function secret(value: string) {
  const lines: string[] = [];
  const log = createLog({ level: 'info', pretty: false, target: { write: (line) => lines.push(line) } });
  const stored: { value: string | Error } = { value };
  const read = async (): Promise<string> => {
    if (stored.value instanceof Error) throw stored.value;
    return stored.value;
  };
  return { stored, read, log, lines };
}

describe('a certificate in a secret', () => {
  test('is read at start, and the log says whose it is and until when', async () => {
    const { read, log, lines } = secret(first);
    await SecretCertificate.load(read, log);
    expect(lines).toEqual([
      expect.stringMatching(/CN=first\.example.*validTo.*serving with the certificate/),
    ]);
  });

  test('that was renewed serves from the next reading on', async () => {
    const { read, log, stored, lines } = secret(first);
    const certificate = await SecretCertificate.load(read, log);
    const { context } = certificate;
    await certificate.reload();
    expect(certificate.context).toBe(context);
    stored.value = second;
    await certificate.reload();
    expect(certificate.context).not.toBe(context);
    expect(lines.at(-1)).toMatch(/CN=second\.example.*renewed/);
  });

  test.each([
    ['cannot be read', new Error('throttled')],
    ['is no JSON', 'hunter2'],
    ['lacks the key', JSON.stringify({ certificate: 'x' })],
    ['holds no certificate', JSON.stringify({ certificate: 'x', privateKey: 'hunter2' })],
  ])('that %s leaves the last one in service, and is told of without its words', async (_what, value) => {
    const { read, log, stored, lines } = secret(first);
    const certificate = await SecretCertificate.load(read, log);
    const { context } = certificate;
    stored.value = value;
    await certificate.reload();
    expect(certificate.context).toBe(context);
    expect(lines.at(-1)).toContain('the last one serves on');
    expect(lines.join('')).not.toContain('hunter2');
    stored.value = second;
    await certificate.reload();
    expect(certificate.context).not.toBe(context);
  });

  test('of which the key belongs to another is refused', async () => {
    const mixed = {
      ...(JSON.parse(first) as object),
      privateKey: (JSON.parse(second) as { privateKey: string }).privateKey,
    };
    const { read, log } = secret(JSON.stringify(mixed));
    await expect(SecretCertificate.load(read, log)).rejects.toThrow(
      "the secret's certificate and key cannot be used",
    );
  });

  test('without one the gateway does not start', async () => {
    const { read, log } = secret('{}');
    await expect(SecretCertificate.load(read, log)).rejects.toThrow('the secret must hold two texts');
  });
});
