/**
 * Text as people and newsletters write it, for what compression is worth: words by how often they come (Zipf), names and
 * numbers in between, and for HTML the tables, styles and long links of a newsletter.
 */
import { seededRandom } from '../support/seeded-random.ts';
import { sampleMail } from './sample-mail.ts';

/** The most frequent words of English, by their rank. */
const WORDS =
  'the of and to in is you that it he was for on are as with his they at be this have from or one had by word but not what all were we when your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two more write go see number no way could people my than first water been call who oil its now find long down day did get come made may part over new sound take only little work know place year live me back give most very after thing our just name good sentence man think say great where help through much before line right too mean old any same tell boy follow came want show also around form three small set put end does another well large must big even such because turn here why ask went men read need land different home us move try kind hand picture again change off play spell air away animal house point page letter mother answer found study still learn should world'.split(
    ' ',
  );
const SYLLABLES = 'ba ke li mo nu ra se ti vo zu chen dor fal gri hal jun kor lem mar nis'.split(' ');

/** A message of plain text, of about so many bytes. */
export function plainMail(index: number, bytes: number): string {
  return `${headOf(index)}Content-Type: text/plain; charset=utf-8\r\n\r\n${textOf(index, bytes, 72)}\r\n`;
}

/** A newsletter: HTML of about so many bytes. */
export function htmlMail(index: number, bytes: number): string {
  const random = seededRandom(index);
  const rows: string[] = [];
  for (let length = 0; length < bytes; length += rows.at(-1)?.length ?? 0) {
    const link = Array.from({ length: 40 }, () => Math.floor(random() * 36).toString(36)).join('');
    rows.push(
      `<tr><td align="center" valign="top" style="padding:12px 24px;font-family:Arial,Helvetica,sans-serif;font-size:14px;line-height:20px;color:#333333"><a href="https://click.news.example.com/f/a/${link}?u=${link.slice(0, 16)}" style="color:#0066cc;text-decoration:none">${textOf(index * 977 + rows.length, 120, 400)}</a></td></tr>`,
    );
  }
  return `${headOf(index)}Content-Type: text/html; charset=utf-8\r\n\r\n<html><body><table width="600" cellpadding="0" cellspacing="0">\r\n${rows.join('\r\n')}\r\n</table></body></html>\r\n`;
}

/** The header of an ordinary message, without its structure. */
function headOf(index: number): string {
  const [head = ''] = sampleMail(index, { bytes: 0 }).split(/^Content-Type/m);
  return head;
}

function textOf(seed: number, bytes: number, width: number): string {
  const random = seededRandom(seed + 1);
  const lines: string[] = [];
  let line = '';
  for (let length = 0; length < bytes;) {
    const word = random() < 0.12 ? rareWord(random) : (WORDS[rank(random)] ?? '');
    length += word.length + 1;
    if (line.length + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\r\n');
}

/** Zipf's law: the word of rank n comes 1/n as often as the first. */
const rank = (random: () => number): number => Math.floor(Math.exp(random() * Math.log(WORDS.length))) - 1;

function rareWord(random: () => number): string {
  if (random() < 0.2) return String(Math.floor(random() * 100_000));
  const syllables = 2 + Math.floor(random() * 3);
  return Array.from({ length: syllables }, () => SYLLABLES[Math.floor(random() * SYLLABLES.length)]).join('');
}
