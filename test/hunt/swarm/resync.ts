/**
 * What a client missed while it was away (RFC 7162 §3.2.5, §3.2.6): from the view with which it left and what it is told
 * in SELECT, or in UID FETCH with CHANGEDSINCE and VANISHED, it has the mailbox of one moment exactly.
 */
import { type Mailbox, mailboxNamed } from '../../../shared/account/state.ts';
import { selectLines } from '../imap-comparison.ts';
import { flagsOf } from '../journal-replay.ts';
import { numbersOf } from '../numbers.ts';
import { ensure } from '../violation.ts';
import { type Entry, type Snapshot, mismatch } from './client-view.ts';
import { existsIn, learn, noop, reading, select } from './looks.ts';
import { type Player, quoted, rows } from './player.ts';
import type { Answer, Session } from './session.ts';

/** With what a client left a mailbox. */
export interface Remembered {
  readonly name: string;
  readonly uidValidity: number;
  /** Up to where it knows everything. */
  readonly modSeq: number;
  readonly entries: readonly Entry[];
}

/** To be called before a session leaves its mailbox. */
export function remember({ session, memory }: Player): void {
  const { selected, view, kind, highestModSeq } = session;
  if (!selected || !kind.enables.includes('QRESYNC') || highestModSeq === 0) return;
  if (view.hasUnknown) return;
  const entries = view.entries.map((entry) => ({ ...entry }));
  memory.set(selected.name, {
    name: selected.name,
    uidValidity: selected.uidValidity,
    modSeq: highestModSeq,
    entries,
  });
}

export async function resync(player: Player): Promise<void> {
  const { session, draw } = player;
  const known = draw.pick([...player.memory.values()]);
  if (!session.kind.enables.includes('QRESYNC') || !known) return select(player);
  remember(player);
  session.selected = null;
  const named = draw.chance(0.3);
  const told: string[] = [];
  let snapshot: Snapshot | undefined;
  const answer = await session.run(
    `SELECT ${quoted(known.name)} (QRESYNC (${parameters(player, known, named)}))`,
    {
      shows: 'nothing',
      onUntagged: ({ text }) => {
        if (text.includes('[CLOSED]')) told.length = 0;
        told.push(text);
      },
      // At once: NOTIFY may have news of it in the same breath.
      conclude: ({ status }) => {
        if (status !== 'OK') return;
        const same = told.some((text) => text.includes(`[UIDVALIDITY ${known.uidValidity}]`));
        session.view.begin(existsIn(told), same ? broughtUp(session, known.entries, told) : []);
        snapshot = session.view.snapshot();
      },
    },
  );
  if (answer.status !== 'OK' || !snapshot) {
    player.refused(answer, 'SELECT', { NONEXISTENT: (state) => !mailboxNamed(state, known.name) });
    return;
  }
  settle(player, known, told.join('\n'), snapshot, answer);
  await learn(player);
}

function parameters({ session, draw }: Player, known: Remembered, named: boolean): string {
  const { uidValidity, modSeq, entries } = known;
  const last = entries.at(-1)?.uid ?? 0;
  if (!named || last === 0) return `${uidValidity} ${modSeq}`;
  if (session.kind.uidOnly || draw.chance(0.5)) return `${uidValidity} ${modSeq} 1:${last}`;
  // Some message numbers and their UIDs, from which the server may conclude what the client has right.
  const numbers = draw.some([...entries.keys()], 3);
  const uids = numbers.map((index) => entries[index]?.uid ?? 0);
  return `${uidValidity} ${modSeq} 1:${last} (${numbers.map((index) => index + 1).join(',')} ${uids.join(',')})`;
}

/** Holds what the client knows now to the moment of which SELECT tells. */
function settle(player: Player, known: Remembered, text: string, snapshot: Snapshot, answer: Answer): void {
  const { session } = player;
  const reasons: string[] = [];
  const moment = session.during(answer.begin, answer.end, (state) => {
    const mailbox = mailboxNamed(state, known.name);
    if (!mailbox || !selectLines(mailbox).every((line) => text.includes(line))) return false;
    const reason = mismatch(snapshot, mailbox, true);
    if (reason !== null) reasons.push(reason);
    return reason === null;
  });
  ensure(
    moment !== undefined,
    () =>
      `SELECT ${known.name} since ${known.modSeq} leads to what fits no record from ${answer.begin} to ${answer.end}: ${reasons.join('; ')}\n${text}`,
  );
  const mailbox = mailboxNamed(player.ground.replay.stateAt(moment), known.name) as Mailbox;
  const { id, uidValidity } = mailbox;
  session.begin(moment, { mailbox: id, name: known.name, readOnly: false, uidValidity });
}

/** The entries of before without what vanished, and with what is told of the others and of new ones. */
function broughtUp(session: Session, before: readonly Entry[], told: readonly string[]): Entry[] {
  const known = new Map(before.map((entry) => [entry.uid ?? 0, { ...entry }]));
  for (const line of told) {
    const gone = /^\* VANISHED \(EARLIER\) ([\d:,]+)$/.exec(line)?.[1];
    for (const uid of numbersOf(gone ?? '')) known.delete(uid);
  }
  for (const line of told) {
    const [, number = '', word = ''] = /^\* (\d+) (FETCH|UIDFETCH) /.exec(line) ?? [];
    if (word === '') continue;
    ensure((word === 'UIDFETCH') === session.kind.uidOnly, () => `${line} in SELECT`);
    const uid = word === 'UIDFETCH' ? Number(number) : Number(/[( ]UID (\d+)/.exec(line)?.[1]);
    const flags = /[( ]FLAGS \(([^)]*)\)/.exec(line)?.[1];
    const modSeq = /[( ]MODSEQ \((\d+)\)/.exec(line)?.[1];
    ensure(uid > 0 && flags !== undefined && modSeq !== undefined, () => `${line} in SELECT lacks something`);
    known.set(uid, { uid, flags: flagsOf(flags), modSeq: Number(modSeq) });
  }
  const entries = [...known.values()].sort((a, b) => (a.uid ?? 0) - (b.uid ?? 0));
  const count = existsIn(told);
  ensure(entries.length <= count, () => `SELECT tells of ${count} messages and lets ${entries.length} stand`);
  return entries;
}

/** UID FETCH with CHANGEDSINCE and VANISHED: all that has changed since, and all that is gone since. */
export async function changedSince(player: Player): Promise<void> {
  const { session, ground } = player;
  if (!session.kind.enables.includes('QRESYNC')) return noop(player);
  const { mailbox } = player.where();
  const since = player.someModSeq();
  const known = session.view.uids;
  const from = session.last;
  let gone: number[] = [];
  const { answer, fetched } = await reading(
    player,
    `UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${since} VANISHED)`,
    true,
    ({ text }) => {
      const earlier = /^\* VANISHED \(EARLIER\) ([\d:,]+)$/.exec(text)?.[1];
      if (earlier !== undefined) gone = [...gone, ...numbersOf(earlier)];
    },
  );
  if (answer.status !== 'OK') return;
  const changed = fetched.map(({ uid }) => uid);
  const last = ground.replay.stateAt(answer.end).mailboxes.get(mailbox)?.uidNext ?? Infinity;
  ensure(
    gone.every((uid) => uid < last),
    () => `VANISHED (EARLIER) names UIDs that never were: ${gone.join()}`,
  );
  player.happened(
    { ...answer, begin: from },
    `changes since ${since}: ${changed.join()}; gone ${gone.join()}`,
    (state) => {
      const columns = state.mailboxes.get(mailbox)?.columns;
      if (!columns) return false;
      const wanted = known.filter((uid) => {
        const row = columns.rowOf(uid);
        return row >= 0 && (columns.modSeqs[row] ?? 0) > since;
      });
      return wanted.every((uid) => changed.includes(uid)) && rows(state, mailbox, gone).length === 0;
    },
  );
}
