/** What both servers are asked about a message. */
import type { WireValue } from '../../support/fetch-answer.ts';
import { partsOf } from '../../support/part-numbers.ts';

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
