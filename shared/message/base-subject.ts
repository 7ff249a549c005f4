/** The base subject of RFC 5256 §2.1, by which SORT and THREAD see that messages belong together. */

export interface BaseSubject {
  readonly text: string;
  /** A `Re:`, a `Fwd:`, `(fwd)` or `[fwd: …]` was taken off: a reply or a forward (RFC 5256 §3, REFERENCES). */
  readonly isReply: boolean;
}

const TRAILING_FORWARD = /\(fwd\)$/i;
/** `subj-refwd`, behind any blobs. */
const REPLY = /(?:re|fwd?) *(?:\[[^[\]]*\] *)?:/iy;
const BLOB = /\[[^[\]]*\] */y;
const FORWARD_HEAD = '[fwd:';

/** Of a subject whose encoded words are decoded and whose folds are gone. */
export function baseSubject(subject: string): BaseSubject {
  // (1) Blanks of every kind are one space.
  let text = subject.replace(/[ \t\r\n]+/g, ' ');
  let isReply = false;
  for (;;) {
    const untrailed = withoutTrailers(text);
    const unled = withoutLeaders(untrailed.text);
    isReply ||= untrailed.isReply || unled.isReply;
    text = unled.text;
    // (6)
    const inner = text.slice(FORWARD_HEAD.length, -1);
    if (!text.endsWith(']') || text.slice(0, FORWARD_HEAD.length).toLowerCase() !== FORWARD_HEAD)
      return { text, isReply };
    text = inner;
    isReply = true;
  }
}

/** (2) `subj-trailer`, as often as there is one. */
function withoutTrailers(subject: string): BaseSubject {
  let text = subject;
  let isReply = false;
  for (;;) {
    if (text.endsWith(' ')) text = text.slice(0, -1);
    else if (TRAILING_FORWARD.test(text.slice(-5))) {
      text = text.slice(0, -5);
      isReply = true;
    } else return { text, isReply };
  }
}

/** (3) to (5): `subj-leader`, and `subj-blob` if something is left without it. */
function withoutLeaders(subject: string): BaseSubject {
  let at = 0;
  let isReply = false;
  for (;;) {
    while (subject.charAt(at) === ' ') at++;
    const { end, last } = blobsAt(subject, at);
    const reply = endOf(REPLY, subject, end);
    if (reply >= 0) {
      at = reply;
      isReply = true;
      continue;
    }
    // No reply follows: of the blobs (4) takes one after the other, but not the last if it is all that is left.
    at = end < subject.length ? end : last;
    return { text: subject.slice(at), isReply };
  }
}

/** Where the blobs from `at` on end, and where the last of them begins (`at` if there is none). */
function blobsAt(subject: string, at: number): { end: number; last: number } {
  let end = at;
  let last = at;
  for (let next = endOf(BLOB, subject, end); next >= 0; next = endOf(BLOB, subject, end)) {
    last = end;
    end = next;
  }
  return { end, last };
}

/** Where the match of a sticky pattern at `at` ends, or -1. */
function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : -1;
}
