/**
 * What runs by the clock: the compaction, and the expunge function. A run that could not even be started ends in the
 * dead-letter queue.
 */
import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { keyItems, mailKeyPrefixes, mailObjectPrefixes } from '../../shared/aws/keys.ts';
import { keyPrefixes as directoryKeyPrefixes } from '../../shared/directory/keys.ts';
import type { Deployment } from '../config/check.ts';
import {
  mayMissObjects,
  mayUseDataKeys,
  mayUseItems,
  mayUseKeyThrough,
  mayUseObjects,
  mayUseWakeQueues,
} from './permissions.ts';
import { makeLastQueue } from './queues.ts';
import { QuireFunction } from './quire-function.ts';
import type { StorageStack } from './storage.ts';

/** A fold that is due waits so long; an account is cheap to open until then. */
const COMPACT_EVERY = Duration.minutes(1);
/** As long as Lambda lets a function run: a fold paces its writes and may take minutes. */
const COMPACT_TIMEOUT = Duration.minutes(15);
const COMPACT_MEMORY_MIB = 1_024;
/** Work is due by days: what a run has no time for, the next one does. */
const EXPUNGE_TIMEOUT = Duration.minutes(15);
/** Two whole accounts at a time, the largest with some hundred megabytes. */
const EXPUNGE_MEMORY_MIB = 2_048;

export interface MaintenanceStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly storage: StorageStack;
}

export class MaintenanceStack extends Stack {
  readonly compact: Function;
  readonly compactLog: LogGroup;
  readonly expunge: Function;
  readonly expungeLog: LogGroup;
  /** Events of schedules that no function took. */
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { deployment, storage, ...props }: MaintenanceStackProps) {
    super(scope, id, { ...props, description: 'Quire: what runs by the clock.' });
    this.deadLetters = makeLastQueue(this, 'DeadLetters', storage.key, 'schedules');
    const environment = {
      ...storage.processEnvironment,
      QUIRE_GRACE_DAYS: String(deployment.retention.grace),
    };
    const compact = new QuireFunction(this, 'Compact', {
      deployment,
      bundle: 'compact',
      description: 'Quire: folds journals that have grown into checkpoints',
      memoryMiB: COMPACT_MEMORY_MIB,
      timeout: COMPACT_TIMEOUT,
      key: storage.key,
      environment,
      permissions: [
        ...this.#compactPermissions(storage),
        ...mayUseDataKeys(storage.keysTable, storage.key),
        mayUseKeyThrough(this, 'Key', storage.key, ['dynamodb', 's3']),
      ],
    });
    this.compact = compact.function;
    this.compactLog = compact.logGroup;
    this.#schedule('CompactSchedule', 'folds what is due', COMPACT_EVERY, this.compact);
    const expunge = new QuireFunction(this, 'Expunge', {
      deployment,
      bundle: 'expunge',
      description: 'Quire: expunges what policy does not keep, and purges what nobody can bring back',
      memoryMiB: EXPUNGE_MEMORY_MIB,
      timeout: EXPUNGE_TIMEOUT,
      key: storage.key,
      environment,
      permissions: [
        ...this.#expungePermissions(storage),
        mayUseWakeQueues(this, 'Wake', ['SendMessage', 'GetQueueUrl', 'DeleteQueue']),
        mayUseKeyThrough(this, 'Key', storage.key, ['dynamodb', 's3']),
      ],
    });
    this.expunge = expunge.function;
    this.expungeLog = expunge.logGroup;
    const every = Duration.minutes(deployment.size.expungeEveryMinutes);
    this.#schedule('ExpungeSchedule', 'looks after accounts that are due', every, this.expunge);
  }

  #schedule(id: string, what: string, every: Duration, handler: Function): void {
    new Rule(this, id, {
      description: `Quire: ${what}`,
      schedule: Schedule.rate(every),
      targets: [
        new LambdaFunction(handler, {
          deadLetterQueue: this.deadLetters,
          // The next run does all that this one would have done.
          retryAttempts: 2,
          maxEventAge: Duration.minutes(15),
        }),
      ],
    });
  }

  #compactPermissions({ mailTable, mailBucket }: StorageStack): PolicyStatement[] {
    const { account, segment, part, work, garbage } = mailKeyPrefixes;
    const { blobs, packs, summaries, overflow } = mailObjectPrefixes;
    return [
      mayUseItems('Read', mailTable, ['Query', 'GetItem', 'BatchGetItem'], [account, segment, part, work]),
      mayUseItems('Fold', mailTable, ['PutItem', 'UpdateItem', 'DeleteItem'], [account, segment, part]),
      mayUseItems('Work', mailTable, ['UpdateItem', 'DeleteItem'], [work]),
      mayUseItems('AskForDays', mailTable, ['UpdateItem'], [garbage]),
      mayUseObjects(
        'KeepSummaries',
        mailBucket,
        ['GetObject', 'PutObject', 'DeleteObject', 'AbortMultipartUpload'],
        [summaries],
      ),
      mayUseObjects('ReadOverflow', mailBucket, ['GetObject', 'DeleteObject'], [overflow]),
      mayUseObjects(
        'KeepPacks',
        mailBucket,
        ['GetObject', 'PutObject', 'DeleteObject', 'AbortMultipartUpload'],
        [packs],
      ),
      // What a pack holds, and what a purge began to delete before a fold takes it out of the tail.
      mayUseObjects('TakeMessages', mailBucket, ['GetObject', 'DeleteObject'], [blobs]),
      mayMissObjects('MissObjects', [mailBucket]),
    ];
  }

  #expungePermissions({ mailTable, directoryTable, keysTable, mailBucket }: StorageStack): PolicyStatement[] {
    const { account, segment, part, watch, work, garbage } = mailKeyPrefixes;
    const { address, credential, granted, shares, account: entry } = directoryKeyPrefixes;
    const { blobs, packs, summaries, overflow } = mailObjectPrefixes;
    return [
      mayUseItems(
        'Read',
        mailTable,
        ['Query', 'GetItem', 'BatchGetItem'],
        [account, segment, part, watch, garbage],
      ),
      mayUseItems('AppendRecords', mailTable, ['PutItem'], [account]),
      mayUseItems('Days', mailTable, ['UpdateItem', 'DeleteItem'], [garbage]),
      mayUseItems('LeaveWork', mailTable, ['UpdateItem', 'DeleteItem'], [work]),
      mayUseItems('ForgetWatchers', mailTable, ['DeleteItem'], [watch]),
      // What is left of an account that is closed for good.
      mayUseItems('EmptyAccounts', mailTable, ['UpdateItem', 'DeleteItem'], [account]),
      mayUseItems('FindUsers', directoryTable, ['GetItem'], [address, entry, shares]),
      mayUseItems('CloseUsers', directoryTable, ['UpdateItem'], [entry, granted, shares]),
      mayUseItems(
        'ForgetUsers',
        directoryTable,
        ['DeleteItem'],
        [address, credential, entry, granted, shares],
      ),
      // It deletes the keys of accounts that are closed, and can unwrap none.
      mayUseItems('DeleteKeys', keysTable, ['GetItem', 'UpdateItem'], [keyItems.prefix]),
      // Purged messages, and what nothing ever led to.
      mayUseObjects('Sweep', mailBucket, ['DeleteObject'], [blobs, packs, summaries, overflow]),
      mayUseItems('SweepFolded', mailTable, ['DeleteItem'], [segment, part]),
      mayUseObjects('ReadOverflow', mailBucket, ['GetObject'], [overflow]),
      // It lists the objects of an account, by their prefixes.
      mayMissObjects('List', [mailBucket]),
    ];
  }
}
