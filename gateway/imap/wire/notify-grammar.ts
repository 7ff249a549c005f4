/** Arguments of NOTIFY (RFC 5465 §8). */
import type { FetchItem } from './ast.ts';
import { parseFetchAttributes } from './fetch-grammar.ts';
import type { CommandCursor } from './parser.ts';
import { ImapSyntaxError } from './syntax-error.ts';

/** Events of the RFC in its spelling (§8, `event-name`), those of messages first. */
export const MESSAGE_EVENTS = ['MessageNew', 'MessageExpunge', 'FlagChange', 'AnnotationChange'] as const;
export const OTHER_EVENTS = [
  'MailboxName',
  'SubscriptionChange',
  'MailboxMetadataChange',
  'ServerMetadataChange',
] as const;
export type NotifyEvent = (typeof MESSAGE_EVENTS)[number] | (typeof OTHER_EVENTS)[number];

export type NotifyFilter =
  | { readonly kind: 'selected'; readonly delayed: boolean }
  | { readonly kind: 'inboxes' | 'personal' | 'subscribed' }
  /** The named mailboxes, with what lies below them or without. */
  | { readonly kind: 'subtree' | 'mailboxes'; readonly names: readonly string[] };

export interface EventGroup {
  readonly filter: NotifyFilter;
  readonly events: ReadonlySet<NotifyEvent>;
  /** What is told of a new message in the selected mailbox. */
  readonly attributes: readonly FetchItem[];
}

export interface NotifyArguments {
  /** Null: NONE. */
  readonly groups: readonly EventGroup[] | null;
  /** The client asks for the STATUS of what it watches. */
  readonly status: boolean;
  /** Names that are no events of this RFC. */
  readonly unknown: readonly string[];
}

export function parseNotify(cursor: CommandCursor): NotifyArguments {
  cursor.space('SET or NONE');
  const unknown: string[] = [];
  if (cursor.accept('NONE')) {
    cursor.end();
    return { groups: null, status: false, unknown };
  }
  cursor.expect('SET', 'SET or NONE');
  const status = cursor.accept(' STATUS');
  const groups: EventGroup[] = [];
  do {
    cursor.space('a group of events');
    groups.push(parseGroup(cursor, unknown));
  } while (cursor.at(' ') && !cursor.atTrailingSpace());
  cursor.end();
  if (groups.filter(({ filter }) => filter.kind === 'selected').length > 1)
    throw new ImapSyntaxError('SELECTED and SELECTED-DELAYED can be given once (RFC 5465 section 6.1)');
  return { groups, status, unknown };
}

function parseGroup(cursor: CommandCursor, unknown: string[]): EventGroup {
  cursor.expect('(', '"(" and which mailboxes');
  const filter = parseFilter(cursor);
  cursor.space('events or NONE');
  const events = new Set<NotifyEvent>();
  const attributes: FetchItem[] = [];
  if (!cursor.accept('NONE'))
    cursor.list('events', () => {
      const name = cursor.atom('an event');
      const event = [...MESSAGE_EVENTS, ...OTHER_EVENTS].find((known) => is(known, name));
      if (event === undefined) unknown.push(name);
      else events.add(event);
      if (event === 'MessageNew' && cursor.at(' (')) attributes.push(...parseAttributes(cursor, filter));
    });
  cursor.expect(')', '")" at the end of the group');
  checkEvents(filter, events);
  return { filter, events, attributes };
}

function parseFilter(cursor: CommandCursor): NotifyFilter {
  const kind = cursor.keyword('which mailboxes').toLowerCase();
  switch (kind) {
    case 'selected':
    case 'selected-delayed':
      return { kind: 'selected', delayed: kind === 'selected-delayed' };
    case 'inboxes':
    case 'personal':
    case 'subscribed':
      return { kind };
    case 'subtree':
    case 'mailboxes': {
      cursor.space('mailbox names');
      const names =
        cursor.peek() === '(' ? cursor.list('mailbox names', () => cursor.mailbox()) : [cursor.mailbox()];
      return { kind, names };
    }
    default:
      throw new ImapSyntaxError(
        'mailboxes are SELECTED, SELECTED-DELAYED, INBOXES, PERSONAL, SUBSCRIBED, SUBTREE or MAILBOXES',
      );
  }
}

function parseAttributes(cursor: CommandCursor, filter: NotifyFilter): readonly FetchItem[] {
  if (filter.kind !== 'selected')
    throw new ImapSyntaxError('data items of new messages belong to SELECTED (RFC 5465 section 8)');
  cursor.space('data items');
  return parseFetchAttributes(cursor);
}

/** RFC 5465 §5 and §6.1. */
function checkEvents(filter: NotifyFilter, events: ReadonlySet<NotifyEvent>): void {
  const needsBoth = MESSAGE_EVENTS.some((event) => events.has(event));
  if (needsBoth && !(events.has('MessageNew') && events.has('MessageExpunge')))
    throw new ImapSyntaxError('events of messages need MessageNew and MessageExpunge, both');
  if (filter.kind === 'selected' && OTHER_EVENTS.some((event) => events.has(event)))
    throw new ImapSyntaxError('the selected mailbox has events of messages only');
}

function is(event: string, name: string): boolean {
  return event.toLowerCase() === name.toLowerCase();
}
