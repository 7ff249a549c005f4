/** A gateway for transcripts: what `memory-gateway.ts` starts, with clients. */
import { ImapClient } from './imap-client.ts';
import { MemoryGateway, PASSWORD, type TestGatewayOptions } from './memory-gateway.ts';
import { testTls } from './tls.ts';
import { switchOn } from './variants.ts';

export { PASSWORD, type LoggedError, type TestGatewayOptions } from './memory-gateway.ts';

export class TestGateway extends MemoryGateway {
  readonly #clients: ImapClient[] = [];

  static async start(options: TestGatewayOptions = {}): Promise<TestGateway> {
    const tls = options.tls ?? (options.variant === 'tls' ? await testTls() : undefined);
    const gateway = new TestGateway(options, tls);
    await gateway.listen();
    return gateway;
  }

  /** A connection, its greeting read. */
  async connect(): Promise<ImapClient> {
    const client = await ImapClient.connect(this.port, this.variant);
    this.#clients.push(client);
    await client.line();
    return client;
  }

  /** A connection that is signed in, and has selected `mailbox` if there is one. */
  async signIn(mailbox?: string, address = 'alice@example.test'): Promise<ImapClient> {
    const client = await this.connect();
    const answers = await client.run(`LOGIN ${address} "${PASSWORD}"`);
    if (!answers.at(-1)?.startsWith('tag OK')) throw new Error(answers.join('\n'));
    await switchOn(client, this.variant);
    if (mailbox !== undefined) await client.run(`SELECT ${mailbox}`);
    return client;
  }

  override async stop(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await super.stop();
  }
}
