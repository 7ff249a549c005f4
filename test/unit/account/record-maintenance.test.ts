import { describe, expect, test } from '@jest/globals';
import { decodeCheckpoint, encodeCheckpoint } from '../../../shared/account/checkpoint.ts';
import type { BlobId, MailboxId, RecordNumber } from '../../../shared/account/ids.ts';
import { EMPTY_CHECKPOINT } from '../../../shared/account/opening.ts';
import type { Op, RestoredRow } from '../../../shared/account/ops.ts';
import {
  NO_POLICY,
  type Policy,
  type PolicyChange,
  retentionOf,
  withPolicy,
} from '../../../shared/account/policy.ts';
import { UnknownVersionError, decodeOps, encodeOps } from '../../../shared/account/record.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { NOW, after, fresh, mailboxOf } from '../../support/account-state.ts';

const blob = (digit: string): BlobId => digit.repeat(32) as BlobId;
const row = (over: Partial<RestoredRow> = {}): RestoredRow => ({
  system: 0,
  keywords: [],
  size: 100,
  date: 1_600_000_000,
  zone: 60,
  blob: blob('a'),
  pack: null,
  summary: { chunk: 3, at: 4711, slot: 515 },
  ...over,
});

const CHANGES: readonly PolicyChange[] = [
  { hold: true },
  { hold: false },
  { closing: NOW },
  { closing: null },
  { closed: true },
  { scope: { account: true }, days: 365 },
  { scope: { use: 'Trash' }, days: null },
  { scope: { mailbox: 7 as MailboxId }, days: undefined },
];

test('ops of maintenance are read as they were written', () => {
  const ops: readonly Op[] = [
    { op: 'purge', blobs: [blob('a'), blob('0')], before: 1_700_000_000, done: 41 as RecordNumber },
    { op: 'purge', blobs: [], before: 0, done: 0 as RecordNumber },
    {
      op: 'restore',
      to: 2 as MailboxId,
      rows: [row(), row({ blob: blob('b'), keywords: ['work'], system: 5 })],
    },
    ...CHANGES.map((change) => ({ op: 'policy' as const, change })),
  ];
  expect(decodeOps(encodeOps(ops))).toEqual(ops);
});

test('a policy of a newer release stops the reader', () => {
  const op = { op: 'policy', change: { hold: true } } as const;
  const bytes = Buffer.from(encodeOps([op]));
  const at = bytes.indexOf('hold');
  bytes.write('bold', at);
  expect(() => decodeOps(bytes)).toThrow(UnknownVersionError);
});

describe('restore', () => {
  const restored = after(fresh(), [
    {
      op: 'restore',
      to: INBOX_ID,
      rows: [row({ system: 0, size: 10 }), row({ keywords: ['Work'], size: 20 })],
    },
  ]);

  test('messages get new UIDs, the time of the record as their arrival, and keep the rest', () => {
    const { columns, uidNext, keywords, messages, unseen, bytes } = mailboxOf(restored, 'INBOX');
    expect({ uidNext, keywords, messages, unseen, bytes }).toEqual({
      uidNext: 3,
      keywords: ['Work'],
      messages: 2,
      unseen: 2,
      bytes: 30,
    });
    expect(columns?.row(1)).toMatchObject({
      ...row({ keywords: ['Work'], size: 20 }),
      uid: 2,
      saved: NOW / 1000,
    });
    expect(restored.usage).toEqual({ messages: 2, bytes: 30 });
  });

  test('the counters are the same without the messages loaded', () => {
    const unloaded = fresh();
    const inbox = mailboxOf(unloaded, 'INBOX');
    const mailboxes = new Map(unloaded.mailboxes).set(INBOX_ID, { ...inbox, columns: undefined });
    const ops: readonly Op[] = [
      { op: 'restore', to: INBOX_ID, rows: [row({ size: 10 }), row({ size: 20 })] },
    ];
    const { columns, ...counters } = mailboxOf(after({ ...unloaded, mailboxes }, ops), 'INBOX');
    const { columns: loaded, ...expected } = mailboxOf(after(fresh(), ops), 'INBOX');
    expect(counters).toEqual(expected);
    expect([columns, loaded?.count]).toEqual([undefined, 2]);
  });

  test('into a mailbox that is gone it does nothing', () => {
    const before = fresh();
    const op: Op = { op: 'restore', to: 99 as MailboxId, rows: [row()] };
    expect(after(before, [op])).toEqual({ ...before, number: before.number + 1 });
  });
});

describe('policy', () => {
  const policyAfter = (...changes: readonly PolicyChange[]): Policy =>
    changes.reduce<Policy>((policy, change) => withPolicy(policy, change), NO_POLICY);
  const trash = { id: 5 as MailboxId, use: 'Trash' as const };
  const inbox = { id: 1 as MailboxId, use: null };

  test('messages stay 30 days in Trash and Junk, for ever elsewhere', () => {
    expect(retentionOf(NO_POLICY, trash)).toBe(30);
    expect(retentionOf(NO_POLICY, { ...trash, use: 'Junk' })).toBe(30);
    expect(retentionOf(NO_POLICY, { ...trash, use: 'Sent' })).toBeNull();
    expect(retentionOf(NO_POLICY, inbox)).toBeNull();
  });

  test('the rule of the mailbox comes before that of its use, and that before the account’s', () => {
    const rules: PolicyChange[] = [
      { scope: { account: true }, days: 1 },
      { scope: { use: 'Trash' }, days: 2 },
      { scope: { mailbox: trash.id }, days: 3 },
    ];
    expect(retentionOf(policyAfter(...rules), trash)).toBe(3);
    expect(retentionOf(policyAfter(...rules.slice(0, 2)), trash)).toBe(2);
    expect(retentionOf(policyAfter(...rules.slice(0, 1)), trash)).toBe(1);
    expect(retentionOf(policyAfter(...rules), inbox)).toBe(1);
  });

  test('a rule may say that messages stay, and goes when it is taken away', () => {
    const kept = policyAfter({ scope: { use: 'Trash' }, days: null });
    expect(retentionOf(kept, trash)).toBeNull();
    expect(retentionOf(withPolicy(kept, { scope: { use: 'Trash' }, days: undefined }), trash)).toBe(30);
  });

  test('the rule of a mailbox goes with the mailbox', () => {
    const made = after(fresh(), [{ op: 'create', name: 'Lists', uidValidity: 1, use: null }]);
    const { id } = mailboxOf(made, 'Lists');
    const ruled = after(made, [{ op: 'policy', change: { scope: { mailbox: id }, days: 9 } }]);
    expect(ruled.policy.retention.size).toBe(1);
    expect(after(ruled, [{ op: 'delete', mailbox: id }]).policy.retention.size).toBe(0);
  });

  test('what is closed stays closed', () => {
    expect(policyAfter({ closing: NOW }, { closed: true }, { closing: null }, { hold: true })).toEqual({
      ...NO_POLICY,
      closing: NOW,
      closed: true,
    });
  });
});

describe('checkpoint', () => {
  const checkpointOf = (ops: readonly Op[]) => ({
    ...EMPTY_CHECKPOINT,
    fold: 'f',
    state: after(fresh(), ops),
  });
  const reread = (ops: readonly Op[]) =>
    decodeCheckpoint({ ...encodeCheckpoint(checkpointOf(ops)), fold: 'f' }, () =>
      Promise.reject(new Error('no parts')),
    );

  test('keeps policy and the time of the last epoch', async () => {
    const ops: readonly Op[] = [
      ...CHANGES.filter((change) => !('closed' in change)).map((change) => ({
        op: 'policy' as const,
        change,
      })),
      { op: 'epoch', uidJump: 10, uidValidity: 5 },
    ];
    const { state } = checkpointOf(ops);
    const found = (await reread(ops)).state;
    expect({ policy: found.policy, epochAt: found.epochAt }).toEqual({
      policy: state.policy,
      epochAt: NOW / 1000,
    });
    expect(found.policy.retention.size).toBe(2);
  });

  test('is written as before where there is nothing of it', () => {
    // The version is the first entry of a CBOR array of three.
    expect(encodeCheckpoint(checkpointOf([])).root[1]).toBe(1);
    expect(encodeCheckpoint(checkpointOf([{ op: 'policy', change: { hold: true } }])).root[1]).toBe(3);
  });
});
