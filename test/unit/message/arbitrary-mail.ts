import fc from 'fast-check';
import { anyCharacter } from '../../support/any-character.ts';

/** Boundaries that are prefixes of each other, blanks inside, one that looks like a closing one. */
const boundary = fc.constantFrom('b', 'bb', 'b--', 'b b', 'x', '=_x');

const lineEnd = fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r');

const address = fc.constantFrom(
  'a@example.test',
  '"Quoted, Name" <q@example.test>',
  'Grüße <g@exämple.test>',
  'group: a@b, c@d;',
  'broken: <a@b',
  '=?utf-8?Q?J=C3=BCrgen?= <j@example.test>',
  '(only a comment',
  '<@r1,@r2:u@h>',
  '',
);

const field = fc.oneof(
  boundary.map((value) => `Content-Type: multipart/mixed; boundary="${value}"`),
  boundary.map((value) => `Content-Type: multipart/digest; boundary=${value}`),
  fc.constantFrom(
    'Content-Type: message/rfc822',
    'Content-Type: message/global',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Type: text/html; name="Ünï.html"',
    "Content-Type: application/pdf; name*0*=utf-8''%C3%A4; name*1=b",
    'Content-Type: gar bage',
    'Content-Disposition: attachment; filename="a\\"b"',
    'Content-Transfer-Encoding: base64',
    'Content-Language: en, de',
    'Content-Location: http://example.test/a b',
    'Content-ID: <x@y>',
    'Date: Sun, 22 Nov 2026 14:05:06 +0100',
    'no field at all',
    ' continuation',
    '\tfolded; boundary=b',
    'Subject: Gr\u00fc\u00dfe',
    'Subject: \0\x1b(B\u{1f600}',
  ),
  address.map((value) => `From: ${value}`),
  address.map((value) => `To: ${value}`),
);

const line = fc.oneof(
  { weight: 4, arbitrary: boundary.map((value) => `--${value}`) },
  { weight: 2, arbitrary: boundary.map((value) => `--${value}--`) },
  { weight: 1, arbitrary: boundary.map((value) => `--${value} `) },
  { weight: 4, arbitrary: fc.constant('') },
  { weight: 4, arbitrary: field },
  { weight: 1, arbitrary: fc.string({ unit: anyCharacter }) },
);

/** Lines of the kind that MIME is made of, in any order: most are broken, many nest. */
const jumbled = fc
  .array(fc.tuple(line, lineEnd), { maxLength: 40 })
  .map((lines) => Buffer.from(lines.flat().join(''), 'utf8'));

interface Node {
  readonly kind: 'leaf' | 'multipart' | 'message';
  readonly children: readonly Node[];
}

const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant<Node>({ kind: 'leaf', children: [] }),
    fc
      .array(tie('node'), { minLength: 1, maxLength: 3 })
      .map((children) => ({ kind: 'multipart' as const, children })),
    tie('node').map((child) => ({ kind: 'message' as const, children: [child] })),
  ),
}));

function written({ kind, children }: Node, depth: number): string {
  const [first] = children;
  if (kind === 'message' && first) {
    return `Content-Type: message/rfc822\r\n\r\nSubject: at ${depth}\r\nFrom: a@b\r\n${written(first, depth + 1)}`;
  }
  if (kind === 'leaf')
    return `Content-Type: text/plain\r\nContent-ID: <${depth}>\r\n\r\ntext\r\nat ${depth}\r\n`;
  const name = `n${depth}`;
  const parts = children.map((child) => `--${name}\r\n${written(child, depth + 1)}\r\n`).join('');
  return `Content-Type: multipart/mixed; boundary=${name}\r\n\r\n${parts}--${name}--\r\n`;
}

/** MIME as it should be. */
export const validMail = node.map((root) => Buffer.from(`Subject: valid\r\n${written(root, 0)}`));

/** MIME as it should be, with some bytes changed, dropped or put in. */
const mutated = fc
  .tuple(
    validMail,
    fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'drop', 'insert')), { maxLength: 6 }),
  )
  .map(([message, changes]) => {
    const bytes = [...message];
    for (const [at, byte, change] of changes) {
      const place = at % bytes.length;
      if (change === 'insert') bytes.splice(place, 0, byte);
      else if (change === 'set') bytes[place] = byte;
      else if (bytes.length > 1) bytes.splice(place, 1);
    }
    return Buffer.from(bytes);
  });

const noise = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));

/** Anything that may lie in a mailbox: valid, slightly broken, badly broken, noise. */
export function anyMail(): fc.Arbitrary<Buffer> {
  return fc.oneof(
    { weight: 2, arbitrary: validMail },
    { weight: 4, arbitrary: mutated },
    { weight: 5, arbitrary: jumbled },
    { weight: 1, arbitrary: noise },
  );
}
