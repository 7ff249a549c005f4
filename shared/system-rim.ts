/** The rim of a real process. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Rim } from './account/rim.ts';

export const systemRim: Rim = {
  now: Date.now,
  random: Math.random,
  randomHex: (bytes) => randomBytes(bytes).toString('hex'),
  sleep: (milliseconds) => delay(milliseconds),
};
