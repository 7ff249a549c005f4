/**
 * A SEARCH key as a function of what is known of a message. Keys are asked with little knowledge first: columns, then the
 * summary, then the message itself; a key that cannot tell yet says so, and only what is still open is read. Pure.
 */
import type { Columns } from '../../../shared/account/columns.ts';
import { SYSTEM_FLAGS, foldKeyword } from '../../../shared/account/flags.ts';
import { casemap } from '../../../shared/message/casemap.ts';
import { areListed } from '../../../shared/message/listed-fields.ts';
import type { Summary } from '../../../shared/message/summary.ts';
import { No } from '../session/refusals.ts';
import type { DateRelation, SearchKey } from '../wire/ast.ts';
import { dayNumber } from '../wire/date-time.ts';
import { NumberSet, type SequenceSet } from '../wire/sequence-set.ts';
import { emailId, threadId } from '../session/object-id.ts';
import { addressText } from './address-text.ts';
import { FuzzyText, PART, type Score, hasWords, scoreBeyond } from './fuzzy.ts';
import { type ScanOptions, fieldValues } from './text.ts';

/** True or false, or undefined: more has to be known. */
export type Verdict = boolean | undefined;

/** What was found in a message itself, of texts that were looked for in it. */
export interface Findings {
  readonly exact: ReadonlySet<string>;
  readonly fuzzy: ReadonlyMap<string, Score>;
}

export interface Content {
  /** The message's header, as it is; empty if no key asks for it. */
  readonly header: Uint8Array;
  readonly inHeader: Findings;
  readonly inBody: Findings;
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
  /** Seconds since the epoch: what OLDER and YOUNGER count from. */
  readonly now: number;
}

type Test = (facts: SearchFacts) => Verdict;
/** How relevant a message is that matches; undefined: more has to be known. */
type Relevancy = (facts: SearchFacts) => Score | undefined;

/** A key, and for a fuzzy one its scores: 0 where it does not match. */
interface Node {
  readonly test: Test;
  readonly score?: Relevancy;
}

export interface SearchProgram {
  readonly test: Test;
  /** Of a message that matches (RFC 6203 §4). */
  readonly relevancy: Relevancy;
  /** What to look for in the message itself, given its summary. */
  readonly scanOptions: (summary: Summary) => ScanOptions;
}

/** Fuzzy texts of one search: each word of a message is held to each of theirs (RFC 6203 §8). */
const MAX_FUZZY_TEXTS = 32;
/** More than this is nowhere near a date any more. */
const FUZZY_DAYS = 3;
/** Sizes are near up to a tenth more or less. */
const FUZZY_SIZE = 10;
/** TEXT counts less where it is found in a body. */
const BODY_WEIGHT = 0.8;
const MOST_RELEVANT = 100;
const DAY_SECONDS = 86_400;

export function compileSearch(key: SearchKey, context: SearchContext): SearchProgram {
  const compiler = new Compiler(context);
  const { test, score } = compiler.compile(key, false);
  const { texts, bodyTexts, fields } = compiler;
  return {
    test,
    relevancy: (facts) => (score ? score(facts) : MOST_RELEVANT),
    scanOptions: ({ headersComplete, bodyStructure }) => ({
      texts,
      bodyTexts,
      keepHeader: fields.size > 0 && !(headersComplete && areListed([...fields])),
      notes: hasNotes(bodyStructure),
    }),
  };
}

/** Types `message/…` but for those that hold a message: reports on deliveries, receipts and the like. */
function hasNotes(bodyStructure: Uint8Array): boolean {
  return /"MESSAGE" "(?!(?:RFC822|GLOBAL)")/i.test(Buffer.from(bodyStructure).toString('latin1'));
}

class Compiler {
  readonly texts = { exact: new Set<string>(), fuzzy: new Set<string>() };
  readonly bodyTexts = { exact: new Set<string>(), fuzzy: new Set<string>() };
  /** Header fields that keys look into. */
  readonly fields = new Set<string>();
  readonly #context: SearchContext;
  #fuzzyTexts = 0;

  constructor(context: SearchContext) {
    this.#context = context;
  }

  /** `fuzzy`: within FUZZY. Keys that mean one thing exactly are exact there too (RFC 6203 §5). */
  compile(key: SearchKey, fuzzy: boolean): Node {
    switch (key.kind) {
      case 'and':
        return all(key.keys.map((each) => this.compile(each, fuzzy)));
      case 'or':
        return either(this.compile(key.left, fuzzy), this.compile(key.right, fuzzy));
      case 'not':
        // What is left out is left out by what it is, not by what it is like.
        return { test: not(this.compile(key.key, false).test) };
      case 'fuzzy':
        return this.compile(key.key, true);
      case 'size':
        return this.#size(key.relation, key.bytes, fuzzy);
      case 'date':
        return this.#date(key, fuzzy);
      case 'address':
        return this.#address(key.field, key.text, fuzzy);
      case 'header':
        return this.#header(key.field, key.text, fuzzy);
      case 'subject':
        return this.#header('subject', key.text, fuzzy);
      case 'body':
      case 'text':
        return fuzzy && hasWords(key.text)
          ? this.#fuzzyContent(key.kind, key.text)
          : { test: this.#content(key.kind, key.text) };
      default:
        return { test: this.#column(key) };
    }
  }

  /** Keys that columns answer, or a summary. */
  #column(key: SearchKey): Test {
    const { columns, isRecent, lastUid, saved, now } = this.#context;
    switch (key.kind) {
      case 'sequence':
        return this.#sequence(key.set);
      case 'uid': {
        const uids = key.set.resolve(lastUid, saved);
        return ({ uid }) => uids.contains(uid);
      }
      case 'uids':
        return ({ uid }) => key.uids.contains(uid);
      case 'flag':
        return this.#flag(key.flag);
      case 'recent':
        return ({ uid }) => isRecent(uid);
      case 'emailid':
        return ({ row }) => emailId(columns.blobAt(row)) === key.id;
      case 'threadid':
        return ({ row, summary }) => summary && threadId(summary, columns.blobAt(row)) === key.id;
      case 'modseq':
        return ({ row }) => (columns.modSeqs[row] ?? 0) >= key.atLeast;
      case 'within': {
        // To the second (RFC 5032 §2).
        const target = now - key.seconds;
        return key.relation === 'older'
          ? ({ row }) => Math.floor(columns.dates[row] ?? 0) <= target
          : ({ row }) => Math.floor(columns.dates[row] ?? 0) >= target;
      }
      default:
        return () => true;
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

  #size(relation: 'larger' | 'smaller', bytes: number, fuzzy: boolean): Node {
    const { sizes } = this.#context.columns;
    // How far the size is on the wrong side.
    const beyond = ({ row }: SearchFacts): number =>
      relation === 'larger' ? bytes + 1 - (sizes[row] ?? 0) : (sizes[row] ?? 0) - (bytes - 1);
    if (!fuzzy) return { test: (facts) => beyond(facts) <= 0 };
    return scored((facts) => scoreBeyond(beyond(facts), bytes / FUZZY_SIZE));
  }

  /** An empty text is found in every message that has the field (RFC 9051 §6.4.4). */
  #header(field: string, text: string, fuzzy: boolean): Node {
    const name = field.toLowerCase();
    this.fields.add(name);
    const listed = areListed([name]);
    const look =
      <T>(inHeader: (header: Uint8Array) => T) =>
      ({ summary, content }: SearchFacts): T | undefined => {
        if (listed && summary?.headersComplete) return inHeader(summary.headers);
        return content && inHeader(content.header);
      };
    if (fuzzy && hasWords(text)) {
      const scoreOf = this.#fuzzyText(text);
      return scored(look((header) => Math.max(0, ...fieldValues(header, name).map(scoreOf))));
    }
    const holds = holding(text);
    return { test: look((header) => fieldValues(header, name).some(holds)) };
  }

  /** What has no such address does not even hold the empty text. */
  #address(field: 'from' | 'to' | 'cc' | 'bcc', text: string, fuzzy: boolean): Node {
    const look =
      <T>(inText: (text: string) => T, none: T) =>
      ({ summary }: SearchFacts): T | undefined => {
        if (!summary) return undefined;
        const addresses = addressText(summary, field);
        return addresses === null ? none : inText(addresses);
      };
    if (fuzzy && hasWords(text)) return scored(look(this.#fuzzyText(text), 0));
    return { test: look(holding(text), false) };
  }

  #content(kind: 'body' | 'text', text: string): Test {
    const wanted = casemap(text);
    if (kind === 'body') {
      this.bodyTexts.exact.add(wanted);
      return ({ content }) => content?.inBody.exact.has(wanted);
    }
    this.texts.exact.add(wanted);
    return ({ content }) =>
      content && (content.inHeader.exact.has(wanted) || content.inBody.exact.has(wanted));
  }

  #countFuzzy(): void {
    if (++this.#fuzzyTexts > MAX_FUZZY_TEXTS)
      throw new No(`a search has at most ${MAX_FUZZY_TEXTS} fuzzy texts`, 'LIMIT');
  }

  #fuzzyText(text: string): (found: string) => Score {
    this.#countFuzzy();
    const sought = new FuzzyText(text);
    return (found) => sought.scoreOf(found);
  }

  #fuzzyContent(kind: 'body' | 'text', text: string): Node {
    this.#countFuzzy();
    const exact = casemap(text);
    const texts = kind === 'body' ? this.bodyTexts : this.texts;
    texts.fuzzy.add(text);
    // Parts of words, which an exact search finds, are nothing to compare words by.
    texts.exact.add(exact);
    const found = (findings: Findings): Score =>
      Math.max(findings.fuzzy.get(text) ?? 0, findings.exact.has(exact) ? PART : 0);
    return scored(({ content }) => {
      if (!content) return undefined;
      const inBody = found(content.inBody);
      if (kind === 'body') return inBody;
      return Math.max(found(content.inHeader), Math.ceil(inBody * BODY_WEIGHT));
    });
  }

  #date({ of, relation, date }: Extract<SearchKey, { kind: 'date' }>, fuzzy: boolean): Node {
    const dayOf = of === 'sent' ? sentDay : of === 'saved' ? this.#savedDay() : this.#arrivalDay();
    const beyond = daysBeyond(relation, dayNumber(date));
    const look =
      <T>(atDay: (day: number) => T, none: T) =>
      (facts: SearchFacts): T | undefined => {
        const day = dayOf(facts);
        return day === undefined ? undefined : day === null ? none : atDay(day);
      };
    // What has no date was sent neither before nor after anything.
    if (fuzzy) return scored(look((day) => scoreBeyond(beyond(day), FUZZY_DAYS), 0));
    return { test: look((day) => beyond(day) <= 0, false) };
  }

  #savedDay(): (facts: SearchFacts) => number {
    const { saved } = this.#context.columns;
    return ({ row }) => Math.floor((saved[row] ?? 0) / DAY_SECONDS);
  }

  #arrivalDay(): (facts: SearchFacts) => number {
    const { columns } = this.#context;
    return ({ row }) => Math.floor(((columns.dates[row] ?? 0) + columns.zoneAt(row) * 60) / DAY_SECONDS);
  }
}

/** The day as written, whatever the zone (RFC 9051 §6.4.4); null if there is none. */
function sentDay({ summary }: SearchFacts): number | null | undefined {
  if (!summary) return undefined;
  const { sentDate, sentZone } = summary;
  return sentDate === null ? null : Math.floor((sentDate / 1000 + sentZone * 60) / DAY_SECONDS);
}

/** How many days a day is outside of what is asked for; not above 0 if it is inside. */
function daysBeyond(relation: DateRelation, day: number): (found: number) => number {
  if (relation === 'before') return (found) => found - (day - 1);
  if (relation === 'on') return (found) => Math.abs(found - day);
  return (found) => day - found;
}

/** Whether a text holds another. */
function holding(text: string): (found: string) => boolean {
  const wanted = casemap(text);
  return (found) => casemap(found).includes(wanted);
}

/** A key that matches where its score is above 0. */
function scored(score: Relevancy): Node {
  return {
    score,
    test(facts) {
      const known = score(facts);
      return known === undefined ? undefined : known > 0;
    },
  };
}

/** As relevant as its fuzzy keys are on average. */
function all(nodes: readonly Node[]): Node {
  const scores = nodes.flatMap(({ score }) => score ?? []);
  return {
    test: conjunction(nodes.map(({ test }) => test)),
    ...(scores.length > 0 && { score: mean(scores) }),
  };
}

function conjunction(tests: readonly Test[]): Test {
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

function mean(scores: readonly Relevancy[]): Relevancy {
  return (facts) => {
    const known = scores.map((score) => score(facts));
    if (known.includes(undefined)) return undefined;
    const sum = known.reduce<number>((total, score) => total + (score ?? 0), 0);
    return Math.max(1, Math.round(sum / known.length));
  };
}

/** As relevant as the better of the two. An exact key that matches leaves nothing to be desired. */
function either(left: Node, right: Node): Node {
  const test = not(conjunction([not(left.test), not(right.test)]));
  if (!left.score && !right.score) return { test };
  const scoreOf = ({ score, test: matches }: Node, facts: SearchFacts): Score | undefined => {
    if (score) return score(facts);
    const verdict = matches(facts);
    return verdict === undefined ? undefined : verdict ? MOST_RELEVANT : 0;
  };
  return {
    test,
    score(facts) {
      const [one, other] = [scoreOf(left, facts), scoreOf(right, facts)];
      if (one === MOST_RELEVANT || other === MOST_RELEVANT) return MOST_RELEVANT;
      return one === undefined || other === undefined ? undefined : Math.max(one, other);
    },
  };
}

function not(test: Test): Test {
  return (facts) => {
    const verdict = test(facts);
    return verdict === undefined ? undefined : !verdict;
  };
}
