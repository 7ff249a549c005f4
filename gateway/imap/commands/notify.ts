/**
 * NOTIFY (RFC 5465): from here on the client is told, without asking and outside of IDLE too, of just those events that it
 * has named. What is told of the selected mailbox goes the way of all announcements; `notifications.ts` tells the rest.
 */
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { CommandCursor } from '../wire/parser.ts';
import { type NotifyEvent, parseNotify } from '../wire/notify-grammar.ts';
import { type CommandFamily, type Completion, SIGNED_IN } from './command.ts';
import { Notifications } from './notifications.ts';
import { resolved } from './notify-filter.ts';

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
  const named = await resolved(session, groups ?? []);
  const notifications = new Notifications(session, named);
  if (named.some(({ events }) => events.size > 0)) await begin(session, notifications);
  session.notify(notifications);
  const selected = session.selectedOrNull;
  if (selected) await session.watchSelected(selected.home);
  await notifications.tellWithoutAccess();
  if (status) await notifications.tellStatus();
  return { text: groups === null ? 'nothing is told any more' : 'watching' };
}

async function begin(session: Session, notifications: Notifications): Promise<void> {
  try {
    await notifications.begin();
  } catch (error) {
    notifications.end();
    throw error;
  }
}
