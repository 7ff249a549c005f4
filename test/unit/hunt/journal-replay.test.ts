import { expect, test } from '@jest/globals';
import type { AccountState } from '../../../shared/account/state.ts';
import { JournalReplay } from '../../hunt/journal-replay.ts';
import { ACCOUNT, FoldingAccount } from '../../support/folding.ts';

const RECORDS = 900;
const CAUGHT_UP_EVERY = 30;
const ASKED_FOR = 50;

/** Which messages the states from record `from` on have. */
function messagesFrom(replay: JournalReplay, from: number): Set<string> {
  const messages = new Set<string>();
  for (const state of replay.moments(from, replay.number))
    for (const message of messagesOf(state)) messages.add(message);
  return messages;
}

function messagesOf({ mailboxes }: AccountState): string[] {
  return [...mailboxes.values()].flatMap(({ id, columns }) =>
    Array.from({ length: columns?.count ?? 0 }, (_, row) => `${id}/${columns?.uidAt(row) ?? 0}`),
  );
}

test('what nobody asks for any more is forgotten, however many records come, and the rest is as if it were not', async () => {
  const account = await FoldingAccount.begun(9);
  const replica = account.replica();
  const [whole, short] = [
    new JournalReplay(account.journal, ACCOUNT),
    new JournalReplay(account.journal, ACCOUNT),
  ];
  for (let done = 0; done < RECORDS; done += CAUGHT_UP_EVERY) {
    await account.act(replica, CAUGHT_UP_EVERY);
    await whole.catchUp();
    await short.catchUp();
    short.forgetBefore(short.number - ASKED_FOR);
    const from = Math.max(0, short.number - ASKED_FOR);
    expect(short.kept.states).toBe(short.number - from + 1);
    expect(short.kept.messages).toBe(messagesFrom(whole, from).size);
    expect(messagesFrom(short, from)).toEqual(messagesFrom(whole, from));
    expect(short.newest(3)).toEqual(whole.newest(3));
  }
  expect(short.number).toBe(whole.number);
  for (const message of messagesOf(short.state)) {
    const [mailbox, uid] = message.split('/').map(Number);
    const its = [...short.state.mailboxes.keys()].find((id) => id === mailbox);
    if (its === undefined) throw new Error('a message without a mailbox');
    expect(short.arrived(its, uid ?? 0)).toEqual(whole.arrived(its, uid ?? 0));
  }
  expect(whole.kept.states).toBe(whole.number + 1);
  expect(whole.kept.messages).toBeGreaterThan(short.kept.messages);
  expect(() => short.stateAt(short.number - ASKED_FOR - 1)).toThrow(/not 8/);
});
