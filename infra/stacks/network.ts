/**
 * The gateway's network, without a NAT gateway ($32 a month in each zone, and $0.045 for each GB).
 *
 * - `public`, the default: tasks stand in public subnets with an address each ($3.65 a month a task), which nobody can reach,
 *   for their security group lets in the load balancer alone. S3 and DynamoDB by gateway endpoints, which are free.
 * - `private`: tasks have no way to the internet at all. What is not S3 or DynamoDB is reached by interface endpoints:
 *   registry (two), logs, SQS, KMS, and Secrets Manager where TLS ends in the gateway; each $7.30 a month in each of two
 *   zones, and $0.01 for each GB.
 */
import {
  GatewayVpcEndpointAwsService,
  type IVpc,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { Deployment } from '../config/check.ts';
import { acknowledge } from './acknowledged.ts';

const CIDR = '10.83.0.0/16';
const ZONES = 2;
export const FRONT = 'front';
const TASKS = 'tasks';

export class Network extends Construct {
  readonly vpc: IVpc;
  /** Of the load balancer: the one that the internet sees. */
  readonly frontGroup: SecurityGroup;
  readonly taskGroup: SecurityGroup;
  readonly taskSubnets = { subnetGroupName: TASKS };
  readonly frontSubnets = { subnetGroupName: FRONT };

  constructor(scope: Construct, id: string, deployment: Deployment) {
    super(scope, id);
    const isPrivate = deployment.network === 'private';
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr(CIDR),
      maxAzs: ZONES,
      natGateways: 0,
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [
        // The load balancer has subnets of its own, so that its addresses are known: the proxy protocol is believed from them.
        { name: FRONT, subnetType: SubnetType.PUBLIC, cidrMask: 24 },
        {
          name: TASKS,
          subnetType: isPrivate ? SubnetType.PRIVATE_ISOLATED : SubnetType.PUBLIC,
          cidrMask: 20,
        },
      ],
      gatewayEndpoints: {
        S3: { service: GatewayVpcEndpointAwsService.S3, subnets: [{ subnetGroupName: TASKS }] },
        DynamoDb: { service: GatewayVpcEndpointAwsService.DYNAMODB, subnets: [{ subnetGroupName: TASKS }] },
      },
    });
    // The library's own types do not fit each other under exactOptionalPropertyTypes.
    this.vpc = vpc as IVpc;
    acknowledge(
      vpc,
      'AwsSolutions-VPC7',
      'Flow logs cost more than the load balancer that they would watch. The gateway logs who signs in from where; flow logs can be switched on for the time of an investigation.',
    );
    this.frontGroup = new SecurityGroup(this, 'FrontGroup', {
      vpc: this.vpc,
      description: 'Quire: the load balancer, open to mail clients',
      allowAllOutbound: false,
    });
    this.taskGroup = new SecurityGroup(this, 'TaskGroup', {
      vpc: this.vpc,
      description: 'Quire: the gateway, open to the load balancer alone',
      allowAllOutbound: false,
    });
    this.taskGroup.addEgressRule(Peer.anyIpv4(), Port.tcp(443), 'AWS: stores, queues, registry, logs');
    if (isPrivate) this.#interfaceEndpoints(deployment);
  }

  /** CIDRs of the load balancer's subnets. */
  get frontCidrs(): string[] {
    return this.vpc.selectSubnets(this.frontSubnets).subnets.map(({ ipv4CidrBlock }) => ipv4CidrBlock);
  }

  /** Clients may come in on `port`. */
  openToClients(port: number): void {
    for (const peer of [Peer.anyIpv4(), Peer.anyIpv6()])
      this.frontGroup.addIngressRule(peer, Port.tcp(port), 'Mail clients');
    acknowledge(
      this.frontGroup,
      'AwsSolutions-EC23',
      'Mail clients come from anywhere; only the IMAP ports are open.',
    );
  }

  /** The load balancer may reach the tasks on `port`, and nobody else may. */
  openToLoadBalancer(port: number, what: string): void {
    this.frontGroup.addEgressRule(this.taskGroup, Port.tcp(port), what);
    this.taskGroup.addIngressRule(this.frontGroup, Port.tcp(port), what);
  }

  #interfaceEndpoints({ tls }: Deployment): void {
    const group = new SecurityGroup(this, 'EndpointGroup', {
      vpc: this.vpc,
      description: 'Quire: endpoints of AWS services, open to the gateway',
      allowAllOutbound: false,
    });
    group.addIngressRule(this.taskGroup, Port.tcp(443), 'The gateway');
    const services = {
      Registry: InterfaceVpcEndpointAwsService.ECR,
      RegistryImages: InterfaceVpcEndpointAwsService.ECR_DOCKER,
      Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
      Queues: InterfaceVpcEndpointAwsService.SQS,
      DataKeys: InterfaceVpcEndpointAwsService.KMS,
      ...(tls.at === 'gateway' ? { Secrets: InterfaceVpcEndpointAwsService.SECRETS_MANAGER } : {}),
    };
    for (const [id, service] of Object.entries(services))
      this.vpc.addInterfaceEndpoint(id, {
        service,
        subnets: this.taskSubnets,
        securityGroups: [group],
        open: false,
      });
  }
}
