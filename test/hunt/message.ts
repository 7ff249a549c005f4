/** Messages that can be told from one another, and whole ones from broken ones. */
import { createHash } from 'node:crypto';
import type { Draw } from './draw.ts';

const TOKEN = /^X-Hunt: ([a-z0-9-]+)\r$/m;
const WORDS = ['harbour', 'lantern', 'quarry', 'meadow', 'äther', 'copper', 'silence', 'north'] as const;

/** A message that names `token` in its header and at both ends of its text: 200 bytes to some kilobytes, now and then much more. */
export function messageOf(token: string, draw: Draw): Buffer {
  const lines = draw.chance(0.05) ? 600 + draw.below(1500) : draw.below(40);
  const body = [beginningOf(token)];
  for (let line = 0; line < lines; line++)
    body.push(Array.from({ length: 1 + draw.below(8) }, () => draw.pick(WORDS)).join(' '));
  const head = [
    'From: Hunter <hunter@example.com>',
    'To: Quarry <quarry@example.test>',
    `Subject: message ${token}`,
    `Message-ID: <${token}@example.com>`,
    `X-Hunt: ${token}`,
    'Date: Mon, 5 Jan 2026 10:00:00 +0000',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  ];
  return Buffer.from([...head, '', ...body, `End of ${token}.`, ''].join('\r\n'));
}

/** How the text of a message begins. */
export const beginningOf = (token: string): string => `This is ${token}.`;

/** The token of a message, delivered or appended; undefined if it has none. */
export function tokenOf(message: Buffer): string | undefined {
  return TOKEN.exec(message.toString('latin1'))?.[1];
}

export function digestOf(message: Buffer): string {
  return createHash('sha256').update(message).digest('hex');
}

/** What was sent ends what was stored: delivery puts trace fields before it, and changes nothing else. */
export function digestOfTail(stored: Buffer, size: number): string {
  return digestOf(stored.subarray(Math.max(0, stored.length - size)));
}
