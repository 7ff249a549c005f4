/** docs/SCALE.md says what the simulation says, and the simulation is the same for everybody. */
import { describe, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { simulateDay } from '../../scale/day.ts';
import { limitsOf } from '../../scale/limits.ts';
import { SCALES, billReport, scaleReport, use } from '../../scale/report.ts';
import { reportIn } from '../../scale/page.ts';

const bare = (text: string): string => text.replaceAll(/[\s|:-]+/g, ' ').trim();

test('the page has the tables of the simulation and of the cost model', async () => {
  const page = await readFile(path.resolve(import.meta.dirname, '../../../docs/SCALE.md'), 'utf8');
  expect(bare(reportIn(page, 'limits'))).toBe(bare(scaleReport()));
  expect(bare(reportIn(page, 'bills'))).toBe(bare(billReport()));
});

describe('a day', () => {
  const office = { mailboxes: 20_000, seed: 7, organisation: 1_000, zones: 1 };

  test('is the same for the same seed, and another for another', () => {
    expect(simulateDay(office)).toEqual(simulateDay(office));
    expect(simulateDay({ ...office, seed: 8 })).not.toEqual(simulateDay(office));
  });

  test('brings what was asked for, and peaks above its mean', () => {
    const { meanPerMailbox, mean, peakMinute, peakSecond } = simulateDay(office);
    expect(meanPerMailbox).toBeGreaterThan(38);
    expect(meanPerMailbox).toBeLessThan(42);
    expect(mean).toBeCloseTo((20_000 * meanPerMailbox) / 86_400, 6);
    expect(peakMinute).toBeGreaterThan(2 * mean);
    expect(peakSecond).toBeGreaterThanOrEqual(peakMinute);
  });

  test('is flatter the more time zones there are', () => {
    const peak = (zones: number) => {
      const { peakMinute, mean } = simulateDay({ ...office, mailboxes: 1_000_000, zones });
      return peakMinute / mean;
    };
    expect(peak(24)).toBeLessThan(peak(3));
    expect(peak(3)).toBeLessThan(peak(1));
  });
});

describe('in short, as the page says it', () => {
  const days = SCALES.map((options) => limitsOf(options, simulateDay(options)));
  const fixed = (index: number) => {
    const limits = days[index] ?? [];
    return limits.filter(({ kind }) => kind !== 'on request').sort((a, b) => use(b) - use(a));
  };

  test('1,000 mailboxes: everything is used to an eighth at most', () => {
    expect(use(fixed(0)[0] ?? { ...NOTHING })).toBeLessThanOrEqual(1 / 8);
  });

  test('1,000,000: domains first, all else below two thirds', () => {
    const [first, second] = fixed(1);
    expect(first?.what).toBe('Domains of one installation');
    expect(use(second ?? { ...NOTHING })).toBeLessThan(2 / 3);
  });

  test.each([0, 1, 2])('no mailbox comes near its limit (%i)', (index) => {
    const journal = fixed(index).find(({ what }) => what.startsWith('Journal'));
    expect(journal && use(journal)).toBeLessThan(0.1);
  });
});

const NOTHING = { what: '', unit: '', demand: Infinity, limit: 1, kind: 'ours', arithmetic: '' } as const;
