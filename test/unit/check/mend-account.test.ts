import { describe, expect, test } from '@jest/globals';
import { isEmptied } from '../../../shared/account/record.ts';
import { FOLD_LIMITS } from '../../../shared/account/fold.ts';
import { checkAccount } from '../../../functions/check/check-account.ts';
import { mendAccount } from '../../../functions/check/mend-account.ts';
import type { Finding } from '../../../shared/account/finding.ts';
import { effectOfRemoval } from '../../../shared/account/effect.ts';
import { decodeFrame } from '../../../shared/account/summary-frame.ts';
import { INBOX_ID } from '../../../shared/account/state.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../../shared/account/checkpoint.ts';
import { inboxOf } from '../../support/fold-ops.ts';
import { KilledError, Killer, SMALL_LIMITS } from '../../support/folding.ts';
import { KeptAccount } from '../../support/kept-account.ts';

/** Several segments of a few messages, and no bundle. */
const SEGMENTED = { ...SMALL_LIMITS, bundleBytes: 10 };

/** Some messages in INBOX and two in Archive, folded. */
async function folded(limits = SEGMENTED, count = 12): Promise<KeptAccount> {
  const account = await KeptAccount.begun();
  account.limits = limits;
  for (let number = 1; number <= count; number++) await account.receive(`letter ${number}`);
  await account.receive('old one', { use: 'Archive' });
  await account.receive('old two', { use: 'Archive' });
  await account.commit((state) => {
    const uids = Uint32Array.of(1, 1);
    return [{ op: 'expunge', mailbox: INBOX_ID, uids, effect: effectOfRemoval(inboxOf(state), uids) }];
  });
  await account.fold();
  return account;
}

/** As after a day: records are emptied, so that only the checkpoint tells. */
async function aged(limits = SEGMENTED): Promise<KeptAccount> {
  const account = await folded(limits);
  account.keepMs = 0;
  await account.receive('the last');
  await account.fold();
  await account.receive('the very last');
  await account.fold();
  return account;
}

test('nothing is found in an account that is whole, folded or not', async () => {
  const account = await KeptAccount.begun();
  expect(await account.kinds()).toEqual([]);
  for (const each of [await folded(), await folded(FOLD_LIMITS), await aged()]) {
    expect(await each.kinds()).toEqual([]);
    expect(await each.mend()).toMatchObject({ done: [] });
  }
  expect(await (await aged()).check()).toMatchObject({ messages: 15, expunged: 1, read: 16, unnamed: 0 });
});

describe('a segment that is lost', () => {
  test('comes back as it was while the journal still tells everything', async () => {
    const account = await folded();
    const before = await account.contents();
    const [first = ''] = account.stored.segments.keys();
    account.stored.segments.delete(first);
    await expect(account.contents()).rejects.toThrow(/damaged/);
    expect(await account.kinds()).toEqual(['segment-lost']);
    const { done, left } = await account.mend();
    expect(done).toEqual(['wrote the checkpoint at record 16 anew']);
    expect(left.findings).toEqual([]);
    expect(await account.contents()).toEqual(before);
  });

  test('comes back from the messages, under new UIDs, when the records are emptied', async () => {
    const account = await aged();
    const before = await account.contents();
    const lost = [...account.stored.segments.keys()].find((key) => key.startsWith(`${INBOX_ID}/`)) ?? '';
    account.stored.segments.delete(lost);
    const report = await account.check();
    expect(report.findings.map(({ kind }) => kind)).toEqual(['segment-lost', 'messages-lost']);
    expect(report.findings[0]?.means).toContain('under new UIDs');
    const { left } = await account.mend();
    expect(left.findings).toEqual([]);
    const after = await account.contents();
    const subjects = (lines: readonly string[] = []) => lines.map((line) => line.replace(/^\d+ /, '')).sort();
    expect(subjects(after.INBOX)).toEqual(subjects(before.INBOX));
    expect(after.Archive).toEqual(before.Archive);
    // No UID is given to another message, and those that stayed are as they were.
    const uids = (lines: readonly string[] = []) => lines.map((line) => Number.parseInt(line, 10));
    const kept = after.INBOX?.filter((line) => before.INBOX?.includes(line)) ?? [];
    expect(kept.length).toBeGreaterThan(0);
    const fresh = after.INBOX?.filter((line) => !kept.includes(line)) ?? [];
    expect(Math.min(...uids(fresh))).toBeGreaterThan(Math.max(...uids(before.INBOX)));
  });
});

test('killed at any of its calls, before or after the effect, the next repair ends it: each message once, with its own summary', async () => {
  let calls = 0;
  for (const when of ['before', 'after'] as const)
    for (let at = 0; ; at++) {
      const account = await aged();
      const subjects = await subjectsIn(account);
      for (const key of [...account.stored.segments.keys()])
        if (key.startsWith(`${INBOX_ID}/`)) account.stored.segments.delete(key);
      const killer = new Killer(at, when);
      const { journal, folds } = account;
      const deps = {
        ...account.deps,
        journal: killer.watch(journal),
        folds: killer.watch(folds),
        digests: 'all' as const,
      };
      const end = await mendAccount(deps, account.id).catch((error: unknown) => error);
      if (!(end instanceof KilledError)) break;
      calls++;
      expect((await account.mend()).left.findings).toEqual([]);
      await account.receive('after');
      await account.fold();
      expect(await subjectsIn(account)).toEqual([...subjects, 'after'].sort());
      expect(await account.kinds()).toEqual([]);
      expect(await account.wrongSummaries()).toEqual([]);
    }
  expect(calls).toBeGreaterThan(20);
});

test('folds that come while an account is read are no finding', async () => {
  const account = await aged();
  const { journal } = account;
  const open = journal.open.bind(journal);
  let opened = 0;
  journal.open = async (id) => {
    const found = await open(id);
    // Two of them: the second deletes what the first has superseded.
    if (opened++ === 0)
      for (const subject of ['meanwhile', 'and again']) {
        await account.receive(subject);
        await account.fold();
      }
    return found;
  };
  expect(await account.kinds()).toEqual([]);
});

test('a store that fails while messages are read again ends the repair, and gives none of them up', async () => {
  const account = await aged();
  const subjects = await subjectsIn(account);
  for (const key of [...account.stored.segments.keys()])
    if (key.startsWith(`${INBOX_ID}/`)) account.stored.segments.delete(key);
  const get = account.blobs.get.bind(account.blobs);
  let calls = 0;
  account.blobs.get = async (...args) => {
    if (args[0].startsWith('blobs/') && ++calls === 8) throw new Error('SlowDown');
    return get(...args);
  };
  await expect(account.mend()).rejects.toThrow('SlowDown');
  expect((await account.mend()).left.findings).toEqual([]);
  expect(await subjectsIn(account)).toEqual(subjects);
});

test('of an account that is closed for good nothing is missed', async () => {
  const account = await aged();
  await account.commit(() => [{ op: 'policy', change: { closed: true } }]);
  for (const key of [...account.blobs.objects.keys()]) account.blobs.objects.delete(key);
  expect(await account.kinds()).toEqual([]);
  expect(await account.mend()).toMatchObject({ done: [] });
});

/** Whether a chunk of one frame says this to whoever has it. */
function isReadable(chunk: Uint8Array, text: string): boolean {
  try {
    return decodeFrame(chunk).some((summary) => Buffer.from(summary).toString('latin1').includes(text));
  } catch {
    return false;
  }
}

async function subjectsIn(account: KeptAccount): Promise<string[]> {
  const lines = Object.values(await account.contents()).flat();
  return lines.map((line) => line.replace(/^\d+ /, '')).sort();
}

test('a replica that holds the account comes out as one that opens it anew', async () => {
  const account = await aged();
  const holder = account.replica();
  await holder.load([...(await holder.sync()).mailboxes.keys()]);
  const [lost = ''] = account.stored.segments.keys();
  account.stored.segments.delete(lost);
  await account.mend();
  const held = await holder.sync();
  const opened = await account.replica().sync();
  const facts = (state: typeof held) =>
    [...state.mailboxes.values()].map(({ columns: _, ...facts }) => facts);
  expect(facts(held)).toEqual(facts(opened));
  expect(held.usage).toEqual(opened.usage);
});

test('a bundle that is lost', async () => {
  const account = await folded(FOLD_LIMITS);
  const before = await account.contents();
  account.stored.bundle = null;
  expect(await account.kinds()).toEqual(['bundle-lost']);
  expect((await account.mend()).left.findings).toEqual([]);
  expect(await account.contents()).toEqual(before);
});

test('a checkpoint that cannot be read, while the journal tells everything', async () => {
  const account = await folded();
  const before = await account.contents();
  const { checkpoint } = account.stored;
  if (!checkpoint) throw new Error('it was not folded');
  account.stored.checkpoint = { ...checkpoint, root: checkpoint.root.slice(0, 20) };
  expect(await account.kinds()).toEqual(['checkpoint-unreadable']);
  expect((await account.mend()).left.findings).toEqual([]);
  expect(await account.contents()).toEqual(before);
});

test('summaries of messages that are damaged themselves: no repair is promised, though messages are not read otherwise', async () => {
  const account = await aged();
  for (const key of [...account.blobs.objects.keys()])
    if (key.startsWith('summaries/')) account.blobs.objects.delete(key);
  const [damaged = ''] = account.blobs.messages;
  account.blobs.putBack(damaged, Buffer.from('no message'), account.rim.now());
  const deps = { ...account.deps, digests: 'doubtful' as const };
  const { report } = await checkAccount(deps, account.id);
  const { rows } = (await checkAccount(deps, account.id)).messages ?? { rows: [] };
  const others = new Set(rows.map(({ row }) => row.blob)).size - 1;
  const told = (findings: readonly Finding[]) => findings.map(({ kind, mendedBy }) => `${kind} ${mendedBy}`);
  expect(new Set(told(report.findings))).toEqual(
    new Set(['chunk-lost repair', 'summary-lost repair', 'message-damaged nobody']),
  );
  expect(report.findings.find(({ kind }) => kind === 'summary-lost')?.what).toContain(`${others} messages`);
  const { left } = await mendAccount(deps, account.id);
  expect(told(left.findings)).toEqual(['message-damaged nobody']);
  // Of those that have a summary none is read.
  expect((await checkAccount(deps, account.id)).report.read).toBe(1);
});

test('summaries: a chunk that is gone, and one that is cut', async () => {
  const account = await aged();
  const chunks = [...account.blobs.objects.keys()].filter((key) => key.startsWith('summaries/'));
  expect(chunks.length).toBeGreaterThan(1);
  const [gone = '', cut = ''] = chunks.slice(-2);
  account.blobs.objects.delete(gone);
  account.blobs.objects.set(cut, account.blobs.objects.get(cut)?.slice(0, 40) ?? new Uint8Array(0));
  expect(new Set(await account.kinds())).toEqual(new Set(['chunk-lost', 'summary-lost']));
  const { left } = await account.mend();
  expect(left.findings).toEqual([]);
});

test('counters that are not those of the messages are said by a record', async () => {
  const account = await aged();
  const { checkpoint } = account.stored;
  if (!checkpoint) throw new Error('it was not folded');
  const base = await decodeCheckpoint(checkpoint, async () => new Uint8Array(0));
  const mailboxes = new Map(base.state.mailboxes);
  const inbox = mailboxes.get(INBOX_ID);
  if (!inbox) throw new Error('there is no INBOX');
  mailboxes.set(INBOX_ID, { ...inbox, messages: 99, unseen: 98 });
  const { root } = encodeCheckpoint({ ...base, state: { ...base.state, mailboxes } });
  account.stored.checkpoint = { ...checkpoint, root };
  const before = await account.replica().sync();
  expect(before.mailboxes.get(INBOX_ID)?.messages).toBe(99);
  const { found, done, left } = await account.mend();
  expect(found.findings.map(({ kind }) => kind)).toEqual(['counters-differ']);
  expect(done).toEqual([`put the counters of 1 mailbox into record ${before.number + 1}`]);
  expect(left.findings).toEqual([]);
  expect((await account.replica().sync()).mailboxes.get(INBOX_ID)).toMatchObject({
    messages: 13,
    unseen: 13,
  });
});

test("a summary that is another message's is worked out anew; the message is not taken for a damaged one", async () => {
  const account = await KeptAccount.begun();
  const { summary } = await account.messages.put(account.id, Buffer.from('Subject: a lie\r\n\r\n'), 18);
  await account.receive('the contract', { inbox: true }, { summary });
  await account.receive('the annex');
  expect(await account.wrongSummaries()).toEqual(['the contract']);
  const { found, left } = await account.mend();
  expect(found.findings.map(({ what }) => what)).toEqual([
    '1 message has no summary that can be read, or that of another message (1)',
  ]);
  expect(left.findings).toEqual([]);
  expect(await account.wrongSummaries()).toEqual([]);
  expect(await account.kinds()).toEqual([]);
});

test('a message that is damaged, and whose summary is lost, is told as damaged and as nothing that a repair mends', async () => {
  const account = await aged();
  const [key = ''] = [...account.blobs.objects.keys()].filter((each) => each.startsWith('blobs/'));
  account.blobs.objects.set(key, Buffer.from('another'));
  for (const each of [...account.blobs.objects.keys()])
    if (each.startsWith('summaries/')) account.blobs.objects.delete(each);
  const { left } = await account.mend();
  expect(left.findings.map(({ kind }) => kind)).toEqual(['message-damaged']);
  expect(left.read).toBe(16);
  expect((await account.mend()).done).toEqual([]);
  expect(await account.kinds()).toEqual(['message-damaged']);
});

test('a message that is gone is named, with its subject, and nothing is invented', async () => {
  const account = await folded();
  const blob = await account.receive('the contract');
  account.blobs.objects.delete(account.keyOf(blob));
  const { done, left } = await account.mend();
  expect(done).toEqual([]);
  expect(left.findings).toEqual([
    expect.objectContaining({
      kind: 'message-missing',
      mendedBy: 'nobody',
      what: 'message 13 of INBOX, "the contract", of 2026-01-01 00:00, is gone',
      message: expect.objectContaining({ name: 'INBOX', uid: 13, subject: 'the contract', expunged: false }),
    }),
  ]);
});

describe.each(['raw', 'framed', 'sealed'] as const)('a %s message', (kind) => {
  async function damaged(change: (bytes: Uint8Array) => Uint8Array) {
    const account = await KeptAccount.begun(1, kind);
    await account.receive('well');
    const blob = await account.receive('the contract');
    const key = account.keyOf(blob);
    account.blobs.objects.set(key, change(account.blobs.objects.get(key) ?? new Uint8Array(0)));
    return (await account.mend()).left.findings;
  }
  const named = {
    kind: 'message-damaged',
    mendedBy: 'nobody',
    message: expect.objectContaining({ uid: 2, subject: 'the contract' }),
  };

  test('comes back where its row is lost, with summaries that nobody else can read', async () => {
    const account = await KeptAccount.begun(1, kind);
    account.limits = SEGMENTED;
    account.keepMs = 0;
    for (const subject of ['one', 'two', 'three']) {
      await account.receive(subject);
      await account.fold();
    }
    for (const key of [...account.stored.segments.keys()])
      if (key.startsWith(`${INBOX_ID}/`)) account.stored.segments.delete(key);
    for (const key of [...account.blobs.objects.keys()])
      if (key.startsWith('summaries/')) account.blobs.objects.delete(key);
    expect((await account.mend()).left.findings).toEqual([]);
    expect(await subjectsIn(account)).toEqual(['one', 'three', 'two']);
    expect(await account.wrongSummaries()).toEqual([]);
    const written = [...account.blobs.objects].flatMap(([key, bytes]) =>
      key.startsWith('blobs/') ? [] : [bytes],
    );
    const readable = written.some((bytes) => isReadable(bytes, 'jane@example.com'));
    expect(readable).toBe(kind !== 'sealed');
  });

  test('that was cut is named', async () => {
    expect(await damaged((bytes) => bytes.slice(0, 11))).toEqual([expect.objectContaining(named)]);
  });

  test('in which one bit was changed is named, though it is as long as it was', async () => {
    for (const at of [0, 30, 60]) {
      const findings = await damaged((bytes) => bytes.map((byte, index) => (index === at ? byte ^ 4 : byte)));
      expect(findings).toEqual([expect.objectContaining(named)]);
    }
  });
});

test('a key that has become free below the checkpoint is taken again', async () => {
  const account = await aged();
  account.stored.entries.delete(5);
  expect(await account.kinds()).toEqual([]);
  // Above what the checkpoint knows to be emptied it must be there.
  const last = Math.max(...account.stored.entries.keys());
  account.stored.entries.delete(last);
  expect(await account.kinds()).toEqual(['key-free']);
  await account.mend();
  const entry = account.stored.entries.get(last);
  expect(entry && isEmptied(entry)).toBe(true);
  expect(await account.kinds()).toEqual([]);
});

test('expunged messages whose graveyard is lost get their grace anew', async () => {
  const account = await aged();
  account.folds.graveyards.clear();
  expect(await account.kinds()).toEqual(['graveyard-lost']);
  expect((await account.check()).unnamed).toBe(1);
  await account.mend();
  expect(await account.check()).toMatchObject({ findings: [], expunged: 1, unnamed: 0 });
});
