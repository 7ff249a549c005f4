/** SEARCH, SORT and THREAD answer what Dovecot answers for the same mailbox, or it is said here why not. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { BothServers, type Client } from './both-servers.ts';
import { generatedMail } from './generated-mail.ts';
import { threadedMail } from './threaded-mail.ts';

const SEED = 1;
const MESSAGES = 300;
const mails = threadedMail(SEED, MESSAGES);

/** Their parts are other ones to Dovecot: `docs/CONFORMANCE.md` says why. */
const OTHER_PARTS = new Set([
  'boundary parameters',
  'changed bytes',
  'content types',
  'delimiter lines',
  'digests',
  'jumble',
  'NUL',
  'other message types',
]);
/**
 * What Dovecot reads otherwise: charsets that nobody knows, encoded words with a language, blanks around the dots of an
 * address, addresses with two at-signs, and bare carriage returns, which end lines to it.
 */
const READ_OTHERWISE = /x-unknown|=\?[\w-]+\*|\w \. \w|@[^\s,<>]*@|\r(?!\n)/;
const PER_FAMILY = 8;
/** Of the words in the mails every so manieth is looked for. */
const WORDS_APART = 4;
const oddMails = generatedMail(SEED, PER_FAMILY)
  .filter(
    ({ family, bytes }) =>
      !OTHER_PARTS.has(family) && !READ_OTHERWISE.test(Buffer.from(bytes).toString('latin1')),
  )
  .map((mail, index) => ({ ...mail, arrived: 1_700_000_000 + 1000 * index }));
const words = new Set(
  oddMails.flatMap(
    ({ bytes }) =>
      Buffer.from(bytes)
        .toString('utf8')
        .toLowerCase()
        .match(/\p{L}{3,9}/gu) ?? [],
  ),
);
const sought = [...words].sort().filter((_, index) => index % WORDS_APART === 0);
let servers: BothServers;
let oddServers: BothServers;
beforeAll(async () => {
  servers = await BothServers.start(mails);
  oddServers = await BothServers.start(oddMails);
});
afterAll(async () => {
  await servers.stop();
  await oddServers.stop();
});

/** What is told of the messages that were found. */
async function answer(client: Client, command: string): Promise<string> {
  const { status, text, untagged } = await client.run(Buffer.from(command).toString('latin1'));
  if (status !== 'OK') return `${status} ${text}`;
  const [told] = untagged.filter((response) => /^\* (SEARCH|SORT|THREAD)/.test(response.text));
  // Dovecot says nothing behind a blank.
  return told?.text.trim() ?? 'nothing';
}

const SEARCHES = [
  'ALL',
  ...['FROM', 'TO', 'CC'].flatMap((field) => [
    `${field} ann`,
    `${field} "jürgen"`,
    `${field} "JÜRGEN"`,
    `${field} "@b."`,
  ]),
  ...['apples', 'ZÜRICH', 'zürich', 'ångström', 'ANGSTROM', 're:', '(fwd)', 'figures'].map(
    (text) => `SUBJECT "${text}"`,
  ),
  ...['apple', 'NAÏVE', 'straße', 'STRASSE', 'οδος', 'meeting figures'].flatMap((text) => [
    `BODY "${text}"`,
    `TEXT "${text}"`,
  ]),
  'TEXT "8bit"',
  'BODY "8bit"',
  'HEADER Message-ID ""',
  'HEADER References lost',
  'HEADER In-Reply-To "(from"',
  'HEADER X-None ""',
  // To Dovecot a message without a date was sent in 1970; to RFC 9051 §6.4.4 it has no date that could be earlier.
  'HEADER Date "" SENTBEFORE 5-Jan-2024',
  'SENTON 5-Jan-2024',
  'SENTSINCE 5-Jan-2024',
  'BEFORE 3-Mar-2024',
  'ON 3-Mar-2024',
  'SINCE 3-Mar-2024',
  'LARGER 300',
  'SMALLER 300',
  'OR SUBJECT apples NOT FROM ann',
  '1:50 NOT (SUBJECT b OR TO zoe CC ann)',
  'UID 100:*',
  'YOUNGER 100',
];
const KEYS = ['ARRIVAL', 'CC', 'DATE', 'FROM', 'SIZE', 'SUBJECT', 'TO', 'DISPLAYFROM', 'DISPLAYTO'];

test.each(SEARCHES)('SEARCH %s', async (search) => {
  expect(await answer(servers.quire, `SEARCH ${search}`)).toBe(
    await answer(servers.dovecot, `SEARCH ${search}`),
  );
});

test.each([
  ...KEYS.flatMap((key) => [`(${key})`, `(REVERSE ${key})`]),
  ...KEYS.map((key) => `(REVERSE ${key} ARRIVAL)`),
  ...KEYS.filter((key) => key !== 'SUBJECT').map((key) => `(SUBJECT REVERSE ${key} DATE)`),
])('SORT %s', async (criteria) => {
  const command = `UID SORT ${criteria} UTF-8 ALL`;
  expect(await answer(servers.quire, command)).toBe(await answer(servers.dovecot, command));
});

const PARTS = ['ALL', '1:100', 'SUBJECT apples', 'NOT SUBJECT re:'];

test.each(['ORDEREDSUBJECT', 'REFERENCES'])('THREAD %s', async (algorithm) => {
  for (const search of PARTS) {
    const command = `THREAD ${algorithm} UTF-8 ${search}`;
    expect(await answer(servers.quire, command)).toBe(await answer(servers.dovecot, command));
  }
});

/** Threads in any order. */
function threads(text: string): string[] {
  const found: string[] = [];
  let depth = 0;
  for (const character of text.replace('* THREAD ', '')) {
    if (depth === 0) found.push('');
    if (character === '(') depth++;
    else if (character === ')') depth--;
    found[found.length - 1] = `${found.at(-1) ?? ''}${character}`;
  }
  return found.sort();
}

// Dovecot goes by the newest sent date, the draft by the newest INTERNALDATE: the threads themselves are the same.
test('THREAD REFS', async () => {
  for (const search of PARTS) {
    const command = `THREAD REFS UTF-8 ${search}`;
    expect(threads(await answer(servers.quire, command))).toEqual(
      threads(await answer(servers.dovecot, command)),
    );
  }
});

test.each(['BODY', 'TEXT', 'FROM', 'TO', 'CC', 'SUBJECT', 'HEADER Content-Type'])(
  'SEARCH %s in mail of every kind',
  async (key) => {
    expect(sought.length).toBeGreaterThan(50);
    for (const word of sought) {
      const command = `SEARCH ${key} "${word}"`;
      const told = `${command}: ${await answer(oddServers.quire, command)}`;
      expect(told).toBe(`${command}: ${await answer(oddServers.dovecot, command)}`);
    }
  },
);
