/** The same mailbox on Quire and on Dovecot, and what each answers to the same question. */
import { type Completed, ImapConnection } from '../../hunt/imap-connection.ts';
import { Transcript } from '../../hunt/transcript.ts';
import { PASSWORD, TestGateway } from '../../support/gateway.ts';
import { storeMail } from '../../support/stored-mail.ts';
import { Dovecot, type StoredMail } from './dovecot.ts';
import { readFetch, type WireValue } from '../../support/fetch-answer.ts';

export interface Answer {
  readonly status: 'OK' | 'NO' | 'BAD' | 'connection lost';
  /** What the tagged response said. */
  readonly text: string;
  readonly items: ReadonlyMap<string, WireValue>;
}

/** A connection that is opened anew when the server drops it. */
export class Client {
  readonly #open: () => Promise<ImapConnection>;
  #connection: ImapConnection | undefined;

  constructor(open: () => Promise<ImapConnection>) {
    this.#open = open;
  }

  async run(command: string): Promise<Completed> {
    if (!this.#connection || this.#connection.ended) this.#connection = await this.#open();
    return this.#connection.run(command);
  }

  /** FETCH of one message. What is not well-formed rejects. */
  async fetch(number: number, items: string): Promise<Answer> {
    if (!this.#connection || this.#connection.ended) this.#connection = await this.#open();
    try {
      const { status, text, untagged } = await this.#connection.run(`FETCH ${number} ${items}`);
      const told = new Map<string, WireValue>();
      for (const response of untagged) {
        const answer = readFetch(response);
        for (const [item, value] of answer?.items ?? []) told.set(item, value);
      }
      return { status, text, items: told };
    } catch (error) {
      if (!this.#connection.ended) throw error;
      return { status: 'connection lost', text: String(error), items: new Map() };
    }
  }

  close(): void {
    this.#connection?.destroy();
  }
}

export class BothServers {
  readonly quire: Client;
  readonly dovecot: Client;
  readonly #stop: () => Promise<void>;

  private constructor(quire: Client, dovecot: Client, stop: () => Promise<void>) {
    this.quire = quire;
    this.dovecot = dovecot;
    this.#stop = stop;
  }

  static async start(mails: readonly StoredMail[]): Promise<BothServers> {
    const dovecot = await Dovecot.start(mails);
    const gateway = await TestGateway.start();
    await storeMail(gateway, await gateway.addUser(), mails);
    const quire = new Client(() => select(gateway.port, `LOGIN alice@example.test "${PASSWORD}"`));
    const peer = new Client(() => select(dovecot.port, 'LOGIN anybody anything'));
    return new BothServers(quire, peer, async () => {
      quire.close();
      peer.close();
      await dovecot.stop();
      await gateway.stop();
    });
  }

  stop(): Promise<void> {
    return this.#stop();
  }
}

async function select(port: number, login: string): Promise<ImapConnection> {
  const connection = await ImapConnection.open(port, new Transcript(`port ${port}`));
  for (const command of [login, 'SELECT INBOX']) {
    const { status, text } = await connection.run(command);
    if (status !== 'OK') throw new Error(`${command}: ${status} ${text}`);
  }
  return connection;
}
