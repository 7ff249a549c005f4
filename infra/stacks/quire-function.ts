/** A Lambda function of Quire: a bundle, a role with nothing but what it is given, and a log of its own. */
import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Architecture, Code, Function, LoggingFormat, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { type BundleName, makeBundle } from '../bundles/bundle.ts';
import type { Deployment } from '../config/check.ts';
import { logGroupName } from './names.ts';

export interface QuireFunctionProps {
  readonly deployment: Deployment;
  readonly bundle: BundleName;
  readonly description: string;
  readonly memoryMiB: number;
  readonly timeout: Duration;
  readonly environment: Readonly<Record<string, string>>;
  readonly key: IKey;
  readonly permissions: readonly PolicyStatement[];
}

export class QuireFunction extends Construct {
  readonly function: Function;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: QuireFunctionProps) {
    super(scope, id);
    const { deployment, bundle } = props;
    this.logGroup = quireLogGroup(this, deployment, bundle, props.key);
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Quire ${deployment.name}: the function ${bundle}`,
    });
    for (const statement of [mayLog(this.logGroup), ...props.permissions]) role.addToPolicy(statement);
    this.function = new Function(this, 'Function', {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      code: Code.fromAsset(makeBundle(bundle)),
      handler: 'index.handler',
      memorySize: props.memoryMiB,
      timeout: props.timeout,
      environment: { ...props.environment },
      // What it may do is said above, and nowhere else.
      role: role.withoutPolicyUpdates(),
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.TEXT,
    });
    // Its policy must be there when an event source or a custom resource first calls it.
    this.function.node.addDependency(role);
  }
}

/** The log of one part. It goes with the stack: what it tells is not mail. */
export function quireLogGroup(scope: Construct, deployment: Deployment, part: string, key: IKey): LogGroup {
  return new LogGroup(scope, 'Log', {
    logGroupName: logGroupName(deployment, part),
    // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- checked against the list of these days
    retention: deployment.retention.logs as RetentionDays,
    encryptionKey: key,
    removalPolicy: RemovalPolicy.DESTROY,
  });
}

export function mayLog(logGroup: LogGroup): PolicyStatement {
  return new PolicyStatement({
    sid: 'Log',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    // The streams of the group.
    resources: [logGroup.logGroupArn],
  });
}
