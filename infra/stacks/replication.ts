/**
 * Copies of both buckets in the region that stands by. S3 makes them itself, of what is put from now on, and of delete
 * markers; what lies there already is copied by a batch job, in the same role (docs/DEPLOY.md, section 10). That a table has a
 * replica is a property of the table.
 */
import { CfnOutput } from 'aws-cdk-lib';
import { CompositePrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import {
  Bucket,
  type BucketProps,
  type IBucket,
  type ReplicationRule,
  ReplicationTimeValue,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Deployment } from '../config/check.ts';
import { REPLICATION_RULE } from './names.ts';
import { type CopiedBucket, mayReplicate } from './permissions.ts';
import { replicaKeyArn } from './storage-key.ts';

export class Replication extends Construct {
  readonly #region: string;
  readonly #role: Role;
  readonly #keys: { readonly from: IKey; readonly to: IKey };
  readonly #destinations: IBucket[] = [];

  constructor(
    scope: Construct,
    id: string,
    { deployment, region, key }: { deployment: Deployment; region: string; key: IKey },
  ) {
    super(scope, id);
    this.#region = region;
    const replica = Key.fromKeyArn(this, 'ReplicaKey', replicaKeyArn(this, key, deployment, region));
    this.#keys = { from: key, to: replica };
    // Without a condition on aws:SourceAccount or aws:SourceArn: neither the guide to replication nor that to batch jobs says that
    // S3 sends them when it assumes the role, and it would copy nothing if it does not. Nobody of another account can have it
    // assumed: only who may pass the role (iam:PassRole, which never reaches across accounts) names it in a rule or a job.
    this.#role = new Role(this, 'Role', {
      assumedBy: new CompositePrincipal(
        new ServicePrincipal('s3.amazonaws.com'),
        new ServicePrincipal('batchoperations.s3.amazonaws.com'),
      ),
      description: 'Quire: S3 copies both buckets to another region',
    });
    new CfnOutput(scope, 'ReplicationRoleArn', { value: this.#role.roleArn });
  }

  /** What replicas of tables are encrypted with, by region. */
  get replicaKeys(): Record<string, string> {
    return { [this.#region]: this.#keys.to.keyArn };
  }

  /** What makes a bucket be copied to another, which exists. */
  to(bucketName: string): Pick<BucketProps, 'replicationRole' | 'replicationRules'> {
    const destination = Bucket.fromBucketName(this, `To${this.#destinations.length}`, bucketName);
    this.#destinations.push(destination);
    const rule: ReplicationRule = {
      id: REPLICATION_RULE,
      priority: 1,
      destination,
      kmsKey: this.#keys.to,
      sseKmsEncryptedObjects: true,
      deleteMarkerReplication: true,
      // Without them nothing tells what could not be copied. (The time is that of a service that is not asked for.)
      metrics: ReplicationTimeValue.FIFTEEN_MINUTES,
    };
    return { replicationRole: this.#role, replicationRules: [rule] };
  }

  /** Once both buckets are there: they name the role. */
  permit(sources: readonly CopiedBucket[]): void {
    const statements = mayReplicate(this, {
      from: sources,
      to: this.#destinations,
      keys: this.#keys,
      toRegion: this.#region,
    });
    for (const statement of statements) this.#role.addToPolicy(statement);
  }
}
