/** Shared annotations of the server, as sessions hear of their changes. */
import { expect, test } from '@jest/globals';
import { changedServerEntries } from '../../../../shared/account/annotations.ts';
import {
  ServerEntriesWatch,
  type ServerEntriesListener,
  changedEntries,
} from '../../../../gateway/imap/session/server-entries-watch.ts';
import type { ServerEntries } from '../../../../shared/directory/directory.ts';
import { ManualTimers } from '../../../integration/imap-connection/manual-timers.ts';
import { MemoryServerAnnotations } from '../../../support/memory-server-annotations.ts';

const LOG = { debug: () => undefined, warn: () => undefined, error: () => undefined };
const note = (value: string | null) => (entries: ServerEntries) =>
  changedServerEntries(entries, [
    { scope: 'shared', name: '/comment', value: value === null ? null : Buffer.from(value) },
  ]);

class Heard implements ServerEntriesListener {
  readonly changes: { readonly comment: string | undefined; readonly by: object | null }[] = [];
  serverChanged(entries: ServerEntries, by: object | null): void {
    const comment = entries.get('/comment');
    this.changes.push({ comment: comment && Buffer.from(comment).toString(), by });
  }
}

function setUp(): { annotations: MemoryServerAnnotations; timers: ManualTimers; watch: ServerEntriesWatch } {
  const annotations = new MemoryServerAnnotations();
  const timers = new ManualTimers();
  return { annotations, timers, watch: new ServerEntriesWatch(annotations, timers, LOG) };
}

test('what this gateway has changed is told at once, with who it was', async () => {
  const { annotations, watch } = setUp();
  const heard = new Heard();
  expect([...(await watch.watch(heard))]).toEqual([]);
  await annotations.change(note('one'));
  const who = {};
  await watch.changed(who);
  await watch.changed(who);
  expect(heard.changes).toEqual([{ comment: 'one', by: who }]);
});

test('what another gateway has changed is found within a minute, until nobody watches', async () => {
  const { annotations, timers, watch } = setUp();
  const [first, second] = [new Heard(), new Heard()];
  await watch.watch(first);
  await annotations.change(note('one'));
  // Who comes later sees it, and those who were there are told.
  expect(Buffer.from((await watch.watch(second)).get('/comment') ?? []).toString()).toBe('one');
  expect(first.changes).toHaveLength(1);
  await annotations.change(note(null));
  timers.advance(60_000);
  await watch.watch(second);
  expect(first.changes.at(-1)).toEqual({ comment: undefined, by: null });
  watch.unwatch(first);
  watch.unwatch(second);
  expect(timers.pending).toBe(0);
});

test('entries that came, went and changed', () => {
  const entries = (values: Readonly<Record<string, string>>): ServerEntries =>
    new Map(Object.entries(values).map(([name, value]) => [name, Buffer.from(value)]));
  expect(
    changedEntries(
      entries({ '/a': '1', '/b': '1', '/c': '1' }),
      entries({ '/b': '1', '/c': '2', '/d': '1' }),
    ),
  ).toEqual(['/a', '/c', '/d']);
});
