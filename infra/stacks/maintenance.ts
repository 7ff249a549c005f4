/** What runs by the clock: the compaction. A run that could not even be started ends in the dead-letter queue. */
import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { mailKeyPrefixes, mailObjectPrefixes } from '../../shared/aws/keys.ts';
import type { Deployment } from '../config/check.ts';
import {
  mayMissObjects,
  mayUseDataKeys,
  mayUseItems,
  mayUseKeyThrough,
  mayUseObjects,
} from './permissions.ts';
import { makeLastQueue } from './queues.ts';
import { QuireFunction } from './quire-function.ts';
import type { StorageStack } from './storage.ts';

/** A fold that is due waits so long; an account is cheap to open until then. */
const COMPACT_EVERY = Duration.minutes(1);
/** As long as Lambda lets a function run: a fold paces its writes and may take minutes. */
const COMPACT_TIMEOUT = Duration.minutes(15);
const COMPACT_MEMORY_MIB = 1_024;

export interface MaintenanceStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly storage: StorageStack;
}

export class MaintenanceStack extends Stack {
  readonly compact: Function;
  readonly compactLog: LogGroup;
  /** Events of schedules that no function took. */
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { deployment, storage, ...props }: MaintenanceStackProps) {
    super(scope, id, { ...props, description: 'Quire: what runs by the clock.' });
    this.deadLetters = makeLastQueue(this, 'DeadLetters', storage.key, 'schedules');
    const compact = new QuireFunction(this, 'Compact', {
      deployment,
      bundle: 'compact',
      description: 'Quire: folds journals that have grown into checkpoints',
      memoryMiB: COMPACT_MEMORY_MIB,
      timeout: COMPACT_TIMEOUT,
      key: storage.key,
      environment: storage.processEnvironment,
      permissions: [
        ...this.#compactPermissions(storage),
        ...mayUseDataKeys(storage.keysTable, storage.key),
        mayUseKeyThrough(this, 'Key', storage.key, ['dynamodb', 's3']),
      ],
    });
    this.compact = compact.function;
    this.compactLog = compact.logGroup;
    this.#schedule('CompactSchedule', 'folds what is due', COMPACT_EVERY, this.compact);
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
    const { summaries, overflow } = mailObjectPrefixes;
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
      mayMissObjects('MissObjects', [mailBucket]),
    ];
  }
}
