/**
 * A SEARCH key as a function of what is known of a message. Keys are asked with little knowledge first: columns, then the
 * summary, then the message itself; a key that cannot tell yet says so, and only what is still open is read. Pure.
 */
import type { Columns } from '../../../shared/account/columns.ts';
import { SYSTEM_FLAGS, foldKeyword } from '../../../shared/account/flags.ts';
import { areListed } from '../../../shared/message/listed-fields.ts';
import type { Summary } from '../../../shared/message/summary.ts';
import type { DateRelation, SearchKey } from '../wire/ast.ts';
import { type CalendarDate, dayNumber } from '../wire/date-time.ts';
import { NumberSet, type SequenceSet } from '../wire/sequence-set.ts';
import { fieldValues, fold } from './text.ts';

/** True or false, or undefined: more has to be known. */
export type Verdict = boolean | undefined;

/** What a search found in a message itself. */
export interface Content {
  /** The message's header, as it is. */
  readonly header: Uint8Array;
  readonly inHeader: ReadonlySet<string>;
  readonly inBody: ReadonlySet<string>;
}

export interface SearchFacts {
  readonly row: number;
  readonly number: number;
  readonly uid: number;
  readonly summary?: Summary;
  readonly content?: Content;
}

/** What keys are resolved against. */
export interface SearchContext {
  readonly columns: Columns;
  /** EXISTS, and the greatest UID: what `*` means. */
  readonly messages: number;
  readonly lastUid: number;
  /** The saved result, as UIDs. */
  readonly saved: NumberSet;
  readonly isRecent: (uid: number) => boolean;
}

type Test = (facts: SearchFacts) => Verdict;

export interface SearchProgram {
  readonly test: Test;
  /** Texts to look for in the messages themselves, folded: TEXT's, and BODY's. */
  readonly texts: ReadonlySet<string>;
  readonly bodyTexts: ReadonlySet<string>;
  /** Whether a key asks for header fields that the summary does not hold. */
  readonly readsHeader: (summary: Summary) => boolean;
  /** Whether MODSEQ is among the keys: the answer carries one then (RFC 7162 §3.1.5). */
  readonly usesModSeq: boolean;
  /** Whether message numbers are among the keys: they must not move before the answer has been read (§3.2.10.2 there). */
  readonly usesNumbers: boolean;
}

const DAY_SECONDS = 86_400;

export function compileSearch(key: SearchKey, context: SearchContext): SearchProgram {
  const compiler = new Compiler(context);
  return {
    test: compiler.compile(key),
    texts: compiler.texts,
    bodyTexts: compiler.bodyTexts,
    readsHeader: ({ headersComplete }) =>
      compiler.fields.size > 0 && !(headersComplete && areListed([...compiler.fields])),
    usesModSeq: mentions(key, ({ kind }) => kind === 'modseq'),
    usesNumbers: mentions(key, (each) => each.kind === 'sequence' && !each.set.saved),
  };
}

/** Whether `test` holds for a key or for one within it. */
function mentions(key: SearchKey, test: (key: SearchKey) => boolean): boolean {
  switch (key.kind) {
    case 'and':
      return key.keys.some((each) => mentions(each, test));
    case 'or':
      return mentions(key.left, test) || mentions(key.right, test);
    case 'not':
      return mentions(key.key, test);
    default:
      return test(key);
  }
}

class Compiler {
  readonly texts = new Set<string>();
  readonly bodyTexts = new Set<string>();
  /** Header fields that keys look into. */
  readonly fields = new Set<string>();
  readonly #context: SearchContext;

  constructor(context: SearchContext) {
    this.#context = context;
  }

  compile(key: SearchKey): Test {
    const { columns, isRecent } = this.#context;
    switch (key.kind) {
      case 'all':
        return () => true;
      case 'and':
        return all(key.keys.map((each) => this.compile(each)));
      case 'or':
        return not(all([not(this.compile(key.left)), not(this.compile(key.right))]));
      case 'not':
        return not(this.compile(key.key));
      case 'sequence':
        return this.#sequence(key.set);
      case 'uid': {
        const uids = key.set.resolve(this.#context.lastUid, this.#context.saved);
        return ({ uid }) => uids.contains(uid);
      }
      case 'flag':
        return this.#flag(key.flag);
      case 'recent':
        return ({ uid }) => isRecent(uid);
      case 'size':
        return key.relation === 'larger'
          ? ({ row }) => (columns.sizes[row] ?? 0) > key.bytes
          : ({ row }) => (columns.sizes[row] ?? 0) < key.bytes;
      case 'modseq':
        return ({ row }) => (columns.modSeqs[row] ?? 0) >= key.atLeast;
      case 'date':
        return this.#date(key.of, key.relation, key.date);
      case 'address':
        return this.#header(key.field, key.text);
      case 'subject':
        return this.#header('subject', key.text);
      case 'header':
        return this.#header(key.field, key.text);
      case 'body': {
        const text = fold(key.text);
        this.bodyTexts.add(text);
        return ({ content }) => content?.inBody.has(text);
      }
      case 'text': {
        const text = fold(key.text);
        this.texts.add(text);
        return ({ content }) => content && (content.inHeader.has(text) || content.inBody.has(text));
      }
    }
  }

  /** `$` holds UIDs (RFC 5182 §2.1). */
  #sequence(set: SequenceSet): Test {
    const { messages, saved } = this.#context;
    if (set.saved) return ({ uid }) => saved.contains(uid);
    const numbers = set.resolve(messages);
    return ({ number }) => numbers.contains(number);
  }

  #flag(name: string): Test {
    const { columns } = this.#context;
    const bit = SYSTEM_FLAGS.find(([, known]) => known === name)?.[0];
    if (bit !== undefined) return ({ row }) => ((columns.system[row] ?? 0) & bit) !== 0;
    const wanted = foldKeyword(name);
    const known = new Map<number, boolean>();
    return ({ row }) => {
      const set = columns.keywordSet[row] ?? 0;
      let has = known.get(set);
      if (has === undefined) {
        has = columns.keywordSets.at(set).some((keyword) => foldKeyword(keyword) === wanted);
        known.set(set, has);
      }
      return has;
    };
  }

  /** An empty text is found in every message that has the field (RFC 9051 §6.4.4). */
  #header(field: string, text: string): Test {
    const name = field.toLowerCase();
    this.fields.add(name);
    const wanted = fold(text);
    const listed = areListed([name]);
    const inHeader = (header: Uint8Array): boolean =>
      fieldValues(header, name).some((value) => fold(value).includes(wanted));
    return ({ summary, content }) => {
      if (listed && summary?.headersComplete) return inHeader(summary.headers);
      return content && inHeader(content.header);
    };
  }

  /** Days as written, whatever the zone (RFC 9051 §6.4.4). */
  #date(of: 'internal' | 'sent', relation: DateRelation, date: CalendarDate): Test {
    const { columns } = this.#context;
    const matches = dayTest(relation, dayNumber(date));
    if (of === 'internal')
      return ({ row }) =>
        matches(Math.floor(((columns.dates[row] ?? 0) + columns.zoneAt(row) * 60) / DAY_SECONDS));
    return ({ summary }) => {
      if (!summary) return undefined;
      const { sentDate, sentZone } = summary;
      // What has no date was sent neither before nor after anything.
      return sentDate !== null && matches(Math.floor((sentDate / 1000 + sentZone * 60) / DAY_SECONDS));
    };
  }
}

function dayTest(relation: DateRelation, day: number): (found: number) => boolean {
  if (relation === 'before') return (found) => found < day;
  if (relation === 'on') return (found) => found === day;
  return (found) => found >= day;
}

function all(tests: readonly Test[]): Test {
  return (facts) => {
    let verdict: Verdict = true;
    for (const test of tests) {
      const one = test(facts);
      if (one === false) return false;
      if (one === undefined) verdict = undefined;
    }
    return verdict;
  };
}

function not(test: Test): Test {
  return (facts) => {
    const verdict = test(facts);
    return verdict === undefined ? undefined : !verdict;
  };
}
