/** What the engine takes from outside, so that a test can run a year of faults in a second. */
export interface Rim {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** `bytes` random bytes as lower-case hexadecimal digits, from a cryptographic source. */
  readonly randomHex: (bytes: number) => string;
  readonly sleep: (milliseconds: number) => Promise<void>;
}
