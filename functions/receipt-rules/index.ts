/**
 * Custom resource of CloudFormation: makes a receipt rule set the active one. SES has one active set for an account and
 * region, and activating one takes the place of another, so that it is done only if none is active, or if the
 * configuration says `replace`. On deletion the set is deactivated, if it is still the active one.
 */
import {
  DescribeActiveReceiptRuleSetCommand,
  SESClient,
  SetActiveReceiptRuleSetCommand,
} from '@aws-sdk/client-ses';

/** What of CloudFormation's request is used ("Custom resource request objects", CloudFormation user guide). */
export interface CustomResourceEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: { readonly RuleSetName: string; readonly Replace: string };
}

interface Outcome {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly reason: string;
}

export async function handler(event: CustomResourceEvent): Promise<void> {
  const outcome = await run(event).catch((error: unknown): Outcome => ({
    status: 'FAILED',
    reason: error instanceof Error ? error.message : String(error),
  }));
  process.stderr.write(`${JSON.stringify({ level: 30, request: event.RequestType, ...outcome })}\n`);
  await answer(event, outcome);
}

async function run({ RequestType, ResourceProperties }: CustomResourceEvent): Promise<Outcome> {
  const ses = new SESClient({});
  const wanted = ResourceProperties.RuleSetName;
  const { Metadata } = await ses.send(new DescribeActiveReceiptRuleSetCommand({}));
  const active = Metadata?.Name;
  if (RequestType === 'Delete') {
    if (active === wanted) await ses.send(new SetActiveReceiptRuleSetCommand({}));
    return { status: 'SUCCESS', reason: active === wanted ? 'deactivated' : 'another set is active' };
  }
  if (active === wanted) return { status: 'SUCCESS', reason: 'active already' };
  if (active !== undefined && ResourceProperties.Replace !== 'true') {
    // No failure: the rest of the deployment is of use, and mail goes on as it did.
    return {
      status: 'SUCCESS',
      reason: `the set ${active} is active and stays so; write activateReceiptRules: 'replace' to have ${wanted} take its place`,
    };
  }
  await ses.send(new SetActiveReceiptRuleSetCommand({ RuleSetName: wanted }));
  return {
    status: 'SUCCESS',
    reason: active === undefined ? 'activated' : `activated in place of ${active}`,
  };
}

/** CloudFormation waits for this, an hour if it never comes. */
async function answer(event: CustomResourceEvent, { status, reason }: Outcome): Promise<void> {
  const { StackId, RequestId, LogicalResourceId, ResourceProperties } = event;
  const response = await fetch(event.ResponseURL, {
    method: 'PUT',
    // The address was signed for an empty content type.
    headers: { 'content-type': '' },
    body: JSON.stringify({
      Status: status,
      Reason: reason,
      // A new id would have CloudFormation delete the old resource, and so deactivate the set.
      PhysicalResourceId:
        event.PhysicalResourceId ?? `active-receipt-rules-${ResourceProperties.RuleSetName}`,
      StackId,
      RequestId,
      LogicalResourceId,
      Data: { Outcome: reason },
    }),
  });
  if (!response.ok) throw new Error(`CloudFormation did not take the answer: ${response.status}`);
}
