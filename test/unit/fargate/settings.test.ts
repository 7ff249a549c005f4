/** What a task is told in its environment, and the sentence that its log says when something is missing. */
import { describe, expect, test } from '@jest/globals';
import { fargateSettingsFrom } from '../../../gateway/fargate/settings.ts';

const BEHIND = {
  QUIRE_BEHIND_TLS_PORT: '1993',
  QUIRE_HEALTH_PORT: '8080',
  QUIRE_REPLICA_BUDGET_MIB: '64',
  QUIRE_SUMMARY_BUDGET_MIB: '32',
  QUIRE_CONNECTIONS: '1000',
  QUIRE_CONNECTIONS_PER_ADDRESS: '500',
};
const without = (name: keyof typeof BEHIND): Record<string, string> =>
  Object.fromEntries(Object.entries(BEHIND).filter(([each]) => each !== name));

describe('the environment of a task', () => {
  test('behind a load balancer that ends TLS', () => {
    expect(fargateSettingsFrom(BEHIND)).toEqual({
      ports: { behindTls: 1993 },
      proxyProtocolFrom: [],
      healthPort: 8080,
      replicaBudgetBytes: 64 * 1024 * 1024,
      summaryBudgetBytes: 32 * 1024 * 1024,
      connections: 1_000,
      connectionsPerAddress: 500,
      messagesPerCommand: Infinity,
      unaskedLiteralBytes: Infinity,
      unauthenticate: true,
    });
  });

  test('with limits for commands', () => {
    const limited = { ...BEHIND, QUIRE_MESSAGE_LIMIT: '1000', QUIRE_LITERAL_LIMIT: '4096' };
    expect(fargateSettingsFrom(limited)).toMatchObject({
      messagesPerCommand: 1_000,
      unaskedLiteralBytes: 4_096,
    });
  });

  test('without UNAUTHENTICATE', () => {
    const without = { ...BEHIND, QUIRE_UNAUTHENTICATE: 'no' };
    expect(fargateSettingsFrom(without)).toMatchObject({ unauthenticate: false });
  });

  test('with TLS of its own, and the networks of the load balancer', () => {
    const own = {
      ...without('QUIRE_BEHIND_TLS_PORT'),
      QUIRE_IMAPS_PORT: '1993',
      QUIRE_IMAP_PORT: '1143',
      QUIRE_CERTIFICATE_SECRET: 'arn',
      QUIRE_PROXY_PROTOCOL_FROM: '10.83.0.0/24,10.83.1.0/24',
    };
    expect(fargateSettingsFrom(own)).toMatchObject({
      ports: { imaps: 1993, imap: 1143 },
      proxyProtocolFrom: ['10.83.0.0/24', '10.83.1.0/24'],
      certificateSecret: 'arn',
    });
  });

  test.each<[string, Record<string, string>, string]>([
    ['no port', without('QUIRE_BEHIND_TLS_PORT'), 'nobody could connect'],
    ['no port of health', without('QUIRE_HEALTH_PORT'), 'set QUIRE_HEALTH_PORT to a number'],
    [
      'a port that is none',
      { ...BEHIND, QUIRE_HEALTH_PORT: 'http' },
      'QUIRE_HEALTH_PORT is "http" and must be a number',
    ],
    ['TLS without a certificate', { ...BEHIND, QUIRE_IMAPS_PORT: '1993' }, 'set QUIRE_CERTIFICATE_SECRET'],
    [
      'STARTTLS without a certificate',
      { ...BEHIND, QUIRE_IMAP_PORT: '1143' },
      'set QUIRE_CERTIFICATE_SECRET',
    ],
  ])('%s is one sentence', (_what, environment, sentence) => {
    expect(() => fargateSettingsFrom(environment)).toThrow(sentence);
  });
});
