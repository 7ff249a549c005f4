import { test, expect } from '@jest/globals';
import fc from 'fast-check';
import {
  CommandReader,
  InputFloodError,
  type ReadHooks,
  type ReadResult,
} from '../../../../gateway/imap/wire/command-reader.ts';
import { placeInAppend, placeInReplace } from '../../../../gateway/imap/wire/append-grammar.ts';
import { openCommand } from '../../../../gateway/imap/wire/open-command.ts';
import { ImapSyntaxError } from '../../../../gateway/imap/wire/syntax-error.ts';
import { bytes, sourceOf } from './byte-source.ts';
import { parse } from './commands.ts';

const VALID = [
  'LOGIN "a\\"b" {3+}\r\nxyz',
  'AUTHENTICATE PLAIN AGEAYg==',
  'ID ("name" "x" "os" NIL)',
  'ENABLE CONDSTORE UTF8=ACCEPT',
  'SELECT "Entw&APw-rfe" (QRESYNC (1 2 3:4,7 (1,5 41,45)) CONDSTORE)',
  'CREATE {3+}\r\na b (USE (\\Drafts))',
  'RENAME a "b c"',
  'STATUS x (MESSAGES UIDNEXT SIZE)',
  'LIST (SUBSCRIBED RECURSIVEMATCH) "" ("INBOX" a/%) RETURN (CHILDREN STATUS (MESSAGES))',
  'LSUB "" *',
  'APPEND Sent (\\Seen $x) " 1-Feb-2024 12:00:00 +0100" {5+}\r\nhello',
  'APPEND x UTF8 (~{2+}\r\n\0x)',
  'APPEND x CATENATE (URL "/Drafts/;UID=3/;SECTION=1.MIME" TEXT {3+}\r\nabc URL {3+}\r\n/a;)',
  'UID REPLACE 7 Drafts (\\Draft) {5+}\r\nhello',
  'UID FETCH 1:*,3 (UID FLAGS BODY.PEEK[1.2.HEADER.FIELDS (From "X")]<0.100> BINARY[1] PREVIEW (LAZY)) (CHANGEDSINCE 5 VANISHED)',
  'FETCH 1 BODY[1.2.MIME]',
  'STORE 1:4 (UNCHANGEDSINCE 12) +FLAGS.SILENT (\\Seen x)',
  'COPY 1,3 INBOX/x',
  'UID EXPUNGE 3:5',
  'SEARCH RETURN (MIN COUNT) CHARSET UTF-8 OR NOT SEEN (FROM "\xc3\xa9" 1:3) SINCE 1-Feb-2024 LARGER 5 MODSEQ "/flags/\\\\draft" all 6 UID 4:* HEADER X {2+}\r\nyz',
  'SORT RETURN (PARTIAL -1:-10 SAVE UPDATE) (REVERSE DATE DISPLAYTO) "UTF-8" FUZZY (SUBJECT x) OLDER 60',
  'THREAD REFERENCES US-ASCII OR TEXT {2+}\r\nab $',
  'ESEARCH IN (selected mailboxes (a "b") subtree-one c) RETURN (RELEVANCY) UNSEEN FILTER x',
];

const LIMITS = {
  lineBytes: 65_536,
  bufferedLiteralBytes: 65_536,
  messageBytes: 65_536,
  discardBytes: 65_536,
};

/** Reads a stream of commands and parses each; anything but `ImapSyntaxError` escapes. */
async function readAndParse(text: string): Promise<{ parsed: number; refused: number }> {
  const counts = { parsed: 0, refused: 0 };
  const attempt = (run: () => unknown): void => {
    try {
      run();
      counts.parsed++;
    } catch (error) {
      if (!(error instanceof ImapSyntaxError)) throw error;
      counts.refused++;
    }
  };
  const reader = new CommandReader(sourceOf([bytes(text)]), LIMITS);
  for (;;) {
    const read = await orFlood(reader, {
      literalPolicy: (announcement) => {
        attempt(() => {
          const { name, cursor } = openCommand(announcement);
          return name.endsWith('REPLACE') ? placeInReplace(cursor) : placeInAppend(cursor);
        });
        return { kind: 'buffer' };
      },
      continuation: async () => undefined,
    });
    // A literal that nobody asked for and that is too large to be read away ends the connection.
    if (read === 'flood') return { ...counts, refused: counts.refused + 1 };
    if (read.kind === 'end') return counts;
    if (read.kind === 'refused') counts.refused++;
    else for (const utf8 of [false, true]) attempt(() => parse(read.command, { utf8 }));
  }
}

async function orFlood(reader: CommandReader, hooks: ReadHooks): Promise<ReadResult | 'flood'> {
  try {
    return await reader.next(hooks);
  } catch (error) {
    if (error instanceof InputFloodError) return 'flood';
    throw error;
  }
}

test('the commands that are mutated are valid', async () => {
  for (const text of VALID) {
    const raw = `a ${text}\r\n`;
    const reader = new CommandReader(sourceOf([bytes(raw)]), LIMITS);
    const read = await reader.next({
      literalPolicy: () => ({ kind: 'buffer' }),
      continuation: async () => undefined,
    });
    expect(read.kind === 'command' && parse(read.command)).toBeDefined();
  }
});

test('property: a valid command that is changed in one place is parsed or refused, and nothing else happens', async () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 3 }),
    fc.constantFrom(
      '(',
      ')',
      '"',
      '{',
      '}',
      '{0}\r\n',
      '\\',
      '[',
      ']',
      '<',
      '\xff',
      '\0',
      ' ',
      '*',
      '%',
      '&',
      '$',
      '4294967296',
      '0',
      '.',
      'NIL',
    ),
  );
  const totals = { parsed: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...VALID),
      fc.nat(),
      fc.integer({ min: 0, max: 4 }),
      piece,
      async (valid, place, removed, inserted) => {
        const at = place % (valid.length + 1);
        const changed = valid.slice(0, at) + inserted + valid.slice(at + removed);
        const { parsed, refused } = await readAndParse(`a ${changed}\r\nb NOOP\r\n`);
        totals.parsed += parsed;
        totals.refused += refused;
      },
    ),
    { numRuns: 3000 },
  );
  // Both outcomes must be common, or the test says nothing.
  expect(Math.min(totals.parsed, totals.refused)).toBeGreaterThan(500);
});

test('property: bytes at random', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...VALID), fc.uint8Array({ maxLength: 80 }), async (valid, noise) => {
      const name = valid.split(' ', 1)[0] ?? '';
      await readAndParse(`a ${name} ${Buffer.from(noise).toString('latin1')}\r\nb NOOP\r\n`);
    }),
    { numRuns: 1000 },
  );
});
