/**
 * Guards that keep mail from being lost, each with the change that takes it away and the test that must fail then. The
 * text must stand in its file once, to the letter: a guard that is written anew needs its line here anew.
 */
import { PACKS, PURGES } from './removing.ts';
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
    name: 'give-up-pages-in-use',
    what: 'I5: a part goes that the root still names',
    file: 'shared/account/checkpoint.ts',
    text: 'before.filter((page) => !pages.includes(page))',
    replacement: 'before.filter(() => true || pages)',
    test: {
      file: 'unit/account/checkpoint-pages.test.ts',
      name: 'along random checkpoints every part is either named or superseded, and none is both',
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
  {
    name: 'forget-what-is-aside',
    what: 'I7: what was kept aside for an account does not come when it is open again, and is a dead letter for ever',
    file: 'functions/deliver/deliver.ts',
    text: "if (!(await isAside('undeliverable', notification, inbound))) throw error;",
    replacement: 'throw error;',
    test: {
      file: 'unit/deliver/deliver.test.ts',
      name: 'a message that was kept aside for somebody comes by a second notification, once the account is open again',
    },
  },
];

const ACROSS: readonly Mutation[] = [
  {
    name: 'keep-half-a-copy',
    what: 'a COPY into another account fails, and a part of it is there',
    file: 'gateway/imap/commands/copy-across.ts',
    text: "if (kind === 'COPY') await this.#takeBack(this.#destination.length);",
    replacement: '',
    test: {
      file: 'integration/imap/copy-across.test.ts',
      name: 'a COPY of several batches that fails in a later one takes back what was there already',
    },
  },
  {
    name: 'keep-what-may-not-leave',
    what: 'I9: a MOVE that the owner of the messages has just forbidden has copied them',
    file: 'gateway/imap/commands/copy-across.ts',
    text: 'if (error instanceof No) await this.#takeBack(uids.length);',
    replacement: '',
    test: {
      file: 'integration/imap/copy-across.test.ts',
      name: 'MOVE of what may not leave any more when it has been stored: it is in no other place',
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
    name: 'seal-with-one-nonce',
    what: 'I9: frames of a message are sealed with one nonce, and tell without the key what they have in common',
    file: 'shared/blob/frame-seal.ts',
    text: 'nonce.writeUInt32BE(frame, NONCE_BYTES - 4);',
    replacement: 'nonce.writeUInt32BE(0 * frame, NONCE_BYTES - 4);',
    test: { file: 'unit/blob/frames.test.ts', name: 'no two pieces are sealed alike' },
  },
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
  ...ACROSS,
  ...VERSIONS_AND_ACCESS,
  ...SEALS,
];
