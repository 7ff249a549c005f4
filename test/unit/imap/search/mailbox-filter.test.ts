import { describe, expect, test } from '@jest/globals';
import { mailboxesOf, type NamingFilter } from '../../../../gateway/imap/search/mailbox-filter.ts';
import type { MailboxId } from '../../../../shared/account/ids.ts';
import { type AccountState, EMPTY_STATE, type Mailbox } from '../../../../shared/account/state.ts';

/** An account with mailboxes of these names, INBOX the first. */
function account(...names: string[]): AccountState {
  const mailboxes = new Map<MailboxId, Mailbox>();
  for (const [index, name] of ['INBOX', ...names].entries()) {
    const id = (index + 1) as MailboxId;
    const use = name === 'Spam' ? 'Junk' : null;
    mailboxes.set(id, { id, name, use } as Mailbox);
  }
  return { ...EMPTY_STATE, mailboxes, subscriptions: new Set(['a', 'gone', '#user/x/a']) };
}

const STATE = account('a', 'a/b', 'a/b/c', 'ab', 'Spam', 'INBOX/x');

describe('mailboxes by filter', () => {
  test.each<[NamingFilter, string[]]>([
    [{ kind: 'personal' }, ['INBOX', 'a', 'a/b', 'a/b/c', 'ab', 'Spam', 'INBOX/x']],
    [{ kind: 'inboxes' }, ['INBOX', 'Spam']],
    [{ kind: 'subscribed' }, ['a']],
    [{ kind: 'mailboxes', mailboxes: ['inbox', 'a/b', 'nowhere'] }, ['INBOX', 'a/b']],
    [{ kind: 'subtree', mailboxes: ['a'] }, ['a', 'a/b', 'a/b/c']],
    [{ kind: 'subtree', mailboxes: ['Inbox'] }, ['INBOX', 'INBOX/x']],
    [{ kind: 'subtree-one', mailboxes: ['a'] }, ['a', 'a/b']],
    [{ kind: 'subtree-one', mailboxes: ['a/b/'] }, ['a/b', 'a/b/c']],
    [{ kind: 'mailboxes', mailboxes: [] }, []],
  ])('%j', (filter, names) => {
    expect(mailboxesOf(STATE, [filter]).map(({ name }) => name)).toEqual(names);
  });

  test('several add up, each mailbox once', () => {
    const filters: NamingFilter[] = [{ kind: 'inboxes' }, { kind: 'mailboxes', mailboxes: ['INBOX', 'ab'] }];
    expect(mailboxesOf(STATE, filters).map(({ name }) => name)).toEqual(['INBOX', 'ab', 'Spam']);
  });
});
