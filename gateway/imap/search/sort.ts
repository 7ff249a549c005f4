/** The order of SORT (RFC 5256 §3, RFC 5957, RFC 6203 §6): what messages are compared by, and sorting. Pure. */
import { baseSubject } from '../../../shared/message/base-subject.ts';
import { casemap, compareCasemapped } from '../../../shared/message/casemap.ts';
import { decodeWords } from '../../../shared/message/decode.ts';
import type { Envelope, EnvelopeAddress } from '../../../shared/message/envelope-reader.ts';
import type { SortCriterion, SortKey } from '../wire/ast.ts';
import { type Pause, Steps } from './steps.ts';

/** What a message is compared by. */
export interface SortFacts {
  readonly size: number;
  /** Milliseconds; INTERNALDATE. */
  readonly arrived: number;
  /** Milliseconds; RFC 5256 §2.2. Like the envelope only if a criterion asks for it. */
  readonly sent: number;
  readonly envelope: Envelope | undefined;
  /** 1 to 100 (RFC 6203 §4). */
  readonly relevancy: number;
}

const FROM_COLUMNS: ReadonlySet<SortKey> = new Set(['ARRIVAL', 'SIZE', 'RELEVANCY']);

/** Whether sorting asks for more than columns and scores. */
export function needsSummaries(criteria: readonly SortCriterion[]): boolean {
  return criteria.some(({ key }) => !FROM_COLUMNS.has(key));
}

type Value = string | number;

/** The values of many messages, a list a criterion: nothing else of a message is kept. */
export class SortTable {
  readonly #criteria: readonly SortCriterion[];
  readonly #columns: Value[][];
  #count = 0;

  constructor(criteria: readonly SortCriterion[]) {
    this.#criteria = criteria;
    this.#columns = criteria.map(() => []);
  }

  /** In the order of the mailbox. */
  add(facts: SortFacts): void {
    this.#criteria.forEach(({ key }, index) => this.#columns[index]?.push(valueOf(key, facts)));
    this.#count++;
  }

  /** The messages in the order asked for, by the order in which they were added, from 0. */
  *order(): Pause<Uint32Array> {
    const places = Uint32Array.from({ length: this.#count }, (_, place) => place);
    return yield* mergeSorted(places, (a, b) => this.#compare(a, b));
  }

  /** Messages that are equal by every criterion stay in the order of the mailbox, REVERSE or not. */
  #compare(a: number, b: number): number {
    for (let index = 0; index < this.#criteria.length; index++) {
      const column = this.#columns[index];
      const order = compareValues(column?.[a] ?? 0, column?.[b] ?? 0);
      if (order !== 0) return this.#criteria[index]?.reverse ? -order : order;
    }
    return a - b;
  }
}

function compareValues(a: Value, b: Value): number {
  return typeof a === 'string' && typeof b === 'string' ? compareCasemapped(a, b) : Number(a) - Number(b);
}

function valueOf(key: SortKey, { size, arrived, sent, envelope, relevancy }: SortFacts): Value {
  switch (key) {
    case 'ARRIVAL':
      return arrived;
    case 'SIZE':
      return size;
    case 'DATE':
      return sent;
    // The highest score comes first (RFC 6203 §6).
    case 'RELEVANCY':
      return -relevancy;
    case 'SUBJECT':
      return subjectKey(envelope?.subject ?? '').subject;
    case 'FROM':
      return casemap(decodeWords(envelope?.from[0]?.mailbox ?? ''));
    case 'TO':
      return casemap(decodeWords(envelope?.to[0]?.mailbox ?? ''));
    case 'CC':
      return casemap(decodeWords(envelope?.cc[0]?.mailbox ?? ''));
    case 'DISPLAYFROM':
      return casemap(displayed(envelope?.from[0]));
    case 'DISPLAYTO':
      return casemap(displayed(envelope?.to[0]));
  }
}

/** The base subject as it is compared, of a subject with encoded words. */
export function subjectKey(subject: string): { readonly subject: string; readonly isReply: boolean } {
  const { text, isReply } = baseSubject(decodeWords(subject));
  return { subject: casemap(text), isReply };
}

/** RFC 5957 §3. */
function displayed(address: EnvelopeAddress | undefined): string {
  const name = decodeWords(address?.name ?? '');
  if (name !== '') return name;
  const mailbox = address?.mailbox ?? '';
  // A host that is missing is an empty one; none at all makes the name of a group.
  return typeof address?.host === 'string' ? `${mailbox}@${address.host}` : mailbox;
}

/** Runs of so many are sorted at once. */
const RUN = 1024;

/** A merge sort with pauses: sorting 100,000 subjects at once would stop everybody for a third of a second. */
function* mergeSorted(items: Uint32Array, compare: (a: number, b: number) => number): Pause<Uint32Array> {
  const steps = new Steps();
  for (let at = 0; at < items.length; at += RUN) {
    items.subarray(at, at + RUN).sort(compare);
    if (steps.take(RUN)) yield;
  }
  let from: Uint32Array = items;
  let to: Uint32Array = new Uint32Array(items.length);
  for (let width = RUN; width < items.length; width *= 2) {
    for (let at = 0; at < items.length; at += 2 * width) {
      const middle = Math.min(at + width, items.length);
      const end = Math.min(middle + width, items.length);
      let [left, right] = [at, middle];
      for (let place = at; place < end; place++) {
        const first = from[left] ?? 0;
        const second = from[right] ?? 0;
        const takesLeft = left < middle && (right >= end || compare(first, second) <= 0);
        to[place] = takesLeft ? first : second;
        if (takesLeft) left++;
        else right++;
        if (steps.take(1)) yield;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
