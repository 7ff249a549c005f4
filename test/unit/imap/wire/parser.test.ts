import { describe, test, expect } from '@jest/globals';
import { openCommand } from '../../../../gateway/imap/wire/open-command.ts';
import { CommandCursor, MAX_NESTING } from '../../../../gateway/imap/wire/parser.ts';
import { placeInAppend } from '../../../../gateway/imap/wire/append-grammar.ts';
import { MAX_KEYS, parseSearchProgram } from '../../../../gateway/imap/wire/search-grammar.ts';
import { ImapSyntaxError } from '../../../../gateway/imap/wire/syntax-error.ts';
import { command, literal, parse, plainly } from './commands.ts';

const of = (text: string): unknown => plainly(parse(command(`a ${text}`)));

function refusal(text: string): string {
  try {
    parse(command(`a ${text}`));
  } catch (error) {
    expect(error).toBeInstanceOf(ImapSyntaxError);
    return (error as Error).message;
  }
  throw new Error(`was not refused: ${text}`);
}

describe('sign-in and session', () => {
  test('LOGIN', () => {
    expect(of('LOGIN bill "p\\"w\\\\d "')).toEqual({ user: 'bill', password: 'p"w\\d ' });
    expect(parse(command('a LOGIN ', literal('bi ll'), ' ', literal('')))).toEqual({
      user: 'bi ll',
      password: '',
    });
    expect(of('login "b\xc3\xbc" a]b')).toEqual({ user: 'bü', password: 'a]b' });
  });

  test('AUTHENTICATE, with and without an initial response', () => {
    expect(of('AUTHENTICATE plain')).toEqual({ mechanism: 'PLAIN' });
    expect(of('AUTHENTICATE PLAIN AGEAYg==')).toEqual({ mechanism: 'PLAIN', initialResponse: 'AGEAYg==' });
    expect(of('AUTHENTICATE PLAIN =')).toEqual({ mechanism: 'PLAIN', initialResponse: '' });
  });

  test('ID and ENABLE', () => {
    expect(of('ID NIL')).toBeNull();
    expect(of('ID ("name" "x" "os" NIL)')).toEqual([
      { field: 'name', value: 'x' },
      { field: 'os', value: null },
    ]);
    expect(of('ENABLE condstore UTF8=ACCEPT')).toEqual(['CONDSTORE', 'UTF8=ACCEPT']);
  });

  test('a command that takes nothing; trailing spaces are let pass', () => {
    expect(parse(command('a NOOP'))).toBeUndefined();
    expect(refusal('NOOP x')).toBe('expected the end of the command, found "x" at column 8');
    expect(() => parse(command('a NOOP  '))).not.toThrow();
    expect(of('LOGIN a b ')).toEqual({ user: 'a', password: 'b' });
  });

  test('names of commands', () => {
    expect(openCommand(command('a uid fetch 1 flags'))).toMatchObject({ tag: 'a', name: 'UID FETCH' });
    expect(openCommand(command('A.1 noop'))).toMatchObject({ tag: 'A.1', name: 'NOOP' });
    expect(() => openCommand(command('a'))).toThrow(
      'expected a space and a command, found the end of the command',
    );
  });
});

describe('mailboxes', () => {
  test('names', () => {
    expect(of('DELETE inbox')).toBe('INBOX');
    expect(of('DELETE Entw&APw-rfe')).toBe('Entwürfe');
    expect(parse(command('a DELETE "R&D \xc3\xa9"'), { utf8: true })).toBe('R&D é');
    expect(parse(command('a DELETE ', literal('a b')))).toBe('a b');
    expect(refusal('DELETE R&D')).toContain('not valid modified UTF-7');
    expect(refusal('DELETE "\xff"')).toContain('not valid UTF-8');
    expect(of('RENAME a "b c"')).toEqual({ from: 'a', to: 'b c' });
  });

  test('CREATE with special uses', () => {
    expect(of('CREATE a/b')).toEqual({ mailbox: 'a/b', specialUses: [] });
    expect(of('CREATE x (USE (\\Drafts \\Sent))')).toEqual({
      mailbox: 'x',
      specialUses: ['\\Drafts', '\\Sent'],
    });
  });

  test('SELECT with CONDSTORE and QRESYNC', () => {
    expect(of('SELECT INBOX')).toEqual({ mailbox: 'INBOX', condstore: false });
    expect(of('SELECT INBOX (CONDSTORE)')).toEqual({ mailbox: 'INBOX', condstore: true });
    expect(
      of('SELECT x (QRESYNC (67890007 90060115194045000 41:211,214:541 (1,5 41,45)) CONDSTORE)'),
    ).toEqual({
      mailbox: 'x',
      condstore: true,
      qresync: {
        uidValidity: 67890007,
        // Above 2^53-1 everything is the same.
        modSeq: Number.MAX_SAFE_INTEGER,
        knownUids: '41:211,214:541',
        matches: { numbers: '1,5', uids: '41,45' },
      },
    });
    expect(of('SELECT x (QRESYNC (1 2))')).toMatchObject({ qresync: { uidValidity: 1, modSeq: 2 } });
    expect(of('SELECT x (QRESYNC (1 2 (1 4)))')).toMatchObject({
      qresync: { matches: { numbers: '1', uids: '4' } },
    });
  });

  test('STATUS', () => {
    expect(of('STATUS x (messages UIDNEXT HIGHESTMODSEQ SIZE)')).toEqual({
      mailbox: 'x',
      items: ['MESSAGES', 'UIDNEXT', 'HIGHESTMODSEQ', 'SIZE'],
    });
    expect(refusal('STATUS x (MOON)')).toContain('unknown status item');
    expect(refusal('STATUS x ()')).toContain('expected a status item');
  });

  test('LIST, plain', () => {
    expect(of('LIST "" %')).toMatchObject({ extended: false, reference: '', patterns: ['%'] });
    expect(of('LIST "" ""')).toMatchObject({ extended: false, reference: '', patterns: [''] });
    expect(of('LSUB Entw "&APw-rfe/*"')).toEqual({ reference: 'Entw', pattern: '&APw-rfe/*' });
  });

  test('LIST, extended', () => {
    expect(
      of(
        'LIST (SUBSCRIBED RECURSIVEMATCH) "" ("INBOX" a/%) RETURN (CHILDREN SPECIAL-USE SUBSCRIBED STATUS (MESSAGES))',
      ),
    ).toEqual({
      extended: true,
      select: { subscribed: true, remote: false, recursiveMatch: true, specialUse: false },
      reference: '',
      patterns: ['INBOX', 'a/%'],
      returns: { subscribed: true, children: true, specialUse: true, status: ['MESSAGES'], myRights: false },
    });
    expect(of('LIST () "" * RETURN ()')).toMatchObject({ extended: true, patterns: ['*'] });
    expect(refusal('LIST (RECURSIVEMATCH REMOTE) "" *')).toContain('RECURSIVEMATCH needs');
    expect(refusal('LIST (MOON) "" *')).toContain('unknown selection option');
    expect(refusal('LIST "" * RETURN (MOON)')).toContain('unknown return option');
  });
});

describe('FETCH', () => {
  test('macros', () => {
    const kinds = (text: string) => (of(text) as { items: { kind: string }[] }).items.map(({ kind }) => kind);
    expect(kinds('FETCH 1 FAST')).toEqual(['flags', 'internaldate', 'rfc822.size']);
    expect(kinds('FETCH 1 all')).toEqual(['flags', 'internaldate', 'rfc822.size', 'envelope']);
    expect(kinds('FETCH 1 FULL')).toEqual([
      'flags',
      'internaldate',
      'rfc822.size',
      'envelope',
      'bodystructure',
    ]);
    expect(refusal('FETCH 1 (ALL)')).toContain('unknown data item ALL');
  });

  test('items', () => {
    expect(of('UID FETCH 1:* (UID FLAGS BODYSTRUCTURE BODY RFC822.SIZE PREVIEW (LAZY) EMAILID)')).toEqual({
      set: '1:*',
      items: [
        { kind: 'uid' },
        { kind: 'flags' },
        { kind: 'bodystructure', extensible: true },
        { kind: 'bodystructure', extensible: false },
        { kind: 'rfc822.size' },
        { kind: 'preview', lazy: true },
        { kind: 'emailid' },
      ],
      vanished: false,
    });
  });

  test('sections', () => {
    const item = (text: string) => (of(`FETCH 1 ${text}`) as { items: unknown[] }).items[0];
    expect(item('BODY[]')).toEqual({
      kind: 'body',
      peek: false,
      section: { part: [], text: { kind: 'all' } },
    });
    expect(item('body.peek[1.2.mime]<0.100>')).toEqual({
      kind: 'body',
      peek: true,
      section: { part: [1, 2], text: { kind: 'mime' } },
      partial: { offset: 0, length: 100 },
    });
    expect(item('BODY[3]')).toMatchObject({ section: { part: [3], text: { kind: 'all' } } });
    expect(item('BODY[TEXT]')).toMatchObject({ section: { part: [], text: { kind: 'text' } } });
    expect(item('BODY.PEEK[HEADER.FIELDS (From "X-Y")]')).toMatchObject({
      section: { part: [], text: { kind: 'header.fields', not: false, fields: ['From', 'X-Y'] } },
    });
    expect(item('BODY[1.HEADER.FIELDS.NOT (To)]')).toMatchObject({
      section: { part: [1], text: { kind: 'header.fields', not: true, fields: ['To'] } },
    });
    expect(item('BINARY.PEEK[1.2]<3.4>')).toEqual({
      kind: 'binary',
      part: [1, 2],
      peek: true,
      partial: { offset: 3, length: 4 },
    });
    expect(item('BINARY.SIZE[]')).toEqual({ kind: 'binary.size', part: [] });
    expect(plainly(parse(command('a FETCH 1 BODY[HEADER.FIELDS (', literal('Subject'), ')]')))).toMatchObject(
      { items: [{ section: { text: { fields: ['Subject'] } } }] },
    );
  });

  test.each([
    ['FETCH 1 BODY[MIME]', 'MIME needs a part number'],
    ['FETCH 1 BODY[0]', 'greater than 0'],
    ['FETCH 1 BODY[1.]', 'expected a part number, HEADER'],
    ['FETCH 1 BODY[HEADER', '"]" at the end of the section'],
    ['FETCH 1 BODY[]<0.0>', 'at least one octet'],
    ['FETCH 1 BINARY[HEADER]', 'part numbers only'],
    ['FETCH 1 (FLAGS', 'a space and more of data items, or ")"'],
    ['FETCH 1 (FLAGS) (VANISHED)', 'VANISHED needs CHANGEDSINCE'],
    ['FETCH 1 (FLAGS) (MOON)', 'unknown modifier'],
    [`FETCH 1 BODY[${'1.'.repeat(300)}1]`, 'more than 256 deep'],
    ['FETCH 0 FLAGS', 'a sequence set holds numbers from 1'],
    ['FETCH FLAGS', 'expected a sequence set, found "F" at column 9'],
  ])('%s', (text, why) => {
    expect(refusal(text)).toContain(why);
  });

  test('modifiers; iOS asks for CHANGEDSINCE 0', () => {
    expect(of('UID FETCH 1:* (FLAGS) (CHANGEDSINCE 0)')).toMatchObject({ changedSince: 0, vanished: false });
    expect(of('UID FETCH 1:* FLAGS (CHANGEDSINCE 7 VANISHED)')).toMatchObject({
      changedSince: 7,
      vanished: true,
    });
  });
});

describe('STORE, COPY, EXPUNGE', () => {
  test('forms of STORE', () => {
    expect(of('STORE 1 FLAGS ()')).toEqual({ set: '1', action: 'replace', silent: false, flags: [] });
    expect(of('UID STORE 2:4 +flags.silent (\\seen $Forwarded)')).toEqual({
      set: '2:4',
      action: 'add',
      silent: true,
      flags: ['\\Seen', '$Forwarded'],
    });
    expect(of('STORE $ -FLAGS \\Deleted x')).toMatchObject({
      set: '$',
      action: 'remove',
      flags: ['\\Deleted', 'x'],
    });
    expect(of('STORE 1 (UNCHANGEDSINCE 320162338) FLAGS ()')).toMatchObject({ unchangedSince: 320162338 });
    expect(refusal('STORE 1 LABELS ()')).toContain('STORE changes FLAGS');
    expect(refusal('STORE 1 FLAGS (a b')).toContain('")"');
  });

  test('COPY, MOVE, UID EXPUNGE', () => {
    expect(of('COPY 1,3 "a b"')).toEqual({ set: '1,3', mailbox: 'a b' });
    expect(of('UID MOVE 7:* Trash')).toEqual({ set: '7:*', mailbox: 'Trash' });
    expect(of('UID EXPUNGE 3:5')).toBe('3:5');
  });
});

describe('SEARCH', () => {
  const key = (text: string): unknown => (of(`SEARCH ${text}`) as { key: unknown }).key;

  test('every key', () => {
    const flag = (name: string) => ({ kind: 'flag', flag: name });
    const not = (inner: unknown) => ({ kind: 'not', key: inner });
    expect(key('ALL')).toEqual({ kind: 'all' });
    expect(key('ANSWERED DELETED DRAFT FLAGGED SEEN')).toEqual({
      kind: 'and',
      keys: ['\\Answered', '\\Deleted', '\\Draft', '\\Flagged', '\\Seen'].map(flag),
    });
    expect(key('UNANSWERED UNDELETED UNDRAFT UNFLAGGED UNSEEN')).toEqual({
      kind: 'and',
      keys: ['\\Answered', '\\Deleted', '\\Draft', '\\Flagged', '\\Seen'].map((name) => not(flag(name))),
    });
    expect(key('KEYWORD $Junk')).toEqual(flag('$Junk'));
    expect(key('UNKEYWORD $Junk')).toEqual(not(flag('$Junk')));
    expect(key('RECENT')).toEqual({ kind: 'recent' });
    expect(key('OLD')).toEqual(not({ kind: 'recent' }));
    expect(key('NEW')).toEqual({ kind: 'and', keys: [{ kind: 'recent' }, not(flag('\\Seen'))] });
    for (const field of ['from', 'to', 'cc', 'bcc']) {
      expect(key(`${field.toUpperCase()} "a b"`)).toEqual({ kind: 'address', field, text: 'a b' });
    }
    for (const kind of ['subject', 'body', 'text']) expect(key(`${kind} x`)).toEqual({ kind, text: 'x' });
    expect(key('HEADER Message-ID ""')).toEqual({ kind: 'header', field: 'Message-ID', text: '' });
    const date = { year: 2024, month: 2, day: 1 };
    for (const relation of ['before', 'on', 'since']) {
      expect(key(`${relation} 1-Feb-2024`)).toEqual({ kind: 'date', of: 'internal', relation, date });
      expect(key(`SENT${relation} "01-Feb-2024"`)).toEqual({ kind: 'date', of: 'sent', relation, date });
    }
    expect(key('LARGER 5 SMALLER 4294967296')).toMatchObject({
      keys: [
        { kind: 'size', relation: 'larger', bytes: 5 },
        { kind: 'size', relation: 'smaller', bytes: 4294967296 },
      ],
    });
    expect(key('1:3')).toEqual({ kind: 'sequence', set: '1:3' });
    expect(key('$')).toEqual({ kind: 'sequence', set: '$' });
    expect(key('UID *')).toEqual({ kind: 'uid', set: '*' });
    expect(key('NOT SEEN')).toEqual(not(flag('\\Seen')));
    expect(key('OR SEEN (1 2)')).toEqual({
      kind: 'or',
      left: flag('\\Seen'),
      right: {
        kind: 'and',
        keys: [
          { kind: 'sequence', set: '1' },
          { kind: 'sequence', set: '2' },
        ],
      },
    });
    expect(key('MODSEQ 0')).toEqual({ kind: 'modseq', atLeast: 0 });
    expect(key('MODSEQ "/flags/\\\\draft" all 620162338')).toEqual({ kind: 'modseq', atLeast: 620162338 });
  });

  test('RETURN', () => {
    const none = { min: false, max: false, all: false, count: false, save: false };
    expect(of('SEARCH RETURN (MIN COUNT) ALL')).toMatchObject({
      returns: { ...none, min: true, count: true },
    });
    expect(of('SEARCH RETURN () ALL')).toMatchObject({ returns: { ...none, all: true } });
    expect(of('SEARCH RETURN (PARTIAL 500:1 UPDATE CONTEXT RELEVANCY) ALL')).toMatchObject({
      returns: {
        ...none,
        partial: { text: '500:1', low: 1, high: 500, fromEnd: false },
        update: { items: [] },
        relevancy: true,
      },
    });
    expect(of('SEARCH RETURN (PARTIAL -1:-100) ALL')).toMatchObject({
      returns: { partial: { text: '-1:-100', low: 1, high: 100, fromEnd: true } },
    });
    expect(of('SEARCH RETURN (UPDATE (UID FLAGS)) ALL')).toMatchObject({
      returns: { update: { items: [{ kind: 'uid' }, { kind: 'flags' }] } },
    });
    for (const options of [
      'PARTIAL 1:2 ALL',
      'PARTIAL 1:2 PARTIAL 3:4',
      'PARTIAL 1:*',
      'PARTIAL -1:5',
      'PARTIAL 0:1',
    ])
      expect(refusal(`SEARCH RETURN (${options}) ALL`)).not.toBe('');
    expect(of('SEARCH ALL')).toEqual({ key: { kind: 'all' } });
    expect(refusal('SEARCH RETURN (MOON) ALL')).toContain('unknown return option');
    expect(refusal('SEARCH RETURN (constructor) ALL')).toContain('unknown return option');
  });

  test('SORT and THREAD', () => {
    expect(of('SORT (SUBJECT REVERSE DATE) US-ASCII SEEN 1:3')).toMatchObject({
      criteria: [
        { key: 'SUBJECT', reverse: false },
        { key: 'DATE', reverse: true },
      ],
      key: { kind: 'and' },
    });
    expect(of('SORT RETURN (COUNT) (DISPLAYFROM RELEVANCY) "UTF-8" ALL')).toMatchObject({
      returns: { count: true },
      criteria: [{ key: 'DISPLAYFROM' }, { key: 'RELEVANCY' }],
    });
    expect(of('THREAD REFERENCES UTF-8 ALL')).toEqual({ algorithm: 'REFERENCES', key: { kind: 'all' } });
    expect(refusal('SORT () UTF-8 ALL')).toContain('sort criterion');
    expect(refusal('SORT (REVERSE REVERSE DATE) UTF-8 ALL')).toContain('unknown sort criterion');
    expect(refusal('SORT (DATE) UTF-8')).toContain('a search key');
    expect(refusal('THREAD MOON UTF-8 ALL')).toContain('unknown threading algorithm');
  });

  test('ESEARCH', () => {
    expect(of('ESEARCH IN (mailboxes ("a" b) subtree c selected) RETURN (COUNT) UNSEEN')).toMatchObject({
      sources: [
        { kind: 'mailboxes', mailboxes: ['a', 'b'] },
        { kind: 'subtree', mailboxes: ['c'] },
        { kind: 'selected' },
      ],
      returns: { count: true },
    });
    expect(of('ESEARCH FILTER x 1')).toMatchObject({
      key: {
        keys: [
          { kind: 'not', key: { kind: 'flag' } },
          { kind: 'sequence', set: '1' },
        ],
      },
    });
    expect(refusal('ESEARCH IN () ALL')).toContain('which mailboxes');
    expect(refusal('ESEARCH IN (moon) ALL')).toContain('mailboxes are selected');
    expect(refusal('ESEARCH IN (personal (x)) ALL')).not.toBe('');
    expect(refusal('ESEARCH IN (selected-delayed) ALL')).toContain('NOTIFY');
  });

  test('WITHIN, FUZZY', () => {
    expect(key('OLDER 60')).toEqual({ kind: 'within', relation: 'older', seconds: 60 });
    expect(key('YOUNGER 259200')).toEqual({ kind: 'within', relation: 'younger', seconds: 259200 });
    expect(key('YOUNGER 0')).toEqual({ kind: 'within', relation: 'younger', seconds: 0 });
    expect(refusal('SEARCH OLDER -1')).toContain('a number of seconds');
    expect(key('FUZZY (SUBJECT "a b")')).toEqual({ kind: 'fuzzy', key: { kind: 'subject', text: 'a b' } });
  });

  test('charsets', () => {
    expect(of('SEARCH CHARSET UTF-8 SUBJECT "\xc3\xa9"')).toEqual({ key: { kind: 'subject', text: 'é' } });
    expect(of('SEARCH SUBJECT "\xc3\xa9"')).toEqual({ key: { kind: 'subject', text: 'é' } });
    expect(refusal('SEARCH SUBJECT "\xe9"')).toContain('not valid UTF-8');
    const { cursor } = openCommand(command('a SEARCH CHARSET latin1 SUBJECT "\xe9"'));
    const decodeCharset = () => (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
    expect(parseSearchProgram(cursor, { decodeCharset })).toMatchObject({ text: 'é' });
    for (const search of ['SUBJECT x', 'ALL']) {
      const unknown = openCommand(command(`a SEARCH CHARSET moon ${search}`)).cursor;
      expect(() => parseSearchProgram(unknown)).toThrow(
        expect.objectContaining({
          status: 'NO',
          code: { code: 'BADCHARSET', charsets: expect.arrayContaining(['US-ASCII', 'UTF-8']) as unknown },
        }),
      );
    }
  });

  test('too many keys are refused, and so are filters that multiply', () => {
    expect(() => of(`SEARCH ${'SEEN '.repeat(MAX_KEYS - 1)}SEEN`)).not.toThrow();
    expect(refusal(`SEARCH ${'SEEN '.repeat(MAX_KEYS)}SEEN`)).toContain(`at most ${MAX_KEYS} keys`);
    const names = 'abcdefgh';
    // Each filter names the next a hundred times.
    const filter = (name: string): string => {
      const next = names[names.indexOf(name) + 1];
      return `${next === undefined ? 'SEEN' : `FILTER ${next}`} `.repeat(100).trim();
    };
    const { cursor } = openCommand(command('a SEARCH FILTER a'));
    expect(() => parseSearchProgram(cursor, { filter })).toThrow(
      expect.objectContaining({ status: 'NO', code: 'LIMIT' }),
    );
  });

  test('a filter is put in word for word (RFC 5466 §3.1)', () => {
    const filters: Readonly<Record<string, string>> = {
      two: 'SEEN DRAFT',
      deep: 'NOT FILTER two ANSWERED',
      closed: '(SEEN DRAFT)',
    };
    const withFilters = (text: string): unknown => {
      const { cursor } = openCommand(command(`a SEARCH ${text}`));
      return parseSearchProgram(cursor, { filter: (name) => filters[name] });
    };
    for (const [named, written] of [
      ['FILTER two', 'SEEN DRAFT'],
      ['NOT FILTER two', 'NOT SEEN DRAFT'],
      ['OR FILTER two FLAGGED', 'OR SEEN DRAFT FLAGGED'],
      ['OR FLAGGED FILTER two DELETED', 'OR FLAGGED SEEN DRAFT DELETED'],
      ['OR FILTER two', 'OR SEEN DRAFT'],
      ['OR (FILTER two) FLAGGED', 'OR (SEEN DRAFT) FLAGGED'],
      ['(FILTER two FLAGGED) DELETED', '(SEEN DRAFT FLAGGED) DELETED'],
      ['NOT (OR FILTER two FLAGGED) DELETED', 'NOT (OR SEEN DRAFT FLAGGED) DELETED'],
      ['OR FILTER deep FLAGGED', 'OR NOT SEEN DRAFT ANSWERED FLAGGED'],
      ['NOT FILTER closed FLAGGED', 'NOT (SEEN DRAFT) FLAGGED'],
    ] as const)
      expect([named, withFilters(named)]).toEqual([named, withFilters(written)]);
    expect(() => withFilters('OR FILTER closed')).toThrow('a space and a search key');
  });

  test('what is nested too deep is refused, whatever nests it', () => {
    expect(() => of(`SEARCH ${'('.repeat(MAX_NESTING - 1)}ALL${')'.repeat(MAX_NESTING - 1)}`)).not.toThrow();
    for (const text of ['('.repeat(30_000), 'NOT '.repeat(15_000), 'OR ALL '.repeat(9_000)]) {
      expect(refusal(`SEARCH ${text}ALL`)).toContain(`nested more than ${MAX_NESTING} levels deep`);
    }
  });

  test.each([
    ['SEARCH', 'expected a space and a search key, found the end of the command'],
    ['SEARCH MOON', 'unknown search key MOON'],
    ['SEARCH ON 31-Feb-2024', 'a date such as 1-Feb-2024'],
    ['SEARCH LARGER x', 'expected a size in octets'],
    ['SEARCH (ALL', 'a space and more of search keys'],
    ['SEARCH OR ALL', 'a space and a search key'],
    ['SEARCH MODSEQ "/x" all 1', 'an entry of MODSEQ'],
    ['SEARCH LARGER 9223372036854775808', 'below 2^63'],
    [`SEARCH LARGER ${'9'.repeat(10_000)}`, 'below 2^63'],
  ])('%.40s', (text, why) => {
    expect(refusal(text)).toContain(why);
  });
});

describe('APPEND', () => {
  test('flags, date, message', () => {
    expect(
      parse(command('a APPEND Sent (\\Seen x) " 1-Feb-2024 12:00:00 +0100" ', literal('hi'))),
    ).toMatchObject({
      mailbox: 'Sent',
      messages: [
        {
          flags: ['\\Seen', 'x'],
          date: { time: Date.UTC(2024, 1, 1, 11), offsetMinutes: 60 },
          data: { kind: 'message', utf8: false, literal: { body: literal('hi') } },
        },
      ],
    });
  });

  test('several messages, and UTF8', () => {
    expect(
      parse(command('a APPEND ', literal('x y'), ' ', literal('1'), ' (a) UTF8 (', literal('2'), ')')),
    ).toMatchObject({
      mailbox: 'x y',
      messages: [
        { flags: [], data: { utf8: false } },
        { flags: ['a'], data: { utf8: true } },
      ],
    });
    expect(refusal('APPEND x')).toContain('expected a space and flags, a date and time, or a literal');
    expect(refusal('APPEND x "hello"')).toContain('expected a date and time such as');
  });

  test('CATENATE and REPLACE', () => {
    const parts = [literal('To: x'), ' url "/a;b" TEXT ', literal(''), ')'] as const;
    const data = {
      kind: 'catenate',
      parts: [
        { kind: 'text' },
        { kind: 'url', url: '/a;b' },
        { kind: 'text', literal: { body: literal('') } },
      ],
    };
    expect(
      parse(command('a APPEND x (a) CATENATE (TEXT ', ...parts.slice(0, -1), ') ', literal('2'))),
    ).toMatchObject({
      messages: [{ flags: ['a'], data }, { data: { kind: 'message' } }],
    });
    expect(parse(command('a REPLACE 4 Sent CATENATE (TEXT ', ...parts))).toMatchObject({
      mailbox: 'Sent',
      message: { data },
    });
    expect(plainly(parse(command('a UID REPLACE * Sent ', literal('x'))))).toMatchObject({ set: '*' });
    expect(() => parse(command('a REPLACE 4:5 Sent ', literal('x')))).toThrow(ImapSyntaxError);
    expect(() => parse(command('a REPLACE 0 Sent ', literal('x')))).toThrow(ImapSyntaxError);
    expect(() => parse(command('a REPLACE 4 Sent ', literal('x'), ' ', literal('y')))).toThrow(
      ImapSyntaxError,
    );
    expect(refusal('APPEND x CATENATE ()')).toContain('TEXT and a literal, or URL and a string');
    expect(refusal('APPEND x CATENATE (TEXT "x")')).toContain('a literal with text of the message');
  });

  test('what is known when a literal is announced', () => {
    const place = (...parts: (string | Uint8Array)[]) => {
      const raw = command(...parts);
      return placeInAppend(openCommand(raw).cursor);
    };
    expect(place('a APPEND ')).toEqual({ kind: 'string' });
    expect(place('a APPEND Sent (\\Seen) ')).toEqual({
      kind: 'message',
      mailbox: 'Sent',
      flags: ['\\Seen'],
      utf8: false,
      before: { messages: 0, bytes: 0 },
    });
    expect(place('a APPEND ', literal('Sent'), ' UTF8 (')).toMatchObject({ mailbox: 'Sent', utf8: true });
    expect(place('a APPEND x (a) ', literal('1'), ' (b) ')).toMatchObject({
      flags: ['b'],
      before: { messages: 1, bytes: 1 },
    });
    expect(place('a APPEND x ', literal('1'), ' ')).toMatchObject({ kind: 'message' });
    expect(place('a APPEND x CATENATE (URL ')).toEqual({ kind: 'string' });
    expect(place('a APPEND x CATENATE (TEXT ', literal('abc'), ' URL y TEXT ')).toMatchObject({
      kind: 'text',
      bytes: 3,
    });
    expect(() => place('a APPEND x (a ')).toThrow(ImapSyntaxError);
    expect(() => place('a APPEND x y ')).toThrow(ImapSyntaxError);
  });
});

describe('what an error says', () => {
  test('the place, counted anew after a literal, and never more than one character of the command', () => {
    expect(refusal('LOGIN "secret')).toBe(
      'expected the end of a quoted string, found the end of the command at column 16',
    );
    expect(refusal('LOGIN bill pass word')).toBe('expected the end of the command, found "w" at column 19');
    expect(() => parse(command('a LOGIN ', literal('bill'), '*'))).toThrow(
      'found "*" at column 1 after literal 1',
    );
    expect(() => parse(command('a LOGIN\t'))).toThrow(
      'expected a space and a user name, found byte 0x9 at column 8',
    );
    expect(() => parse(command('a LOGIN ', literal('a\0b'), ' x'))).toThrow(
      'a user name must not hold a NUL byte',
    );
    // RFC 3516 §7: only APPEND, CATENATE and annotations have literal8 in their grammar.
    expect(() =>
      parse({
        tag: 'a',
        segments: ['a LOGIN ', { kind: 'buffered', binary: true, body: literal('bill') }, ' x'],
      }),
    ).toThrow('a user name must not be a literal8');
  });

  test('a cursor on nothing', () => {
    const cursor = new CommandCursor([]);
    expect([cursor.atEnd(), cursor.peek()]).toEqual([true, '']);
    expect(() => cursor.astring()).toThrow(ImapSyntaxError);
  });
});
