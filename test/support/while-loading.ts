/** A change of Alice's account that comes between finding a mailbox and having its messages. */
import type { TestGateway } from './gateway.ts';

/** Makes `change` when a session next asks for messages of Alice's, before it gets them. */
export function whileLoading(gateway: TestGateway, change: () => Promise<void>): void {
  const login = gateway.logins.get('alice@example.test');
  if (!login) throw new Error('Alice has no account');
  const { replica } = gateway.cache.acquire(login.account);
  const load = replica.load.bind(replica);
  replica.load = async (mailboxes) => {
    replica.load = load;
    await change();
    return load(mailboxes);
  };
}
