/**
 * Sets of UIDs as ascending, disjoint ranges: the form in which ops name messages. `1:10000` is two numbers, however
 * many messages it stands for, so that marking a whole mailbox read is one small record.
 */
/** Flat pairs: first, last, first, last … ascending, both ends included, neither overlapping nor touching. */
export type UidRanges = Uint32Array;

/**
 * The smallest set of ranges that selects exactly `chosen` among `existing` (both ascending). A gap in which no message
 * exists is bridged: UIDs are never given out again, so a range over the gap selects nothing more, now or later.
 */
export function rangesOver(
  chosen: Iterable<number>,
  existing: ArrayLike<number>,
  existingCount: number,
): UidRanges {
  const flat: number[] = [];
  let row = 0;
  for (const uid of chosen) {
    while (row < existingCount && (existing[row] as number) < uid) row++;
    const continues = flat.length > 0 && row > 0 && flat[flat.length - 1] === existing[row - 1];
    if (continues) flat[flat.length - 1] = uid;
    else flat.push(uid, uid);
  }
  return Uint32Array.from(flat);
}

/** Runs of ascending UIDs without a gap: unlike what `rangesOver` makes, they select nothing that is not chosen. */
export function runsOf(uids: Iterable<number>): UidRanges {
  const runs: number[] = [];
  for (const uid of uids) {
    if (runs.length > 0 && runs.at(-1) === uid - 1) runs[runs.length - 1] = uid;
    else runs.push(uid, uid);
  }
  return Uint32Array.from(runs);
}

/** Index of the first of the `count` ascending numbers in `sorted` that is at least `value`. */
export function lowerBound(sorted: ArrayLike<number>, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Calls `visit` with each row of the ascending column `uids` whose UID is in the set, in order. */
export function forEachRow(
  ranges: UidRanges,
  uids: ArrayLike<number>,
  count: number,
  visit: (row: number) => void,
): void {
  for (let index = 0; index < ranges.length; index += 2) {
    const last = ranges[index + 1] as number;
    for (
      let row = lowerBound(uids, count, ranges[index] as number);
      row < count && (uids[row] as number) <= last;
      row++
    )
      visit(row);
  }
}

/** UIDs that are in `a` or in `b`. */
export function unionOf(a: UidRanges, b: UidRanges): UidRanges {
  const flat: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const fromA = j >= b.length || (i < a.length && (a[i] as number) <= (b[j] as number));
    const first = (fromA ? a[i] : b[j]) as number;
    const last = (fromA ? a[i + 1] : b[j + 1]) as number;
    if (fromA) i += 2;
    else j += 2;
    const end = flat.at(-1);
    if (end !== undefined && first <= end + 1) flat[flat.length - 1] = Math.max(end, last);
    else flat.push(first, last);
  }
  return Uint32Array.from(flat);
}

/** UIDs that are in `a` and not in `b`. */
export function differenceOf(a: UidRanges, b: UidRanges): UidRanges {
  const flat: number[] = [];
  let j = 0;
  for (let i = 0; i < a.length; i += 2) {
    let first = a[i] as number;
    const last = a[i + 1] as number;
    while (j < b.length && (b[j + 1] as number) < first) j += 2;
    for (let k = j; k < b.length && (b[k] as number) <= last && first <= last; k += 2) {
      if ((b[k] as number) > first) flat.push(first, (b[k] as number) - 1);
      first = Math.max(first, (b[k + 1] as number) + 1);
    }
    if (first <= last) flat.push(first, last);
  }
  return Uint32Array.from(flat);
}

/** Ranges as bytes: LEB128 of the distances between neighbours, about two bytes a range. */
export function packRanges(ranges: UidRanges): Uint8Array {
  const bytes: number[] = [];
  let previous = 0;
  for (const value of ranges) {
    let distance = value - previous;
    previous = value;
    while (distance >= 0x80) {
      bytes.push((distance % 0x80) | 0x80);
      distance = Math.floor(distance / 0x80);
    }
    bytes.push(distance);
  }
  return Uint8Array.from(bytes);
}

/** Inverse of `packRanges`; throws on bytes that are no ranges. */
export function unpackRanges(bytes: Uint8Array): UidRanges {
  const values: number[] = [];
  let previous = 0;
  let distance = 0;
  let scale = 1;
  for (const byte of bytes) {
    distance += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte & 0x80) continue;
    previous += distance;
    values.push(previous);
    distance = 0;
    scale = 1;
  }
  if (scale !== 1 || values.length % 2 !== 0 || previous > 0xffff_ffff)
    throw new Error('packed UID ranges are damaged');
  return Uint32Array.from(values);
}

/** The set in two halves, for an op that must be spread over two records; a single range is cut in its middle. */
export function halves(ranges: UidRanges): readonly [UidRanges, UidRanges] {
  if (ranges.length > 2) {
    const middle = (ranges.length >> 2) << 1;
    const cut = Math.max(2, middle);
    return [ranges.slice(0, cut), ranges.slice(cut)];
  }
  const [first = 0, last = 0] = ranges;
  const middle = Math.floor((first + last) / 2);
  return [Uint32Array.of(first, middle), Uint32Array.of(middle + 1, last)];
}
