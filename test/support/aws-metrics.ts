/**
 * Metrics that AWS's services tell by themselves, with the sets of dimensions under which they tell them, as far as Quire
 * looks at them. From each service's page of CloudWatch metrics in its developer guide.
 */
const lambda = [['FunctionName']];
const table = [['TableName']];
const operation = [['TableName', 'Operation']];
const queue = [['QueueName']];
const service = [['ClusterName', 'ServiceName']];
const balancer = [['LoadBalancer'], ['LoadBalancer', 'AvailabilityZone']];

export const AWS_METRICS: Readonly<Record<string, Readonly<Record<string, readonly (readonly string[])[]>>>> =
  {
    'AWS/DynamoDB': {
      ConsumedReadCapacityUnits: table,
      ConsumedWriteCapacityUnits: table,
      ReadThrottleEvents: table,
      WriteThrottleEvents: table,
      SystemErrors: operation,
      SuccessfulRequestLatency: operation,
      ReplicationLatency: [['TableName', 'ReceivingRegion']],
    },
    'AWS/S3': {
      BucketSizeBytes: [['BucketName', 'StorageType']],
      OperationsFailedReplication: [['SourceBucket', 'DestinationBucket', 'RuleId']],
    },
    'AWS/Lambda': {
      Invocations: lambda,
      Duration: lambda,
      Errors: lambda,
      Throttles: lambda,
      ConcurrentExecutions: lambda,
    },
    'AWS/SQS': {
      ApproximateAgeOfOldestMessage: queue,
      ApproximateNumberOfMessagesVisible: queue,
      NumberOfMessagesSent: queue,
      NumberOfMessagesReceived: queue,
      NumberOfMessagesDeleted: queue,
      NumberOfEmptyReceives: queue,
    },
    'AWS/SNS': { NumberOfMessagesPublished: [['TopicName']] },
    'AWS/ECS': { CPUUtilization: service, MemoryUtilization: service },
    'AWS/NetworkELB': {
      ActiveFlowCount: balancer,
      ConsumedLCUs: [['LoadBalancer']],
      ProcessedBytes: balancer,
      HealthyHostCount: [['LoadBalancer', 'TargetGroup']],
      TCP_Target_Reset_Count: balancer,
      ClientTLSNegotiationErrorCount: balancer,
    },
    'AWS/CertificateManager': { DaysToExpiry: [['CertificateArn']] },
    'AWS/Logs': { IncomingBytes: [['LogGroupName']] },
  };
