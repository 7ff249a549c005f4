import { describe, expect, test } from '@jest/globals';
import {
  MAX_ANNOTATIONS,
  MAX_ANNOTATION_BYTES,
  MAX_ANNOTATION_BYTES_IN_ALL,
  type AnnotationChange,
  annotation,
  annotationsOf,
  decideAnnotate,
  parseAnnotationName,
} from '../../../shared/account/annotations.ts';
import { decideCreate, decideDelete, decideRename } from '../../../shared/account/decide-mailboxes.ts';
import type { AccountId, MailboxId } from '../../../shared/account/ids.ts';
import { type AccountState, INBOX_ID } from '../../../shared/account/state.ts';
import { NOW, after, fresh, mailboxOf } from '../../support/account-state.ts';

const ALICE = 'a'.repeat(20) as AccountId;
const BOB = 'b'.repeat(20) as AccountId;

const change = (name: string, value: string | null, scope: AnnotationChange['scope'] = 'shared') => ({
  scope,
  name,
  value: value === null ? null : Buffer.from(value),
});

const annotate = (state: AccountState, mailbox: MailboxId | null, ...changes: AnnotationChange[]) =>
  after(state, decideAnnotate(state, mailbox, changes).ops);

const valueOf = (state: AccountState, mailbox: MailboxId | null, name: string, scope = 'shared') =>
  annotation(annotationsOf(state, mailbox), scope as AnnotationChange['scope'], name)?.toString();

describe('names', () => {
  test.each([
    ['/shared/comment', { scope: 'shared', name: '/comment' }],
    ['/PRIVATE/Vendor/Acme/Color', { scope: ALICE, name: '/vendor/acme/color' }],
  ])('%s has a scope and a spelling', (sent, parsed) => {
    expect(parseAnnotationName(sent, ALICE)).toEqual(parsed);
  });

  test.each([
    '',
    'shared/comment',
    '/shared',
    '/shared/',
    '/shared//comment',
    '/shared/comment/',
    '/public/comment',
    '/shared/vendor',
    '/private/Vendor/acme',
    '/shared/com*',
    '/shared/100%',
    '/shared/\u00e4',
    '/shared/a\u0001',
    `/shared/${'x'.repeat(300)}`,
  ])('%j is no name', (sent) => {
    expect(typeof parseAnnotationName(sent, ALICE)).toBe('string');
  });
});

test('a value is set, replaced, and taken away; what is so already writes nothing', () => {
  let state = annotate(fresh(), INBOX_ID, change('/comment', 'one'));
  expect(valueOf(state, INBOX_ID, '/comment')).toBe('one');
  expect(decideAnnotate(state, INBOX_ID, [change('/comment', 'one')]).ops).toEqual([]);
  state = annotate(state, INBOX_ID, change('/comment', ''));
  expect(valueOf(state, INBOX_ID, '/comment')).toBe('');
  state = annotate(state, INBOX_ID, change('/comment', null));
  expect(valueOf(state, INBOX_ID, '/comment')).toBeUndefined();
  expect(decideAnnotate(state, INBOX_ID, [change('/comment', null)]).ops).toEqual([]);
});

test('private values of two users, a shared one, and those of the server are apart', () => {
  let state = annotate(fresh(), INBOX_ID, change('/comment', 'ours'), change('/comment', 'mine', ALICE));
  state = annotate(state, INBOX_ID, change('/comment', 'his', BOB));
  state = annotate(state, null, change('/comment', 'server'));
  expect(valueOf(state, INBOX_ID, '/comment')).toBe('ours');
  expect(valueOf(state, INBOX_ID, '/comment', ALICE)).toBe('mine');
  expect(valueOf(state, INBOX_ID, '/comment', BOB)).toBe('his');
  expect(valueOf(state, null, '/comment')).toBe('server');
});

describe('limits', () => {
  test('a value that is too large refuses all changes of the command', () => {
    const large = change('/large', 'x'.repeat(MAX_ANNOTATION_BYTES + 1));
    expect(() => decideAnnotate(fresh(), INBOX_ID, [change('/small', 'x'), large])).toThrow(
      expect.objectContaining({ reason: 'too large' }),
    );
    expect(annotate(fresh(), INBOX_ID, change('/large', 'x'.repeat(MAX_ANNOTATION_BYTES)))).toBeTruthy();
  });

  test('one scope of one mailbox has so many entries, and another scope has its own', () => {
    const all = Array.from({ length: MAX_ANNOTATIONS }, (_, index) => change(`/e${index}`, 'x'));
    const full = annotate(fresh(), INBOX_ID, ...all);
    expect(() => decideAnnotate(full, INBOX_ID, [change('/one-more', 'x')])).toThrow(
      expect.objectContaining({ reason: 'too many' }),
    );
    expect(decideAnnotate(full, INBOX_ID, [change('/e0', 'other')]).ops).toHaveLength(1);
    expect(decideAnnotate(full, INBOX_ID, [change('/e0', null), change('/new', 'x')]).ops).toHaveLength(2);
    expect(decideAnnotate(full, INBOX_ID, [change('/one-more', 'x', ALICE)]).ops).toHaveLength(1);
    expect(decideAnnotate(full, null, [change('/one-more', 'x')]).ops).toHaveLength(1);
  });

  test('an account has so many octets in all', () => {
    let state = fresh();
    const value = 'x'.repeat(MAX_ANNOTATION_BYTES);
    const each = Math.floor(MAX_ANNOTATION_BYTES_IN_ALL / (MAX_ANNOTATION_BYTES + 5));
    for (let index = 0; index < each; index++)
      state = annotate(state, index % 2 ? INBOX_ID : null, change(`/e${100 + index}`, value));
    expect(() => decideAnnotate(state, INBOX_ID, [change('/last', value)])).toThrow(
      expect.objectContaining({ reason: 'account full' }),
    );
    expect(decideAnnotate(state, INBOX_ID, [change('/e101', null)]).ops).toHaveLength(1);
  });
});

describe('annotations and the tree', () => {
  const work = (state: AccountState) => mailboxOf(state, 'Work');
  const annotated = () => {
    const state = after(fresh(), decideCreate(fresh(), 'Work', NOW).ops);
    return annotate(state, work(state).id, change('/comment', 'x'), change('/comment', 'y', BOB));
  };

  test('follow a mailbox that is renamed', () => {
    const state = annotated();
    const renamed = after(state, decideRename(state, 'Work', 'Office', NOW).ops);
    expect(mailboxOf(renamed, 'Office').annotations).toEqual(work(state).annotations);
  });

  test('go with a mailbox that is deleted: one of the same name begins without', () => {
    let state = annotated();
    state = after(state, decideDelete(state, 'Work').ops);
    state = after(state, decideCreate(state, 'Work', NOW).ops);
    expect(work(state).annotations.size).toBe(0);
  });

  test('are copied when INBOX is renamed, and stay on INBOX (RFC 5464 §4.1)', () => {
    const state = annotate(fresh(), INBOX_ID, change('/comment', 'x'), change('/comment', 'y', ALICE));
    const renamed = after(state, decideRename(state, 'INBOX', 'Old', NOW).ops);
    expect(mailboxOf(renamed, 'Old').annotations).toEqual(mailboxOf(state, 'INBOX').annotations);
    expect(mailboxOf(renamed, 'INBOX').annotations).toEqual(mailboxOf(state, 'INBOX').annotations);
  });
});
