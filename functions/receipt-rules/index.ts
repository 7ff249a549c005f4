/**
 * Custom resource of CloudFormation: makes a receipt rule set the active one. SES has one active set for an account and
 * region, and activating one takes the place of another, so that it is done only if none is active, or if the
 * configuration says `replace`; with `never` all is left to a person, a set that is active stays so.
 *
 * On deletion the set leaves its place, if it still has it, for SES deletes no active set. A first deployment that fails is
 * deleted as well, so that what it had replaced becomes active again: its name is in the resource's id, which is all that a
 * deletion is told. An update keeps the id, or CloudFormation would delete the old one. One that is rolled back leaves the set
 * active, and the stack as it was before takes the mail.
 */
import {
  DescribeActiveReceiptRuleSetCommand,
  RuleSetDoesNotExistException,
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
  readonly ResourceProperties: {
    readonly RuleSetName: string;
    readonly Activate: 'never' | 'if-none' | 'replace';
  };
}

interface Outcome {
  readonly status: 'SUCCESS' | 'FAILED';
  readonly reason: string;
  /** The set that had the place before. */
  readonly replaced?: string;
}

const ID = 'active-receipt-rules-';
/** Not in the name of a rule set, which has letters, digits, `-` and `_`. */
const AFTER = ' after ';

export async function handler(event: CustomResourceEvent): Promise<void> {
  const outcome = await run(event).catch((error: unknown): Outcome => ({
    status: 'FAILED',
    reason: error instanceof Error ? error.message : String(error),
  }));
  process.stderr.write(`${JSON.stringify({ level: 30, request: event.RequestType, ...outcome })}\n`);
  await answer(event, outcome);
}

async function run(event: CustomResourceEvent): Promise<Outcome> {
  const ses = new SESClient({});
  const { RuleSetName: wanted, Activate: mode } = event.ResourceProperties;
  const { Metadata } = await ses.send(new DescribeActiveReceiptRuleSetCommand({}));
  const active = Metadata?.Name;
  if (event.RequestType === 'Delete') {
    if (active !== wanted) return { status: 'SUCCESS', reason: 'another set is active' };
    const [, before] = (event.PhysicalResourceId ?? '').split(AFTER);
    return { status: 'SUCCESS', reason: await giveBack(ses, before) };
  }
  if (active === wanted) return { status: 'SUCCESS', reason: 'active already' };
  if (mode === 'never')
    return { status: 'SUCCESS', reason: `${wanted} is not active, and left to be activated by hand` };
  if (active !== undefined && mode !== 'replace') {
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
    ...(active === undefined ? {} : { replaced: active }),
  };
}

/** The place to whoever had it before, if that is known and still there. */
async function giveBack(ses: SESClient, before: string | undefined): Promise<string> {
  if (before !== undefined) {
    try {
      await ses.send(new SetActiveReceiptRuleSetCommand({ RuleSetName: before }));
      return `the set ${before} is active again`;
    } catch (error) {
      if (!(error instanceof RuleSetDoesNotExistException)) throw error;
    }
  }
  await ses.send(new SetActiveReceiptRuleSetCommand({}));
  return 'deactivated';
}

/** CloudFormation waits for this, an hour if it never comes. */
async function answer(event: CustomResourceEvent, { status, reason, replaced }: Outcome): Promise<void> {
  const { StackId, RequestId, LogicalResourceId, ResourceProperties } = event;
  const response = await fetch(event.ResponseURL, {
    method: 'PUT',
    // The address was signed for an empty content type.
    headers: { 'content-type': '' },
    body: JSON.stringify({
      Status: status,
      Reason: reason,
      PhysicalResourceId:
        event.PhysicalResourceId ??
        `${ID}${ResourceProperties.RuleSetName}${replaced === undefined ? '' : `${AFTER}${replaced}`}`,
      StackId,
      RequestId,
      LogicalResourceId,
      Data: { Outcome: reason },
    }),
  });
  if (!response.ok) throw new Error(`CloudFormation did not take the answer: ${response.status}`);
}
