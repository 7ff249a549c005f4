/**
 * Mail in: SES puts a message into the inbound bucket and tells a topic, the topic a queue, and the queue the delivery
 * function. What cannot be delivered ends in a dead-letter queue, at each of the two places where it may get stuck.
 */
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Function } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import {
  CfnReceiptRule,
  EmailIdentity,
  type IEmailIdentity,
  Identity,
  ReceiptRuleSet,
} from 'aws-cdk-lib/aws-ses';
import { Subscription, SubscriptionProtocol, type Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { mailKeyPrefixes, mailObjectPrefixes } from '../../shared/aws/keys.ts';
import { keyPrefixes } from '../../shared/directory/keys.ts';
import type { Deployment, DomainDeployment } from '../config/check.ts';
import { mailRecords, type Token } from '../dns/records.ts';
import { dkimOutput, ruleSetName } from './names.ts';
import {
  mayMissObjects,
  mayUseItems,
  mayUseDataKeys,
  mayUseKeyThrough,
  mayUseObjects,
  mayUseWakeQueues,
} from './permissions.ts';
import { makeLastQueue, makeQueue, makeTopicOf } from './queues.ts';
import { QuireFunction } from './quire-function.ts';
import { ReceiptRulesActivation } from './receipt-rules-activation.ts';
import type { StorageStack } from './storage.ts';
import { makeRecords } from './zone-records.ts';

/** A message of 40 MB to a large group takes some twenty seconds. */
const DELIVERY_TIMEOUT = Duration.seconds(120);
/** Six times the function's time, as AWS asks for: a batch must not come back while it may still be at work. */
const VISIBILITY = Duration.seconds(720);
/** With the visibility above: two hours of attempts, then somebody has to look. */
const ATTEMPTS = 10;
const BATCH = 10;

export interface DeliveryStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly storage: StorageStack;
}

export class DeliveryStack extends Stack {
  readonly topic: Topic;
  readonly queue: Queue;
  /** Messages that were tried often enough. */
  readonly deadLetters: Queue;
  /** Notifications that never reached the queue. */
  readonly lostNotifications: Queue;
  readonly deliver: Function;
  readonly deliverLog: LogGroup;
  /** By domain. */
  readonly identities: ReadonlyMap<string, EmailIdentity | IEmailIdentity>;

  constructor(scope: Construct, id: string, { deployment, storage, ...props }: DeliveryStackProps) {
    super(scope, id, { ...props, description: 'Quire: mail in, from SES to the delivery function.' });
    this.deadLetters = makeQueue(this, 'DeadLetters', storage.key);
    this.lostNotifications = makeLastQueue(this, 'LostNotifications', storage.key, 'a subscription');
    this.queue = makeQueue(this, 'Queue', storage.key, {
      visibilityTimeout: VISIBILITY,
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: ATTEMPTS },
    });
    this.topic = this.#makeTopic(storage);
    this.identities = new Map(
      deployment.domains.map(({ name, identity }) => [
        name,
        identity === 'existing'
          ? EmailIdentity.fromEmailIdentityName(this, `Identity-${name}`, name)
          : new EmailIdentity(this, `Identity-${name}`, { identity: Identity.domain(name) }),
      ]),
    );
    for (const domain of deployment.domains)
      makeRecords(this, domain, mailRecords(domain, deployment, this.#dkim(domain.name)));
    const { function: deliver, logGroup } = this.#makeFunction(deployment, storage);
    this.deliver = deliver;
    this.deliverLog = logGroup;
    const ruleSet = new ReceiptRuleSet(this, 'Rules', { receiptRuleSetName: ruleSetName(deployment) });
    const rules = this.#makeRules(deployment, storage, ruleSet);
    const activation = new ReceiptRulesActivation(this, 'Activation', {
      deployment,
      key: storage.key,
      ruleSet,
    });
    // An active set without its rules would refuse all mail, and for good.
    activation.node.addDependency(...rules);
    this.#outputs(deployment, ruleSet);
  }

  /** Of Easy DKIM: three records, which also prove to SES that the domain is ours. */
  #dkim(domain: string): readonly Token[] {
    const identity = this.identities.get(domain);
    return identity instanceof EmailIdentity ? identity.dkimRecords : [];
  }

  #makeTopic({ key }: StorageStack): Topic {
    const topic = makeTopicOf(this, 'Topic', key, {
      sid: 'SesMayPublish',
      service: 'ses.amazonaws.com',
    });
    // `SqsSubscription` would name the topic in the key's policy, in the storage stack, which comes before this one.
    this.queue.addToResourcePolicy(
      new PolicyStatement({
        sid: 'TopicMaySend',
        principals: [new ServicePrincipal('sns.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.queue.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': topic.topicArn } },
      }),
    );
    new Subscription(this, 'Subscription', {
      topic,
      protocol: SubscriptionProtocol.SQS,
      endpoint: this.queue.queueArn,
      rawMessageDelivery: true,
      deadLetterQueue: this.lostNotifications,
    });
    return topic;
  }

  #makeFunction(deployment: Deployment, storage: StorageStack): QuireFunction {
    const { key } = storage;
    const { size, bounceUnknown } = deployment;
    const made = new QuireFunction(this, 'Deliver', {
      deployment,
      bundle: 'deliver',
      description: 'Quire: delivers what SES has received',
      memoryMiB: size.deliveryMemoryMiB,
      timeout: DELIVERY_TIMEOUT,
      key,
      environment: {
        ...storage.processEnvironment,
        QUIRE_HOSTNAME: deployment.host,
        QUIRE_BOUNCE_UNKNOWN: bounceUnknown,
      },
      permissions: [
        ...this.#deliveryPermissions(storage),
        mayUseWakeQueues(this, 'Wake', ['SendMessage']),
        ...mayUseDataKeys(storage.keysTable, key),
        mayUseKeyThrough(this, 'Key', key, ['dynamodb', 's3', 'sqs']),
        new PolicyStatement({
          sid: 'Queue',
          actions: [
            'sqs:ReceiveMessage',
            'sqs:DeleteMessage',
            'sqs:GetQueueAttributes',
            'sqs:ChangeMessageVisibility',
          ],
          resources: [this.queue.queueArn],
        }),
        ...(bounceUnknown === 'never' ? [] : [this.#mayBounce()]),
      ],
    });
    made.function.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: BATCH,
        reportBatchItemFailures: true,
        // Not reserved concurrency: pollers would ignore it, be throttled, and fill the dead-letter queue.
        maxConcurrency: size.deliveriesAtOnce,
      }),
    );
    return made;
  }

  #deliveryPermissions({
    mailTable,
    directoryTable,
    mailBucket,
    inboundBucket,
  }: StorageStack): PolicyStatement[] {
    const { account, part, delivery, watch, work } = mailKeyPrefixes;
    const { blobs, overflow } = mailObjectPrefixes;
    return [
      // An account to which nobody wrote for a year has no record left: its checkpoint is read, and what of that is in parts.
      mayUseItems(
        'ReadJournal',
        mailTable,
        ['Query', 'GetItem', 'BatchGetItem'],
        [account, part, delivery, watch],
      ),
      mayUseItems('AppendRecords', mailTable, ['PutItem'], [account, delivery]),
      mayUseItems('LeaveWork', mailTable, ['UpdateItem'], [work]),
      mayUseItems('ForgetWatchers', mailTable, ['DeleteItem'], [watch]),
      // Never `credential#`: a function that reads mail from strangers holds no password.
      mayUseItems('Resolve', directoryTable, ['BatchGetItem'], [keyPrefixes.address, keyPrefixes.domain]),
      mayUseObjects('StoreMessages', mailBucket, ['PutObject', 'AbortMultipartUpload'], [blobs, overflow]),
      // What is put in parts is looked for before, and a put whose answer was lost.
      mayUseObjects('CheckMessages', mailBucket, ['GetObject'], [blobs, overflow]),
      mayUseObjects('TakeInbound', inboundBucket, ['GetObject', 'DeleteObject'], ['']),
      mayUseObjects('KeepAside', inboundBucket, ['PutObject', 'AbortMultipartUpload'], ['aside/']),
      mayMissObjects('MissObjects', [mailBucket, inboundBucket]),
    ];
  }

  #mayBounce(): PolicyStatement {
    return new PolicyStatement({
      sid: 'Bounce',
      actions: ['ses:SendBounce'],
      resources: [...this.identities.values()].map(({ emailIdentityArn }) => emailIdentityArn),
    });
  }

  /** One rule for each domain, with a prefix of its own; in a chain, because SES keeps them in order. */
  #makeRules(deployment: Deployment, storage: StorageStack, ruleSet: ReceiptRuleSet): CfnReceiptRule[] {
    const rules: CfnReceiptRule[] = [];
    for (const domain of deployment.domains) {
      const previous = rules.at(-1);
      const rule = new CfnReceiptRule(this, `Rule-${domain.name}`, {
        ruleSetName: ruleSet.receiptRuleSetName,
        ...(previous && { after: previous.ref }),
        rule: this.#ruleOf(domain, deployment, storage),
      });
      // SES tries out bucket and topic when a rule is made.
      rule.node.addDependency(this.topic);
      rules.push(rule);
    }
    return rules;
  }

  #ruleOf(
    { name, recipients }: DomainDeployment,
    { mailWithoutTls }: Deployment,
    { inboundBucket }: StorageStack,
  ): CfnReceiptRule.RuleProperty {
    return {
      name: name.replaceAll('.', '_'),
      enabled: true,
      scanEnabled: true,
      tlsPolicy: mailWithoutTls === 'refuse' ? 'Require' : 'Optional',
      // Recipients that no rule names are refused by SES itself, before it takes the message.
      recipients: recipients.length === 0 ? [name] : [...recipients],
      actions: [
        {
          s3Action: {
            bucketName: inboundBucket.bucketName,
            objectKeyPrefix: `${name}/`,
            topicArn: this.topic.topicArn,
          },
        },
      ],
    };
  }

  #outputs({ domains }: Deployment, ruleSet: ReceiptRuleSet): void {
    const outputs: Record<string, string> = {
      ReceiptRuleSet: ruleSet.receiptRuleSetName,
      DeliveryQueueUrl: this.queue.queueUrl,
      DeadLettersUrl: this.deadLetters.queueUrl,
      LostNotificationsUrl: this.lostNotifications.queueUrl,
    };
    for (const [index, { name }] of domains.entries()) {
      for (const [place, { name: token, value }] of this.#dkim(name).entries()) {
        const output = dkimOutput(index, place);
        outputs[output.name] = token;
        outputs[output.value] = value;
      }
    }
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
