/**
 * Checks one account, and changes nothing: reads its whole index, replays it, recounts, and looks at every message that
 * the index names.
 */
import { type Examination, examine } from '../../shared/account/examine.ts';
import type { Finding } from '../../shared/account/finding.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import { isDefault } from '../../shared/account/policy.ts';
import { UnknownVersionError } from '../../shared/account/record.ts';
import type { Survey } from '../../shared/account/survey.ts';
import { KeyDeletedError } from '../../shared/keys/account-keys.ts';
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
  /** Closed for good: nothing of it needs to be left. */
  readonly closed: boolean;
  /** There is a hold, a rule of retention, or a closing. */
  readonly laidDown: boolean;
  /** When it goes, milliseconds since the epoch, as was laid down; null: it stays; undefined: that cannot be read. */
  readonly closing?: number | null;
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
    await deps.messages.ready(account);
    survey = await surveyAccount(deps, account);
  } catch (error) {
    const finding = whyUnread(error);
    if (!finding) throw error;
    return { report: reportOf(account, [finding]), survey: null, known: null, messages: null };
  }
  const { findings, known } = examine(survey);
  // Of an account that is closed for good, everything goes, in any order.
  if (known?.replay.state.policy.closed)
    return { report: { ...reportOf(account, []), closed: true }, survey, known: null, messages: null };
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
    laidDown: !isDefault(known.replay.state.policy),
    closing: known.replay.state.policy.closing,
  };
  return { report, survey, known, messages };
}

function reportOf(account: AccountId, findings: readonly Finding[]): AccountReport {
  const counts = { records: 0, mailboxes: 0, messages: 0, expunged: 0, read: 0, unnamed: 0 };
  return { account, findings, ...counts, closed: false, laidDown: false };
}

function whyUnread(error: unknown): Finding | null {
  if (error instanceof UnknownVersionError) return newer(error);
  if (!(error instanceof KeyDeletedError)) return null;
  return {
    kind: 'key-deleted',
    what: error.message,
    means:
      'Nobody can read the account, as was meant. While a backup of the table of keys has the key, it can be put back; quire user close deletes what is left.',
    // The item that says so is written by a deletion alone: of a key that is lost there is no item (messages are damaged then).
    mendedBy: 'itself',
  };
}

function newer(error: UnknownVersionError): Finding {
  return {
    kind: 'unknown-version',
    what: error.message,
    means: 'Gateways and functions of this release do not serve the account; nothing is lost.',
    mendedBy: 'itself',
  };
}
