import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Columns } from '../../../../shared/account/columns.ts';
import { FLAGGED, SEEN } from '../../../../shared/account/flags.ts';
import type { BlobId, ModSeq, Uid } from '../../../../shared/account/ids.ts';
import { SummaryBuilder } from '../../../../shared/message/summary.ts';
import { type SearchFacts, compileSearch } from '../../../../gateway/imap/search/program.ts';
import { MessageScan, TextFinder, fieldValues } from '../../../../gateway/imap/search/text.ts';
import { casemap } from '../../../../shared/message/casemap.ts';
import { openCommand } from '../../../../gateway/imap/wire/open-command.ts';
import { parseSearchProgram } from '../../../../gateway/imap/wire/search-grammar.ts';
import { NumberSet } from '../../../../gateway/imap/wire/sequence-set.ts';

describe('text', () => {
  test('is found across pieces, and not across a break', () => {
    const finder = new TextFinder([casemap('World')]);
    finder.write('hello wO');
    finder.write('');
    finder.write('RLd');
    expect(finder.done).toBe(true);
    const broken = new TextFinder([casemap('ab')]);
    broken.write('a');
    broken.break();
    broken.write('b');
    expect(broken.found.size).toBe(0);
  });

  test('however it is cut, the same is found', () => {
    const words = fc
      .array(fc.constantFrom('a', 'b', 'Ä', 'ß', 'Σ', ' '), { maxLength: 30 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(
        words,
        fc.string({ unit: fc.constantFrom('a', 'b', 'ä', 'S'), maxLength: 3 }),
        fc.nat(8),
        (text, needle, size) => {
          const finder = new TextFinder([casemap(needle)]);
          for (let at = 0; at < text.length; at += size + 1) finder.write(text.slice(at, at + size + 1));
          expect(finder.found.has(casemap(needle))).toBe(casemap(text).includes(casemap(needle)));
        },
      ),
    );
  });

  test('of header fields is decoded and unfolded', () => {
    const header = Buffer.from('Subject: =?utf-8?Q?Z=C3=BCrich?=\r\n  lake\r\nTo: a\r\nsubject: two\r\n\r\n');
    expect(fieldValues(header, 'SUBJECT')).toEqual([' Zürich  lake', ' two']);
  });
});

const MAIL = [
  'From: Ann (a comment) <ann@example.test>, "Doe, J." <j@example.test>',
  'Subject: =?iso-8859-1?Q?Gr=FC=DFe?=',
  'Received: from elsewhere',
  'a line of no field',
  'Date: Thu, 1 Feb 2024 23:30:00 -0800',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/plain; charset=iso-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'caf=E9 au lait, a long line that is folded sof=',
  'tly',
  '--b',
  'Content-Type: text/html; charset=utf-8',
  'Content-Transfer-Encoding: base64',
  '',
  Buffer.from('<p>Wörld</p>').toString('base64'),
  '--b',
  'Content-Type: message/rfc822',
  '',
  'Subject: inner words',
  '',
  'inner body',
  '--b',
  'Content-Type: message/delivery-status',
  '',
  'Final-Recipient: rfc822; zoe@example.test',
  '--b',
  'Content-Type: application/octet-stream',
  '',
  'binary secret',
  '--b--',
  '',
].join('\r\n');

/** An hour after the message came. */
const NOW = Date.UTC(2024, 1, 2, 8, 30) / 1000;

/** As the search command does it, in pieces of `size` bytes: whether the message matches, and how relevant it is. */
function judged(search: string, size = 7): { matches: boolean; relevancy: number | undefined } {
  const bytes = Buffer.from(MAIL, 'latin1');
  const builder = new SummaryBuilder();
  builder.write(bytes);
  const summary = builder.end();
  const columns = Columns.of([
    {
      uid: 5 as Uid,
      system: SEEN | FLAGGED,
      keywords: ['$Work'],
      modSeq: 2000 as ModSeq,
      size: bytes.length,
      // 1 February 2024, 23:30 in a zone eight hours west.
      date: Date.UTC(2024, 1, 2, 7, 30) / 1000,
      zone: -480,
      saved: 0,
      pack: null,
      blob: 'ab'.repeat(16) as BlobId,
      summary: { chunk: 0, at: 1, slot: 0 },
    },
  ]);
  const { cursor } = openCommand({ segments: [`a SEARCH ${Buffer.from(search).toString('latin1')}`] });
  const program = compileSearch(parseSearchProgram(cursor), {
    columns,
    messages: 1,
    lastUid: 5,
    saved: NumberSet.EMPTY,
    isRecent: () => false,
    now: NOW,
  });
  const facts: SearchFacts = { row: 0, number: 1, uid: 5 };
  const first = program.test(facts);
  const second = program.test({ ...facts, summary });
  if (first !== undefined) expect(second).toBe(first);
  const scan = new MessageScan(summary.parts, program.scanOptions(summary));
  const range = bytes.subarray(scan.start, scan.end);
  for (let at = 0; at < range.length; at += size) scan.write(range.subarray(at, at + size));
  const content = { header: scan.kept, inHeader: scan.header.findings, inBody: scan.body.findings };
  const all = { ...facts, summary, content };
  const last = program.test(all);
  if (last === undefined) throw new Error('a search stayed open');
  if (second !== undefined) expect(last).toBe(second);
  return { matches: last, relevancy: program.relevancy(all) };
}

const matches = (search: string, size?: number): boolean => judged(search, size).matches;

describe('a message matches', () => {
  test.each([
    'ALL',
    'SEEN FLAGGED NOT DELETED',
    'KEYWORD $work',
    'OR DELETED SEEN',
    '1 UID 5',
    'UID 1:* *',
    'ON 1-Feb-2024 SINCE 1-Feb-2024 BEFORE 2-Feb-2024',
    'SENTON 1-Feb-2024 SENTSINCE 1-Feb-2024 SENTBEFORE 2-Feb-2024',
    'MODSEQ 2000',
    'FROM ANN@EXAMPLE',
    'FROM "ann <ann"',
    'FROM "doe, j"',
    'FROM ""',
    'HEADER From "a comment"',
    'FUZZY FROM anne',
    'SUBJECT "GRÜßE"',
    'HEADER Received elsewhere',
    'HEADER Received ""',
    'BODY "CAFÉ AU"',
    'BODY softly',
    'BODY "wörld"',
    'TEXT "inner words"',
    'TEXT "of no field"',
    'BODY "Final-Recipient: rfc822; zoe"',
    'NOT BODY "inner words"',
    'BODY "inner body"',
    'TEXT "grüße" TEXT lait',
    'TEXT elsewhere',
    'NOT BODY elsewhere',
    'NOT BODY "binary secret"',
    'OR BODY nonsense BODY lait',
    'LARGER 100 SMALLER 100000',
    'OLDER 3600 YOUNGER 3600',
    'OLDER 3599 YOUNGER 3601',
    'TEXT "text/html"',
    'NOT BODY "text/html"',
    'TEXT quoted-printable HEADER Received elsewhere',
    'FUZZY SUBJECT gruse',
    'FUZZY BODY "lait cafe"',
    'FUZZY BODY "u l"',
    'FUZZY TEXT "u l"',
    'FUZZY TEXT "sofly"',
    'FUZZY (FROM an SINCE 4-Feb-2024 LARGER 1)',
    'FUZZY ON 3-Feb-2024',
    'FUZZY SENTON 31-Jan-2024',
    'FUZZY SUBJECT "GRÜSSE"',
    'OR FUZZY SUBJECT "=?" FUZZY ALL',
    'OLD NOT RECENT NOT NEW',
    'BODY ""',
  ])('%s', (search) => {
    expect(matches(search)).toBe(true);
    expect(matches(`NOT (${search})`)).toBe(false);
    expect(matches(search, 100_000)).toBe(true);
  });

  test.each([
    'UNSEEN',
    'KEYWORD $wor',
    'ON 2-Feb-2024',
    'MODSEQ 2001',
    'HEADER X-None ""',
    'OLDER 3601',
    'YOUNGER 3599',
    'BODY "STRASSE"',
    'SUBJECT "GRÜSSE"',
    'FUZZY SUBJECT grasp',
    'FUZZY SUBJECT "cafe"',
    'FUZZY BODY "binary secret"',
    'FUZZY ON 10-Feb-2024',
    'TO ann',
    'TO ""',
    'FROM "a comment"',
    '2',
    'UID 4',
  ])('not: %s', (search) => {
    expect(matches(search)).toBe(false);
  });
});

test.each([
  // What is not fuzzy says nothing of relevancy, unless nothing else does.
  ['SEEN', 100],
  ['FUZZY SEEN', 100],
  ['FUZZY SUBJECT gruse', 68],
  ['SEEN FUZZY SUBJECT gruse', 68],
  ['FUZZY SUBJECT gruesse', 73],
  ['FUZZY SUBJECT grusse', 100],
  ['FUZZY (SUBJECT gruse FROM ann)', 84],
  ['OR FUZZY SUBJECT gruse FUZZY FROM ann', 100],
  ['OR FUZZY SUBJECT gruse SEEN', 100],
  ['OR FUZZY SUBJECT gruse DELETED', 68],
  // A body weighs less than a header, unless it is all that is asked for.
  ['FUZZY BODY lait', 100],
  ['FUZZY TEXT lait', 80],
  ['FUZZY TEXT grusse', 100],
  ['FUZZY ON 3-Feb-2024', 50],
  ['FUZZY NOT DELETED', 100],
])('%s is %i relevant', (search, relevancy) => {
  expect(judged(search)).toEqual({ matches: true, relevancy });
});
