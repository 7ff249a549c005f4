/**
 * Mail out: a network load balancer on 993 (and 143), and behind it the gateway on Fargate.
 *
 * TLS ends in one of two places. At the load balancer it costs nothing to look after, and $4.38 a month for each 3,000
 * sessions; in the gateway the load balancer only passes bytes on, at a thirtieth of that, and somebody has to renew a secret.
 */
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Certificate, CertificateValidation, type ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import {
  AwsLogDriver,
  Cluster,
  ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
  OperatingSystemFamily,
  UlimitName,
} from 'aws-cdk-lib/aws-ecs';
import {
  NetworkLoadBalancer,
  NetworkTargetGroup,
  Protocol,
  SslPolicy,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import { ARecord, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets';
import type { Construct } from 'constructs';
import { mailKeyPrefixes, mailObjectPrefixes } from '../../shared/aws/keys.ts';
import { keyPrefixes } from '../../shared/directory/keys.ts';
import type { GaugeName } from '../../shared/metrics/catalogue.ts';
import { makeBundle } from '../bundles/bundle.ts';
import type { Deployment } from '../config/check.ts';
import { clientRecords, domainOfHost, isMade } from '../dns/records.ts';
import { acknowledge } from './acknowledged.ts';
import { Network } from './network.ts';
import {
  mayMissObjects,
  mayUseItems,
  mayUseDataKeys,
  mayUseKeyThrough,
  mayUseObjects,
  mayUseWakeQueues,
} from './permissions.ts';
import { quireLogGroup } from './quire-function.ts';
import type { StorageStack } from './storage.ts';
import { makeRecords, zoneOf } from './zone-records.ts';

/** Inside the container; a user who is not root opens none below 1024. */
const IMAPS_PORT = 1993;
const IMAP_PORT = 1143;
const HEALTH_PORT = 8080;
/** The user of the image, by number: ECS looks up no names in an image without a list of users. */
const USER = '65532:65532';
/** Longer than the 29 minutes after which clients end an IDLE (RFC 2177). TLS listeners have 350 s, fixed; keep-alive helps there. */
const IDLE_TIMEOUT = Duration.seconds(2_100);
/** What Fargate gives a task to stop, at most. */
const STOP_TIMEOUT = Duration.seconds(120);
/** Until then the load balancer's nodes have all heard that a task takes no more; its connections go on. */
const DEREGISTRATION = Duration.seconds(30);
const SCALE_IN_COOLDOWN = Duration.minutes(15);
const CPU_TARGET_PERCENT = 60;

export interface GatewayStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly storage: StorageStack;
}

export class GatewayStack extends Stack {
  readonly network: Network;
  readonly cluster: Cluster;
  readonly service: FargateService;
  readonly loadBalancer: NetworkLoadBalancer;
  /** Of 993; of 143 if it is open. */
  readonly targetGroups: readonly NetworkTargetGroup[];
  /** Of ACM, where TLS ends at the load balancer. */
  readonly certificate: ICertificate | undefined;
  readonly gatewayLog: LogGroup;

  constructor(scope: Construct, id: string, { deployment, storage, ...props }: GatewayStackProps) {
    super(scope, id, { ...props, description: 'Quire: the IMAP gateway behind its load balancer.' });
    this.network = new Network(this, 'Network', deployment);
    this.gatewayLog = quireLogGroup(this, deployment, 'gateway', storage.key);
    this.cluster = new Cluster(this, 'Cluster', {
      vpc: this.network.vpc,
      containerInsightsV2: ContainerInsights.DISABLED,
    });
    acknowledge(
      this.cluster,
      'AwsSolutions-ECS4',
      "Container Insights bills a dozen custom metrics for each task; the gateway tells its own, and the service's CPU and memory come without it.",
    );
    this.service = this.#makeService(this.#makeTask(deployment, storage), deployment);
    this.loadBalancer = this.#makeLoadBalancer();
    this.certificate = this.#findCertificate(deployment);
    this.targetGroups = this.#listen(deployment);
    this.#scale(deployment);
    this.#makeHostRecord(deployment);
    for (const domain of deployment.domains) makeRecords(this, domain, clientRecords(domain, deployment));
    new CfnOutput(this, 'Host', { value: deployment.host });
    new CfnOutput(this, 'LoadBalancerName', { value: this.loadBalancer.loadBalancerDnsName });
  }

  #makeTask(deployment: Deployment, storage: StorageStack): FargateTaskDefinition {
    const { size, tls, starttls, limits, unauthenticate } = deployment;
    const task = new FargateTaskDefinition(this, 'Task', {
      cpu: size.cpu,
      memoryLimitMiB: size.memoryMiB,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.ARM64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    });
    const container = task.addContainer('gateway', {
      image: ContainerImage.fromAsset(makeBundle('gateway'), {
        displayName: 'Quire gateway',
        // Or the image would be for the processor of whoever deploys.
        platform: Platform.LINUX_ARM64,
      }),
      user: USER,
      readonlyRootFilesystem: true,
      stopTimeout: STOP_TIMEOUT,
      logging: new AwsLogDriver({ streamPrefix: 'gateway', logGroup: this.gatewayLog }),
      portMappings: [IMAPS_PORT, ...(starttls ? [IMAP_PORT] : []), HEALTH_PORT].map((containerPort) => ({
        containerPort,
      })),
      environment: {
        ...storage.processEnvironment,
        AWS_REGION: this.region,
        QUIRE_HEALTH_PORT: String(HEALTH_PORT),
        QUIRE_REPLICA_BUDGET_MIB: String(size.replicaBudgetMiB),
        QUIRE_SUMMARY_BUDGET_MIB: String(size.summaryBudgetMiB),
        QUIRE_CONNECTIONS: String(size.maxSessionsPerTask),
        QUIRE_CONNECTIONS_PER_ADDRESS: String(limits.connectionsPerAddress),
        ...(limits.messagesPerCommand > 0 && { QUIRE_MESSAGE_LIMIT: String(limits.messagesPerCommand) }),
        ...(limits.literalBytes > 0 && { QUIRE_LITERAL_LIMIT: String(limits.literalBytes) }),
        ...(!unauthenticate && { QUIRE_UNAUTHENTICATE: 'no' }),
        ...(tls.at === 'load-balancer'
          ? { QUIRE_BEHIND_TLS_PORT: String(IMAPS_PORT) }
          : {
              QUIRE_IMAPS_PORT: String(IMAPS_PORT),
              QUIRE_PROXY_PROTOCOL_FROM: this.network.frontCidrs.join(','),
              QUIRE_CERTIFICATE_SECRET: tls.secretArn,
              ...(starttls ? { QUIRE_IMAP_PORT: String(IMAP_PORT) } : {}),
            }),
      },
    });
    container.addUlimits({ name: UlimitName.NOFILE, softLimit: 65_536, hardLimit: 65_536 });
    acknowledge(
      task,
      'AwsSolutions-ECS2',
      'Names of stores, ports and limits; secrets are read from Secrets Manager while it runs.',
    );
    acknowledge(
      task.obtainExecutionRole(),
      'AwsSolutions-IAM5[Resource::*]',
      'ECR knows no resource for the token by which an image is fetched.',
    );
    for (const statement of this.#permissions(deployment, storage)) task.addToTaskRolePolicy(statement);
    return task;
  }

  #permissions(
    { tls }: Deployment,
    { mailTable, directoryTable, keysTable, mailBucket, key }: StorageStack,
  ): PolicyStatement[] {
    const { account, segment, part, watch, work } = mailKeyPrefixes;
    const { blobs, overflow, packs, summaries } = mailObjectPrefixes;
    return [
      mayUseItems('Read', mailTable, ['Query', 'GetItem', 'BatchGetItem'], [account, segment, part, watch]),
      mayUseItems('AppendRecords', mailTable, ['PutItem'], [account]),
      mayUseItems('Watch', mailTable, ['PutItem', 'DeleteItem'], [watch]),
      mayUseItems('LeaveWork', mailTable, ['UpdateItem'], [work]),
      mayUseItems('SignIn', directoryTable, ['GetItem'], [keyPrefixes.credential]),
      mayUseItems(
        'FindOwners',
        directoryTable,
        ['GetItem', 'BatchGetItem'],
        [keyPrefixes.address, keyPrefixes.account],
      ),
      // An administrator's SETQUOTA changes the limits in all three items of a user.
      mayUseItems(
        'SetQuotas',
        directoryTable,
        ['UpdateItem'],
        [keyPrefixes.credential, keyPrefixes.address, keyPrefixes.account],
      ),
      mayUseItems(
        'Share',
        directoryTable,
        ['GetItem', 'Query', 'UpdateItem'],
        [keyPrefixes.granted, keyPrefixes.shares, keyPrefixes.server],
      ),
      mayUseObjects(
        'StoreMessages',
        mailBucket,
        ['GetObject', 'PutObject', 'AbortMultipartUpload'],
        [blobs, overflow],
      ),
      // What it put and no record will name: the pieces of a CATENATE, a message that is written once more, a COPY that failed.
      mayUseObjects('TakeBack', mailBucket, ['DeleteObject'], [blobs]),
      mayUseObjects('ReadSummaries', mailBucket, ['GetObject'], [summaries]),
      mayUseObjects('ReadPacks', mailBucket, ['GetObject'], [packs]),
      mayMissObjects('MissObjects', [mailBucket]),
      mayUseWakeQueues(this, 'Wake', [
        'CreateQueue',
        'DeleteQueue',
        'SendMessage',
        'ReceiveMessage',
        'DeleteMessage',
      ]),
      ...mayUseDataKeys(keysTable, key),
      mayUseKeyThrough(this, 'Key', key, ['dynamodb', 's3']),
      ...(tls.at === 'gateway'
        ? [
            new PolicyStatement({
              sid: 'Certificate',
              actions: ['secretsmanager:GetSecretValue'],
              resources: [tls.secretArn],
            }),
          ]
        : []),
    ];
  }

  #makeService(taskDefinition: FargateTaskDefinition, { network }: Deployment): FargateService {
    return new FargateService(this, 'Service', {
      // See `network.ts` on types.
      cluster: this.cluster as ICluster,
      taskDefinition,
      vpcSubnets: this.network.taskSubnets,
      assignPublicIp: network === 'public',
      securityGroups: [this.network.taskGroup],
      // No number of tasks: a deployment would go back to it from whatever the service has grown to. The scaling below sees to the least.
      // New tasks take over before old ones drain, and a version that does not come up is taken back.
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      circuitBreaker: { rollback: true },
      healthCheckGracePeriod: Duration.seconds(60),
    });
  }

  #makeLoadBalancer(): NetworkLoadBalancer {
    const loadBalancer = new NetworkLoadBalancer(this, 'LoadBalancer', {
      vpc: this.network.vpc,
      vpcSubnets: this.network.frontSubnets,
      internetFacing: true,
      securityGroups: [this.network.frontGroup],
      // A zone without a task still answers.
      crossZoneEnabled: true,
    });
    acknowledge(
      loadBalancer,
      'AwsSolutions-ELB2',
      'Access logs of a network load balancer tell of TLS handshakes only; the gateway logs connections and sign-ins.',
    );
    return loadBalancer;
  }

  /** Without an ARN, one is asked for: proved by the hosted zone, or by a record that ACM shows while the stack waits. */
  #findCertificate(deployment: Deployment): ICertificate | undefined {
    const { tls } = deployment;
    if (tls.at !== 'load-balancer') return undefined;
    if (tls.certificateArn !== undefined)
      return Certificate.fromCertificateArn(this, 'Certificate', tls.certificateArn);
    const domain = domainOfHost(deployment);
    const zone = domain && zoneOf(this, domain);
    return new Certificate(this, 'Certificate', {
      domainName: deployment.host,
      validation: CertificateValidation.fromDns(zone),
    });
  }

  #listen({ tls, starttls }: Deployment): NetworkTargetGroup[] {
    this.network.openToLoadBalancer(HEALTH_PORT, 'Health checks');
    const imaps = this.#targetGroup('Imaps', IMAPS_PORT, tls.at === 'gateway');
    this.#open(993, IMAPS_PORT, imaps);
    if (!starttls) return [imaps];
    // The server speaks first here, and the proxy protocol would have it wait for a client that waits.
    const imap = this.#targetGroup('StartTls', IMAP_PORT, false);
    this.#open(143, IMAP_PORT, imap);
    return [imaps, imap];
  }

  #targetGroup(id: string, port: number, proxyProtocolV2: boolean): NetworkTargetGroup {
    return new NetworkTargetGroup(this, id, {
      vpc: this.network.vpc,
      port,
      protocol: Protocol.TCP,
      proxyProtocolV2,
      preserveClientIp: !proxyProtocolV2,
      deregistrationDelay: DEREGISTRATION,
      targets: [this.service.loadBalancerTarget({ containerName: 'gateway', containerPort: port })],
      healthCheck: {
        protocol: Protocol.HTTP,
        port: String(HEALTH_PORT),
        path: '/healthy',
        interval: Duration.seconds(10),
        healthyThresholdCount: 2,
        unhealthyThresholdCount: 3,
      },
    });
  }

  #open(port: number, containerPort: number, group: NetworkTargetGroup): void {
    const { certificate } = this;
    this.network.openToClients(port);
    this.network.openToLoadBalancer(containerPort, `IMAP of port ${port}`);
    this.loadBalancer.addListener(`Port${port}`, {
      port,
      defaultTargetGroups: [group],
      ...(certificate === undefined
        ? { protocol: Protocol.TCP, tcpIdleTimeout: IDLE_TIMEOUT }
        : { protocol: Protocol.TLS, certificates: [certificate], sslPolicy: SslPolicy.RECOMMENDED_TLS }),
    });
  }

  #scale({ name, size }: Deployment): void {
    const scaling = this.service.autoScaleTaskCount({
      minCapacity: size.minTasks,
      maxCapacity: size.maxTasks,
    });
    scaling.scaleOnCpuUtilization('Cpu', {
      targetUtilizationPercent: CPU_TARGET_PERCENT,
      scaleInCooldown: SCALE_IN_COOLDOWN,
    });
    // Each gateway tells its own number once a minute, so that the average is what one of them has.
    scaling.scaleToTrackCustomMetric('Sessions', {
      metric: new Metric({
        namespace: name,
        metricName: 'Sessions' satisfies GaugeName,
        statistic: 'Average',
        period: Duration.minutes(1),
      }),
      targetValue: size.sessionsPerTask,
      scaleInCooldown: SCALE_IN_COOLDOWN,
    });
  }

  /** An alias, which follows the load balancer's addresses and costs nothing. */
  #makeHostRecord(deployment: Deployment): void {
    const domain = domainOfHost(deployment);
    if (!isMade(domain, 'host')) return;
    const zone = domain && zoneOf(this, domain);
    if (zone === undefined) return;
    new ARecord(this, 'HostRecord', {
      zone,
      recordName: `${deployment.host}.`,
      target: RecordTarget.fromAlias(new LoadBalancerTarget(this.loadBalancer)),
    });
  }
}
