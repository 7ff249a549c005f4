import { describe, expect, test } from '@jest/globals';
import { decode } from 'cborg';
import { decideAnnotate } from '../../../shared/account/annotations.ts';
import { decideSetAcl } from '../../../shared/account/acl.ts';
import { ROOT_BYTES, decodeCheckpoint, encodeCheckpoint } from '../../../shared/account/checkpoint.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import { EMPTY_CHECKPOINT } from '../../../shared/account/opening.ts';
import type { Op } from '../../../shared/account/ops.ts';
import { type AccountState, INBOX_ID } from '../../../shared/account/state.ts';
import { after, fresh } from '../../support/account-state.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const BOB = 'b'.repeat(20) as AccountId;

const encoded = (state: AccountState) => encodeCheckpoint({ ...EMPTY_CHECKPOINT, fold: 'f', state });
const versionOf = (state: AccountState) => (decode(encoded(state).root) as [number])[0];

async function reread(state: AccountState): Promise<AccountState> {
  const { root, parts } = encoded(state);
  const checkpoint = await decodeCheckpoint({ root, fold: 'f' }, (name) => {
    const part = parts.find((each) => each.name === name);
    if (!part) throw new Error(`part ${name} is named and was not written`);
    return Promise.resolve(part.data);
  });
  return checkpoint.state;
}

const bare = (state: AccountState): AccountState => ({
  ...state,
  mailboxes: new Map([...state.mailboxes].map(([id, mailbox]) => [id, { ...mailbox, columns: undefined }])),
});

const acl = (state: AccountState) =>
  decideSetAcl(
    state,
    INBOX_ID,
    { identifier: 'bob@example.com', account: BOB },
    { mode: 'add', rights: 'lr' },
  ).ops;
const comment = (state: AccountState, mailbox: typeof INBOX_ID | null) =>
  decideAnnotate(state, mailbox, [{ scope: 'shared', name: '/comment', value: Uint8Array.of(0, 255) }]).ops;
const seen = (reader: AccountId, uids: Uint32Array): Op[] => [
  { op: 'seen', mailbox: INBOX_ID, reader, uids, seen: true },
];

describe('versions (I8)', () => {
  test('an account that shares and annotates nothing is written so that an older release reads it', () => {
    expect(versionOf(fresh())).toBe(1);
  });

  test.each([
    ['an access control list', acl(fresh())],
    ['an annotation of a mailbox', comment(fresh(), INBOX_ID)],
    ['an annotation of the server', comment(fresh(), null)],
    ['a reader', seen(BOB, Uint32Array.of(1, 5))],
  ])('one with %s is not, for that release would drop it', async (_, ops) => {
    const state = after(fresh(), ops);
    expect(versionOf(state)).toBe(2);
    expect(await reread(state)).toEqual(bare(state));
  });
});

test('many readers of scattered messages spill into parts, and the root stays small', async () => {
  const random = seededRandom(5);
  let state = fresh();
  for (let index = 0; index < 200; index++) {
    const reader = index.toString(16).padStart(20, '0') as AccountId;
    const flat: number[] = [];
    for (let uid = 1; uid < 4000; uid += 2 + Math.floor(random() * 9)) flat.push(uid, uid);
    state = after(state, seen(reader, Uint32Array.from(flat)));
  }
  const { root, parts } = encoded(state);
  expect(root.length).toBeLessThanOrEqual(ROOT_BYTES);
  expect(parts.length).toBeGreaterThan(0);
  expect(await reread(state)).toEqual(bare(state));
});
