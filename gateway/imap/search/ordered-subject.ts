/** Threads by subject alone: ORDEREDSUBJECT, "poor man's threading" (RFC 5256 §3). Pure. */
import type { Thread, ThreadedMessage } from './references.ts';

type Message = Pick<ThreadedMessage, 'number' | 'sent' | 'subject'>;

/** The first message of each subject is the head, all others are its children. */
export function orderedSubjectThreads(messages: readonly Message[]): Thread[] {
  const bySubject = Map.groupBy(messages, ({ subject }) => subject);
  const threads = [...bySubject.values()].map((thread) => thread.sort(bySent));
  return threads
    .sort(([a], [b]) => (a && b ? bySent(a, b) : 0))
    .flatMap(([first, ...others]) =>
      first
        ? [{ number: first.number, children: others.map(({ number }) => ({ number, children: [] })) }]
        : [],
    );
}

function bySent(a: Message, b: Message): number {
  return a.sent - b.sent || a.number - b.number;
}
