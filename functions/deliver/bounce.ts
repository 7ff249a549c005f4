/**
 * Tells the sender of a message that it reached nobody. SES took it without knowing our addresses, so that nobody has told
 * the sender yet; and the sender that the envelope names may be forged, and would then be told of mail that it never sent
 * (backscatter). So the sender hears of it only if its own domain vouches for the host that sent the message: SPF says
 * PASS (RFC 7208 §2.6.3), which is about the very address that a bounce goes to. DKIM and DMARC are about the `From` field.
 *
 * The message is kept aside in any case: a bounce takes nothing away.
 */
import { BlobMissingError, type BlobStore } from '../../shared/blob/blob-store.ts';
import { classifyFailure } from '../../shared/aws/retry.ts';
import type { RefusalReason } from '../../shared/directory/directory.ts';
import type { Log } from '../../shared/log.ts';
import { asideKey, putOnce } from './aside.ts';
import type { Notification } from './notification.ts';

/** A recipient that leads to nobody at all, as the sender wrote it. */
export interface Unreachable {
  readonly recipient: string;
  readonly reason: RefusalReason;
}

export interface Bounce {
  /** Of SES; it knows the message, and whom to tell. */
  readonly messageId: string;
  /** Whom the bounce is from: an address of the domain that was written to. */
  readonly from: string;
  readonly unreachable: readonly Unreachable[];
}

/** Sends one; rejects with what the service says. */
export type Bouncer = (bounce: Bounce) => Promise<void>;

const DAEMON = 'mailer-daemon';

/** Whether the sender may be told, and is the one who sent the message. */
export function mayBeTold({ source, spf, spam, dmarc }: Notification): boolean {
  // A bounce is never bounced (RFC 5321 §4.5.5).
  if (source === '' || source.toLowerCase().startsWith(`${DAEMON}@`)) return false;
  return spf === 'PASS' && spam !== 'FAIL' && dmarc !== 'FAIL';
}

/**
 * Tells the sender once, if it may be told: what was told is marked beside the message that is kept aside. Only a crash
 * between the two can tell twice. Rejects if trying again may help.
 */
export async function tellSender(
  notification: Notification,
  unreachable: readonly Unreachable[],
  { inbound, bouncer, log }: { readonly inbound: BlobStore; readonly bouncer: Bouncer; readonly log: Log },
): Promise<void> {
  const told = unreachable.filter(({ recipient }) => !recipient.toLowerCase().startsWith(`${DAEMON}@`));
  const [first] = told;
  if (first === undefined || !mayBeTold(notification)) return;
  const { messageId, objectKey } = notification;
  const mark = `${asideKey('undeliverable', objectKey)}.bounced`;
  if (await exists(inbound, mark)) return;
  const from = `${DAEMON}@${first.recipient.slice(first.recipient.lastIndexOf('@') + 1)}`;
  try {
    await bouncer({ messageId, from, unreachable: told });
  } catch (error) {
    if (classifyFailure(error) !== 'fatal') throw error;
    // An account in the sandbox, a domain that is not verified yet. The mail is aside, and the others have theirs.
    log.warn(
      { err: error, message: messageId },
      'the sender could not be told that a message reached nobody',
    );
    return;
  }
  await putOnce(inbound, mark, Buffer.from(`${told.map(({ recipient }) => recipient).join('\n')}\n`));
  log.info(
    { message: messageId, recipients: told.length },
    'the sender was told that a message reached nobody',
  );
}

async function exists(inbound: BlobStore, key: string): Promise<boolean> {
  try {
    for await (const bytes of await inbound.get(key)) if (bytes.length > 0) break;
    return true;
  } catch (error) {
    if (error instanceof BlobMissingError) return false;
    throw error;
  }
}
