/** Guards of what deletes messages, and of what moves them into packs. */
import type { Mutation } from './mutations.ts';

export const PURGES: readonly Mutation[] = [
  {
    name: 'purge-before-the-grace',
    what: 'I5: what was expunged a moment ago cannot be brought back',
    file: 'shared/account/decide-purge.ts',
    text: 'const before = now - grace;',
    replacement: 'const before = now - 0 * grace;',
    test: { file: 'unit/expunge/purge.test.ts', name: 'not an hour before the grace is over' },
  },
  {
    name: 'purge-what-has-a-copy',
    what: 'I5: a message loses its bytes because a copy of it was expunged',
    file: 'shared/account/decide-purge.ts',
    text: 'for (const { columns } of whole.state.mailboxes.values()) withoutNamed(candidates, columns);',
    replacement: '',
    test: {
      file: 'unit/expunge/purge.test.ts',
      name: 'takes what was expunged and is over; not what has a copy, nor what went within the grace',
    },
  },
  {
    name: 'purge-by-the-first-copy',
    what: 'I5: the grace of a message ends with that of the copy that went first',
    file: 'shared/account/decide-purge.ts',
    text: 'for (const buried of whole.buried) if (!isOver(buried)) candidates.delete(buried.row.blob);',
    replacement: '',
    test: { file: 'unit/expunge/purge.test.ts', name: 'the last copy of a message counts from when it went' },
  },
  {
    name: 'purge-in-spite-of-a-hold',
    what: 'I5: what is under legal hold is deleted',
    file: 'shared/account/decide-purge.ts',
    text: 'return !hold && !closed;',
    replacement: 'return !closed || hold;',
    test: {
      file: 'unit/expunge/purge.test.ts',
      name: 'stops the purge and retention, for as long as it stands',
    },
  },
  {
    name: 'delete-before-the-record',
    what: 'I5: an object goes, and then a COPY comes before the record',
    file: 'functions/expunge/purge.ts',
    text: 'if (deps.rim.now() >= until) return { purged, finished: false, whole };\n    const decide',
    replacement:
      'await deleteObjects(deps, account, decidePurge(whole, requestOf(deps, deleted)).value.blobs, until);\n    const decide',
    test: { file: 'integration/hunt/years.test.ts', name: 'seed 3' },
  },
  {
    name: 'forget-rows-too-early',
    what: 'I5: a purge that dies between two batches leaves objects that nobody knows of',
    file: 'shared/account/decide-purge.ts',
    text: 'before: more ? 0 : before, done',
    replacement: 'before, done',
    test: { file: 'unit/expunge/purge.test.ts', name: 'in batches; rows are forgotten with the last' },
  },
  {
    name: 'restore-what-is-purged',
    what: 'I5: a message comes back whose bytes are gone',
    file: 'shared/account/whole-state.ts',
    text: 'graves.filter((row) => !forgets(row))',
    replacement: 'graves.filter((row) => !forgets(row) || true)',
    test: {
      file: 'unit/account/whole-state.test.ts',
      name: 'does without what is purged, wherever it was buried',
    },
  },
  {
    name: 'decide-once',
    what: 'I5: a purge decided before a COPY is put after it',
    file: 'shared/account/whole-state.ts',
    text: 'const { ops, value } = decide(whole);',
    replacement:
      'const held = ((deps as { held?: WholeState }).held ??= whole);\n    const { ops, value } = decide(held);',
    test: { file: 'unit/account/whole-state.test.ts', name: 'is made again when another record came first' },
  },
  {
    name: 'fold-over-open-purges',
    what: 'I5: what a purge that died has named is never deleted',
    file: 'functions/compact/fold-account.ts',
    text: 'await this.#deletePurged();',
    replacement: '',
    test: {
      file: 'unit/account/whole-state.test.ts',
      name: 'deletes the objects of purges that nobody has said to be done',
    },
  },
];

export const PACKS: readonly Mutation[] = [
  {
    name: 'delete-packed-objects-at-once',
    what: 'I5: an object goes under a reader who does not know of its pack yet',
    file: 'shared/account/fold.ts',
    text: 'items: base.superseded.filter(({ since }) => old(since))',
    replacement: "items: base.superseded.filter(({ since, item }) => old(since) || item.kind === 'packed')",
    test: {
      file: 'unit/compact/pack-account.test.ts',
      name: 'its old objects go a day after the record that says so is folded, and not before',
    },
  },
  {
    name: 'delete-by-a-lost-pack',
    what: 'I5: the last copy of a message goes because a pack should have it',
    file: 'shared/blob/pack-store.ts',
    text: 'const index = await this.#readIndex(blobKeys.pack(account, pack)).catch(unlessUnreadable);',
    replacement: 'const index = await this.index(account, pack).catch(unlessUnreadable);',
    test: {
      file: 'unit/compact/pack-account.test.ts',
      name: 'a pack that is gone by then takes no object with it',
    },
  },
  {
    name: 'name-a-stale-pack',
    what: 'I2: a record names a pack that the sweep may have taken',
    file: 'functions/compact/pack-account.ts',
    text: 'put.filter(({ freshUntil }) => rim.now() < freshUntil)',
    replacement: 'put.filter(({ freshUntil }) => rim.now() < Infinity * freshUntil)',
    test: {
      file: 'unit/compact/pack-account.test.ts',
      name: 'what waited longer than an hour is not named any more (I2)',
    },
  },
  {
    name: 'pack-over-a-packing',
    what: 'I5: two packings at once, and a message lies where neither says',
    file: 'shared/account/pack-plan.ts',
    text: 'if (rows.some((row) => columns?.packAt(row) !== from.get(columns?.blobAt(row) as BlobId))) return null;',
    replacement: '',
    test: {
      file: 'unit/compact/pack-account.test.ts',
      name: 'two packings at once: one holds for each message, and the other’s packs are gone',
    },
  },
];
