/** The difference of two lists of results as ADDTO and REMOVEFROM tell it (RFC 5267 §4.3.3, §4.3.4). Pure. */

/** UIDs in the order asked for, that are put in or taken out from one position on. */
export interface Change {
  /** From 1; 0 for a list in the order of the mailbox, where the client finds the place itself. */
  readonly position: number;
  readonly uids: readonly number[];
}

/** What leaves `before`. A client does one change after the other: each closes the gap that it leaves. */
export function removals(before: Uint32Array, stays: (uid: number) => boolean, isSorted: boolean): Change[] {
  if (!isSorted) return unordered([...before].filter((uid) => !stays(uid)));
  const changes: Run[] = [];
  let left = 0;
  for (const uid of before) {
    if (stays(uid)) left++;
    else push(changes, left + 1, uid, (run) => run.position === left + 1);
  }
  return changes;
}

/** What joins `after`. */
export function additions(after: Uint32Array, isNew: (uid: number) => boolean, isSorted: boolean): Change[] {
  if (!isSorted) return unordered([...after].filter(isNew));
  const changes: Run[] = [];
  after.forEach((uid, place) => {
    if (isNew(uid)) push(changes, place + 1, uid, (run) => run.position + run.uids.length === place + 1);
  });
  return changes;
}

interface Run {
  readonly position: number;
  readonly uids: number[];
}

function push(changes: Run[], position: number, uid: number, continues: (run: Run) => boolean): void {
  const run = changes.at(-1);
  if (run && continues(run)) run.uids.push(uid);
  else changes.push({ position, uids: [uid] });
}

function unordered(uids: readonly number[]): Change[] {
  return uids.length === 0 ? [] : [{ position: 0, uids }];
}
