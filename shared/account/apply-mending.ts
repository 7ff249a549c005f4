/** What `apply` does for undelete, and for what comes after a loss. */
import type { OpPlace } from './apply.ts';
import { counted, used, withKeywords } from './counters.ts';
import { effectOfAppend } from './effect.ts';
import type { MailboxId, ModSeq, Uid } from './ids.ts';
import type { EpochOp, MendOp, RestoreOp } from './ops.ts';
import { type AccountState, type Mailbox, usageOf, withMailbox } from './state.ts';

/** The op says all of each message, so that the counters need no columns. */
export function restore(state: AccountState, op: RestoreOp, place: OpPlace, modSeq: ModSeq): AccountState {
  const mailbox = state.mailboxes.get(op.to);
  if (!mailbox) return state;
  let { columns, keywords } = mailbox;
  let next = mailbox;
  let result = state;
  for (const row of op.rows) {
    const effect = effectOfAppend(row.system, row.size);
    const uid = next.uidNext as Uid;
    columns = columns?.append({ ...row, uid, modSeq, saved: place.saved });
    keywords = withKeywords(keywords, row.keywords);
    next = { ...counted(next, effect, modSeq), uidNext: uid + 1 };
    result = used(result, effect);
  }
  return withMailbox(result, { ...next, keywords, columns });
}

export function epoch(state: AccountState, op: EpochOp, place: OpPlace): AccountState {
  const mailboxes = new Map<MailboxId, Mailbox>();
  for (const mailbox of state.mailboxes.values())
    mailboxes.set(mailbox.id, { ...mailbox, uidNext: Math.min(mailbox.uidNext + op.uidJump, 0xffff_ffff) });
  const lastUidValidity = Math.max(state.lastUidValidity, op.uidValidity);
  // MAILBOXIDs are made of them (RFC 8474).
  const nextMailbox = (state.nextMailbox + op.uidJump) as MailboxId;
  // What was granted in the lost time is listed by nobody any more once the shares are published anew.
  const sharedAt = place.record;
  return { ...state, mailboxes, lastUidValidity, nextMailbox, sharedAt, epochAt: place.saved };
}

/** The mailbox's mod-sequence rises: a counter that was wrong may have been told to somebody. */
export function mend(state: AccountState, op: MendOp, modSeq: ModSeq): AccountState {
  const mailbox = state.mailboxes.get(op.mailbox);
  if (!mailbox) return state;
  const { messages, unseen, deleted, bytes } = op;
  const next = withMailbox(state, {
    ...mailbox,
    messages,
    unseen,
    deleted,
    bytes,
    uidNext: Math.max(mailbox.uidNext, op.uidNext),
    highestModSeq: modSeq,
    keywords: withKeywords(mailbox.keywords, op.keywords),
    columns: mailbox.columns?.without(op.gone),
  });
  return { ...next, usage: usageOf(next.mailboxes.values()) };
}
