/**
 * What administrators have laid down for an account: how long messages stay, whether anything may be deleted at all, and
 * whether the account is being closed. It stands in the journal, so that whoever decides on a deletion sees what holds
 * at that very moment (I5).
 */
import type { MailboxId } from './ids.ts';
import type { SpecialUse } from './ops.ts';

export const DAY_SECONDS = 86_400;

/** Days since arrival in the mailbox after which a message goes; null: it stays. */
export type RetentionDays = number | null;

/** What a rule is for: one mailbox, the mailbox of a special use, or every mailbox without a rule of its own. */
export type RetentionScope =
  { readonly mailbox: MailboxId } | { readonly use: SpecialUse } | { readonly account: true };

export interface Policy {
  /** Legal hold: nothing is purged, nothing goes by retention, and the account is not closed. */
  readonly hold: boolean;
  /** Rules by `scopeKey`. */
  readonly retention: ReadonlyMap<string, RetentionDays>;
  /** When everything of the account goes, milliseconds since the epoch; null: it is not being closed. */
  readonly closing: number | null;
  /** The delay of the closing is over, and there is no way back: everything goes. */
  readonly closed: boolean;
}

export const NO_POLICY: Policy = { hold: false, retention: new Map(), closing: null, closed: false };

/** Whether nothing was laid down. */
export function isDefault({ hold, retention, closing, closed }: Policy): boolean {
  return !hold && !closed && closing === null && retention.size === 0;
}

export type PolicyChange =
  | { readonly hold: boolean }
  /** `days` undefined takes the rule away. */
  | { readonly scope: RetentionScope; readonly days: RetentionDays | undefined }
  | { readonly closing: number | null }
  | { readonly closed: true };

/** Messages that nobody looks at for a month are what these two are for. */
const DEFAULT_DAYS: Partial<Record<SpecialUse, number>> = { Trash: 30, Junk: 30 };

export function scopeKey(scope: RetentionScope): string {
  return 'mailbox' in scope ? `mailbox ${scope.mailbox}` : 'use' in scope ? `use ${scope.use}` : 'account';
}

/** The days for a mailbox: its own rule, else that of its special use, else the account's, else the default of its use. */
export function retentionOf(
  policy: Policy,
  mailbox: { readonly id: MailboxId; readonly use: SpecialUse | null },
): RetentionDays {
  const { id, use } = mailbox;
  const keys = [scopeKey({ mailbox: id }), ...(use ? [scopeKey({ use })] : []), scopeKey({ account: true })];
  for (const key of keys) {
    const days = policy.retention.get(key);
    if (days !== undefined) return days;
  }
  return (use && DEFAULT_DAYS[use]) ?? null;
}

export function withPolicy(policy: Policy, change: PolicyChange): Policy {
  // What has begun to go does not come back, whoever wants it late.
  if (policy.closed) return policy;
  if ('hold' in change) return { ...policy, hold: change.hold };
  if ('closing' in change) return { ...policy, closing: change.closing };
  if ('closed' in change) return { ...policy, closed: true };
  const retention = new Map(policy.retention);
  if (change.days === undefined) retention.delete(scopeKey(change.scope));
  else retention.set(scopeKey(change.scope), change.days);
  return { ...policy, retention };
}

/** The rule of a mailbox goes with it. */
export function withoutMailbox(policy: Policy, mailbox: MailboxId): Policy {
  const key = scopeKey({ mailbox });
  return policy.retention.has(key)
    ? { ...policy, retention: new Map([...policy.retention].filter(([each]) => each !== key)) }
    : policy;
}

type Fields = readonly unknown[];

export function policyFields({ hold, retention, closing, closed }: Policy): Fields {
  return [hold, [...retention], closing, closed];
}

export function policyOfFields([hold, retention, closing, closed]: Fields): Policy {
  return {
    hold: hold as boolean,
    retention: new Map(retention as [string, RetentionDays][]),
    closing: closing as number | null,
    closed: closed as boolean,
  };
}
