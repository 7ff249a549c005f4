/** Mail of a seed that is worth searching, sorting and threading: answers, forwards, lists, lost parents, odd dates. */
import { seededRandom } from '../../support/seeded-random.ts';
import type { StoredMail } from './dovecot.ts';

const TOPICS = ['Apples', 'pears', 'Zürich trip', 'b', 'Quarterly [draft] figures', 'ÅNGSTRÖM', ''];
const PREFIXES = [
  '',
  '',
  'Re: ',
  'RE: re: ',
  'Fwd: ',
  'fw: ',
  '[list] ',
  'Re: [list] ',
  '[a] [b] Re : ',
  'AW: ',
];
const SUFFIXES = ['', '', '', ' (fwd)', '  '];
const NAMES = ['Ann', 'bob', '"Doe, J."', '=?utf-8?Q?J=C3=BCrgen?=', ''];
const LOCALS = ['ann', 'Bob', 'carl', 'doe', 'zoe'];
const ZONES = ['+0000', '-0800', '+0530', 'GMT'];
const WORDS = ['apple', 'Pear', 'naïve', 'Straße', 'meeting', 'ΟΔΟΣ', 'figures'];

/** `count` messages; ever the same for a seed. */
export function threadedMail(seed: number, count: number): StoredMail[] {
  const random = seededRandom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const chance = (share: number): boolean => random() < share;
  const ids: string[] = [];
  return Array.from({ length: count }, (_, index) => {
    const id = `<m${index}@${pick(['x', 'y'])}.test>`;
    const known = (): string =>
      ids.length > 0 && chance(0.8) ? pick(ids) : `<lost${Math.floor(random() * 9)}@x.test>`;
    const sent = new Date(Date.UTC(2024, 0, 1) + Math.floor(random() * 40) * 21_600_000);
    const lines = [
      ...(chance(0.95) ? [`From: ${address()}`] : []),
      ...(chance(0.9)
        ? [`To: ${chance(0.1) ? 'friends: ' : ''}${address()}, ${address()}${chance(0.1) ? ';' : ''}`]
        : []),
      ...(chance(0.3) ? [`Cc: ${address()}`] : []),
      ...(chance(0.95) ? [`Subject: ${encoded(pick(PREFIXES) + pick(TOPICS) + pick(SUFFIXES))}`] : []),
      ...(chance(0.95) ? [`Date: ${dated(sent)}`] : []),
      ...(chance(0.9) ? [`Message-ID: ${chance(0.05) && ids.length > 0 ? pick(ids) : id}`] : []),
      ...(chance(0.4)
        ? [`References: ${Array.from({ length: 1 + Math.floor(random() * 3) }, known).join('\r\n ')}`]
        : []),
      ...(chance(0.3) ? [`In-Reply-To: ${known()}${chance(0.2) ? ' (from ann)' : ''}`] : []),
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      Array.from({ length: Math.floor(random() * 12) }, () => pick(WORDS)).join(' '),
      '',
    ];
    ids.push(id);
    return {
      bytes: Buffer.from(lines.join('\r\n'), 'utf8'),
      arrived: Date.UTC(2024, 2, 1) / 1000 + index * 3600,
    };

    function address(): string {
      const name = pick(NAMES);
      const mailbox = `${pick(LOCALS)}@${pick(['a', 'B'])}.test`;
      return name === '' ? mailbox : `${name} <${mailbox}>`;
    }

    function dated(at: Date): string {
      return at.toUTCString().replace('GMT', pick(ZONES));
    }
  });
}

function encoded(text: string): string {
  return /[^\x00-\x7f]/.test(text) ? `=?utf-8?B?${Buffer.from(text).toString('base64')}?=` : text;
}
