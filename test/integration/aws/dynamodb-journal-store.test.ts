/** The journal on DynamoDB: the contract, and what becomes of a write whose answer is lost (I3). */
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { AccountId, MailboxId, RecordNumber, Uid } from '../../../shared/account/ids.ts';
import { OutcomeUnknownError, type SegmentKey } from '../../../shared/account/journal-store.ts';
import { type JournalRecord, UnknownVersionError } from '../../../shared/account/record.ts';
import { dynamoDbClient } from '../../../shared/aws/clients.ts';
import { DynamoDbFoldStore } from '../../../shared/aws/dynamodb-fold-store.ts';
import { DynamoDbJournalStore } from '../../../shared/aws/dynamodb-journal-store.ts';
import { recordItem } from '../../../shared/aws/record-item.ts';
import { type TestDynoxide, startTestDynoxide } from '../../support/dynoxide.ts';
import { type Fault, type FaultRule, FaultTransport } from '../../support/fault-transport.ts';
import {
  append,
  brief,
  freshAccount,
  journalStoreContract,
  marker,
  numbered,
  recordOf,
} from '../../support/journal-store-contract.ts';
import { RequestLog } from '../../support/request-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { StaleReads } from '../../support/stale-reads.ts';

let store: TestDynoxide;
/** On a kind world, for what others do and for looking. */
let plain: JournalWithFaults;
const opened: JournalWithFaults[] = [];

beforeAll(async () => {
  store = await startTestDynoxide(['mail']);
  plain = new JournalWithFaults();
});
afterEach(() => {
  for (const { client } of opened.splice(0)) client.destroy();
});
afterAll(async () => {
  plain.client.destroy();
  await store.stop();
});

class JournalWithFaults {
  readonly log = new RequestLog();
  readonly faults = new FaultTransport({
    rules: [],
    random: seededRandom(7),
    staleReads: new StaleReads(),
    lateCalls: 1_000,
  });
  readonly client = dynamoDbClient(store.settings, {
    wrapTransport: (transport) => this.log.wrap(this.faults.wrap(transport)),
  });
  /** Done in the pauses between attempts; what is done before attempt 2 comes first. */
  readonly pauses: (() => Promise<unknown>)[] = [];
  readonly #clock = {
    sleep: async () => {
      await this.pauses.shift()?.();
    },
    random: () => 0,
  };
  readonly journal = new DynamoDbJournalStore(this.client, 'mail', { clock: this.#clock });
  readonly folds = new DynamoDbFoldStore(this.client, 'mail', { clock: this.#clock });

  async putNewer(account: AccountId, number: RecordNumber): Promise<void> {
    const Item = { ...recordItem(account, recordOf(number)), v: { N: '2' } };
    await this.client.send(new PutItemCommand({ TableName: 'mail', Item }));
  }
}

function bad(rules: readonly FaultRule[]): JournalWithFaults {
  const journal = new JournalWithFaults();
  journal.faults.setRules(rules);
  opened.push(journal);
  return journal;
}

journalStoreContract('the journal on DynamoDB', () => ({
  journal: plain.journal,
  folds: plain.folds,
  putNewer: (account, number) => plain.putNewer(account, number),
}));

const WRITTEN = { kind: 'written' };
const all = (account: AccountId) => plain.journal.after(account, numbered(0), 'strong');

describe.each([
  ['PutItem', () => [] as ReturnType<typeof marker>[]],
  ['TransactWriteItems', () => [marker(), marker()]],
])('the outcome of a %s is settled (I3)', (operation, markersOf) => {
  const on = (fault: Fault, more: Partial<FaultRule> = {}): FaultRule => ({
    fault,
    operations: [operation],
    ...more,
  });

  test.each(['reset-after-effect', 'server-error-after-effect'] as const)(
    'a put that landed and whose answer was lost is written, once (%s)',
    async (fault) => {
      const { journal } = bad([on(fault, { times: 3 })]);
      const account = freshAccount();
      const record = recordOf(1);
      expect(await journal.put(account, [record], markersOf())).toEqual(WRITTEN);
      expect(await all(account)).toEqual([record]);
    },
  );

  test.each(['reset-before-effect', 'server-error', 'throttle', 'transaction-conflict'] as const)(
    'a put that did not land is put again (%s)',
    async (fault) => {
      const { journal, faults } = bad([on(fault, { times: 3 })]);
      const account = freshAccount();
      const record = recordOf(1);
      const markers = markersOf();
      expect(await journal.put(account, [record], markers)).toEqual(WRITTEN);
      expect(await all(account)).toEqual([record]);
      for (const { messageId } of markers)
        expect(await plain.journal.delivered(messageId, [account])).toEqual(new Set([account]));
      expect(faults.injected.get(fault)).toBe(3);
    },
  );

  test('a put that timed out and landed before it was repeated is written', async () => {
    const { journal, faults, pauses } = bad([on('late-effect', { times: 1 })]);
    pauses.push(() => faults.releaseLate());
    const account = freshAccount();
    const record = recordOf(1);
    expect(await journal.put(account, [record], markersOf())).toEqual(WRITTEN);
    expect(await all(account)).toEqual([record]);
  });

  test('a put that timed out and lands after it was repeated changes nothing', async () => {
    const { journal, faults } = bad([on('late-effect', { times: 1 })]);
    const account = freshAccount();
    const record = recordOf(1);
    expect(await journal.put(account, [record], markersOf())).toEqual(WRITTEN);
    expect(faults.held).toBe(1);
    await faults.releaseLate();
    expect(await all(account)).toEqual([record]);
  });

  test('a put that timed out and lands after another’s record is a conflict, and stays one', async () => {
    const { journal, faults, pauses } = bad([on('late-effect', { times: 1 })]);
    const account = freshAccount();
    const other = recordOf(1);
    const markers = markersOf();
    pauses.push(() => plain.journal.put(account, [other]));
    expect(await journal.put(account, [recordOf(1)], markers)).toEqual({ kind: 'conflict', first: other });
    await faults.releaseLate();
    expect(await all(account)).toEqual([other]);
    for (const { messageId } of markers)
      expect(await plain.journal.delivered(messageId, [account])).toEqual(new Set());
  });

  test.each(['throttle', 'transaction-conflict'] as const)(
    'a put that was refused to the end (%s) is known not to have been written',
    async (fault) => {
      const { journal } = bad([on(fault)]);
      const account = freshAccount();
      const error = await journal.put(account, [recordOf(1)], markersOf()).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(OutcomeUnknownError);
      expect(await all(account)).toEqual([]);
    },
  );

  test('a put that reached nobody is known not to have been written', async () => {
    const { journal, client } = bad([]);
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    client.middlewareStack.add(() => () => Promise.reject(refused), { step: 'finalizeRequest' });
    await expect(journal.put(freshAccount(), [recordOf(1)], markersOf())).rejects.toBe(refused);
  });

  test.each(['reset-before-effect', 'reset-after-effect', 'late-effect', 'server-error'] as const)(
    'nothing is said of a put of which nothing could be learned (%s to the end)',
    async (fault) => {
      const { journal, faults } = bad([on(fault)]);
      const account = freshAccount();
      const put = journal.put(account, [recordOf(1)], markersOf());
      await expect(put).rejects.toThrow(OutcomeUnknownError);
      await expect(put).rejects.toThrow(`journal of account ${account}`);
      await faults.releaseLate();
      expect((await all(account)).length).toBeLessThanOrEqual(1);
    },
  );

  test('nor of one that timed out once and was throttled ever after', async () => {
    const { journal, faults } = bad([on('late-effect', { times: 1 }), on('throttle')]);
    const account = freshAccount();
    const record = recordOf(1);
    await expect(journal.put(account, [record], markersOf())).rejects.toThrow(OutcomeUnknownError);
    expect(await all(account)).toEqual([]);
    await faults.releaseLate();
    expect(await all(account)).toEqual([record]);
  });

  test('a lost answer and then a record of a newer release: not ours, so that the outcome is known', async () => {
    const { journal, pauses } = bad([on('reset-before-effect', { times: 1 })]);
    const account = freshAccount();
    pauses.push(() => plain.putNewer(account, numbered(1)));
    await expect(journal.put(account, [recordOf(1)], markersOf())).rejects.toThrow(UnknownVersionError);
  });
});

test('a lost answer to several records with a delivery is written, though the marker stands', async () => {
  const { journal } = bad([{ fault: 'reset-after-effect', times: 1 }]);
  const account = freshAccount();
  const records = [recordOf(1), recordOf(2)];
  expect(await journal.put(account, records, [marker()])).toEqual(WRITTEN);
  expect(await all(account)).toEqual(records);
});

describe('reading', () => {
  /** Records 1 … 80, a fold of the first ten, a segment and a part. */
  let filled: { account: AccountId; records: JournalRecord[]; segments: SegmentKey[] };
  beforeAll(async () => {
    const account = freshAccount();
    const records = Array.from({ length: 80 }, (_, index) => recordOf(index + 1, [append(20_000)]));
    for (const record of records)
      await plain.journal.put(account, [record], [marker(`${account}-message`)].slice(record.number - 1));
    const segments = Array.from({ length: 30 }, (_, index) => ({
      mailbox: 1 as MailboxId,
      firstUid: (1 + index) as Uid,
      fold: 'f1',
    }));
    for (const key of segments)
      await plain.folds.put(account, { kind: 'segment', ...key }, Uint8Array.of(key.firstUid), 1);
    await plain.folds.put(account, { kind: 'part', name: 'tree', fold: 'f1' }, Uint8Array.of(1), 1);
    const root = { number: numbered(10), fold: 'f1', root: Uint8Array.of(2), time: 1 };
    await plain.folds.swap(account, null, root, { kind: 'put', data: Uint8Array.of(3) });
    filled = { account, records, segments };
  });

  test.each([
    'throttle',
    'server-error',
    'reset-before-effect',
    'reset-after-effect',
    'empty-page',
    'short-page',
    'unprocessed',
    'stale-read',
  ] as const)('goes on after %s', async (fault) => {
    const { account, records, segments } = filled;
    const { journal, faults } = bad([{ fault, probability: 0.3 }]);
    const { entries, ...folded } = await journal.open(account);
    expect(folded).toEqual({
      checkpoint: { number: 10, fold: 'f1', root: Uint8Array.of(2) },
      bundle: { fold: 'f1', data: Uint8Array.of(3) },
    });
    expect(brief(entries)).toEqual(brief(records.slice(10)));
    expect(brief(await journal.after(account, numbered(5), 'strong'))).toEqual(brief(records.slice(5)));
    expect((await journal.newest(account, 'strong'))?.number).toBe(80);
    expect((await journal.entry(account, numbered(7)))?.number).toBe(7);
    expect(await journal.segments(account, segments)).toEqual(
      segments.map(({ firstUid }) => Uint8Array.of(firstUid)),
    );
    expect(await journal.part(account, 'tree', 'f1')).toEqual(Uint8Array.of(1));
    const strangers = Array.from({ length: 60 }, freshAccount);
    expect(await journal.delivered(`${account}-message`, [...strangers, account])).toEqual(
      new Set([account]),
    );
    expect(faults.injected.get(fault)).toBeGreaterThan(0);
  });

  test('takes several pages, where DynamoDB ends one at a megabyte', async () => {
    const { account, records } = filled;
    const { journal, log } = bad([]);
    expect(brief(await journal.after(account, numbered(0), 'strong'))).toEqual(brief(records));
    expect(log.report().calls['dynamodb.Query']).toBeGreaterThan(1);
  });

  test('that is refused to the end rejects with the reason', async () => {
    const { journal } = bad([{ fault: 'transaction-conflict' }, { fault: 'reset-before-effect' }]);
    const account = freshAccount();
    await expect(journal.open(account)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(
      journal.segments(account, [{ mailbox: 1 as MailboxId, firstUid: 1 as Uid, fold: 'f' }]),
    ).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('of segments that an eventual read does not see yet asks once more, strongly', async () => {
    const { journal, folds, faults, log } = bad([]);
    const account = freshAccount();
    const key = { mailbox: 1 as MailboxId, firstUid: 1 as Uid, fold: 'f1' };
    await folds.put(account, { kind: 'segment', ...key }, Uint8Array.of(9), 1);
    faults.setRules([{ fault: 'stale-read' }]);
    log.reset();
    expect(await journal.segments(account, [key])).toEqual([Uint8Array.of(9)]);
    expect(log.report().calls).toEqual({ 'dynamodb.BatchGetItem': 2 });
  });
});
