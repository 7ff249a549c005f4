/** What a session of the swarm does: one operation of chance after the other. */
import * as around from './around.ts';
import { bring, carry, exchange } from './carrying.ts';
import * as changes from './changes.ts';
import { filtered } from './filters.ts';
import * as looks from './looks.ts';
import type { Player } from './player.ts';
import * as putting from './putting.ts';
import { changedSince, resync } from './resync.ts';
import * as sharing from './sharing.ts';
import * as watching from './watching.ts';

const OPERATIONS = {
  ...changes,
  ...looks,
  ...around,
  ...putting,
  ...watching,
  ...sharing,
  carry,
  exchange,
  bring,
  changedSince,
  resync,
  filtered,
};
export type Operation = keyof typeof WEIGHTS;

const WEIGHTS = {
  append: 12,
  deliver: 10,
  store: 16,
  copy: 6,
  move: 6,
  expunge: 6,
  tree: 6,
  search: 7,
  fetch: 10,
  read: 4,
  noop: 8,
  select: 6,
  status: 4,
  idle: 3,
  burst: 6,
  list: 3,
  subscribe: 2,
  quota: 2,
  metadata: 2,
  leave: 2,
  batches: 1,
  appendSeveral: 2,
  catenate: 2,
  replace: 4,
  changedSince: 5,
  resync: 8,
  watch: 2,
  saved: 3,
  partial: 2,
  sorted: 2,
  context: 5,
  elsewhere: 2,
  share: 4,
  rights: 2,
  decoded: 3,
  carry: 0,
  exchange: 0,
  bring: 0,
  lsub: 1,
  ask: 1,
  signInAgain: 1,
  filtered: 2,
};
/** In a mailbox with more messages less is put in and more taken out. */
const MANY = 40;
const FULL = { ...WEIGHTS, append: 2, appendSeveral: 0, catenate: 1, copy: 1, expunge: 20 };
/** What a guest does in the mailboxes of another. */
const AS_GUEST: Readonly<Partial<Record<Operation, number>>> = {
  append: 8,
  store: 16,
  copy: 5,
  move: 4,
  expunge: 4,
  search: 6,
  fetch: 8,
  read: 5,
  noop: 8,
  select: 8,
  status: 4,
  burst: 3,
  leave: 1,
  changedSince: 5,
  resync: 8,
  watch: 1,
  saved: 2,
  partial: 2,
  sorted: 1,
  context: 4,
  share: 2,
  rights: 2,
  decoded: 3,
  signInAgain: 1,
  carry: 3,
  exchange: 2,
  bring: 2,
};
/** What needs no mailbox. */
const ANYWHERE: readonly Operation[] = [
  'append',
  'deliver',
  'tree',
  'status',
  'select',
  'list',
  'subscribe',
  'quota',
  'metadata',
  'appendSeveral',
  'catenate',
  'resync',
  'elsewhere',
  'share',
  'rights',
  'lsub',
  'ask',
  'signInAgain',
];

function weightsFor({ ground, session }: Player): Readonly<Partial<Record<Operation, number>>> {
  if (ground.guest) return AS_GUEST;
  return session.view.entries.length > MANY ? FULL : WEIGHTS;
}

/** One operation; says which. Throws a `Violation`, or `ConnectionEnded`. */
export async function operate(player: Player): Promise<Operation> {
  const { selected } = player.session;
  const drawn = player.draw.weighted(weightsFor(player));
  const operation = selected || ANYWHERE.includes(drawn) ? drawn : 'select';
  await OPERATIONS[operation](player);
  await looks.learn(player);
  return operation;
}
