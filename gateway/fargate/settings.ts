/** What the gateway's task is told in its environment; `infra/stacks/gateway.ts` writes it. */

export interface FargateSettings {
  /** Ports of IMAP, by what lies before them; at least one is there. */
  readonly ports: {
    /** TLS from the first byte, which ends here. */
    readonly imaps?: number;
    /** STARTTLS. */
    readonly imap?: number;
    /** TLS ends at the load balancer before it: what comes here counts as secured. */
    readonly behindTls?: number;
  };
  /** CIDRs of the load balancer, where it tells the client's address by the PROXY protocol (on `imaps` alone). */
  readonly proxyProtocolFrom: readonly string[];
  readonly healthPort: number;
  /** ARN of the secret with certificate and key; needed for `imaps` and `imap`. */
  readonly certificateSecret?: string;
  readonly replicaBudgetBytes: number;
  readonly summaryBudgetBytes: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Messages that one command works on (RFC 9738); Infinity: no limit. */
  readonly messagesPerCommand: number;
  /** Bytes of a literal that comes without waiting (RFC 7888); Infinity: no limit. */
  readonly unaskedLiteralBytes: number;
  /** Whether UNAUTHENTICATE is served (RFC 8437). */
  readonly unauthenticate: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;
const MIB = 1024 * 1024;

/** Throws in one sentence. */
export function fargateSettingsFrom(environment: Environment): FargateSettings {
  const number = (name: string): number => {
    const value = optionalNumber(environment, name);
    if (value === undefined) throw new Error(`set ${name} to a number`);
    return value;
  };
  const [imaps, imap, behindTls] = ['QUIRE_IMAPS_PORT', 'QUIRE_IMAP_PORT', 'QUIRE_BEHIND_TLS_PORT'].map(
    (name) => optionalNumber(environment, name),
  );
  const ports = {
    ...(imaps !== undefined && { imaps }),
    ...(imap !== undefined && { imap }),
    ...(behindTls !== undefined && { behindTls }),
  };
  const certificateSecret = environment.QUIRE_CERTIFICATE_SECRET;
  if (Object.keys(ports).length === 0)
    throw new Error(
      'set one of QUIRE_IMAPS_PORT, QUIRE_IMAP_PORT and QUIRE_BEHIND_TLS_PORT: nobody could connect',
    );
  if ((imaps !== undefined || imap !== undefined) && certificateSecret === undefined)
    throw new Error('set QUIRE_CERTIFICATE_SECRET: TLS that ends in the gateway needs a certificate');
  return {
    ports,
    proxyProtocolFrom: (environment.QUIRE_PROXY_PROTOCOL_FROM ?? '').split(',').filter((cidr) => cidr !== ''),
    healthPort: number('QUIRE_HEALTH_PORT'),
    ...(certificateSecret !== undefined && { certificateSecret }),
    replicaBudgetBytes: number('QUIRE_REPLICA_BUDGET_MIB') * MIB,
    summaryBudgetBytes: number('QUIRE_SUMMARY_BUDGET_MIB') * MIB,
    connections: number('QUIRE_CONNECTIONS'),
    connectionsPerAddress: number('QUIRE_CONNECTIONS_PER_ADDRESS'),
    messagesPerCommand: optionalNumber(environment, 'QUIRE_MESSAGE_LIMIT') ?? Infinity,
    unaskedLiteralBytes: optionalNumber(environment, 'QUIRE_LITERAL_LIMIT') ?? Infinity,
    unauthenticate: environment.QUIRE_UNAUTHENTICATE !== 'no',
  };
}

function optionalNumber(environment: Environment, name: string): number | undefined {
  const text = environment[name];
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) throw new Error(`${name} is ${JSON.stringify(text)} and must be a number`);
  return Number(text);
}
