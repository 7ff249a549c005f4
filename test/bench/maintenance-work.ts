/**
 * What the scheduled functions and the commands do to one account, each step as the function does it: what `maintenance.ts`
 * measures in a process of its own, and a test counts the requests of.
 */
import { checkAccount } from '../../functions/check/check-account.ts';
import { compactAccount } from '../../functions/compact/compact-account.ts';
import { foldAccount } from '../../functions/compact/fold-account.ts';
import { expungeAccount } from '../../functions/expunge/expunge-account.ts';
import { expungeDeps } from '../../functions/expunge/index.ts';
import { coveredRecords, undeleteAccount } from '../../functions/expunge/undelete-account.ts';
import { decideRemoval } from '../../shared/account/decide-messages.ts';
import { GRACE_DAYS } from '../../shared/account/due.ts';
import type { AccountId } from '../../shared/account/ids.ts';
import { Replica } from '../../shared/account/replica.ts';
import { INBOX_ID } from '../../shared/account/state.ts';
import { openWholeState } from '../../shared/account/whole-state.ts';
import { type Engine, type EngineSettings, openEngine } from '../../shared/aws/engine.ts';
import { RequestLog } from '../support/request-log.ts';
import { silent } from './bench-stores.ts';
import { VirtualMessages } from './virtual-messages.ts';

export const STEPS = ['fold', 'check', 'undelete', 'purge', 'sweep', 'pack'] as const;
export type Step = (typeof STEPS)[number];

export interface MaintenanceSettings {
  readonly engine: EngineSettings;
  readonly account: AccountId;
  /** Messages that the account began with, and the bytes of each. */
  readonly count: number;
  readonly bytes: number;
  /** How far the clock is ahead, milliseconds. */
  readonly ahead: number;
}

export interface Done {
  /** What it came to, in words. */
  readonly what: string;
  readonly requests: Readonly<Record<string, number>>;
  readonly readUnits: number;
  readonly writeUnits: number;
}

export const HOUR_MS = 3_600_000;

/** The clock as the step has it; pauses that spare DynamoDB are left out. */
export function engineAhead(engine: Engine, ahead: number): Engine {
  const rim = { ...engine.rim, now: () => Date.now() + ahead, sleep: () => Promise.resolve() };
  return { ...engine, rim };
}

/** Does one step, and says what it asked for. */
export async function maintain(step: Step, settings: MaintenanceSettings): Promise<Done> {
  const { account, count, bytes, ahead } = settings;
  const requests = new RequestLog();
  const messages: VirtualMessages[] = [];
  const opened = await openEngine(settings.engine, {
    wrapTransport: (inner) => requests.wrap(inner),
    wrapBlobs: (inner, kind) => {
      if (kind === 'inbound') return inner;
      const virtual = new VirtualMessages(inner, { account, count, bytes });
      messages.push(virtual);
      return virtual;
    },
  });
  const engine = engineAhead(opened, ahead);
  try {
    const what = await WORK[step](engine, account);
    const { calls, readUnits, writeUnits } = requests.report();
    const objects = Object.assign({}, ...messages.map((each) => each.requests)) as Record<string, number>;
    return { what, requests: { ...calls, ...objects }, readUnits, writeUnits };
  } finally {
    opened.close();
  }
}

const WORK: Readonly<Record<Step, (engine: Engine, account: AccountId) => Promise<string>>> = {
  async fold(engine, account) {
    const result = await foldAccount(compactDeps(engine), account);
    return result.kind === 'folded' ? `${result.items} items of ${result.bytes} bytes` : result.kind;
  },

  async check(engine, account) {
    const { journal, folds, messages } = engine;
    const { report } = await checkAccount({ journal, folds, messages, digests: 'doubtful' }, account);
    return `${report.messages} messages, ${report.expunged} expunged, ${report.findings.length} findings`;
  },

  async undelete(engine, account) {
    const deps = keepDeps(engine);
    const whole = await openWholeState(deps, account);
    const covered = await coveredRecords(engine.journal, account, whole);
    const asOf = Math.floor((engine.rim.now() - HOUR_MS) / 1000);
    const request = { lost: { asOf }, into: null, now: engine.rim.now(), covered };
    const { restored } = await undeleteAccount(deps, account, request, whole);
    return `${restored} messages back`;
  },

  async purge(engine, account) {
    const { purged } = await expungeAccount(keepDeps(engine), account);
    return `${purged} purged`;
  },

  async sweep(engine, account) {
    const { swept, purged } = await expungeAccount(keepDeps(engine), account, { sweep: true });
    return `${swept} swept, ${purged} purged`;
  },

  async pack(engine, account) {
    const { pack } = await compactAccount(compactDeps(engine), account);
    return `${pack.messages} messages into ${pack.packs} packs`;
  },
};

function keepDeps(engine: Engine) {
  return expungeDeps(engine, { graceDays: GRACE_DAYS }, silent);
}

function compactDeps({ journal, folds, messages, rim, calendar }: Engine) {
  return { journal, folds, summaries: messages, packs: messages.packs, rim, calendar };
}

/** Folds until there is nothing left to delete or to empty. */
export async function settle(engine: Engine, account: AccountId): Promise<void> {
  while ((await foldAccount(compactDeps(engine), account, Infinity, { idle: true })).kind === 'folded');
}

/** Expunges the first `count` messages of INBOX, as a client would. What it was before, the undelete brings back an hour later. */
export async function expungeFirst(engine: Engine, account: AccountId, count: number): Promise<void> {
  const replica = new Replica(account, engine.journal, engine.rim);
  await replica.commit({
    needs: () => [INBOX_ID],
    decide: (state) => {
      const uids = state.mailboxes.get(INBOX_ID)?.columns?.uids.slice(0, count) ?? new Uint32Array(0);
      return decideRemoval(state, INBOX_ID, [...uids]);
    },
  });
}
