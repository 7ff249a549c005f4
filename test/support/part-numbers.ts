/** Which parts a body structure tells of (RFC 9051 §6.4.5.1). */
import { isList, type WireValue } from './fetch-answer.ts';

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
