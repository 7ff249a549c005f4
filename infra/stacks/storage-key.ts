/** The key that everything is under: made here, made as a replica of the key of another region, or given. */
import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AccountRootPrincipal, PolicyDocument, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnReplicaKey, type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Deployment } from '../config/check.ts';
import { logGroupName } from './names.ts';

const DESCRIPTION = 'Quire: mail, directory, queues and logs';

/** One key for everything: who may not use it can read nothing, whatever else a policy may allow. */
export function storageKey(scope: Construct, deployment: Deployment): IKey {
  const { keyArn, standbyOf } = deployment;
  if (keyArn !== undefined) return Key.fromKeyArn(scope, 'Key', keyArn);
  if (standbyOf !== undefined) return replicaOf(scope, standbyOf.keyArn, deployment);
  const key = new Key(scope, 'Key', {
    description: DESCRIPTION,
    enableKeyRotation: true,
    // It cannot be made so later. Tables and buckets make no use of it, but data keys that it wrapped are unwrapped by its
    // replica in another region, so that a copy of the mail can be read there.
    multiRegion: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  for (const statement of admissions(scope, deployment)) key.addToResourcePolicy(statement);
  return key;
}

/** As KMS has it: the same id in every region. */
export function replicaKeyArn(scope: Construct, key: IKey, { keyArn }: Deployment, region: string): string {
  // One that was given may be another account's.
  if (keyArn !== undefined) return keyArn.replace(/^(arn:[^:]+:kms):[^:]+:/, `$1:${region}:`);
  return Stack.of(scope).formatArn({ service: 'kms', region, resource: 'key', resourceName: key.keyId });
}

/** It rotates with its primary; its policy is its own. */
function replicaOf(scope: Construct, primaryKeyArn: string, deployment: Deployment): IKey {
  const administrators = new PolicyStatement({
    principals: [new AccountRootPrincipal()],
    actions: ['kms:*'],
    resources: ['*'],
  });
  const replica = new CfnReplicaKey(scope, 'ReplicaKey', {
    description: DESCRIPTION,
    primaryKeyArn,
    keyPolicy: new PolicyDocument({ statements: [administrators, ...admissions(scope, deployment)] }),
  });
  replica.applyRemovalPolicy(RemovalPolicy.RETAIN);
  return Key.fromKeyArn(scope, 'Key', replica.attrArn);
}

/**
 * Keys that AWS manages do not admit these services; without them mail is refused, or a notification is lost. They come to
 * the key only by way of our buckets, topics and queues, whose policies name this account; not all of them say to the key for
 * whom they come, so that a condition here would shut them out.
 */
function admissions(scope: Construct, deployment: Deployment): PolicyStatement[] {
  const stack = Stack.of(scope);
  const ofServices = ['ses', 'sns', 'events', 'cloudwatch'].map(
    (service) =>
      new PolicyStatement({
        sid: `Admit${service}`,
        principals: [new ServicePrincipal(`${service}.amazonaws.com`)],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
      }),
  );
  const ofLogs = new PolicyStatement({
    sid: 'AdmitLogs',
    principals: [new ServicePrincipal(`logs.${stack.region}.amazonaws.com`)],
    actions: [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
    resources: ['*'],
    conditions: {
      ArnLike: {
        'kms:EncryptionContext:aws:logs:arn': stack.formatArn({
          service: 'logs',
          resource: 'log-group',
          resourceName: logGroupName(deployment, '*'),
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      },
    },
  });
  return [...ofServices, ofLogs];
}
