/** Writes messages and parts of them. Chars are bytes. */
import {
  ADDRESSES,
  BODY_LINES,
  CONTENT_TYPES,
  DATES,
  DISPOSITIONS,
  type Draw,
  ENCODINGS,
  PART_FIELDS,
  TEXTS,
} from './random-pieces.ts';

export type Maker = (draw: Draw) => string;

export const lines = (...all: readonly string[]): string => all.map((line) => `${line}\r\n`).join('');

export const body: Maker = (draw) => lines(...draw.some(BODY_LINES, 0, 6));

export const base64Of = (text: string): string =>
  Buffer.from(text, 'latin1')
    .toString('base64')
    .replaceAll(/.{1,76}/g, '$&\r\n');

export const quotedPrintableOf = (text: string): string =>
  text
    .replaceAll(
      /[^\r\n -<>-~]/g,
      (char) => `=${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .replaceAll(/.{1,70}(?=.)/g, '$&=\r\n');

export const decodable: readonly string[] = [
  'plain text\r\nof two lines\r\n',
  'bytes \x80\xff\xfe and \xc3\xbc\r\n',
  'with \0 a NUL',
  'line feeds\nalone\n',
  '',
  'x'.repeat(2000),
];

export const messageHeader: Maker = (draw) =>
  lines(
    `From: ${draw.of(ADDRESSES)}`,
    `To: ${draw.of(ADDRESSES)}`,
    `Subject: ${draw.of(TEXTS)}`,
    `Date: ${draw.of(DATES)}`,
    'Message-ID: <id@example.test>',
    'MIME-Version: 1.0',
  );

/** A part that is no multipart, header and body. */
export const leaf: Maker = (draw) => {
  const encoding = draw.of(ENCODINGS);
  const fields = [
    `Content-Type: ${draw.of(CONTENT_TYPES)}`,
    ...(draw.chance(0.7) ? [`Content-Transfer-Encoding: ${encoding}`] : []),
    ...(draw.chance(0.3) ? [`Content-Disposition: ${draw.of(DISPOSITIONS)}`] : []),
    ...(draw.chance(0.3) ? [draw.of(PART_FIELDS)] : []),
  ];
  return `${lines(...fields)}\r\n${encoded(draw, encoding)}`;
};

export const encoded = (draw: Draw, encoding: string): string => {
  if (encoding === 'base64') return base64Of(draw.of(decodable));
  if (encoding === 'quoted-printable') return quotedPrintableOf(draw.of(decodable));
  return body(draw);
};

/** One that no part has. */
function unusedBoundary(parts: readonly string[]): string {
  const depths = parts.join('').matchAll(/boundary="b(\d+)"/g);
  return `b${Math.max(0, ...Array.from(depths, ([, depth]) => Number(depth))) + 1}`;
}

export interface MultipartOptions {
  readonly subtype?: string;
  readonly boundary?: string;
  readonly preamble?: string;
  readonly epilogue?: string;
  readonly closed?: boolean;
}

/** Content-Type and body of a multipart of `parts`, each with its header. */
export function multipart(parts: readonly string[], options: MultipartOptions = {}): string {
  const boundary = options.boundary ?? unusedBoundary(parts);
  const { subtype = 'mixed', preamble = '', epilogue = '', closed = true } = options;
  return (
    `Content-Type: multipart/${subtype}; boundary="${boundary.replaceAll(/["\\]/g, '\\$&')}"\r\n\r\n${preamble}` +
    parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('') +
    (closed ? `--${boundary}--\r\n${epilogue}` : '')
  );
}

export function tree(draw: Draw, depth: number): string {
  const kind = depth <= 0 ? 'leaf' : draw.of(['leaf', 'multipart', 'multipart', 'message']);
  if (kind === 'leaf') return leaf(draw);
  if (kind === 'message')
    return `Content-Type: message/rfc822\r\n\r\n${messageHeader(draw)}${tree(draw, depth - 1)}`;
  const parts = Array.from({ length: 1 + draw.below(3) }, () => tree(draw, depth - 1));
  const subtype = draw.of(['mixed', 'alternative', 'related', 'report', 'signed', 'parallel', 'x-odd']);
  return multipart(parts, { subtype });
}

export const text = (fields: readonly string[], content = 'text\r\n'): string =>
  `${lines(...fields)}\r\n${content}`;
