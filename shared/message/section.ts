import { filterHeaderFields } from './header-fields.ts';
import { areListed } from './listed-fields.ts';
import type { PartOffsets } from './part-offsets.ts';

/** What of a part is meant; '' is the whole message, or a part's body. */
export type SectionText = '' | 'HEADER' | 'HEADER.FIELDS' | 'HEADER.FIELDS.NOT' | 'TEXT' | 'MIME';

/** A section specification (RFC 9051 §6.4.5.1), as in `BODY[1.2.HEADER.FIELDS (To Cc)]`. */
export interface SectionSpec {
  /** Part numbers, from 1. */
  readonly path: readonly number[];
  readonly text: SectionText;
  /** Field names of HEADER.FIELDS and HEADER.FIELDS.NOT, as the client wrote them. */
  readonly fields: readonly string[];
}

/** Where the bytes of a section come from. */
export type SectionSource =
  /** Bytes `start … end` of the stored message, as they are. */
  | { readonly from: 'blob'; readonly start: number; readonly end: number }
  /** The header at bytes `start … end` of the stored message, filtered by `filterHeaderFields`. */
  | {
      readonly from: 'header';
      readonly start: number;
      readonly end: number;
      readonly names: readonly string[];
      readonly not: boolean;
    }
  /** These bytes; the stored message is not needed. */
  | { readonly from: 'summary'; readonly bytes: Uint8Array };

/** What `resolveSection` needs of a `Summary`. */
export interface SectionContext {
  readonly parts: PartOffsets;
  readonly headers: Uint8Array;
  readonly headersComplete: boolean;
}

const TEXTS: readonly string[] = ['', 'HEADER', 'HEADER.FIELDS', 'HEADER.FIELDS.NOT', 'TEXT', 'MIME'];

/**
 * Reads the part of a section specification before its list of fields: `''`, `1.2`, `1.2.MIME`, `HEADER.FIELDS`. Null
 * if it is none: letters or numbers that the grammar does not have, MIME without a part number.
 */
export function parseSection(spec: string): Omit<SectionSpec, 'fields'> | null {
  const match = /^((?:[1-9]\d{0,9}(?:\.|$))*)([A-Z.]*)$/i.exec(spec);
  if (!match) return null;
  const numbers = match[1] ?? '';
  const text = (match[2] ?? '').toUpperCase();
  if (!isSectionText(text) || (numbers.endsWith('.') && text === '')) return null;
  const path = numbers.split('.').filter(Boolean).map(Number);
  if (text === 'MIME' && path.length === 0) return null;
  return { path, text };
}

function isSectionText(text: string): text is SectionText {
  return TEXTS.includes(text);
}

/** Where the section's bytes are; null if the message has no such part, which FETCH answers with NIL. */
export function resolveSection(context: SectionContext, spec: SectionSpec): SectionSource | null {
  const { parts: root } = context;
  if (spec.path.length === 0) {
    if (spec.text === '') return { from: 'blob', start: root.start, end: root.end };
    return messageSection(root, spec, context);
  }
  const part = partAt(root, spec.path);
  if (!part) return null;
  if (spec.text === '') return { from: 'blob', start: part.bodyStart, end: part.end };
  if (spec.text === 'MIME') return { from: 'blob', start: part.start, end: part.bodyStart };
  const [message] = part.children;
  return part.kind === 'message' && message ? messageSection(message, spec, null) : null;
}

/**
 * The part that `path` numbers, or null. The one part of a message that is no multipart is part 1, and it is the
 * message itself (RFC 9051 §6.4.5.1), so that of a message whose Content-Type is message/rfc822, `1.1` is in the
 * message it holds.
 */
export function partAt(root: PartOffsets, path: readonly number[]): PartOffsets | null {
  let part = root;
  /** `part` is a message whose parts are numbered, not itself a numbered part. */
  let asMessage = true;
  for (const number of path) {
    if (!asMessage && part.kind === 'message') {
      const [message] = part.children;
      if (!message) return null;
      part = message;
      asMessage = true;
    }
    if (part.kind === 'multipart') {
      const child = part.children[number - 1];
      if (!child) return null;
      part = child;
    } else if (!asMessage || number !== 1) {
      return null;
    }
    asMessage = false;
  }
  return part;
}

/** HEADER, TEXT … of a message; `context` if it is the message itself, whose listed fields are at hand. */
function messageSection(
  message: PartOffsets,
  spec: SectionSpec,
  context: SectionContext | null,
): SectionSource | null {
  const { start, bodyStart, end } = message;
  switch (spec.text) {
    case 'HEADER':
      return { from: 'blob', start, end: bodyStart };
    case 'TEXT':
      return { from: 'blob', start: bodyStart, end };
    case 'HEADER.FIELDS':
      if (context?.headersComplete && areListed(spec.fields)) {
        return { from: 'summary', bytes: filterHeaderFields(context.headers, spec.fields) };
      }
      return { from: 'header', start, end: bodyStart, names: spec.fields, not: false };
    case 'HEADER.FIELDS.NOT':
      return { from: 'header', start, end: bodyStart, names: spec.fields, not: true };
    case '':
    case 'MIME':
      return null;
  }
}
