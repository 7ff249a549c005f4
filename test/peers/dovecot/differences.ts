/** Lays two answers side by side, and names where they differ. */
import { isList, isString, textOf, type WireValue } from '../../support/fetch-answer.ts';

export interface Difference {
  /** The data item that was asked for, in upper case. */
  readonly item: string;
  /** Of a structured item: which field of it. */
  readonly field: string;
  /** The answer that holds the header in question, as `BODY[1.MIME]`; '' where there is none. */
  readonly header: string;
  /** Part numbers of the body in question, as in a section; '' is the message. */
  readonly part: string;
  /** `undefined`: no answer. */
  readonly quire: WireValue | undefined;
  readonly dovecot: WireValue | undefined;
}

const ENVELOPE_FIELDS = [
  'date',
  'subject',
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'in-reply-to',
  'message-id',
];

type Place = Omit<Difference, 'field' | 'quire' | 'dovecot'>;
type List = readonly WireValue[];

/** Strings that hold the same bytes are the same, however they were sent. */
export function same(a: WireValue | undefined, b: WireValue | undefined): boolean {
  if (isString(a) && isString(b))
    return a.text === b.text && (a.form === 'literal8') === (b.form === 'literal8');
  if (isList(a) && isList(b)) return a.length === b.length && a.every((each, index) => same(each, b[index]));
  return a === b;
}

export function differences(
  item: string,
  quire: WireValue | undefined,
  dovecot: WireValue | undefined,
): Difference[] {
  const part = /\[([\d.]*\d)/.exec(item)?.[1] ?? '';
  if (same(quire, dovecot)) return [];
  const walk = new Walk();
  if (item === 'ENVELOPE') walk.envelope(quire, dovecot, { item, header: 'BODY[HEADER]', part: '' });
  else if (item === 'BODY' || item === 'BODYSTRUCTURE')
    walk.body(quire, dovecot, { item, header: 'BODY[HEADER]', part: '' });
  else walk.compare('', quire, dovecot, { item, header: headerFor(item, part), part });
  return walk.found;
}

function headerFor(item: string, part: string): string {
  if (part === '') return 'BODY[HEADER]';
  return item.includes('HEADER') ? `BODY[${part}.HEADER]` : `BODY[${part}.MIME]`;
}

class Walk {
  readonly found: Difference[] = [];

  compare(field: string, quire: WireValue | undefined, dovecot: WireValue | undefined, place: Place): void {
    if (!same(quire, dovecot)) this.found.push({ ...place, field, quire, dovecot });
  }

  envelope(quire: WireValue | undefined, dovecot: WireValue | undefined, place: Place): void {
    if (!isList(quire) || !isList(dovecot)) {
      this.compare('envelope', quire, dovecot, place);
      return;
    }
    ENVELOPE_FIELDS.forEach((field, index) => {
      // Where there is none, they are From: that has been compared.
      const copies =
        /^(?:sender|reply-to)$/.test(field) &&
        same(quire[index], quire[2]) &&
        same(dovecot[index], dovecot[2]);
      if (!copies) this.compare(field, quire[index], dovecot[index], place);
    });
  }

  body(quire: WireValue | undefined, dovecot: WireValue | undefined, place: Place): void {
    if (!isList(quire) || !isList(dovecot)) {
      this.compare('body', quire, dovecot, place);
      return;
    }
    const parts = [quire, dovecot].map((body) =>
      body.filter((each, index) => isList(each) && body.slice(0, index).every(isList)),
    );
    const [ours = [], theirs = []] = parts;
    if (ours.length !== theirs.length) {
      this.compare('shape', quire, dovecot, place);
    } else if (ours.length > 0) {
      ours.forEach((each, index) => {
        const part = inside(place.part, index + 1);
        this.body(each, theirs[index], { item: place.item, header: `BODY[${part}.MIME]`, part });
      });
      this.#fields(
        ['subtype', 'params', ...TAIL],
        quire.slice(ours.length),
        dovecot.slice(ours.length),
        place,
      );
    } else this.#onePart(quire, dovecot, place);
  }

  #onePart(quire: List, dovecot: List, place: Place): void {
    const [mine, yours] = [mediaType(quire), mediaType(dovecot)];
    if (mine !== yours) {
      this.compare('type', quire, dovecot, place);
      return;
    }
    const ours = [...quire];
    const theirs = [...dovecot];
    const basic = ['type', 'subtype', 'params', 'id', 'description', 'encoding', 'octets'];
    this.#fields(basic, ours.splice(0, 7), theirs.splice(0, 7), place);
    if (mine === 'message/rfc822' || (isList(ours[0]) && isList(theirs[0]))) {
      // The one body of a message is its part 1.
      const part = place.part === '' ? '1' : place.part;
      const isMultipart = isList(ours[1]) && isList(ours[1][0]);
      const message = {
        item: place.item,
        header: `BODY[${part}.HEADER]`,
        part: isMultipart ? part : inside(part, 1),
      };
      this.envelope(ours.shift(), theirs.shift(), message);
      this.body(ours.shift(), theirs.shift(), message);
      this.compare('lines', ours.shift(), theirs.shift(), place);
    } else if (mine.startsWith('text/')) this.compare('lines', ours.shift(), theirs.shift(), place);
    this.#fields(['md5', ...TAIL], ours, theirs, place);
  }

  #fields(names: readonly string[], quire: List, dovecot: List, place: Place): void {
    names.forEach((field, index) => {
      // A body that has no extension data has none of these.
      if (index < Math.max(quire.length, dovecot.length))
        this.compare(field, quire[index], dovecot[index], place);
    });
  }
}

function inside(part: string, number: number): string {
  return part === '' ? `${number}` : `${part}.${number}`;
}

const TAIL = ['disposition', 'language', 'location'];

function mediaType(body: List): string {
  return `${textOf(body[0])}/${textOf(body[1])}`.toLowerCase();
}
