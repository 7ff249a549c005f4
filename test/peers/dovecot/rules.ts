/**
 * Where Quire answers differently from Dovecot 2.3, and why: each rule has a name under which docs/CONFORMANCE.md tells of
 * it, and explains a difference only if both answers are what the rule says they are.
 */
import type { Difference } from './differences.ts';
import { ADDRESS_RULES } from './address-rules.ts';
import { BINARY_RULES } from './binary-rules.ts';
import type { WireValue } from '../../support/fetch-answer.ts';
import { FIELD_RULES } from './field-rules.ts';
import { PART_RULES } from './part-rules.ts';

/** All that was asked about the message in question. */
export interface Evidence {
  /** Chars are bytes. */
  readonly mail: string;
  /** By label; `undefined` where there was no answer. */
  readonly quire: ReadonlyMap<string, WireValue | undefined>;
  readonly dovecot: ReadonlyMap<string, WireValue | undefined>;
  /** Where the two have found different parts. */
  readonly shapes: readonly Difference[];
}

export interface Rule {
  readonly name: string;
  explains(difference: Difference, evidence: Evidence): boolean;
}

/** The first that explains a difference counts. */
export const RULES: readonly Rule[] = [...PART_RULES, ...FIELD_RULES, ...ADDRESS_RULES, ...BINARY_RULES];
