/** Queues and topics of Quire: under its key, and only over TLS. */
import { Duration, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledged.ts';

/** SQS keeps nothing longer. */
const QUEUE_RETENTION = Duration.days(14);

export function makeQueue(
  scope: Construct,
  id: string,
  key: IKey,
  more: Pick<QueueProps, 'visibilityTimeout' | 'deadLetterQueue'> = {},
): Queue {
  return new Queue(scope, id, {
    encryption: QueueEncryption.KMS,
    encryptionMasterKey: key,
    enforceSSL: true,
    retentionPeriod: QUEUE_RETENTION,
    ...more,
  });
}

/** For what a subscription or a schedule could not hand over; it has no dead letters of its own. `of`: whose it is. */
export function makeLastQueue(scope: Construct, id: string, key: IKey, of: string): Queue {
  const queue = makeQueue(scope, id, key);
  acknowledge(queue, 'AwsSolutions-SQS3', `It is the dead-letter queue of ${of}.`);
  return queue;
}

/** A topic to which one of AWS's services tells what happens in this account. */
export function makeTopicOf(
  scope: Construct,
  id: string,
  key: IKey,
  by: { readonly sid: string; readonly service: string },
): Topic {
  const topic = new Topic(scope, id, { masterKey: key, enforceSSL: true });
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: by.sid,
      principals: [new ServicePrincipal(by.service)],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  );
  return topic;
}
