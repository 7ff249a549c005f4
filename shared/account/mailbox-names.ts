/**
 * What a mailbox may be called. Names are normalised and checked here, by those who decide; `apply` compares bytes (I8).
 *
 * Any character that a client can show is allowed, the wildcards of LIST, `&`, quotes and backslashes included: they are
 * hard to type into a pattern (RFC 9051 §5.1), but people have mailboxes called `100%` and bring them along.
 */
import { DELIMITER, INBOX, type AccountState, type Mailbox, mailboxNamed } from './state.ts';

/** UTF-8 bytes of a whole name: ten times what people use, and a tree of `MAX_MAILBOXES` still fits a checkpoint. */
export const MAX_NAME_BYTES = 1000;
/** Levels of one name: bounds the superior mailboxes that a single CREATE makes. */
export const MAX_LEVELS = 50;

/** Why a change of mailboxes is refused: the response codes of RFC 5530 §3 and RFC 6154 §6. */
export type RefusalCode = 'ALREADYEXISTS' | 'NONEXISTENT' | 'HASCHILDREN' | 'CANNOT' | 'LIMIT' | 'USEATTR';

/** A command on mailboxes that cannot be done. The message is for the person at the client. */
export class MailboxRefusal extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.name = 'MailboxRefusal';
    this.code = code;
  }
}

/**
 * The one spelling of a name: NFC (RFC 9051 §5.1), INBOX in capitals where it is the first level, and without the
 * trailing delimiter by which clients say that they want names below (RFC 9051 §6.3.4; Thunderbird sends it). Every name
 * that a client sends goes through here before it is looked up.
 */
export function normalName(sent: string): string {
  const name = sent.normalize('NFC');
  // One is cut off, never two, so that a name that was normalised comes out as it is.
  const trimmed = /[^/]\/$/.test(name) ? name.slice(0, -DELIMITER.length) : name;
  return /^inbox(?:\/|$)/i.test(trimmed) ? INBOX + trimmed.slice(INBOX.length) : trimmed;
}

/** The mailbox that a client means by `sent`. */
export function findMailbox(state: AccountState, sent: string): Mailbox | undefined {
  return mailboxNamed(state, normalName(sent));
}

/** `normalName(sent)`, or a `MailboxRefusal` if nothing may be called so. */
export function checkedName(sent: string): string {
  const name = normalName(sent);
  if (name === '') throw new MailboxRefusal('CANNOT', 'a mailbox name cannot be empty');
  // RFC 6855 §3, RFC 5198 §2: nothing that does not print on its line.
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(name))
    throw new MailboxRefusal('CANNOT', 'a mailbox name cannot hold control characters or line separators');
  if (!name.isWellFormed())
    throw new MailboxRefusal(
      'CANNOT',
      'the mailbox name is not valid Unicode: it holds half a surrogate pair',
    );
  // Prefixes of namespaces begin so by convention (RFC 9051 §5.1.2.1).
  if (name.startsWith('#'))
    throw new MailboxRefusal('CANNOT', 'a mailbox name cannot begin with "#": that marks a namespace');
  checkLevels(name);
  checkLength(name);
  return name;
}

/** Whether a mailbox could be called so. */
export function canBeName(sent: string): boolean {
  try {
    checkedName(sent);
    return true;
  } catch (error) {
    if (error instanceof MailboxRefusal) return false;
    throw error;
  }
}

function checkLevels(name: string): void {
  for (const level of name.split(DELIMITER)) {
    if (level === '')
      throw new MailboxRefusal(
        'CANNOT',
        `a mailbox name cannot have an empty level: "${DELIMITER}" stands between names`,
      );
    // An export writes levels as folders.
    if (level === '.' || level === '..')
      throw new MailboxRefusal('CANNOT', 'no level of a mailbox name can be "." or ".."');
  }
}

/** Refuses a name that is too long or too deep, as a RENAME can make the names below it. */
export function checkLength(name: string): void {
  if (Buffer.byteLength(name) > MAX_NAME_BYTES)
    throw new MailboxRefusal('LIMIT', `a mailbox name can have at most ${MAX_NAME_BYTES} bytes of UTF-8`);
  if (name.split(DELIMITER).length > MAX_LEVELS)
    throw new MailboxRefusal('LIMIT', `a mailbox name can have at most ${MAX_LEVELS} levels`);
}

/** The names above `name`, the uppermost first: `a`, `a/b` for `a/b/c`. */
export function superiorNames(name: string): readonly string[] {
  const superiors: string[] = [];
  for (let at = name.indexOf(DELIMITER); at >= 0; at = name.indexOf(DELIMITER, at + 1))
    superiors.push(name.slice(0, at));
  return superiors;
}
