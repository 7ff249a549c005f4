/** THREAD and UID THREAD (RFC 5256): from columns and summaries; no message is opened. */
import { fieldText } from '../../../shared/message/field-text.ts';
import { rawFieldValues } from '../../../shared/message/field-values.ts';
import { type Envelope, readEnvelope } from '../../../shared/message/envelope-reader.ts';
import { messageIds } from '../../../shared/message/message-id.ts';
import type { Summary } from '../../../shared/message/summary.ts';
import { orderedSubjectThreads } from '../search/ordered-subject.ts';
import { usesNumbers } from '../search/key-contents.ts';
import { ReferenceThreads, type Thread, type ThreadedMessage } from '../search/references.ts';
import { type SearchPlace, find, selectedPlace, surroundingsOf } from '../search/search.ts';
import type { Hits } from '../search/searcher.ts';
import { subjectKey } from '../search/sort.ts';
import { withPauses } from '../search/steps.ts';
import { withSummaries } from '../search/summaries.ts';
import { threadText } from '../search/thread-text.ts';
import { Turns } from '../server/fairness.ts';
import { MessageReader } from '../session/message-reader.ts';
import { requireAtMost } from '../session/message-limit.ts';
import type { Session } from '../session/session.ts';
import type { ThreadAlgorithm } from '../wire/ast.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { parseThreadProgram } from '../wire/sort-grammar.ts';
import { byNumberAndUid, type CommandFamily, type Completion } from './command.ts';

/** Steps in search of loops before others have a turn. */
const STEPS_PER_TURN = 65_536;

export const thread: CommandFamily = { commands: byNumberAndUid('THREAD', run, { activity: 'search' }) };

async function run(session: Session, cursor: CommandCursor, byUid: boolean): Promise<Completion> {
  const { algorithm, key } = parseThreadProgram(cursor, await surroundingsOf(session, cursor));
  const place = await selectedPlace(session);
  // RFC 9738 §3.3.
  requireAtMost(session, place.uids.length);
  const hits = await find(session, place, { key, criteria: null, returns: undefined });
  const threads = await threadsOf(session, place, hits, algorithm, byUid);
  const text = threadText(threads);
  session.writer.untagged(text === '' ? 'THREAD' : `THREAD ${text}`);
  return { text: 'threaded', ...(usesNumbers(key) && { numbersStay: true }) };
}

async function threadsOf(
  session: Session,
  place: SearchPlace,
  { rows }: Hits,
  algorithm: ThreadAlgorithm,
  byUid: boolean,
): Promise<Thread[]> {
  const { columns } = place;
  const reader = new MessageReader(session, place.home, place.mailbox, columns);
  const references = new ReferenceThreads();
  const bySubject: Pick<ThreadedMessage, 'number' | 'sent' | 'subject'>[] = [];
  const turns = new Turns(STEPS_PER_TURN);
  for await (const batch of withSummaries(
    reader,
    rows.map((row) => ({ row })),
  )) {
    for (const { item, summary } of batch) {
      const envelope = readEnvelope(summary.envelopeUtf8 ?? summary.envelope);
      const uid = columns.uids[item.row] ?? 0;
      const arrived = (columns.dates[item.row] ?? 0) * 1000;
      const common = {
        number: byUid ? uid : session.selected.view.numberOf(uid),
        sent: summary.sentDate ?? arrived,
        ...subjectKey(envelope.subject ?? ''),
      };
      if (algorithm === 'ORDEREDSUBJECT') bySubject.push(common);
      else {
        const before = references.steps;
        references.add({ ...common, arrived, ...(await ancestry(reader, item.row, summary, envelope)) });
        if (turns.spend(references.steps - before)) await turns.next();
      }
    }
  }
  if (algorithm === 'ORDEREDSUBJECT') return orderedSubjectThreads(bySubject);
  return withPauses(references.finish(algorithm), turns);
}

/** The message's ID, and those it refers to: References, or else the first of In-Reply-To (RFC 5256 §3). */
async function ancestry(
  reader: MessageReader,
  row: number,
  summary: Summary,
  { messageId, inReplyTo }: Envelope,
): Promise<Pick<ThreadedMessage, 'id' | 'references'>> {
  const [field] = rawFieldValues(await headerOf(reader, row, summary), 'references');
  const references = field ? messageIds(fieldText(field)) : [];
  return {
    id: messageIds(messageId ?? '')[0] ?? null,
    references: references.length > 0 ? references : messageIds(inReplyTo ?? '').slice(0, 1),
  };
}

/** The listed fields; of a message whose listed fields are too long for a summary, the header itself. */
async function headerOf(reader: MessageReader, row: number, summary: Summary): Promise<Uint8Array> {
  const { start, bodyStart } = summary.parts;
  if (summary.headersComplete || bodyStart === start) return summary.headers;
  return reader.bytes(row, { start, end: bodyStart });
}
