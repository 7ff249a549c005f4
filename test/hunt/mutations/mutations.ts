/**
 * Guards that keep mail from being lost, each with the change that takes it away and the test that must fail then. The
 * text must stand in its file once, to the letter: a guard that is written anew needs its line here anew.
 */
import { KEEPING } from './keeping.ts';
import { MENDING } from './mending.ts';

export interface NamedTest {
  /** Below `test/`. */
  readonly file: string;
  /** A part of its name, or of the group that it is in. */
  readonly name: string;
}

export interface Mutation {
  readonly name: string;
  /** What is lost with the guard. */
  readonly what: string;
  readonly file: string;
  readonly text: string;
  readonly replacement: string;
  readonly test: NamedTest;
}

const CONTRACT = 'unit/aws/memory-dynamodb.test.ts';

const ORDER: readonly Mutation[] = [
  {
    name: 'put-without-condition',
    what: 'I1: a record is put over another',
    file: 'shared/aws/dynamodb-journal-store.ts',
    text: "      ConditionExpression: 'attribute_not_exists(pk)',\n",
    replacement: '',
    test: { file: CONTRACT, name: 'a number that is taken is a conflict, and tells what stands there' },
  },
  {
    name: 'accept-a-gap',
    what: 'I1: an account is opened over a record that is not there',
    file: 'shared/account/opening.ts',
    text: 'if (entry.number > expected) return',
    replacement: 'if (entry.number > expected + 1e9) return',
    test: { file: 'unit/account/replica.test.ts', name: 'a hole in the journal is an error, never skipped' },
  },
  {
    name: 'refuse-on-an-old-state',
    what: 'I1: a command is refused by what this gateway happened to know',
    file: 'shared/account/replica.ts',
    text: 'if (decided.some(({ waiting }) => !waiting.synced)) await this.#syncForCommits();\n      else ',
    replacement: '',
    test: {
      file: 'unit/account/replica.test.ts',
      name: 'a refusal rests on the newest state, never on what this replica happened to know',
    },
  },
  {
    name: 'uid-validity-as-brought',
    what: 'I1: two gateways whose clocks differ give out one UIDVALIDITY',
    file: 'shared/account/apply.ts',
    text: 'const uidValidity = Math.max(op.uidValidity, state.lastUidValidity + 1);',
    replacement: 'const { uidValidity } = op;',
    test: {
      file: 'unit/account/apply.test.ts',
      name: 'a UIDVALIDITY that was given out before is not given out again, whatever the op brings',
    },
  },
];

const BLOBS: readonly Mutation[] = [
  {
    name: 'name-a-stale-blob',
    what: 'I2: a record names a blob that the sweep may have taken',
    file: 'shared/account/delivery.ts',
    text: "if (freshUntil <= now) outcomes.set(delivery, 'stale');\n    else ",
    replacement: '',
    test: {
      file: 'unit/deliver/deliver.test.ts',
      name: 'a message whose blob has become too old to be named is put again under a new id (I2)',
    },
  },
  {
    name: 'derive-blob-ids',
    what: 'I2: two deliveries share an object, and the purge of one takes the other',
    file: 'shared/blob/message-blobs.ts',
    text: 'newBlobId(kind, account, key, randomHex) as BlobId',
    replacement:
      "newBlobId(kind, account, key, (bytes) => process.getBuiltinModule('node:crypto').createHash('sha256').update(whole ? body : '').digest('hex').slice(0, 2 * bytes)) as BlobId",
    test: {
      file: 'unit/blob/message-store.test.ts',
      name: 'the same bytes lie under another id each time (I2)',
    },
  },
  {
    name: 'sweep-what-is-young',
    what: 'I2: the sweep takes a blob between its put and its record',
    file: 'functions/expunge/sweep.ts',
    text: 'time <= rim.now() - UNNAMED_MS && ',
    replacement: 'time <= rim.now() && ',
    test: { file: 'unit/expunge/sweep.test.ts', name: 'a sweep meets a redriven delivery' },
  },
  {
    name: 'sweep-after-a-restore',
    what: 'I2: a message whose record was lost with the table is taken before a repair finds it',
    file: 'functions/expunge/sweep.ts',
    text: ' && time >= epochAt * 1000',
    replacement: ' && epochAt >= 0',
    test: {
      file: 'unit/expunge/sweep.test.ts',
      name: 'leaves alone what is older than the last restore from a backup',
    },
  },
];

const OUTCOMES: readonly Mutation[] = [
  {
    name: 'answer-on-absence',
    what: 'I3: a put that is not seen after a timeout is taken for one that never was',
    file: 'shared/aws/dynamodb-journal-store.ts',
    text: 'if (attempts.unknown) throw new OutcomeUnknownError(account, error);',
    replacement:
      'if (attempts.unknown && (await this.entry(account, first.number))) throw new OutcomeUnknownError(account, error);',
    test: {
      file: 'integration/aws/dynamodb-journal-store.test.ts',
      name: 'nor of one that timed out once and was throttled ever after',
    },
  },
  {
    name: 'take-mine-for-anothers',
    what: 'I3: a put whose answer was lost is decided and written a second time',
    file: 'shared/aws/dynamodb-journal-store.ts',
    text: 'const same = !isEmptied(entry) && entry.commit === mine.commit;',
    replacement: 'const same = !isEmptied(entry) && entry.commit === `${mine.commit}?`;',
    test: { file: CONTRACT, name: 'the same commit again is written, and stands once' },
  },
];

const FOLDS: readonly Mutation[] = [
  {
    name: 'delete-covered-records',
    what: 'I4: a covered record is deleted instead of emptied, and its number is free again',
    file: 'shared/aws/dynamodb-fold-store.ts',
    text: 'const { ConsumedCapacity } = await withRetry(() => this.#client.send(command), this.#retry);\n      return ConsumedCapacity?.CapacityUnits ?? 1;\n    } catch',
    replacement:
      'const { TableName, Key } = command.input;\n      await withRetry(() => this.#client.send(new DeleteItemCommand({ TableName, Key })), this.#retry);\n      return 1;\n    } catch',
    test: { file: CONTRACT, name: 'keeps its number and usage, and is read as emptied' },
  },
  {
    name: 'empty-the-newest',
    what: 'I4: the newest record is emptied, expires, and the journal ends too low',
    file: 'shared/account/fold.ts',
    text: 'hasTail ? Infinity : base.state.number - 1;',
    replacement: 'hasTail ? Infinity : base.state.number;',
    test: {
      file: 'unit/account/fold.test.ts',
      name: 'an account that nobody writes to is emptied and rid of what it superseded, if asked to, but for its newest record',
    },
  },
  {
    name: 'empty-at-once',
    what: 'I4: a record is emptied under a reader of the checkpoint before',
    file: 'shared/account/fold.ts',
    text: 'const covered = coveredBy(base).filter(({ time }) => old(time));',
    replacement: 'const covered = coveredBy(base).filter(({ time }) => time >= 0);',
    test: {
      file: 'unit/account/fold.test.ts',
      name: 'a record is emptied a day after the checkpoint that covers it, not an hour before',
    },
  },
  {
    name: 'skip-emptied-records',
    what: 'I4: a replica that was idle for days goes on over records that it can no longer read',
    file: 'shared/account/replica.ts',
    text: 'if (isEmptied(entry) || entry.number !== state.number + records.length + 1) return this.#open();',
    replacement: 'if (isEmptied(entry)) continue;',
    test: { file: 'integration/hunt/years.test.ts', name: 'seed 3' },
  },
  {
    name: 'delete-superseded-at-once',
    what: 'I5: segments go under a reader of the checkpoint before',
    file: 'shared/account/fold.ts',
    text: 'items: base.superseded.filter(({ since }) => old(since))',
    replacement: 'items: base.superseded.filter(({ since }) => since >= 0)',
    test: {
      file: 'unit/account/fold.test.ts',
      name: 'superseded segments are deleted after a day by the list, and leave it',
    },
  },
  {
    name: 'swap-without-comparing',
    what: 'I5: a fold replaces a checkpoint that it was not folded from',
    file: 'shared/aws/dynamodb-fold-store.ts',
    text: "ConditionExpression: '#fold = :from',",
    replacement: "ConditionExpression: 'attribute_exists(pk)',",
    test: {
      file: 'integration/compact/fold-store.test.ts',
      name: 'a root replaces exactly the one that it was folded from',
    },
  },
  {
    name: 'bundle-of-another-root',
    what: "I5: a reader takes another checkpoint's bundle for that of the root it has read",
    file: 'shared/account/opening.ts',
    text: 'if (base.bundled && bundle?.fold !== base.fold)',
    replacement: 'if (base.bundled && !bundle)',
    test: {
      file: 'unit/account/fold-contents.test.ts',
      name: 'a reader whose reads are torn by a fold, which has not, reads again',
    },
  },
];

const PURGES: readonly Mutation[] = [
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
    text: 'if (deps.rim.now() >= until) return { purged, finished: false };\n    const { value',
    replacement:
      'await deleteObjects(deps, account, decidePurge(whole, requestOf(deps, deleted)).value.blobs, until);\n    const { value',
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
    text: 'const whole = await openWholeState(deps, account);\n    const { ops, value } = decide(whole);',
    replacement:
      'const whole = await openWholeState(deps, account);\n    const held = ((deps as { held?: WholeState }).held ??= whole);\n    const { ops, value } = decide(held);',
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

const PACKS: readonly Mutation[] = [
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

const DELIVERY: readonly Mutation[] = [
  {
    name: 'deliver-without-marker',
    what: 'I6: a message that SQS hands over again is delivered again',
    file: 'shared/account/delivery.ts',
    text: 'await journal.put(account, [record], markers);',
    replacement: 'await journal.put(account, [record], markers.slice(0, 0));',
    test: {
      file: 'unit/deliver/deliver.test.ts',
      name: 'a message that SQS hands over again and again is delivered once',
    },
  },
  {
    name: 'settle-what-failed',
    what: 'I7: a message goes from inbound while a recipient lacks it',
    file: 'functions/deliver/deliver.ts',
    text: 'if (failure === null && notification) await',
    replacement: 'if (notification) await',
    test: {
      file: 'unit/deliver/deliver.test.ts',
      name: 'of 30 recipients one fails three times and then succeeds: all have it once, inbound goes last',
    },
  },
  {
    name: 'take-a-missing-message-for-settled',
    what: 'I7: a raw message that is gone counts as delivered to those who lack it',
    file: 'functions/deliver/deliver.ts',
    text: 'if (done.size === accounts.length) return null;',
    replacement: 'if (done.size >= 0) return null;',
    test: {
      file: 'unit/deliver/deliver.test.ts',
      name: 'a missing raw message is a failure while somebody lacks it, and settled once all have it',
    },
  },
];

const VERSIONS_AND_ACCESS: readonly Mutation[] = [
  {
    name: 'read-newer-records',
    what: 'I8: an old release reads, and writes on top of, what a newer one has written',
    file: 'shared/aws/record-item.ts',
    text: 'if (version !== RECORD_VERSION) throw',
    replacement: 'if (version < RECORD_VERSION) throw',
    test: { file: CONTRACT, name: 'is refused by every reader that meets it, and by no other' },
  },
  {
    name: 'guests-without-rights',
    what: 'I9: a guest reads without the right to',
    file: 'gateway/imap/session/home.ts',
    text: 'return this.rightsOn(mailbox).includes(right);',
    replacement: "return this.rightsOn(mailbox).includes(right) || right === 'r';",
    test: {
      file: 'integration/imap-extensions/acl.test.ts',
      name: 'with "l" alone the mailbox is seen, and everything else refused',
    },
  },
];

const SEALS: readonly Mutation[] = [
  {
    name: 'read-unsealed-messages',
    what: 'I9: whoever can write to the bucket gives an account with a data key mail of their own',
    file: 'shared/blob/frames.ts',
    text: "if (kind === CHECKSUM && kindOf(identity) === 'sealed')",
    replacement: "if (kind === CHECKSUM && kindOf(identity) === 'sealed' && length < 0)",
    test: { file: 'unit/blob/frames.test.ts', name: 'takes no unsealed object in the place of a sealed one' },
  },
  {
    name: 'read-unsealed-summaries',
    what: 'I9: as before, of what a client is shown without the message being opened',
    file: 'shared/keys/sealed-text.ts',
    text: 'if (key?.fromBeginning !== true) return stored;',
    replacement: 'return stored;',
    test: {
      file: 'unit/blob/message-store.test.ts',
      name: 'takes no summary of another message, of another account, or unsealed',
    },
  },
];

export const MUTATIONS: readonly Mutation[] = [
  ...ORDER,
  ...BLOBS,
  ...OUTCOMES,
  ...FOLDS,
  ...PURGES,
  ...PACKS,
  ...KEEPING,
  ...MENDING,
  ...DELIVERY,
  ...VERSIONS_AND_ACCESS,
  ...SEALS,
];
