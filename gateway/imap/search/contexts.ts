/**
 * Searches that are kept up to date (RFC 5267 §4.3): UPDATE makes one, and each announcement of changes brings what has
 * joined its results (ADDTO) and what has left them (REMOVEFROM).
 *
 * Only messages that have changed or arrived since are asked again, so that no body is opened twice for one context; of
 * a search by age all are, for time changes them. Results are UIDs, four bytes each.
 */
import type { Columns } from '../../../shared/account/columns.ts';
import type { Mailbox } from '../../../shared/account/state.ts';
import { lowerBound } from '../../../shared/account/uid-ranges.ts';
import { Bad } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { View } from '../session/view.ts';
import type { SearchKey, SortCriterion } from '../wire/ast.ts';
import { ConnectionLostError } from '../wire/response-writer.ts';
import { MAX_NUMBER, NumberSet, formatInOrder } from '../wire/sequence-set.ts';
import { type Change, additions, removals } from './context-changes.ts';
import { usesKey } from './key-contents.ts';
import { type SearchPlace, type SearchRequest, find, selectedPlace } from './search.ts';
import type { Hits } from './searcher.ts';

/** A client has a few windows open; each is looked at whenever something changes (RFC 5267 §4.3.1). */
const MAX_CONTEXTS = 16;
/** A sorted list is sorted anew when many messages join it at once, and by scores always. */
const MAX_SORTED = 20_000;

/** How a context speaks to its client. */
export interface ContextVoice {
  readonly tag: string;
  /** The beginning of its responses. */
  readonly correlators: string;
  readonly byUid: boolean;
  /** Tells of messages that have arrived and match, in the way that UPDATE has asked for. */
  readonly tellArrived: ((uids: Uint32Array) => Promise<void>) | null;
}

/** Responses about contexts: those that go before the news of the mailbox, and those that go behind. */
export interface ContextUpdates {
  readonly before: readonly string[];
  /** FETCH responses, which stand between EXISTS and ADDTO (RFC 5465 §7). */
  readonly arrived: readonly (() => Promise<void>)[];
  readonly after: readonly string[];
}

const NOTHING: ContextUpdates = { before: [], arrived: [], after: [] };

interface Context extends ContextVoice {
  readonly request: SearchRequest;
  /** UIDs in the order asked for. */
  results: Uint32Array;
  /** Changes up to this mod-sequence, and messages below this UID, have been looked at. */
  watermark: number;
  next: number;
}

/** The contexts of one selected mailbox. */
export class Contexts {
  /** Null as long as there is none: nearly every mailbox that is selected has none. */
  #contexts: Map<string, Context> | null = null;

  /** A tag names one context only (RFC 5267 §4.3). */
  checkTag(tag: string): void {
    if (this.#contexts?.has(tag)) throw new Bad('the tag is that of a search that is kept up to date');
  }

  /** Keeps a search up to date from here on, the client knowing of UIDs below `next`; false if that is refused. */
  add(
    voice: ContextVoice,
    place: SearchPlace,
    request: SearchRequest,
    { rows, limit }: Hits,
    next: number,
  ): boolean {
    const { key, criteria } = request;
    // Time would have every body opened again, and so would a list by scores at each arrival.
    const isOfBodies = usesKey(key, 'body') || usesKey(key, 'text');
    const opensBodies = isOfBodies && (usesKey(key, 'within') || isByScore(criteria));
    const isTooLong = criteria !== null && rows.length > MAX_SORTED;
    // What MESSAGELIMIT has cut off is not known, so that nothing can be said of how it changes.
    if (limit || opensBodies || isTooLong || (this.#contexts?.size ?? 0) >= MAX_CONTEXTS) return false;
    this.#contexts ??= new Map();
    this.#contexts.set(voice.tag, {
      ...voice,
      request: { key: settled(key, place), criteria, returns: undefined },
      results: uidsOf(place.columns, rows),
      watermark: place.mailboxState.highestModSeq,
      next,
    });
    return true;
  }

  /** CANCELUPDATE; throws `Bad` for a tag that names none. */
  cancel(tags: readonly string[]): void {
    for (const tag of tags)
      if (!this.#contexts?.has(tag)) throw new Bad('no search of that tag is kept up to date');
    for (const tag of tags) this.#contexts?.delete(tag);
  }

  /** Whether some search could have changed in `mailbox`, up to the message before UID `next`. Looks at counters only. */
  haveNews(mailbox: Mailbox, next: number): boolean {
    return [...(this.#contexts?.values() ?? [])].some((context) => isBehind(context, mailbox, next));
  }

  /**
   * What has changed, `before` being the view that the client had until now, and `mailbox` what its news are told of: so
   * that the two tell of one moment. Undefined: nobody has asked for the news, and the newest state is looked at. What is
   * expunged leaves before the news, while its numbers are valid (RFC 5267 §4.3.4). What leaves or joins by its flags does so
   * behind the FETCH that tells of them (RFC 5465 §5.3), and what arrived behind EXISTS (RFC 5267 §4.3.3).
   */
  async updates(session: Session, before: View, mailbox?: Mailbox): Promise<ContextUpdates> {
    if (!this.#contexts) return NOTHING;
    const lines = { before: [] as string[], arrived: [] as (() => Promise<void>)[], after: [] as string[] };
    for (const context of this.#contexts.values()) {
      const { tag } = context;
      try {
        const { gone, left, added } = await update(session, context, mailbox);
        const { view } = session.selected;
        lines.before.push(...told(context, 'REMOVEFROM', gone, before));
        lines.after.push(...told(context, 'REMOVEFROM', left, view), ...told(context, 'ADDTO', added, view));
        // Not of what joins by a change of flags.
        const uids = Uint32Array.from(added.flatMap((change) => change.uids)).filter(
          (uid) => uid >= before.next,
        );
        const { tellArrived } = context;
        if (tellArrived && uids.length > 0) lines.arrived.push(() => tellArrived(uids.sort()));
      } catch (error) {
        if (error instanceof ConnectionLostError) throw error;
        // The news of the mailbox go on; but what the client holds of this search may not be taken for right any longer.
        session.services.log.warn({ err: error }, 'a search could not be kept up to date');
        this.#contexts.delete(tag);
        const code = { code: 'NOUPDATE', tag } as const;
        lines.after.push(
          session.writer.statusLine('*', 'NO', 'the search is not kept up to date any longer', code),
        );
      }
    }
    return lines;
  }
}

/** How the results of a context change, one step after the other. */
interface ContextChanges {
  /** Expunged. */
  readonly gone: readonly Change[];
  /** There, and found no longer. */
  readonly left: readonly Change[];
  readonly added: readonly Change[];
}

/** Brings `context` up to the newest state, within what the client knows of. */
async function update(
  session: Session,
  context: Context,
  mailbox: Mailbox | undefined,
): Promise<ContextChanges> {
  const { selected } = session;
  const { next } = selected.view;
  const { key, criteria } = context.request;
  // Nothing is loaded for a context that has no news.
  const now = mailbox ?? selected.current;
  if (now && !isBehind(context, now, next)) return { gone: [], left: [], added: [] };
  const place = await selectedPlace(session, mailbox);
  const asked = isOfTime(context) ? place.uids : changedSince(place, context);
  const { rows, limit } = await find(
    session,
    { ...place, uids: asked },
    { key, criteria: null, returns: undefined },
  );
  if (limit) throw new Error('more messages have changed than one command may look at');
  const matching = new Set(uidsOf(place.columns, rows));
  const isAsked = new Set(asked);
  const stays = (uid: number): boolean => !isAsked.has(uid) || matching.has(uid);
  const isThere = (uid: number): boolean => place.columns.rowOf(uid) >= 0;
  const before = context.results;
  const there = before.filter(isThere);
  const kept = there.filter(stays);
  const known = new Set(kept);
  const joined = [...matching].filter((uid) => !known.has(uid));
  const after = joined.length === 0 ? kept : await withJoined(session, place, context, kept, joined);
  context.results = after;
  context.watermark = place.mailboxState.highestModSeq;
  context.next = next;
  const isNew = new Set(joined);
  return {
    gone: removals(before, isThere, criteria !== null),
    left: removals(there, stays, criteria !== null),
    added: additions(after, (uid) => isNew.has(uid), criteria !== null),
  };
}

function isBehind(context: Context, { highestModSeq }: Mailbox, next: number): boolean {
  return isOfTime(context) || highestModSeq !== context.watermark || next !== context.next;
}

/** Time alone changes what it finds. */
function isOfTime({ request }: Context): boolean {
  return usesKey(request.key, 'within');
}

/** UIDs of the messages that may match otherwise than before. */
function changedSince({ uids, columns }: SearchPlace, { watermark, next }: Context): Uint32Array {
  const first = lowerBound(uids, uids.length, next);
  return uids.filter((uid, place) => {
    if (place >= first) return true;
    const row = columns.rowOf(uid);
    return row >= 0 && (columns.modSeqs[row] ?? 0) > watermark;
  });
}

/** `kept`, which is in order, with `joined` at their places. */
async function withJoined(
  session: Session,
  place: SearchPlace,
  context: Context,
  kept: Uint32Array,
  joined: readonly number[],
): Promise<Uint32Array> {
  const { criteria } = context.request;
  // Each place is found by so many comparisons of two messages.
  const comparisons = joined.length * Math.ceil(Math.log2(kept.length + 1));
  if (!criteria || isByScore(criteria) || 2 * comparisons >= kept.length)
    return ordered(session, place, context, [...kept, ...joined]);
  const after = [...kept];
  for (const uid of joined) {
    let [low, high] = [0, after.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const [first] = await ordered(session, place, context, [uid, after[middle] ?? 0]);
      if (first === uid) high = middle;
      else low = middle + 1;
    }
    after.splice(low, 0, uid);
  }
  return Uint32Array.from(after);
}

async function ordered(
  session: Session,
  place: SearchPlace,
  { request: { criteria, key } }: Context,
  uids: readonly number[],
): Promise<Uint32Array> {
  const sorted = Uint32Array.from(uids).sort();
  if (!criteria) return sorted;
  // Scores depend on the key as well: all that is listed is found again, and nothing else is asked.
  const request = {
    key: isByScore(criteria) ? key : ({ kind: 'all' } as const),
    criteria,
    returns: undefined,
  };
  const { rows } = await find(session, { ...place, uids: sorted }, request);
  return uidsOf(place.columns, rows);
}

function isByScore(criteria: readonly SortCriterion[] | null): boolean {
  return (criteria ?? []).some(({ key }) => key === 'RELEVANCY');
}

function told(
  { correlators, byUid }: Context,
  item: 'ADDTO' | 'REMOVEFROM',
  changes: readonly Change[],
  view: View,
): string[] {
  const pairs = changes.flatMap(({ position, uids }) => {
    const numbers = byUid ? uids : uids.map((uid) => view.numberOf(uid)).filter((number) => number > 0);
    return numbers.length > 0 ? [`${position} ${formatInOrder(numbers)}`] : [];
  });
  return pairs.length === 0
    ? []
    : [`* ${correlators}${byUid ? ' UID' : ''} ${item} (${pairs.join(' ')})\r\n`];
}

function uidsOf(columns: Columns, rows: readonly number[]): Uint32Array {
  return Uint32Array.from(rows, (row) => columns.uids[row] ?? 0);
}

/** `key` with its message numbers, `$` and `*` as they are at this moment (RFC 5267 §4.3). */
function settled(key: SearchKey, place: SearchPlace): SearchKey {
  switch (key.kind) {
    case 'sequence': {
      if (key.set.saved) return { kind: 'uids', uids: place.saved };
      const numbers = key.set.resolve(place.uids.length);
      return {
        kind: 'uids',
        uids: NumberSet.ofSorted(place.uids.filter((_, index) => numbers.contains(index + 1))),
      };
    }
    case 'uid': {
      const last = place.uids.at(-1) ?? 0;
      const uids = key.set.resolve(last, place.saved);
      // What arrives belongs to `7:*`.
      const isOpen = key.set.toString().includes(':*') || key.set.toString().includes('*:');
      const later = isOpen ? [{ low: last + 1, high: MAX_NUMBER }] : [];
      return { kind: 'uids', uids: NumberSet.ofRanges([...uids.ranges(), ...later]) };
    }
    case 'and':
      return { kind: 'and', keys: key.keys.map((each) => settled(each, place)) };
    case 'or':
      return { kind: 'or', left: settled(key.left, place), right: settled(key.right, place) };
    case 'not':
    case 'fuzzy':
      return { kind: key.kind, key: settled(key.key, place) };
    default:
      return key;
  }
}
