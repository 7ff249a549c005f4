import { beforeEach, describe, expect, test } from '@jest/globals';
import { type DeliveryDependencies, deliverBatch } from '../../../functions/deliver/deliver.ts';
import { VERDICTS } from '../../../functions/deliver/notification.ts';
import { NO_METRICS } from '../../../shared/metrics/metrics.ts';
import type { AccountId, MailboxId, RecordNumber } from '../../../shared/account/ids.ts';
import type { Columns } from '../../../shared/account/columns.ts';
import { type Divergence } from '../../../shared/account/apply.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { Replica } from '../../../shared/account/replica.ts';
import { MessageStore } from '../../../shared/blob/message-store.ts';
import type { Resolution } from '../../../shared/directory/directory.ts';
import { createLog } from '../../../shared/log.ts';
import { drained } from '../../support/blob-store-contract.ts';
import { MemoryBlobStore } from '../../support/memory-blob-store.ts';
import { MemoryJournalStore } from '../../support/memory-journal-store.ts';
import { TestRim } from '../../support/rim.ts';
import { type NotificationFields, notificationOf, sqsEvent } from '../../support/ses.ts';

const QUOTA = { quotaBytes: 1_000_000, quotaMessages: 10_000 };
const RAW = 'Return-Path: <sender@a.test>\r\nReceived: from x\r\nSubject: hello\r\n\r\nbody\r\n';
const [INBOX, JUNK] = [1 as MailboxId, 2 as MailboxId];
const TREE: readonly Op[] = [
  { op: 'create', name: 'INBOX', uidValidity: 1, use: null },
  { op: 'create', name: 'Junk', uidValidity: 2, use: 'Junk' },
];

let journal: MemoryJournalStore;
let inbound: MemoryBlobStore;
let mail: MemoryBlobStore;
let resolutions: Map<string, Resolution>;
let told: AccountId[];
let divergences: Divergence[];

beforeEach(() => {
  journal = new MemoryJournalStore();
  inbound = new MemoryBlobStore();
  mail = new MemoryBlobStore();
  resolutions = new Map();
  told = [];
  divergences = [];
});

const unknown = (address: string): Resolution => ({
  destinations: [],
  refusals: [{ address, reason: 'unknown' }],
});

/** Those of one Lambda; each has its own chance. */
function lambda(seed = 1): DeliveryDependencies {
  const rim = new TestRim(seed);
  return {
    inbound,
    messages: new MessageStore(mail, rim),
    directory: {
      resolve: async (recipients) =>
        new Map(recipients.map((recipient) => [recipient, resolutions.get(recipient) ?? unknown(recipient)])),
    },
    journal,
    rim,
    log: createLog({ level: 'silent', pretty: false }),
    metrics: NO_METRICS,
    hostname: 'mx.example.test',
    committed: async (account) => void told.push(account),
  };
}

async function addAccount(name: string, quota = QUOTA): Promise<AccountId> {
  const account = Buffer.from(name.padEnd(10)).toString('hex') as AccountId;
  const address = `${name}@example.test`;
  resolutions.set(address, { destinations: [{ account, address, ...quota }], refusals: [] });
  const usage = { messages: 0, bytes: 0 };
  const record = { number: 1 as RecordNumber, commit: 'first', time: 0, ops: TREE, usage, journalBytes: 1 };
  await journal.put(account, [record]);
  return account;
}

function arrived(fields: Partial<NotificationFields> & { messageId: string }, raw = RAW): string {
  const objectKey = `inbound/${fields.messageId}`;
  inbound.objects.set(fields.objectKey ?? objectKey, Buffer.from(raw));
  return notificationOf({ recipients: ['alice@example.test'], objectKey, ...fields });
}

/** The messages of a mailbox, as a gateway would see them. */
async function columnsOf(account: AccountId, mailbox = INBOX): Promise<Columns> {
  const replica = new Replica(account, journal, new TestRim(), {
    onDivergence: (_, divergence) => divergences.push(divergence),
  });
  const columns = (await replica.load([mailbox])).mailboxes.get(mailbox)?.columns;
  expect(divergences).toEqual([]);
  if (!columns) throw new Error(`no mailbox ${mailbox}`);
  return columns;
}

async function stored(account: AccountId, row = 0, mailbox = INBOX): Promise<string> {
  const blob = (await columnsOf(account, mailbox)).blobAt(row);
  const messages = new MessageStore(mail, new TestRim());
  return (await drained(await messages.get(account, { blob, pack: null }))).toString();
}

const counts = async (account: AccountId) =>
  [(await columnsOf(account, INBOX)).count, (await columnsOf(account, JUNK)).count] as const;

const DONE = { batchItemFailures: [] };
const failed = (...ids: string[]) => ({ batchItemFailures: ids.map((id) => ({ itemIdentifier: id })) });

describe('a delivered message', () => {
  test('lies in INBOX with one Return-Path, Delivered-To and our Received, and inbound is empty', async () => {
    const alice = await addAccount('alice');
    expect(await deliverBatch(sqsEvent([arrived({ messageId: 'm1' })]), lambda())).toEqual(DONE);
    expect(await stored(alice)).toBe(
      'Return-Path: <sender@a.test>\r\n' +
        'Delivered-To: alice@example.test\r\n' +
        'Received: by mx.example.test (Quire) id m1\r\n' +
        '\tfor <alice@example.test>; Thu, 01 Jan 2026 00:00:00 +0000\r\n' +
        'Received: from x\r\nSubject: hello\r\n\r\nbody\r\n',
    );
    expect(inbound.objects.size).toBe(0);
    expect(told).toEqual([alice]);
  });

  test("has one Return-Path, SES's own, whatever the sender wrote", async () => {
    const alice = await addAccount('alice');
    const raw = `${RAW.slice(0, -8)}return-PATH: <forged@b.test>\r\n\tfolded\r\nX: y\r\n\r\nReturn-Path: in body\r\n`;
    await deliverBatch(sqsEvent([arrived({ messageId: 'm1' }, raw)]), lambda());
    const message = await stored(alice);
    expect(message.match(/^Return-Path: .*$/gim)).toEqual(
      ['Return-Path: <sender@a.test>\r', 'Return-Path: in body\r'].map((line) => line.trim()),
    );
    expect(message).not.toContain('folded');
  });

  test('without a Return-Path of its own gets one from the envelope', async () => {
    const alice = await addAccount('alice');
    await deliverBatch(sqsEvent([arrived({ messageId: 'm1', source: '' }, 'Subject: x\r\n\r\n')]), lambda());
    expect(await stored(alice)).toMatch(/^Return-Path: <>\r\nDelivered-To: /);
  });

  test('has the keyword that says whether it has attachments', async () => {
    const alice = await addAccount('alice');
    const file = 'Content-Type: application/pdf\r\n\r\n%PDF\r\n';
    const bodies = [arrived({ messageId: 'm1' }), arrived({ messageId: 'm2' }, file)];
    for (const body of bodies) await deliverBatch(sqsEvent([body]), lambda(bodies.indexOf(body)));
    const columns = await columnsOf(alice);
    const messages = new MessageStore(mail, new TestRim());
    for (const [row, keyword] of ['$hasnoattachment', '$hasattachment'].entries()) {
      expect(columns.keywordsAt(row)).toEqual([keyword]);
      const { arrival } = await messages.facts(alice, { blob: columns.blobAt(row), pack: null });
      expect(arrival?.keywords).toEqual([keyword]);
    }
  });

  test.each(['', '\r\n', 'no header at all', '\0\0\0', 'A: b', ': \r\n: \r\n', '\n\n\n'])(
    'that is no message (%j) is delivered all the same',
    async (raw) => {
      const alice = await addAccount('alice');
      expect(await deliverBatch(sqsEvent([arrived({ messageId: 'm1' }, raw)]), lambda())).toEqual(DONE);
      expect(await stored(alice)).toContain(raw);
    },
  );
});

test('a message without a header keeps its first line out of ours', async () => {
  const alice = await addAccount('alice');
  await deliverBatch(sqsEvent([arrived({ messageId: 'm1' }, 'no header at all\r\n')]), lambda());
  expect(await stored(alice)).toMatch(/\+0000\r\n\r\nno header at all\r\n$/);
});

describe('verdicts', () => {
  const combinations = VERDICTS.flatMap((virus) =>
    VERDICTS.flatMap((spam) =>
      VERDICTS.flatMap((dmarc) =>
        [undefined, 'none', 'quarantine', 'REJECT'].map((dmarcPolicy) => ({
          virus,
          spam,
          dmarc,
          dmarcPolicy,
        })),
      ),
    ),
  );

  test.each(combinations)('virus $virus, spam $spam, DMARC $dmarc under $dmarcPolicy', async (verdicts) => {
    const alice = await addAccount('alice');
    const { dmarcPolicy, ...others } = verdicts;
    const policy = dmarcPolicy === undefined ? {} : { dmarcPolicy };
    await deliverBatch(sqsEvent([arrived({ messageId: 'm1', ...others, ...policy })]), lambda());
    const strict = dmarcPolicy === 'quarantine' || dmarcPolicy === 'REJECT';
    const unsure = verdicts.virus === 'GRAY' || verdicts.virus === 'PROCESSING_FAILED';
    const junk = unsure || verdicts.spam === 'FAIL' || (verdicts.dmarc === 'FAIL' && strict);
    const infected = verdicts.virus === 'FAIL';
    expect(await counts(alice)).toEqual(infected ? [0, 0] : junk ? [0, 1] : [1, 0]);
    expect([...inbound.objects.keys()]).toEqual(
      infected ? ['aside/virus/inbound/m1.notification.json', 'aside/virus/inbound/m1'] : [],
    );
  });

  test('a virus that SQS hands over again was settled the first time', async () => {
    await addAccount('alice');
    const body = arrived({ messageId: 'm1', virus: 'FAIL' });
    for (const [seed, attempt] of [1, 1, 2].entries())
      expect(await deliverBatch(sqsEvent([body], attempt), lambda(seed))).toEqual(DONE);
    expect(inbound.objects.size).toBe(2);
  });

  test('a verdict that SES has yet to invent counts as one that could not be decided', async () => {
    const alice = await addAccount('alice');
    await deliverBatch(sqsEvent([arrived({ messageId: 'm1', spam: 'MAYBE' })]), lambda());
    expect(await counts(alice)).toEqual([1, 0]);
  });

  test('Junk that has been deleted means INBOX', async () => {
    const alice = await addAccount('alice');
    await new Replica(alice, journal, new TestRim(5)).commit({
      decide: () => ({ ops: [{ op: 'delete', mailbox: JUNK }], value: null }),
    });
    await deliverBatch(sqsEvent([arrived({ messageId: 'm1', spam: 'FAIL' })]), lambda());
    expect((await columnsOf(alice)).count).toBe(1);
  });
});

describe('once (I6)', () => {
  test('a message that SQS hands over again and again is delivered once', async () => {
    const alice = await addAccount('alice');
    const body = arrived({ messageId: 'm1' });
    for (const [seed, attempt] of [1, 1, 2, 3].entries()) {
      inbound.objects.set('inbound/m1', Buffer.from(RAW));
      expect(await deliverBatch(sqsEvent([body], attempt), lambda(seed))).toEqual(DONE);
    }
    expect(await counts(alice)).toEqual([1, 0]);
  });

  test.each([
    ['FNV-1a of 32 bits', 'costarring', 'liquid'],
    ['CRC-32', 'plumless', 'buckeroo'],
    ["Java's", 'Aa', 'BB'],
  ])('two messages whose ids have one hash, %s, are two', async (_, one, other) => {
    const alice = await addAccount('alice');
    for (const [seed, messageId] of [one, other].entries())
      expect(await deliverBatch(sqsEvent([arrived({ messageId })]), lambda(seed + 1))).toEqual(DONE);
    expect(await counts(alice)).toEqual([2, 0]);
  });

  test('two functions at once on the same message deliver it once', async () => {
    const alice = await addAccount('alice');
    const body = arrived({ messageId: 'm1' });
    const responses = await Promise.all(
      [1, 2, 3].map((seed) => deliverBatch(sqsEvent([body]), lambda(seed))),
    );
    expect(await counts(alice)).toEqual([1, 0]);
    expect(responses).toContainEqual(DONE);
    // Who found the raw message already gone comes again, and finds the markers.
    for (const seed of [1, 2, 3]) expect(await deliverBatch(sqsEvent([body], 2), lambda(seed))).toEqual(DONE);
  });

  test('a message that two receipt rules matched is delivered once to who is in both', async () => {
    const [alice, bob] = [await addAccount('alice'), await addAccount('bob')];
    const one = arrived({ messageId: 'm1', objectKey: 'rule-1/m1' });
    const recipients = ['alice@example.test', 'bob@example.test'];
    const two = arrived({ messageId: 'm1', objectKey: 'rule-2/m1', recipients });
    expect(await deliverBatch(sqsEvent([one, two]), lambda())).toEqual(DONE);
    expect([await counts(alice), await counts(bob)]).toEqual([
      [1, 0],
      [1, 0],
    ]);
    expect(inbound.objects.size).toBe(0);
  });

  test('two recipients that lead to one account are one message', async () => {
    const alice = await addAccount('alice');
    const found = resolutions.get('alice@example.test');
    if (found) resolutions.set('sales@example.test', found);
    const recipients = ['sales@example.test', 'alice@example.test'];
    await deliverBatch(sqsEvent([arrived({ messageId: 'm1', recipients })]), lambda());
    expect(await counts(alice)).toEqual([1, 0]);
    expect(await stored(alice)).toContain('Delivered-To: sales@example.test\r\n');
  });

  test('a batch for one account is one record', async () => {
    const alice = await addAccount('alice');
    const bodies = Array.from({ length: 10 }, (_, index) => arrived({ messageId: `m${index}` }));
    expect(await deliverBatch(sqsEvent(bodies), lambda())).toEqual(DONE);
    expect(journal.account(alice).entries.size).toBe(2);
    expect(await counts(alice)).toEqual([10, 0]);
  });
});

describe('never dropped (I7)', () => {
  test('of 30 recipients one fails three times and then succeeds: all have it once, inbound goes last', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `user${index}`);
    const accounts = await Promise.all(names.map((name) => addAccount(name)));
    const recipients = names.map((name) => `${name}@example.test`);
    const body = arrived({ messageId: 'm1', recipients });
    const stubborn = accounts[17] as AccountId;
    const deps = lambda();
    let refusals = 3;
    const put = journal.put.bind(journal);
    journal.put = async (account, ...rest) => {
      if (account === stubborn && refusals-- > 0) throw new Error('the table is throttled');
      return put(account, ...rest);
    };
    for (const attempt of [1, 2, 3]) {
      expect(await deliverBatch(sqsEvent([body], attempt), deps)).toEqual(failed('sqs-0'));
      expect(inbound.objects.size).toBe(1);
    }
    expect(await deliverBatch(sqsEvent([body], 4), deps)).toEqual(DONE);
    expect(inbound.objects.size).toBe(0);
    for (const account of accounts) expect(await counts(account)).toEqual([1, 0]);
    // Attempts after the first put a blob for nobody but the one who lacks it.
    expect(mail.objects.size).toBe(30 + 3);
  });

  test('one message of a batch fails, and it alone comes again', async () => {
    const alice = await addAccount('alice');
    const bodies = ['m1', 'm2', 'm3'].map((messageId) => arrived({ messageId }));
    inbound.objects.delete('inbound/m2');
    expect(await deliverBatch(sqsEvent(bodies), lambda())).toEqual(failed('sqs-1'));
    expect(await counts(alice)).toEqual([2, 0]);
  });

  test('a missing raw message is a failure while somebody lacks it, and settled once all have it', async () => {
    const alice = await addAccount('alice');
    const body = arrived({ messageId: 'm1' });
    await deliverBatch(sqsEvent([body]), lambda());
    expect(inbound.objects.size).toBe(0);
    expect(await deliverBatch(sqsEvent([body], 1), lambda(2))).toEqual(DONE);
    await addAccount('bob');
    const recipients = ['alice@example.test', 'bob@example.test'];
    const both = notificationOf({ messageId: 'm1', recipients, objectKey: 'inbound/m1' });
    expect(await deliverBatch(sqsEvent([both], 9), lambda(3))).toEqual(failed('sqs-0'));
    expect(await counts(alice)).toEqual([1, 0]);
  });

  test('an account over its quota does not take the message; it waits, and comes when there is room', async () => {
    const alice = await addAccount('alice', { quotaBytes: 100_000, quotaMessages: 1 });
    const bodies = ['m1', 'm2'].map((messageId) => arrived({ messageId }));
    expect(await deliverBatch(sqsEvent(bodies), lambda())).toEqual(failed('sqs-1'));
    expect(await counts(alice)).toEqual([1, 0]);
    expect([...inbound.objects.keys()]).toEqual(['inbound/m2']);
    const address = 'alice@example.test';
    resolutions.set(address, { destinations: [{ account: alice, address, ...QUOTA }], refusals: [] });
    expect(await deliverBatch(sqsEvent(bodies.slice(1), 7), lambda(2))).toEqual(DONE);
    expect(await counts(alice)).toEqual([2, 0]);
  });

  test('a recipient that leads nowhere: the message is kept aside, the others have it', async () => {
    const alice = await addAccount('alice');
    const recipients = ['nobody@example.test', 'alice@example.test'];
    const body = arrived({ messageId: 'm1', recipients });
    expect(await deliverBatch(sqsEvent([body]), lambda())).toEqual(DONE);
    expect(await counts(alice)).toEqual([1, 0]);
    expect([...inbound.objects.keys()]).toEqual([
      'aside/undeliverable/inbound/m1.notification.json',
      'aside/undeliverable/inbound/m1',
    ]);
    expect(Buffer.from(inbound.objects.get('aside/undeliverable/inbound/m1') ?? []).toString()).toBe(RAW);
  });

  test('a message that was kept aside for somebody comes by a second notification, once the account is open again', async () => {
    const body = arrived({ messageId: 'm1' });
    expect(await deliverBatch(sqsEvent([body]), lambda())).toEqual(DONE);
    expect([...inbound.objects.keys()]).not.toContain('inbound/m1');
    const alice = await addAccount('alice');
    for (const seed of [2, 3]) expect(await deliverBatch(sqsEvent([body]), lambda(seed))).toEqual(DONE);
    expect(await counts(alice)).toEqual([1, 0]);
    expect(await stored(alice)).toContain(RAW.slice(-20));
  });

  test('the sender of mail to nobody is told whom it did not reach, and of nobody else', async () => {
    const alice = await addAccount('alice');
    // An alias that still leads somewhere is no address that does not exist, and whom it names is our own business.
    const [destination] = resolutions.get('alice@example.test')?.destinations ?? [];
    const left = { address: 'left@example.test', reason: 'unknown' } as const;
    resolutions.set('team@example.test', {
      destinations: destination ? [destination] : [],
      refusals: [left],
    });
    const recipients = ['team@example.test', 'nobody@example.test'];
    const sent: unknown[] = [];
    const bouncer = async (bounce: unknown) => void sent.push(bounce);
    const body = arrived({ messageId: 'm1', recipients });
    expect(await deliverBatch(sqsEvent([body]), { ...lambda(), bouncer })).toEqual(DONE);
    expect(sent).toEqual([
      {
        messageId: 'm1',
        from: 'mailer-daemon@example.test',
        unreachable: [{ recipient: 'nobody@example.test', reason: 'unknown' }],
      },
    ]);
    expect(await counts(alice)).toEqual([1, 0]);
  });

  test.each(['', 'no json', '{}', '{"notificationType":"Bounce"}', '[]'])(
    'a notification that is not understood (%j) fails, and nothing is removed',
    async (body) => {
      inbound.objects.set('inbound/m1', Buffer.from(RAW));
      expect(await deliverBatch(sqsEvent([body]), lambda())).toEqual(failed('sqs-0'));
      expect(inbound.objects.size).toBe(1);
    },
  );

  test("SNS's own trial of a topic is taken note of and done", async () => {
    const trial = JSON.stringify({ notificationType: 'AmazonSnsSubscriptionSucceeded', message: 'x' });
    expect(await deliverBatch(sqsEvent([trial]), lambda())).toEqual(DONE);
  });

  test('a message whose blob has become too old to be named is put again under a new id (I2)', async () => {
    const alice = await addAccount('alice');
    const body = arrived({ messageId: 'm1' });
    const rim = new TestRim(9);
    const deps = { ...lambda(), rim, messages: new MessageStore(mail, rim) };
    const put = mail.put.bind(mail);
    mail.put = async (...object) => {
      // The first put takes longer than its blob stays fresh.
      if (mail.objects.size === 0) rim.time += 2 * 3_600_000;
      return put(...object);
    };
    expect(await deliverBatch(sqsEvent([body]), deps)).toEqual(failed('sqs-0'));
    expect([await counts(alice), inbound.objects.size]).toEqual([[0, 0], 1]);
    expect(await deliverBatch(sqsEvent([body], 2), deps)).toEqual(DONE);
    expect(await counts(alice)).toEqual([1, 0]);
    expect(mail.objects.size).toBe(2);
  });

  test('one look at the directory is for all messages of a batch', async () => {
    const alice = await addAccount('alice');
    const bob = await addAccount('bob');
    const bodies = [
      arrived({ messageId: 'm1' }),
      arrived({ messageId: 'm2', recipients: ['bob@example.test'] }),
      arrived({ messageId: 'm3', recipients: ['alice@example.test', 'bob@example.test'] }),
    ];
    const asked: (readonly string[])[] = [];
    const deps = lambda();
    const directory: DeliveryDependencies['directory'] = {
      resolve: async (recipients) => {
        asked.push(recipients);
        return deps.directory.resolve(recipients);
      },
    };
    expect(await deliverBatch(sqsEvent(bodies), { ...deps, directory })).toEqual(DONE);
    expect(asked).toEqual([['alice@example.test', 'bob@example.test']]);
    expect([await counts(alice), await counts(bob)]).toEqual([
      [2, 0],
      [2, 0],
    ]);
  });

  test('a recipient that cannot be resolved holds up no message but its own', async () => {
    const alice = await addAccount('alice');
    const bodies = [
      arrived({ messageId: 'm1', recipients: ['odd@example.test'] }),
      arrived({ messageId: 'm2' }),
    ];
    const deps = lambda();
    const directory: DeliveryDependencies['directory'] = {
      resolve: async (recipients) => {
        if (recipients.includes('odd@example.test')) throw new Error('an item of another version');
        return deps.directory.resolve(recipients);
      },
    };
    expect(await deliverBatch(sqsEvent(bodies), { ...deps, directory })).toEqual(failed('sqs-0'));
    expect(await counts(alice)).toEqual([1, 0]);
  });

  test('a directory that does not answer fails the message, and it comes again', async () => {
    const body = arrived({ messageId: 'm1' });
    const directory = { resolve: async () => Promise.reject(new Error('throttled')) };
    expect(await deliverBatch(sqsEvent([body]), { ...lambda(), directory })).toEqual(failed('sqs-0'));
    expect(inbound.objects.size).toBe(1);
  });
});

test('a storm: 1,000 messages to one account through ten functions at once, each delivered once', async () => {
  const alice = await addAccount('alice');
  const bodies = Array.from({ length: 1_000 }, (_, index) => arrived({ messageId: `m${index}` }));
  const batches = Array.from({ length: 100 }, (_, index) =>
    sqsEvent(bodies.slice(index * 10, index * 10 + 10)),
  );
  const queue = batches.values();
  await Promise.all(
    Array.from({ length: 10 }, async (_, worker) => {
      const deps = lambda(worker + 1);
      for (const batch of queue) expect(await deliverBatch(batch, deps)).toEqual(DONE);
    }),
  );
  expect(await counts(alice)).toEqual([1_000, 0]);
  const columns = await columnsOf(alice);
  expect([...columns.uids.subarray(0, 1_000)]).toEqual(
    Array.from({ length: 1_000 }, (_, index) => index + 1),
  );
});
