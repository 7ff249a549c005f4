/** What a session of the swarm does: one operation of chance after the other. */
import * as changes from './changes.ts';
import * as looks from './looks.ts';
import type { Player } from './player.ts';

const OPERATIONS = { ...changes, ...looks };
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
};
/** In a mailbox with more messages less is put in and more taken out. */
const MANY = 40;
const FULL = { ...WEIGHTS, append: 2, copy: 1, expunge: 20 };
/** What needs no mailbox. */
const ANYWHERE: readonly Operation[] = ['append', 'deliver', 'tree', 'status', 'select'];

/** One operation; says which. Throws a `Violation`, or `ConnectionEnded`. */
export async function operate(player: Player): Promise<Operation> {
  const { selected, view } = player.session;
  const drawn = player.draw.weighted(view.entries.length > MANY ? FULL : WEIGHTS);
  const operation = selected || ANYWHERE.includes(drawn) ? drawn : 'select';
  await OPERATIONS[operation](player);
  await looks.learn(player);
  return operation;
}
