/** Pieces of messages, as they should be and as they are: what `generated-mail.ts` puts together. */
export class Draw {
  readonly #random: () => number;
  /** How many messages of the family there were before. */
  turn = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Each of the choices, one message after the other. */
  inTurn<T>(choices: readonly T[]): T {
    const choice = choices[this.turn % choices.length];
    if (choice === undefined) throw new Error('nothing to draw from');
    return choice;
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  of<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new Error('nothing to draw from');
    return choice;
  }

  /** Between `least` and `most` of the choices, any of them more than once. */
  some<T>(choices: readonly T[], least: number, most: number): T[] {
    return Array.from({ length: least + this.below(most - least + 1) }, () => this.of(choices));
  }
}

/** Chars are bytes in everything below: UTF-8 is written as its bytes. */
const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

export const ADDRESSES: readonly string[] = [
  'ann@example.test',
  'Ann <ann@example.test>',
  '"Quoted, Name" <q@example.test>',
  '"With \\"quotes\\" and \\\\" <q@example.test>',
  'ann@example.test (Ann Example)',
  'ann@example.test (nested (comment) here)',
  '(before) ann (between) @ (at) example.test (after)',
  'A Group: ann@example.test, Bob <bob@example.test>;',
  'undisclosed-recipients:;',
  'Empty: ;, carl@example.test',
  '<@relay.test,@other.test:ann@example.test>',
  'Routed <@relay.test:ann@example.test>',
  'ann . dots @ example . test',
  '"a b"@example.test',
  '"a.b"@example.test',
  'ann@[192.0.2.1]',
  'Ann (comment) Middle <ann@example.test>',
  '=?utf-8?Q?J=C3=BCrgen?= <j@example.test>',
  '=?iso-8859-1?B?SvxyZ2Vu?= =?utf-8?Q?_Two?= <j@example.test>',
  'first.last+tag@sub.example.test',
  'a@b, c@d',
  '<bare@example.test>',
  'Ann. B. Example <ann@example.test>',
];

export const BROKEN_ADDRESSES: readonly string[] = [
  '',
  ',',
  ',,a@b,,',
  'no address at all',
  'ann',
  'ann@',
  '@example.test',
  '<>',
  '<ann>',
  'Ann <ann@example.test',
  'Ann ann@example.test>',
  '"never closed <ann@example.test>',
  'ann@example.test (never closed',
  'ann@@example.test',
  'ann@b@c.test',
  'Group without end: ann@example.test',
  'Outer: Inner: a@b;;',
  ';',
  ':',
  ': a@b;',
  'Ann <ann@example.test> trailing words',
  'Ann <ann@example.test> <bob@example.test>',
  'a@b c@d',
  'a@b; c@d',
  'Ann <ann example@example.test>',
  'Ann <ann@example.test,bob@example.test>',
  '"Ann" "Two" <a@b>',
  'Ann<a@b>',
  '[a@b]',
  'a@b.',
  '.a@b',
  'a..b@c',
  '\\a@b',
  '(only a comment)',
  '"only a string"',
  'mailto:a@b',
  '<a@b>@c',
  'a@[never closed',
];

export const RAW_8BIT: readonly string[] = [
  utf8('Grüße'),
  'Gr\xfc\xdfe',
  utf8('日本語 テスト'),
  utf8('mixed ascii and ünïcode words'),
  utf8('é'),
  '\xff\xfe',
  utf8('emoji 😀 here'),
  `${utf8('ü')}\xfc`,
];

export const ENCODED_WORDS: readonly string[] = [
  '=?utf-8?Q?Gr=C3=BC=C3=9Fe?=',
  '=?utf-8?B?R3LDvMOfZQ==?=',
  '=?utf-8?Q?a?= =?utf-8?Q?b?=',
  '=?iso-8859-1?Q?=FC?= plain =?koi8-r?B?8NLJ18XU?=',
  '=?utf-8?Q?never closed',
  '=?x-unknown?Q?abc?=',
  '=?utf-8?X?abc?=',
  '=?utf-8?B?!!!?=',
  '=?utf-8*en?Q?language?=',
];

export const TEXTS: readonly string[] = [
  'Hello',
  'Re: [list] something  with   blanks',
  'quotes " and \\ backslashes \\" here',
  'brackets ( ) { } [ ] < > %',
  '{12}',
  'NIL',
  '~{5}',
  '* 1 EXISTS',
  'tab\there',
];

export const DATES: readonly string[] = [
  'Thu, 1 Feb 2024 12:00:00 +0000',
  '1 Feb 24 12:00 EST',
  'Thu, 01 Feb 2024 12:00:00 +0000 (UTC)',
  'Thu Feb  1 12:00:00 2024',
  'not a date',
  '2024-02-01T12:00:00Z',
  'Thu, 32 Foo 2024 99:00:00 +9999',
  '',
];

/** What may follow a field's name, beside the text itself. */
export const FOLDS: readonly string[] = ['\r\n ', '\r\n\t', '\r\n  \t ', '\r\n \r\n ', ' \r\n '];

export const CONTENT_TYPES: readonly string[] = [
  'text/plain',
  'text/plain; charset=utf-8',
  'text/plain; charset="iso-8859-1"; format=flowed; delsp=yes',
  'TEXT/HTML; CHARSET=UTF-8',
  'text/x-custom; a=b',
  'application/octet-stream; name="file name.bin"',
  'application/pdf; name=file.pdf',
  'image/png; name="a\\"b.png"',
  'audio/x-wav',
  'video/mp4',
  'model/vrml',
  'font/woff2',
  'message/delivery-status',
  'message/partial; id="x"; number=1; total=2',
  'message/external-body; access-type=URL; URL="http://example.test/"',
  'message/disposition-notification',
  'x-odd/x-thing; p="; quoted ; semicolons"',
];

export const BROKEN_CONTENT_TYPES: readonly string[] = [
  '',
  'text',
  'text/',
  '/plain',
  'garbage without slash; charset=utf-8',
  'text/plain charset=utf-8',
  'text/plain;charset',
  'text/plain;=utf-8',
  'text/plain;;; charset=utf-8;;',
  'text/plain; charset="utf-8',
  'text/plain; charset=utf-8 (a comment)',
  'text (a comment) / (another) plain; charset (c) = (d) utf-8',
  'text/plain; charset=utf-8; charset=latin1',
  '"text/plain"',
  'text/plain; name=two words; x=y',
  'text/plain; name=a/b@c; x=y',
  'text/plain, text/html',
  'text / plain ; charset = utf-8',
  'text/plain; name=; x=y',
  'text/plain; name=""; x=y',
  'application/octet-stream; name="a\\',
  'text/plain; format=flowed',
  '(comment first) text/html',
  'text/plain\r\n\t;charset\r\n\t=\r\n\tutf-8',
];

export const RFC2231: readonly string[] = [
  "name*=utf-8''na%C3%AFve.txt",
  "name*=iso-8859-1'en'%A3%20rates",
  "name*0*=utf-8''%C3%A4; name*1=b; name*2*=%20c",
  'name*0=first; name*1=second',
  'name*1=second; name*0=first',
  'name*0="quoted "; name*1="too"',
  'name*0=a; name*2=c',
  'name*1=b; name*2=c',
  "name*=utf-8''%C3",
  "name*=utf-8''%ZZ%4",
  'name*=nothing',
  "name*=''plain",
  "name*=x-unknown''%E4",
  "name=plain.txt; name*=utf-8''ext%C3%A9nded.txt",
  "name*=utf-8''ext%C3%A9nded.txt; name=plain.txt",
  'name*0=a; name*0=b; name*1=c',
  'name*00=a; name*01=b',
  'name**=x',
  'name*x=y',
  "name*0*=utf-8''a; name*0=b",
  'name="=?utf-8?Q?n=C3=A4me?="',
  `name="${utf8('näme.txt')}"`,
  'name="n\xe4me.txt"',
  'NAME*0=upper; name*1=lower',
];

export const DISPOSITIONS: readonly string[] = [
  'attachment',
  'inline; filename=a.txt',
  'attachment; filename="two words.txt"; size=12',
  'ATTACHMENT; FILENAME="UPPER.TXT"',
  "attachment; filename*=utf-8''na%C3%AFve.txt",
  'attachment; filename*0=long; filename*1=name.txt',
  'form-data; name="field"; filename="x"',
  '',
  '; filename=x',
  'attachment filename=x',
  'attachment; filename="never closed',
  'x-custom (comment); p=v',
  '"attachment"',
  'attachment; creation-date="Thu, 1 Feb 2024 12:00:00 +0000"',
];

/** Other fields of a part, each with what may stand in it. */
export const PART_FIELDS: readonly string[] = [
  'Content-ID: <part@example.test>',
  'Content-ID: no brackets',
  'Content-ID:',
  'Content-Description: a description',
  'Content-Description: "quoted" (and a comment)',
  'Content-Description:\r\n folded\r\n description',
  `Content-Description: ${utf8('Übersicht')}`,
  'Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==',
  'Content-MD5:  spaces  around  ',
  'Content-Language: en',
  'Content-Language: en, de, fr-CA',
  'Content-Language: en (English), de (Deutsch)',
  'Content-Language:',
  'Content-Language: ,,en,,',
  'Content-Location: http://example.test/a',
  'Content-Location: http://example.test/a b',
  'Content-Location: http://example.test/\r\n folded/path',
  'Content-Location: "http://example.test/quoted"',
  'Content-Location:',
  'Content-Base: http://example.test/',
  'Content-Unknown: x',
  'Content-ID: <first@x>\r\nContent-ID: <second@x>',
];

export const ENCODINGS: readonly string[] = ['7bit', '8bit', 'binary', 'base64', 'quoted-printable'];

export const BROKEN_ENCODINGS: readonly string[] = [
  'BASE64',
  'Quoted-Printable (comment)',
  '"base64"',
  'base64; x=y',
  'x-uuencode',
  '',
  '7-bit',
  '8bit 7bit',
  ' base64 ',
  'quoted_printable',
  '8BIT',
];

export const BOUNDARIES: readonly string[] = [
  'b',
  '=_next.part',
  'simple boundary with spaces',
  "'()+_,-./:=?",
  'x'.repeat(70),
  '----=_Part_1',
];

/** A body's lines, none of which looks like a delimiter. */
export const BODY_LINES: readonly string[] = [
  'One line.',
  'Another line, a bit longer than the first, so that there is something to cut.',
  '',
  '  indented',
  'trailing blanks   ',
  '.',
  'From here on',
  '-- ',
  '-',
  'x'.repeat(300),
];
