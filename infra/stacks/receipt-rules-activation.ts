/**
 * Makes the rule set the active one of account and region, which CloudFormation has no resource for. A small function
 * does it, and never in place of another one unless the configuration says `replace`. With `never` it is there as well: were it
 * taken away, its deletion would take the set out of a place that a person gave it, and mail would be refused.
 */
import { CustomResource, Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ReceiptRuleSet } from 'aws-cdk-lib/aws-ses';
import { Construct } from 'constructs';
import type { Deployment } from '../config/check.ts';
import { QuireFunction } from './quire-function.ts';

export interface ReceiptRulesActivationProps {
  readonly deployment: Deployment;
  readonly key: IKey;
  readonly ruleSet: ReceiptRuleSet;
}

export class ReceiptRulesActivation extends Construct {
  constructor(scope: Construct, id: string, { deployment, key, ruleSet }: ReceiptRulesActivationProps) {
    super(scope, id);
    const { function: handler } = new QuireFunction(this, 'Function', {
      deployment,
      bundle: 'receipt-rules',
      description: 'Quire: activates the receipt rules, if no others are active',
      memoryMiB: 128,
      timeout: Duration.seconds(60),
      key,
      environment: {},
      permissions: [
        new PolicyStatement({
          sid: 'ActivateRules',
          actions: ['ses:DescribeActiveReceiptRuleSet', 'ses:SetActiveReceiptRuleSet'],
          // SES knows no resource for these two actions.
          resources: ['*'],
        }),
      ],
    });
    new CustomResource(this, 'Active', {
      serviceToken: handler.functionArn,
      resourceType: 'Custom::ActiveReceiptRules',
      properties: {
        RuleSetName: ruleSet.receiptRuleSetName,
        Activate: deployment.activateReceiptRules,
      },
    });
  }
}
