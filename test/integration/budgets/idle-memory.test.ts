/**
 * The memory of an idle session, its account's replica included: a gateway in a process of its own, with real clients.
 * `npm run bench -- --only idle` prints the figures.
 */
import { expect, test } from '@jest/globals';
import { heapOfIdleSession } from '../../bench/idle.ts';

/** Enough that what comes and goes by itself, some hundred kilobytes, is little for each of the 300 that are counted. */
const SESSIONS = 400;

test('an idle session takes less than 8 KiB of heap', async () => {
  expect(await heapOfIdleSession(SESSIONS, 10)).toBeLessThan(8 * 1024);
});
