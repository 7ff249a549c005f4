/** imapflow against an instance: the client of a test, and the second client that sees what the first has done. */
import { ImapFlow } from 'imapflow';
import type { DemoAccount } from '../../../infra/local/demo-accounts.ts';
import type { Listener } from '../../../infra/local/instance.ts';

export async function connectImapFlow({ host, port }: Listener, account: DemoAccount): Promise<ImapFlow> {
  const client = new ImapFlow({
    host,
    port,
    secure: false,
    doSTARTTLS: false,
    auth: { user: account.address, pass: account.password },
    logger: false,
    disableAutoIdle: true,
  });
  await client.connect();
  return client;
}

export interface Seen {
  readonly uid: number;
  readonly subject: string;
  /** Sorted, without \Recent. */
  readonly flags: readonly string[];
  readonly source: Buffer;
  readonly date: Date;
}

/** All messages of a mailbox as a client sees them that connects now. */
export async function messagesOf(at: Listener, account: DemoAccount, mailbox: string): Promise<Seen[]> {
  const client = await connectImapFlow(at, account);
  try {
    const lock = await client.getMailboxLock(mailbox, { readOnly: true });
    const found: Seen[] = [];
    const query = { uid: true, flags: true, envelope: true, source: true, internalDate: true } as const;
    for await (const message of client.fetch('1:*', query)) {
      found.push({
        uid: message.uid,
        subject: message.envelope?.subject ?? '',
        flags: [...(message.flags ?? [])].filter((flag) => flag !== '\\Recent').sort(),
        source: message.source ?? Buffer.alloc(0),
        date: new Date(message.internalDate ?? 0),
      });
    }
    lock.release();
    return found;
  } finally {
    await client.logout();
  }
}
