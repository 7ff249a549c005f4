/** Changes of Alice's account that come while a command of hers is under way. */
import type { Replica } from '../../shared/account/replica.ts';
import type { TestGateway } from './gateway.ts';

function replicaOf(gateway: TestGateway): Replica {
  const login = gateway.logins.get('alice@example.test');
  if (!login) throw new Error('Alice has no account');
  return gateway.cache.acquire(login.account).replica;
}

/** Makes `change` when a session next asks for messages of Alice's, before it gets them. */
export function whileLoading(gateway: TestGateway, change: () => Promise<void>): void {
  const replica = replicaOf(gateway);
  const load = replica.load.bind(replica);
  replica.load = async (mailboxes) => {
    replica.load = load;
    await change();
    return load(mailboxes);
  };
}

/** Makes `change` when a session next wants to commit something to Alice's account, before it is decided. */
export function beforeCommit(gateway: TestGateway, change: () => Promise<void>): void {
  const replica = replicaOf(gateway);
  const commit = replica.commit.bind(replica);
  replica.commit = async (request) => {
    replica.commit = commit;
    await change();
    return commit(request);
  };
}
