/** What the engine takes from outside, so that a test can run a year of faults in a second. */
export interface Rim {
  /** Milliseconds since the epoch. */
  now(): number;
  /** 0 ≤ x < 1. */
  random(): number;
  /** `bytes` random bytes as lower-case hexadecimal digits, from a cryptographic source. */
  randomHex(bytes: number): string;
  sleep(milliseconds: number): Promise<void>;
}
