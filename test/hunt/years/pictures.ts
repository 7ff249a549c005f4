/** What an engine's state says, in the words of `PlainAccount`, and whether it is what the plain account says. */
import type { Columns } from '../../../shared/account/columns.ts';
import { mailboxFor } from '../../../shared/account/readers.ts';
import type { AccountState, Mailbox } from '../../../shared/account/state.ts';
import { ensure } from '../violation.ts';
import type { PlainAccount } from './plain-account.ts';
import { lineOfMailbox, lineOfMessage, lineOfPolicy } from './plain-words.ts';

/** Ensures that `state`, however old and however much of it is loaded, is what the account was at its record. */
export function ensureSame(plain: PlainAccount, state: AccountState, who: string): void {
  const picture = plain.pictures.get(state.number);
  ensure(
    picture !== undefined,
    () => `${who} is at record ${state.number}, the journal ends at ${plain.number}`,
  );
  // Of an account that is closed for good a tombstone is left, which says so and nothing else.
  const { policy, mailboxes, number } = state;
  if (policy.closed && mailboxes.size === 0) {
    ensure(
      plain.policy.closed && number === plain.number,
      () => `${who} finds a tombstone at record ${number}`,
    );
    return;
  }
  const same = (found: string, right: string, what: string): void =>
    ensure(
      found === right,
      () => `${who} at record ${state.number}: ${what}\n  found ${found}\n  right ${right}`,
    );
  same(headOf(state), picture.head, 'the account');
  same(names(state.mailboxes.keys()), names(picture.mailboxes.keys()), 'mailboxes');
  for (const [id, right] of picture.mailboxes) {
    const mailbox = state.mailboxes.get(id as Mailbox['id']);
    if (!mailbox) continue;
    same(lineOf(mailbox), right.head, `mailbox ${id}`);
    if (mailbox.columns) same(rowsOf(mailbox, mailbox.columns), right.rows, `messages of mailbox ${id}`);
  }
}

const names = (ids: Iterable<number>): string => [...ids].sort((a, b) => a - b).join(' ');

function headOf({ usage, subscriptions, annotations, policy }: AccountState): string {
  const values = pairsOf(annotations).sort();
  return `${usage.messages} messages, ${usage.bytes} bytes; subscribed ${[...subscriptions].sort().join(', ')}; ${values.join(', ')}; ${lineOfPolicy(policy)}`;
}

function pairsOf(annotations: Mailbox['annotations']): string[] {
  return [...annotations.values()].map(
    ({ scope, name, value }) => `${scope} ${name}=${Buffer.from(value).toString('hex')}`,
  );
}

/** Worked out once a value: most mailboxes do not change between two looks. */
const lines = new WeakMap<Mailbox, string>();

function lineOf(mailbox: Mailbox): string {
  const known = lines.get(mailbox);
  if (known !== undefined) return known;
  const acl = [...mailbox.acl.values()].map(
    (entry) => `${entry.identifier}=${entry.account ?? '-'} ${entry.rights}`,
  );
  const keywords = mailbox.keywords.map((keyword) => keyword.toLowerCase());
  const line = lineOfMailbox(mailbox, mailbox, { keywords, acl, annotations: pairsOf(mailbox.annotations) });
  lines.set(mailbox, line);
  return line;
}

const texts = new WeakMap<Columns, { readonly readers: Mailbox['readers']; readonly text: string }>();

function rowsOf(mailbox: Mailbox, columns: Columns): string {
  const known = texts.get(columns);
  if (known?.readers === mailbox.readers) return known.text;
  const readers = [...mailbox.readers.keys()].sort();
  const views = readers.map((reader) => mailboxFor(mailbox, reader).columns);
  const rows = Array.from({ length: columns.count }, (_, index) => {
    const row = columns.row(index);
    const by = readers.filter((_reader, at) => ((views[at]?.system[index] ?? 0) & 1) !== 0);
    return lineOfMessage({ ...row, keywords: new Set(row.keywords.map((each) => each.toLowerCase())) }, by);
  });
  const text = rows.join('\n');
  texts.set(columns, { readers: mailbox.readers, text });
  return text;
}
