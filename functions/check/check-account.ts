/**
 * Checks one account, and changes nothing: reads its whole index, replays it, recounts, and looks at every message that
 * the index names.
 */
import { type Examination, examine } from '../../shared/account/examine.ts';
import type { Finding } from '../../shared/account/finding.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import { UnknownVersionError } from '../../shared/account/record.ts';
import type { Survey } from '../../shared/account/survey.ts';
import { type CheckedMessagesResult, type MessageCheckDeps, checkMessages } from './check-messages.ts';
import { type SurveyDeps, surveyAccount } from './survey-account.ts';

export interface CheckDeps extends SurveyDeps, MessageCheckDeps {}

export interface AccountReport {
  readonly account: AccountId;
  readonly findings: readonly Finding[];
  /** As far as they are known. */
  readonly records: number;
  readonly mailboxes: number;
  readonly messages: number;
  /** Rows of expunged messages. */
  readonly expunged: number;
  /** Messages whose bytes were read and compared. */
  readonly read: number;
  /** Objects that no row names: of deliveries that were given up, or yet to be named. The sweep takes them. */
  readonly unnamed: number;
}

/** What a repair begins from. */
export interface CheckedAccount {
  readonly report: AccountReport;
  readonly survey: Survey | null;
  readonly known: Examination | null;
  readonly messages: CheckedMessagesResult | null;
}

/** Rejects if the stores cannot be read. */
export async function checkAccount(deps: CheckDeps, account: AccountId): Promise<CheckedAccount> {
  await deps.gate?.();
  let survey: Survey;
  try {
    survey = await surveyAccount(deps, account);
  } catch (error) {
    if (!(error instanceof UnknownVersionError)) throw error;
    return { report: reportOf(account, [newer(error)]), survey: null, known: null, messages: null };
  }
  const { findings, known } = examine(survey);
  if (!known) return { report: reportOf(account, findings), survey, known, messages: null };
  const messages = await checkMessages(deps, account, survey, known);
  const report = {
    ...reportOf(account, [...findings, ...messages.findings]),
    records: known.replay.state.number,
    mailboxes: known.replay.state.mailboxes.size,
    messages: messages.rows.filter(({ expunged }) => !expunged).length,
    expunged: messages.rows.filter(({ expunged }) => expunged).length,
    read: messages.read,
    unnamed: messages.unnamed.length,
  };
  return { report, survey, known, messages };
}

function reportOf(account: AccountId, findings: readonly Finding[]): AccountReport {
  return { account, findings, records: 0, mailboxes: 0, messages: 0, expunged: 0, read: 0, unnamed: 0 };
}

function newer(error: UnknownVersionError): Finding {
  return {
    kind: 'unknown-version',
    what: error.message,
    means: 'Gateways and functions of this release do not serve the account; nothing is lost.',
    mendedBy: 'itself',
  };
}
