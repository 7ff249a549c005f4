/**
 * NOTIFY (RFC 5465): from here on the client is told, without asking and outside of IDLE too, of just those events that it
 * has named. What is told of the selected mailbox goes the way of all announcements; `notifications.ts` tells the rest.
 */
import { ownerOf } from '../session/places.ts';
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { type EventGroup, type NotifyEvent, parseNotify } from '../wire/notify-grammar.ts';
import { type CommandFamily, type Completion, SIGNED_IN } from './command.ts';
import { Notifications } from './notifications.ts';

/** AnnotationChange is of messages' annotations (RFC 5257), of which there are none. */
const ALWAYS: readonly NotifyEvent[] = [
  'MessageNew',
  'MessageExpunge',
  'FlagChange',
  'MailboxName',
  'SubscriptionChange',
];
const WITH_METADATA: readonly NotifyEvent[] = ['MailboxMetadataChange', 'ServerMetadataChange'];

export const notify: CommandFamily = {
  commands: [
    {
      name: 'NOTIFY',
      extension: 'NOTIFY',
      phases: SIGNED_IN,
      // SET brings the selected mailbox up to date, as NOOP does (RFC 5465 §3.1).
      updates: 'everything',
      activity: 'idle',
      run,
    },
  ],
};

async function run(session: Session, cursor: CommandCursor): Promise<Completion> {
  const { groups, status, unknown } = parseNotify(cursor);
  const supported = session.offers('METADATA') ? [...ALWAYS, ...WITH_METADATA] : ALWAYS;
  const asked = (groups ?? []).flatMap(({ events }) => [...events]);
  if (unknown.length > 0 || asked.some((event) => !supported.includes(event)))
    throw new No('some of these events are not known here', { code: 'BADEVENT', events: supported });
  requireOwn(groups ?? []);
  const notifications = new Notifications(session, groups ?? []);
  if (groups !== null) await begin(session, groups, notifications);
  session.notify(notifications);
  if (status) await notifications.tellStatus();
  return { text: groups === null ? 'nothing is told any more' : 'watching' };
}

/**
 * Each owner's account would have to be held open and read for every one who names it: the mailbox of another user is
 * watched by selecting it.
 */
function requireOwn(groups: readonly EventGroup[]): void {
  const names = groups.flatMap(({ filter }) => ('names' in filter ? filter.names : []));
  if (names.some((name) => ownerOf(name)))
    throw new No(
      "other users' mailboxes can be watched only while they are selected",
      'NOTIFICATIONOVERFLOW',
    );
}

/** Registers first and reads after it: in the other order, a commit between the two would be neither read nor told. */
async function begin(
  session: Session,
  groups: readonly EventGroup[],
  notifications: Notifications,
): Promise<void> {
  if (groups.every(({ events }) => events.size === 0)) return;
  await session.watch(session.home);
  const selected = session.selectedOrNull?.home;
  if (selected && selected.account !== session.home.account) {
    await session.watch(selected);
    await selected.sync();
  }
  notifications.begin(await session.home.sync());
}
