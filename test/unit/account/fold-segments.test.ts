import { describe, expect, test } from '@jest/globals';
import type { SegmentInfo } from '../../../shared/account/checkpoint.ts';
import { Columns, type Row } from '../../../shared/account/columns.ts';
import { SEGMENT_BYTES, planSegments } from '../../../shared/account/fold-segments.ts';
import type { BlobId, ModSeq, RecordNumber, Uid } from '../../../shared/account/ids.ts';
import { modSeqOf } from '../../../shared/account/ids.ts';
import { decodeRows } from '../../../shared/account/segment.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const random = seededRandom(5);
const OLD = modSeqOf(10 as RecordNumber, 0);
const CHANGED_FROM = modSeqOf(100 as RecordNumber, 0);
const NEW = modSeqOf(100 as RecordNumber, 3);

function row(uid: number, modSeq: ModSeq, keywords: readonly string[] = []): Row {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
  return {
    uid: uid as Uid,
    system: 0,
    keywords,
    modSeq,
    size: uid,
    date: 1_700_000_000 + uid,
    zone: 60,
    saved: 1_700_000_000,
    blob: digits.join('') as BlobId,
    pack: null,
    summary: { chunk: 1, at: uid, slot: 1 },
  };
}

function rows(first: number, last: number, modSeq = OLD): Row[] {
  return Array.from({ length: last - first + 1 }, (_, index) => row(first + index, modSeq));
}

const info = (
  firstUid: number,
  lastUid: number,
  fold: string,
  count = lastUid - firstUid + 1,
): SegmentInfo => ({
  firstUid: firstUid as Uid,
  lastUid: lastUid as Uid,
  count,
  fold,
});

function plan(all: readonly Row[], before: readonly SegmentInfo[], messagesPerSegment = 4096) {
  const columns = Columns.of(all, all.length);
  const relocate = (ref: Row['summary']) => ref;
  return planSegments(columns, before, {
    changedFrom: CHANGED_FROM,
    packed: null,
    moved: new Set<number>(),
    fold: 'new',
    relocate,
    limits: { messagesPerSegment },
  });
}

const extents = (planned: ReturnType<typeof plan>) =>
  planned.map(({ info: { firstUid, lastUid, count, fold } }) => [firstUid, lastUid, count, fold]);

describe('segments of a mailbox after a fold', () => {
  test('unchanged ones are kept by their key and not written', () => {
    const before = [info(1, 10, 'a'), info(11, 20, 'b'), info(21, 30, 'c')];
    const changed = [...rows(1, 10), ...rows(11, 14), row(15, NEW), ...rows(16, 30)];
    const planned = plan(changed, before, 10);
    expect(extents(planned)).toEqual([
      [1, 10, 10, 'a'],
      [11, 20, 10, 'new'],
      [21, 30, 10, 'c'],
    ]);
    expect(planned.map(({ data }) => data !== null)).toEqual([false, true, false]);
    expect(planned[0]?.info).toBe(before[0]);
  });

  test('an expunge changes its segment although no row has a new mod-sequence', () => {
    const planned = plan([...rows(1, 4), ...rows(6, 20)], [info(1, 10, 'a'), info(11, 20, 'b')], 10);
    expect(extents(planned)).toEqual([
      [1, 10, 9, 'new'],
      [11, 20, 10, 'b'],
    ]);
  });

  test('a segment that has lost all its messages is gone', () => {
    expect(extents(plan(rows(11, 20), [info(1, 10, 'a'), info(11, 20, 'b')], 10))).toEqual([
      [11, 20, 10, 'b'],
    ]);
  });

  test('new messages join the last segment while they fit it', () => {
    expect(extents(plan([...rows(1, 6), ...rows(7, 10, NEW)], [info(1, 6, 'a')], 10))).toEqual([
      [1, 10, 10, 'new'],
    ]);
    expect(extents(plan([...rows(1, 6), ...rows(7, 11, NEW)], [info(1, 6, 'a')], 10))).toEqual([
      [1, 6, 6, 'a'],
      [7, 11, 5, 'new'],
    ]);
  });

  test('what shrinks joins its neighbour, so that no two are left that would fit one', () => {
    const before = [info(1, 10, 'a'), info(11, 20, 'b'), info(21, 30, 'c')];
    expect(extents(plan([row(3, OLD), ...rows(11, 19), ...rows(21, 30)], before, 10))).toEqual([
      [3, 19, 10, 'new'],
      [21, 30, 10, 'c'],
    ]);
  });

  test('many new messages are spread evenly over segments that hold them', () => {
    const planned = plan(rows(1, 10_000, NEW), []);
    expect(planned.map(({ info: { count } }) => count)).toEqual([3333, 3333, 3334]);
    const decoded = planned.flatMap(({ data }) => decodeRows(data ?? new Uint8Array(0)));
    expect(decoded.map(({ uid }) => uid)).toEqual(Array.from({ length: 10_000 }, (_, index) => index + 1));
    for (const { data } of planned) expect(data?.length).toBeLessThan(SEGMENT_BYTES);
  });

  test('many new messages behind a small segment leave no neighbours that would fit one', () => {
    const planned = plan([...rows(1, 4), ...rows(5, 16, NEW)], [info(1, 4, 'a')], 10);
    expect(extents(planned)).toEqual([
      [1, 10, 10, 'new'],
      [11, 16, 6, 'new'],
    ]);
  });

  test.each([1, 2, 3, 4, 5])('at random no two neighbours are left that would fit one, seed %i', (seed) => {
    const draw = seededRandom(seed);
    let all: Row[] = [];
    let infos: SegmentInfo[] = [];
    let uid = 0;
    for (let round = 0; round < 40; round++) {
      const share = draw() * 0.5;
      const added = Array.from({ length: Math.floor(draw() * 30) }, () => row(++uid, NEW));
      all = all.map((each) => ({ ...each, modSeq: draw() < 0.02 ? NEW : OLD }));
      all = [...all.filter(() => draw() >= share), ...added];
      infos = plan(all, infos, 10).map((planned) => planned.info);
      const counts = infos.map(({ count }) => count);
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(all.length);
      counts.forEach((count, index) => {
        expect(count).toBeLessThanOrEqual(10);
        expect(count + (counts[index + 1] ?? Infinity)).toBeGreaterThan(10);
      });
      expect(infos.map(({ firstUid }) => firstUid)).toEqual(
        counts.map((_, index) => all[counts.slice(0, index).reduce((sum, count) => sum + count, 0)]?.uid),
      );
    }
  });

  test('messages whose keywords do not fit one item are split further, none is left out', () => {
    const word = () => Array.from({ length: 250 }, () => Math.floor(random() * 36).toString(36)).join('');
    const all = Array.from({ length: 3000 }, (_, index) => row(index + 1, NEW, [word()]));
    const planned = plan(all, []);
    expect(planned.length).toBeGreaterThan(1);
    for (const { data } of planned) expect(data?.length).toBeLessThanOrEqual(SEGMENT_BYTES);
    expect(planned.flatMap(({ data }) => decodeRows(data ?? new Uint8Array(0)))).toEqual(all);
  });
});
