import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { BothServers } from './both-servers.ts';
import { type Comparison, compareAll } from './comparison.ts';
import { generatedMail } from './generated-mail.ts';
import { RULES } from './rules.ts';

/** Another seed makes other messages; a failure names this one. */
const SEED = 1;
const PER_FAMILY = 23;
/** All messages, sixty questions each, to two servers. */
const TIME_LIMIT_MS = 10 * 60_000;

const mails = generatedMail(SEED, PER_FAMILY).map((mail, index) => ({
  ...mail,
  arrived: 1_700_000_000 + 1000 * index,
}));
let servers: BothServers;
let comparison: Comparison;
beforeAll(async () => {
  servers = await BothServers.start(mails);
  comparison = await compareAll(servers, mails);
}, TIME_LIMIT_MS);
afterAll(() => servers.stop());

test(`${mails.length} generated messages: FETCH answers what Dovecot answers, or a rule says why not`, () => {
  expect(mails.length).toBeGreaterThanOrEqual(500);
  const told = comparison.unexplained.map(({ number, family, item, field, quire, dovecot }) => ({
    message: `${number} of seed ${SEED}, ${family}`,
    about: `${item} ${field}`.trim(),
    quire: JSON.stringify(quire ?? null).slice(0, 300),
    dovecot: JSON.stringify(dovecot ?? null).slice(0, 300),
  }));
  expect(told.slice(0, 20)).toEqual([]);
  expect(comparison.compared).toBeGreaterThan(20_000);
});

test('every rule is needed, and told in docs/CONFORMANCE.md', async () => {
  const unused = [...comparison.explained].filter(([, times]) => times === 0).map(([name]) => name);
  expect(unused).toEqual([]);
  const document = await readFile(path.join(import.meta.dirname, '../../../docs/CONFORMANCE.md'), 'utf8');
  const names = new Set(RULES.map(({ name }) => name));
  expect([...names].filter((name) => !document.includes(`**${name}**`))).toEqual([]);
});
