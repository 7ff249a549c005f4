/** Where a rule of AWS Solutions is not followed, and why: next to what it is about, and in one form. */
import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** `rule`: `AwsSolutions-S1`, or one finding of a rule, `AwsSolutions-IAM5[Resource::*]`. */
export function acknowledge(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: rule, reason });
}
