import type { ConnectionHandler } from '../../../gateway/imap/server/connection-handler.ts';
import type { Connection } from '../../../gateway/imap/server/connection.ts';
import type { LiteralAnnouncement, LiteralDecision, RawCommand } from '../../../gateway/imap/wire/command.ts';

/** Something that happens once, and can be waited for. */
export class Gate {
  readonly opened: Promise<void>;
  open: () => void = () => undefined;

  constructor() {
    this.opened = new Promise((resolve) => (this.open = resolve));
  }
}

/** What a test sees of the handlers, and with what it holds them up. */
export interface Stage {
  readonly events: string[];
  /** WAIT begins. */
  readonly waiting: Gate;
  /** WAIT may end. */
  readonly release: Gate;
  readonly closed: Gate;
  /** IDLE began. */
  readonly idling: Gate;
  sink: (body: AsyncIterable<Uint8Array>) => Promise<unknown>;
  /** Before the client is told NEWS. */
  news: () => Promise<void>;
  readonly connections: Connection[];
}

export function newStage(): Stage {
  return {
    events: [],
    waiting: new Gate(),
    release: new Gate(),
    closed: new Gate(),
    idling: new Gate(),
    sink: async (body) => {
      let size = 0;
      for await (const bytes of body) size += bytes.length;
      return size;
    },
    news: () => Promise.resolve(),
    connections: [],
  };
}

/** A handler with commands for what a connection must bear; none of them is IMAP's. */
export class ScriptedHandler implements ConnectionHandler {
  readonly #connection: Connection;
  readonly #stage: Stage;
  /** Tag of the IDLE that has paused. */
  #idling: string | undefined;

  constructor(connection: Connection, stage: Stage) {
    this.#connection = connection;
    this.#stage = stage;
    stage.connections.push(connection);
  }

  greet(): void {
    const { tls, secure } = this.#connection;
    this.#connection.writer.untagged(`OK hello tls=${String(tls)} secure=${String(secure)}`);
  }

  literalPolicy({ segments }: LiteralAnnouncement): LiteralDecision {
    const text = segments[0];
    if (typeof text !== 'string' || !text.includes('APPEND')) return { kind: 'buffer' };
    return { kind: 'stream', sink: (body) => this.#stage.sink(body) };
  }

  async handle(command: RawCommand): Promise<void> {
    const [, name = '', argument = ''] = (command.segments[0] as string).split(' ');
    const { writer } = this.#connection;
    this.#stage.events.push(`begin ${command.tag}`);
    await this.#run(command, name, argument);
    if (this.paused) return;
    this.#stage.events.push(`end ${command.tag}`);
    if (name !== 'STARTTLS' && name !== 'LOGOUT') writer.status(command.tag, 'OK', name);
  }

  async #run(command: RawCommand, name: string, argument: string): Promise<void> {
    const connection = this.#connection;
    const { writer } = connection;
    switch (name) {
      case 'WAIT':
        this.#stage.waiting.open();
        await this.#stage.release.opened;
        return;
      case 'APPEND': {
        const literal = command.segments[1];
        if (typeof literal === 'object' && literal.kind === 'streamed') {
          const { outcome } = literal;
          writer.untagged(
            outcome.status === 'fulfilled'
              ? `TOOK ${String(outcome.value)}`
              : `FAILED ${String(outcome.reason)}`,
          );
        }
        return;
      }
      case 'LINES':
        for (let i = 0; i < Number(argument); i++) {
          writer.untagged(`LINE ${i} ${'x'.repeat(80)}`);
          if (writer.full) await writer.pace();
        }
        return;
      case 'LITERAL':
        writer.write('* ');
        await writer.literal(Number(argument), letters(Number(command.tag.slice(1))));
        writer.write('\r\n');
        return;
      case 'IDLE':
        writer.continuation('idling');
        this.#stage.idling.open();
        this.#idling = command.tag;
        return;
      case 'CHALLENGE': {
        writer.continuation('who are you');
        writer.untagged(`LINE ${(await connection.readLine()) ?? 'none'}`);
        return;
      }
      case 'SIGNIN': {
        const admitted = connection.signIn(argument);
        if (!admitted.ok) writer.untagged(`NO ${admitted.reason}`);
        return;
      }
      case 'STARTTLS':
        await connection.startTls(command.tag);
        return;
      case 'LOGOUT':
        writer.untagged('BYE see you');
        writer.status(command.tag, 'OK', 'bye');
        connection.close();
        return;
      case 'CRASH':
        throw new Error('secret detail');
      case 'NOOP':
        return;
      default:
        throw new Error(`no such command in this script: ${name}`);
    }
  }

  get paused(): boolean {
    return this.#idling !== undefined;
  }

  async resume(): Promise<void> {
    const tag = this.#idling ?? '';
    this.#idling = undefined;
    const { writer } = this.#connection;
    writer.untagged(`LINE ${(await this.#connection.readLine()) ?? 'none'}`);
    this.#stage.events.push(`end ${tag}`);
    writer.status(tag, 'OK', 'IDLE');
  }

  async news(): Promise<void> {
    await this.#stage.news();
    this.#connection.writer.untagged('NEWS');
  }

  closed(): void {
    this.#stage.events.push('closed');
    this.#stage.closed.open();
  }
}

/** So many letters, in pieces of 1,000 bytes. */
async function* letters(count: number): AsyncGenerator<Uint8Array> {
  for (let left = count; left > 0; left -= 1000) yield Buffer.alloc(Math.min(left, 1000), 'a');
}
