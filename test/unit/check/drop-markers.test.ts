import { expect, test } from '@jest/globals';
import { beginEpoch } from '../../../functions/check/begin-epoch.ts';
import { dropOrphanedMarkers } from '../../../functions/check/drop-markers.ts';
import { deliverTo } from '../../../shared/account/delivery.ts';
import { KeptAccount } from '../../support/kept-account.ts';

const QUOTA = { quotaBytes: 1e9, quotaMessages: 1e9 };

/** Delivers a message, as SQS hands it over. */
async function deliver(account: KeptAccount, messageId: string) {
  const bytes = Buffer.from(`Subject: ${messageId}\r\n\r\n`);
  const { blob, size, summary, freshUntil } = await account.messages.put(account.id, bytes, bytes.length);
  const to = { inbox: true } as const;
  const append = {
    op: 'append',
    to,
    blob,
    size,
    summary,
    system: 0,
    keywords: [],
    date: 1,
    zone: 0,
  } as const;
  const { outcomes } = await deliverTo(account.id, [{ messageId, append, freshUntil }], QUOTA, account.deps);
  account.rim.time += 10_000;
  return outcomes[0];
}

test('a marker that came into the backup without its record goes, and the message is delivered when it comes again', async () => {
  const account = await KeptAccount.begun();
  for (const messageId of ['first', 'second', 'third']) await deliver(account, messageId);
  const asOf = account.rim.now();
  // The backup has seen the marker of the last one, and not yet its record.
  account.stored.entries.delete(Math.max(...account.stored.entries.keys()));
  account.rim.time += 3_600_000;
  expect(await deliver(account, 'third')).toBe('duplicate');
  const deps = { journal: account.journal, markers: account.markers };
  expect(await dropOrphanedMarkers(deps, asOf)).toBe(1);
  expect(await dropOrphanedMarkers(deps, asOf)).toBe(0);
  await beginEpoch(account.deps, account.id, { asOf, redeliver: true });
  expect(await deliver(account, 'third')).toBe('delivered');
  expect(await deliver(account, 'second')).toBe('duplicate');
  const subjects = (await account.contents()).INBOX?.map((line) => line.replace(/^\d+ /, ''));
  expect(subjects).toEqual(['first', 'second', 'third']);
});

test('one whose record stands behind a gap stays: the epoch names its message again', async () => {
  const account = await KeptAccount.begun();
  for (const messageId of ['first', 'second', 'third']) await deliver(account, messageId);
  account.stored.entries.delete(Math.max(...account.stored.entries.keys()) - 1);
  const deps = { journal: account.journal, markers: account.markers };
  expect(await dropOrphanedMarkers(deps, account.rim.now())).toBe(1);
  await beginEpoch(account.deps, account.id, { asOf: account.rim.now(), redeliver: true });
  expect([await deliver(account, 'third'), await deliver(account, 'second')]).toEqual([
    'duplicate',
    'delivered',
  ]);
  expect((await account.contents()).INBOX).toHaveLength(3);
});

test('one of an older release, which does not say its record, is judged by its time', async () => {
  const account = await KeptAccount.begun();
  for (const messageId of ['first', 'second']) await deliver(account, messageId);
  for (const [messageId, marker] of account.stored.markers)
    account.stored.markers.set(messageId, { ...marker, record: null });
  account.stored.entries.delete(Math.max(...account.stored.entries.keys()));
  const deps = { journal: account.journal, markers: account.markers };
  expect(await dropOrphanedMarkers(deps, account.rim.now())).toBe(1);
  expect([...account.stored.markers.keys()]).toEqual(['first']);
});
