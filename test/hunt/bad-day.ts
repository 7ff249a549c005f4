/**
 * The day on which both hunts take place: every process that is hunted meets what AWS does on a bad one, drawn from a
 * seed of its own. The stores of one machine are too kind to do it. The hunter itself looks at the stores past all faults.
 */
import type { Transport } from '../../shared/aws/clients.ts';
import { type Fault, type FaultRule, FaultTransport } from '../support/fault-transport.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { StaleReads } from '../support/stale-reads.ts';
import type { Service } from '../support/transport.ts';

/**
 * One request in eight or so: often enough that every promise meets every fault, and rare enough that eight attempts in a
 * row do not fail, after which a client is rightly told NO.
 */
const RULES: readonly FaultRule[] = [
  { fault: 'transaction-conflict', probability: 0.03 },
  { fault: 'throttle', probability: 0.02 },
  { fault: 'server-error', probability: 0.02 },
  { fault: 'server-error-after-effect', probability: 0.02 },
  { fault: 'reset-before-effect', probability: 0.02 },
  // Messages that SQS gave out in an answer that was lost come again after a minute, for which the hunt would only wait.
  { fault: 'reset-after-effect', probability: 0.02, when: ({ operation }) => operation !== 'ReceiveMessage' },
  { fault: 'late-effect', probability: 0.02 },
  { fault: 'unprocessed', probability: 0.2 },
  { fault: 'empty-page', probability: 0.05 },
  { fault: 'short-page', probability: 0.05 },
  { fault: 'stale-read', probability: 0.3 },
  { fault: 'truncated-body', probability: 0.06 },
  { fault: 'broken-body', probability: 0.06 },
];

/** A fault that has struck a process. */
export interface Struck {
  readonly service: Service;
  readonly fault: Fault;
}

/** For `ClientOptions.wrapTransport`. */
export function badDay(seed: number, tell: (struck: Struck) => void): (inner: Transport) => Transport {
  const faults = new FaultTransport({
    rules: RULES,
    random: seededRandom(seed),
    staleReads: new StaleReads(),
    struck: (fault, { service }) => tell({ service, fault }),
  });
  return faults.wrap;
}

/** What all processes of a hunt have met. */
export class Tally {
  readonly counts = new Map<string, number>();

  add({ service, fault }: Struck): void {
    const key = `${service} ${fault}`;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  toString(): string {
    const each = [...this.counts].sort().map(([key, count]) => `${count} ${key}`);
    return `${this.total} faults injected: ${each.join(', ')}`;
  }
}
