/** What every op that changes messages does to a mailbox's counters, its keywords, and the account's usage. */
import { foldKeyword } from './flags.ts';
import type { ModSeq } from './ids.ts';
import type { Effect } from './ops.ts';
import type { AccountState, Mailbox } from './state.ts';

export function counted(mailbox: Mailbox, effect: Effect, modSeq: ModSeq): Mailbox {
  return {
    ...mailbox,
    messages: mailbox.messages + effect.messages,
    unseen: mailbox.unseen + effect.unseen,
    deleted: mailbox.deleted + effect.deleted,
    bytes: mailbox.bytes + effect.bytes,
    highestModSeq: modSeq,
  };
}

export function used(state: AccountState, effect: Effect): AccountState {
  const { messages, bytes } = state.usage;
  return { ...state, usage: { messages: messages + effect.messages, bytes: bytes + effect.bytes } };
}

export function withKeywords(known: readonly string[], added: readonly string[]): readonly string[] {
  const seen = new Set(known.map(foldKeyword));
  const fresh = added.filter((keyword) => !seen.has(foldKeyword(keyword)));
  return fresh.length === 0 ? known : [...known, ...fresh];
}
