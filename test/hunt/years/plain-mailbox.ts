/** A mailbox and its messages told in the plainest way, and what a change of flags does to one of them. */
import type { BlobId } from '../../../shared/account/ids.ts';

export interface PlainMessage {
  readonly uid: number;
  readonly blob: BlobId;
  readonly size: number;
  readonly date: number;
  readonly zone: number;
  readonly saved: number;
  readonly system: number;
  /** Small letters. */
  readonly keywords: ReadonlySet<string>;
  readonly modSeq: number;
}

export interface PlainMailbox {
  readonly id: number;
  name: string;
  readonly uidValidity: number;
  uidNext: number;
  highestModSeq: number;
  recentFloor: number;
  readonly use: string | null;
  messages: PlainMessage[];
  /** Every keyword that was ever here, in small letters. */
  readonly keywords: Set<string>;
  readonly acl: Map<string, string>;
  readonly annotations: Map<string, string>;
  /** UIDs that each reader who is not the owner has seen. */
  readonly seen: Map<string, Set<number>>;
}

export function folded(keywords: readonly string[]): Set<string> {
  return new Set(keywords.map((keyword) => keyword.toLowerCase()));
}

/** Whether `ranges` (first and last in turn) name it. */
export function within(ranges: ArrayLike<number>, uid: number): boolean {
  for (let index = 0; index < ranges.length; index += 2)
    if (uid >= (ranges[index] ?? 0) && uid <= (ranges[index + 1] ?? 0)) return true;
  return false;
}

export function flagged(
  { system, keywords }: PlainMessage,
  mode: 'add' | 'remove' | 'replace',
  bits: number,
  change: ReadonlySet<string>,
): Pick<PlainMessage, 'system' | 'keywords'> {
  if (mode === 'replace') return { system: bits, keywords: change };
  if (mode === 'add') return { system: system | bits, keywords: new Set([...keywords, ...change]) };
  const left = [...keywords].filter((keyword) => !change.has(keyword));
  return { system: system & ~bits, keywords: new Set(left) };
}
