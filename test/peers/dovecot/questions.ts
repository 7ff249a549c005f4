/** What both servers are asked about a message. */
import type { WireValue } from './fetch-answer.ts';
import { isList } from './differences.ts';

/** FETCH items that need no part. FLAGS come along, because some set \Seen. */
export const OF_THE_MESSAGE: readonly string[] = [
  'INTERNALDATE',
  'RFC822.SIZE',
  'ENVELOPE',
  'BODY',
  'BODYSTRUCTURE',
  'RFC822',
  'RFC822.HEADER',
  'RFC822.TEXT',
  'BODY.PEEK[]',
  'BODY.PEEK[]<3.40>',
  'BODY.PEEK[]<100000000.1>',
  'BODY.PEEK[HEADER]',
  'BODY.PEEK[HEADER]<5.9>',
  'BODY.PEEK[TEXT]',
  'BODY.PEEK[TEXT]<0.7>',
  'BODY.PEEK[HEADER.FIELDS (FROM SUBJECT CONTENT-TYPE X-ODD)]',
  'BODY.PEEK[HEADER.FIELDS (SUBJECT)]<2.5>',
  'BODY.PEEK[HEADER.FIELDS.NOT (FROM SUBJECT)]',
  'BODY.PEEK[9]',
  'BODY.PEEK[1.9.MIME]',
];

interface Parts {
  readonly all: Set<string>;
  /** Those that hold a message. */
  readonly messages: Set<string>;
}

/** The numbers of all parts of a body structure (RFC 9051 §6.4.5.1). */
export function partsOf(structure: WireValue | undefined): Parts {
  const parts: Parts = { all: new Set(), messages: new Set() };
  gather(structure, '', parts);
  return parts;
}

function gather(body: WireValue | undefined, number: string, parts: Parts): void {
  if (!isList(body)) return;
  const inside = (index: number): string => (number === '' ? `${index}` : `${number}.${index}`);
  const children = body.filter((each, index) => isList(each) && body.slice(0, index).every(isList));
  if (children.length === 0) gatherPart(body, inside(1), parts);
  children.forEach((child, index) => {
    if (isList(child)) gatherPart(child, inside(index + 1), parts);
  });
}

function gatherPart(body: readonly WireValue[], own: string, parts: Parts): void {
  parts.all.add(own);
  if (isList(body[0])) {
    gather(body, own, parts);
  } else if (isList(body[7]) && isList(body[8])) {
    parts.messages.add(own);
    gather(body[8], own, parts);
  }
}

/** Items about the parts that either server has told of. */
export function ofTheParts(structures: readonly (WireValue | undefined)[]): string[] {
  const told = structures.map(partsOf);
  const all = new Set(told.flatMap((parts) => [...parts.all]));
  const messages = new Set(told.flatMap((parts) => [...parts.messages]));
  return [...all].flatMap((part) => [
    `BODY.PEEK[${part}]`,
    `BODY.PEEK[${part}]<2.9>`,
    `BODY.PEEK[${part}.MIME]`,
    ...(messages.has(part)
      ? [`BODY.PEEK[${part}.HEADER]`, `BODY.PEEK[${part}.TEXT]`, `BODY.PEEK[${part}.HEADER.FIELDS (TO)]`]
      : []),
  ]);
}

/** Each by a command of its own: an encoding that nobody knows fails the command. */
export function decoded(structures: readonly (WireValue | undefined)[]): string[] {
  const all = new Set(structures.flatMap((structure) => [...partsOf(structure).all]));
  return [...all, '9'].flatMap((part) => [
    `BINARY.PEEK[${part}]`,
    `BINARY.SIZE[${part}]`,
    `BINARY.PEEK[${part}]<1.6>`,
  ]);
}

/** The label under which an item's answer comes. */
export function labelOf(item: string): string {
  return item.replace('.PEEK', '').replace(/<(\d+)\.\d+>/, '<$1>');
}
