/** Valid commands of every family, drawn for the state in which they may be given. A command is a byte string without its tag. */
import type { Draw } from '../draw.ts';

export type Phase = 'not authenticated' | 'authenticated' | 'selected';

const EOL = '\r\n';
const MAILBOXES = [
  'INBOX',
  'inbox',
  'Sent',
  'Work',
  'Work/Old',
  'Entw&APw-rfe',
  'R&-D',
  'Nowhere',
  '"a b"',
] as const;
const KEYWORDS = [
  '\\Seen',
  '\\Deleted',
  '\\Flagged',
  '\\Answered',
  '\\Draft',
  '$Forwarded',
  'x-own',
] as const;
const DATES = ['1-Feb-2024', '"1-Feb-2024"', '28-Nov-2026'] as const;
const DATE_KEYS = [
  'BEFORE',
  'ON',
  'SINCE',
  'SENTBEFORE',
  'SENTON',
  'SENTSINCE',
  'SAVEDBEFORE',
  'SAVEDON',
  'SAVEDSINCE',
] as const;
const RESULTS = ['MIN', 'MAX', 'ALL', 'COUNT', 'SAVE'] as const;
const MESSAGES = [
  'Subject: x\r\n\r\nbody\r\n',
  'From: a@b.test\r\nTo: "c d" <e@f.test>\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\nhello\r\n',
  'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n',
] as const;

const literal = (text: string): string => `{${text.length}+}${EOL}${text}`;

/** A string in one of its forms. */
function string(draw: Draw, text: string): string {
  const form = draw.below(3);
  if (form === 0 && /^[A-Za-z0-9/.&+-]+$/.test(text)) return text;
  return form === 1 ? literal(text) : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function mailbox(draw: Draw): string {
  const name = draw.pick(MAILBOXES);
  return draw.chance(0.2) ? literal(name.replaceAll('"', '')) : name;
}

const uids = (draw: Draw): string => draw.pick(['1', '1:*', '2:4', '1,3,5', '*', '4:2', '1:2,4:*'] as const);
const flags = (draw: Draw): string => `(${draw.some(KEYWORDS, draw.below(4)).join(' ')})`;

function message(draw: Draw): string {
  const text = draw.pick(MESSAGES);
  const options = `${draw.chance(0.4) ? `${flags(draw)} ` : ''}${draw.chance(0.3) ? '" 1-Feb-2024 12:34:56 +0100" ' : ''}`;
  if (draw.chance(0.2)) return `${options}~${literal(text)}`;
  if (draw.chance(0.2))
    return `${options}CATENATE (TEXT ${literal(text)} URL "/INBOX/;UID=1/;SECTION=TEXT" URL /Work/;UID=1/;PARTIAL=0.5)`;
  return options + literal(text);
}

function searchKey(draw: Draw, depth = 0): string {
  const nested = (): string => searchKey(draw, depth + 1);
  const keys: (() => string)[] = [
    () => draw.pick(['ALL', 'SEEN', 'UNSEEN', 'DELETED', 'NEW', 'RECENT', 'FLAGGED', 'UNDRAFT'] as const),
    () => `UID ${uids(draw)}`,
    () => `SUBJECT ${string(draw, 'x y')}`,
    () => `FROM ${string(draw, 'a@b')}`,
    () => `HEADER ${string(draw, 'To')} ${string(draw, '')}`,
    () => `BODY ${string(draw, 'hello')}`,
    () => `TEXT ${string(draw, 'one')}`,
    () => `${draw.pick(DATE_KEYS)} ${draw.pick(DATES)}`,
    () => draw.pick(['SAVEDATESUPPORTED', 'EMAILID M1', 'THREADID T-1', 'FILTER mine', '$', '1:*'] as const),
    () => `${draw.pick(['LARGER', 'SMALLER', 'OLDER', 'YOUNGER'] as const)} ${1 + draw.below(99_999)}`,
    () => `${draw.pick(['KEYWORD', 'UNKEYWORD'] as const)} ${draw.pick(['$Forwarded', 'x-own'] as const)}`,
    () => `MODSEQ ${draw.pick(['', '"/flags/\\\\draft" all '] as const)}${draw.below(9999)}`,
  ];
  if (depth < 3)
    keys.push(
      () => `NOT ${nested()}`,
      () => `FUZZY ${nested()}`,
      () => `OR ${nested()} ${nested()}`,
      () => `(${nested()} ${nested()})`,
    );
  return (draw.pick(keys) ?? (() => 'ALL'))();
}

function fetchItem(draw: Draw): string {
  const section = draw.pick([
    '',
    '1',
    '1.2',
    'HEADER',
    'TEXT',
    '1.MIME',
    'HEADER.FIELDS (To "Cc")',
    'HEADER.FIELDS.NOT (Subject)',
    '2.HEADER',
    '1.TEXT',
  ] as const);
  const partial = draw.chance(0.3) ? `<${draw.below(9)}.${1 + draw.below(99)}>` : '';
  return draw.pick([
    'FLAGS',
    'UID',
    'ENVELOPE',
    'BODYSTRUCTURE',
    'BODY',
    'INTERNALDATE',
    'RFC822.SIZE',
    'RFC822',
    'RFC822.HEADER',
    'RFC822.TEXT',
    `BINARY[1.2]${partial}`,
    'MODSEQ',
    'PREVIEW',
    'PREVIEW (LAZY)',
    'EMAILID',
    'THREADID',
    'SAVEDATE',
    'BINARY.SIZE[1]',
    `BINARY.PEEK[1]${partial}`,
    `BODY.PEEK[${section}]${partial}`,
    `BODY[${section}]${partial}`,
  ] as const);
}

function fetch(draw: Draw): string {
  const items = Array.from({ length: 1 + draw.below(4) }, () => fetchItem(draw));
  const what = draw.chance(0.2) ? draw.pick(['ALL', 'FAST', 'FULL'] as const) : `(${items.join(' ')})`;
  return `${what}${draw.chance(0.2) ? ' (CHANGEDSINCE 5)' : ''}`;
}

function returns(draw: Draw): string {
  if (draw.chance(0.4)) return '';
  const one = draw.pick(['PARTIAL 1:5', 'PARTIAL -1:-3 COUNT', 'UPDATE ALL', 'CONTEXT COUNT'] as const);
  return `RETURN (${draw.chance(0.3) ? one : draw.some(RESULTS, 3).join(' ')}) `;
}

const store = (draw: Draw): string =>
  `${draw.chance(0.2) ? '(UNCHANGEDSINCE 9999) ' : ''}${draw.pick(['', '+', '-'] as const)}FLAGS${draw.chance(0.4) ? '.SILENT' : ''} ${flags(draw)}`;

const list = (draw: Draw): string =>
  `${draw.pick(['', '', '(SUBSCRIBED) ', '(SPECIAL-USE) ', '(SUBSCRIBED RECURSIVEMATCH) '] as const)}${string(draw, draw.pick(['', 'Work/'] as const))} ${draw.pick(['*', '%', '"Entw&AP*"', 'Work/%', '(INBOX "S*" "%/%")', '""'] as const)}${draw.pick(['', '', ' RETURN (SUBSCRIBED CHILDREN)', ' RETURN (STATUS (MESSAGES UNSEEN SIZE))', ' RETURN (SPECIAL-USE MYRIGHTS)', ' RETURN (METADATA (/private/comment))'] as const)}`;

const STATUS_ITEMS = [
  'MESSAGES',
  'UIDNEXT',
  'UIDVALIDITY',
  'UNSEEN',
  'RECENT',
  'SIZE',
  'DELETED',
  'HIGHESTMODSEQ',
  'MAILBOXID',
  'APPENDLIMIT',
] as const;

/** Which mailboxes ESEARCH and NOTIFY mean (RFC 5465 §6). */
const mailboxes = (draw: Draw): string =>
  draw.pick([
    'inboxes',
    'personal',
    'subscribed',
    'subtree Work',
    'subtree (Work "Sent")',
    'mailboxes (INBOX Work)',
    'mailboxes Sent',
  ] as const);

const NEWS = ['(MessageNew MessageExpunge)', '(MailboxName SubscriptionChange)', 'NONE'] as const;

type Maker = (draw: Draw) => string;

const ANY: readonly Maker[] = [
  () => 'NOOP',
  () => 'CAPABILITY',
  () => 'ID ("name" "x" "os" NIL)',
  () => 'ID NIL',
  (draw) => `LANGUAGE ${draw.pick(['de', '"fr"', 'default', 'mul'] as const)}`,
];

const BEFORE: readonly Maker[] = [
  (draw) => `LOGIN ${string(draw, 'alice@example.test')} ${string(draw, 'wrong "one"')}`,
  () => 'AUTHENTICATE PLAIN AGEAYg==',
  () => `AUTHENTICATE PLAIN${EOL}AGEAYg==`,
];

const SIGNED_IN: readonly Maker[] = [
  (draw) =>
    `${draw.pick(['SELECT', 'EXAMINE'] as const)} ${mailbox(draw)}${draw.chance(0.3) ? ' (CONDSTORE)' : ''}`,
  (draw) => `CREATE ${mailbox(draw)}${draw.chance(0.2) ? ' (USE (\\Important))' : ''}`,
  (draw) => `DELETE ${mailbox(draw)}`,
  (draw) => `RENAME ${mailbox(draw)} ${mailbox(draw)}`,
  (draw) => `${draw.pick(['SUBSCRIBE', 'UNSUBSCRIBE'] as const)} ${mailbox(draw)}`,
  (draw) => `LIST ${list(draw)}`,
  (draw) => `${draw.pick(['LSUB', 'XLIST'] as const)} "" ${draw.pick(['*', '%'] as const)}`,
  (draw) => `STATUS ${mailbox(draw)} (${draw.some(STATUS_ITEMS, 4).join(' ') || 'MESSAGES'})`,
  (draw) => `APPEND ${mailbox(draw)} ${message(draw)}`,
  (draw) => `APPEND ${mailbox(draw)} ${message(draw)} ${message(draw)}`,
  () => 'NAMESPACE',
  () => `IDLE${EOL}DONE`,
  (draw) =>
    `GETMETADATA ${draw.pick(['', '(DEPTH 1) ', '(MAXSIZE 5) '] as const)}${mailbox(draw)} /private/comment`,
  (draw) =>
    `SETMETADATA ${mailbox(draw)} (/private/comment ${draw.chance(0.3) ? 'NIL' : string(draw, 'a note')})`,
  (draw) => `${draw.pick(['GETACL', 'MYRIGHTS', 'GETQUOTAROOT'] as const)} ${mailbox(draw)}`,
  (draw) => `SETACL ${mailbox(draw)} anyone ${draw.pick(['lr', '+s', '-s', '""'] as const)}`,
  () => 'GETQUOTA ""',
  (draw) =>
    `ESEARCH IN (${mailboxes(draw)} subtree-one Work) RETURN (COUNT ALL) SUBJECT ${string(draw, 'x')}`,
  (draw) => `NOTIFY SET ${draw.pick(['', 'STATUS '] as const)}(${mailboxes(draw)} ${draw.pick(NEWS)})`,
  () => 'NOTIFY SET (SELECTED-DELAYED (MessageNew (UID FLAGS) MessageExpunge FlagChange))',
  () => 'NOTIFY NONE',
  (draw) => `${draw.pick(['DELETEACL', 'LISTRIGHTS'] as const)} ${mailbox(draw)} anyone`,
  () => 'SETQUOTA "#user/alice@example.test" (STORAGE 512)',
  (draw) => `GETMETADATA "" (${draw.pick(['/shared/admin', '/private/filters/values/mine'] as const)})`,
  (draw) => `SETMETADATA "" (/private/filters/values/mine ${string(draw, 'NOT SEEN')})`,
  (draw) => draw.pick(['UNAUTHENTICATE', 'LOGOUT'] as const),
];

/** RFC 5161 §3.1: not with a mailbox selected. */
const ENABLE: Maker = (draw) =>
  `ENABLE ${draw.pick(['CONDSTORE X-NOTHING', 'IMAP4rev2 QRESYNC', 'UTF8=ACCEPT'] as const)}`;

const SELECTED: readonly Maker[] = [
  (draw) => `UID FETCH ${uids(draw)} ${fetch(draw)}`,
  (draw) => `FETCH 1:* ${fetch(draw)}`,
  (draw) => `UID STORE ${uids(draw)} ${store(draw)}`,
  (draw) => `STORE 1:* ${store(draw)}`,
  (draw) => `UID ${draw.pick(['COPY', 'MOVE'] as const)} ${uids(draw)} ${mailbox(draw)}`,
  (draw) => `UID EXPUNGE ${uids(draw)}`,
  () => 'EXPUNGE',
  () => 'CHECK',
  (draw) => `UID FETCH 1:* (FLAGS) (PARTIAL ${draw.pick(['1:3', '-1:-3'] as const)})`,
  (draw) => `UIDBATCHES 1000${draw.pick(['', ' 1:2'] as const)}`,
  (draw) =>
    `${draw.pick(['', 'UID '] as const)}SEARCH ${returns(draw)}${draw.chance(0.2) ? 'CHARSET UTF-8 ' : ''}${searchKey(draw)}`,
  (draw) =>
    `${draw.pick(['', 'UID '] as const)}SORT ${returns(draw)}(${draw.pick(['DATE', 'REVERSE SIZE', 'SUBJECT ARRIVAL', 'DISPLAYFROM CC'] as const)}) UTF-8 ${searchKey(draw)}`,
  (draw) => `THREAD ${draw.pick(['REFERENCES', 'ORDEREDSUBJECT', 'REFS'] as const)} UTF-8 ${searchKey(draw)}`,
  (draw) => `UID REPLACE 1 ${mailbox(draw)} ${message(draw)}`,
  (draw) => draw.pick(['CLOSE', 'UNSELECT', 'NOOP'] as const),
];

/** A command that the grammar allows in `phase`. */
export function validCommand(draw: Draw, phase: Phase): string {
  const makers = {
    'not authenticated': [...ANY, ...BEFORE, ...BEFORE],
    authenticated: [...ANY, ...SIGNED_IN, ...SIGNED_IN, ENABLE],
    selected: [...ANY, ...SIGNED_IN, ...SELECTED, ...SELECTED, ...SELECTED],
  }[phase];
  const maker = draw.pick(makers);
  if (!maker) throw new Error('there is no command to draw');
  return maker(draw);
}
