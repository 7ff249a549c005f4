/** Whether a gateway shows a client, mailbox by mailbox and message by message, what the replayed journal has. */
import type { BlobId } from '../../shared/account/ids.ts';
import type { AccountState, Mailbox } from '../../shared/account/state.ts';
import { ImapConnection, type Response } from './imap-connection.ts';
import { flagsAt, flagsOf } from './journal-replay.ts';
import { tokenOf } from './message.ts';
import { Transcript } from './transcript.ts';
import { ensure } from './violation.ts';

export interface Comparison {
  readonly port: number;
  /** Address and password. */
  readonly login: string;
  readonly state: AccountState;
  readonly tokenOf: (blob: BlobId) => string;
  /** Before the names of all mailboxes of `state`, to whom they are shared with. */
  readonly prefix?: string;
}

/** Throws a `Violation` at the first difference. */
export async function compareWithImap(comparison: Comparison): Promise<void> {
  const { port, login, state, prefix = '' } = comparison;
  const imap = await ImapConnection.open(port, new Transcript('comparison'));
  try {
    const run = async (command: string): Promise<readonly Response[]> => {
      const { status, text, untagged } = await imap.run(command);
      ensure(status === 'OK', () => `${command} was answered ${status} ${text}`);
      return untagged;
    };
    await run(`LOGIN ${login}`);
    const listed = (await run(`LIST "" "${prefix}*"`))
      // Levels above mailboxes are listed too.
      .filter(({ text }) => !/\\(NonExistent|Noselect)/i.test(text))
      .map(({ text }) => / "?([^" ]+)"?$/.exec(text)?.[1] ?? text)
      // What others share is not of this account.
      .filter((name) => prefix !== '' || !name.startsWith('#user/'));
    const names = [...state.mailboxes.values()].map(({ name }) => name);
    ensure(
      [...listed].sort().join() === [...names].sort().join(),
      () => `LIST shows ${listed.join()}, the journal has ${names.join()}`,
    );
    for (const mailbox of state.mailboxes.values()) await compareMailbox(run, mailbox, comparison);
  } finally {
    imap.destroy();
  }
}

async function compareMailbox(
  run: (command: string) => Promise<readonly Response[]>,
  mailbox: Mailbox,
  comparison: Comparison,
): Promise<void> {
  const selected = (await run(`EXAMINE "${mailbox.name}"`)).map(({ text }) => text).join('\n');
  for (const wanted of selectLines(mailbox))
    ensure(selected.includes(wanted), () => `${mailbox.name} is without ${wanted}:\n${selected}`);
  if (mailbox.messages === 0) return;
  const items = 'UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (X-HUNT)] ENVELOPE';
  // On a busy machine INPROGRESS (RFC 9585) may come between them.
  const responses = (await run(`FETCH 1:* (${items})`)).filter(({ text }) => text.includes(' FETCH ('));
  const shown = responses.map(rowShown);
  const wanted = rowsOf(mailbox, comparison);
  ensure(
    shown.join('\n') === wanted.join('\n'),
    () => `${mailbox.name} shows\n${shown.join('\n')}\ninstead of\n${wanted.join('\n')}`,
  );
}

/** What SELECT must say of a mailbox. */
export function selectLines(mailbox: Mailbox | undefined): string[] {
  if (!mailbox) return ['(no such mailbox)'];
  return [
    `* ${mailbox.messages} EXISTS`,
    `[UIDVALIDITY ${mailbox.uidValidity}]`,
    `[UIDNEXT ${mailbox.uidNext}]`,
    `[HIGHESTMODSEQ ${mailbox.highestModSeq}]`,
  ];
}

function rowShown({ text, literals }: Response): string {
  const uid = /UID (\d+)/.exec(text)?.[1];
  const flags = flagsOf(/FLAGS \(([^)]*)\)/.exec(text)?.[1] ?? '');
  const size = /RFC822\.SIZE (\d+)/.exec(text)?.[1];
  const number = /^\* (\d+) FETCH/.exec(text)?.[1];
  // The subject comes from the summary, the header field from the blob.
  const subject = /"message ([a-z0-9-]+)"/.exec(text)?.[1];
  const header = tokenOf(literals[0] ?? Buffer.alloc(0));
  return [number, uid, size, `[${flags}]`, subject, header].map((part) => part ?? '?').join(' ');
}

function rowsOf({ columns }: Mailbox, comparison: Comparison): string[] {
  if (!columns) throw new Error('the replay has all columns');
  return Array.from({ length: columns.count }, (_, row) => {
    const token = comparison.tokenOf(columns.blobAt(row));
    const flags = flagsAt(columns, row);
    return `${row + 1} ${columns.uidAt(row)} ${columns.sizes[row] ?? 0} [${flags}] ${token} ${token}`;
  });
}
