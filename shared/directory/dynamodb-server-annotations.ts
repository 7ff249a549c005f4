/** What an administrator has noted on the server for everybody (RFC 5464 §3.2.1.1), in one item of the `directory` table. */
import { randomUUID } from 'node:crypto';
import { DirectoryError } from './directory-errors.ts';
import type { ServerAnnotations, ServerEntries } from './directory.ts';
import type { DynamoDbDirectoryOptions } from './dynamodb-directory.ts';
import { DirectoryTable } from './dynamodb-table.ts';
import { ITEM_VERSION, decodeServerEntries } from './items.ts';
import { directoryKeys } from './keys.ts';

/** Readings and decisions of one change, each undone by somebody else's write in between. */
const ATTEMPTS = 8;

export class DynamoDbServerAnnotations implements ServerAnnotations {
  readonly #table: DirectoryTable;

  constructor(options: DynamoDbDirectoryOptions) {
    this.#table = new DirectoryTable(options.client, options.table, options.retryClock);
  }

  async read(): Promise<ServerEntries> {
    return (await this.#read()).entries;
  }

  async change(decide: (entries: ServerEntries) => ServerEntries): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const { entries, revision } = await this.#read();
      const next = [...decide(entries)].map(([name, value]) => [name, { B: value }] as const);
      const revised = randomUUID();
      const done = await this.#table.update(directoryKeys.server(), {
        UpdateExpression: 'SET v = :v, #entries = :entries, #revision = :revised',
        // The new one is let through, too: a repetition after a lost answer.
        ConditionExpression:
          revision === undefined
            ? 'attribute_not_exists(pk) OR #revision = :revised'
            : '#revision IN (:seen, :revised)',
        ExpressionAttributeNames: { '#entries': 'entries', '#revision': 'revision' },
        ExpressionAttributeValues: {
          ':v': { N: String(ITEM_VERSION) },
          ':entries': { M: Object.fromEntries(next) },
          ':revised': { S: revised },
          ...(revision === undefined ? {} : { ':seen': { S: revision } }),
        },
      });
      if (done) return;
      await this.#table.pause(attempt);
    }
    throw new DirectoryError('changed', 'the annotations of the server are being changed by somebody else');
  }

  async #read(): Promise<ReturnType<typeof decodeServerEntries>> {
    const item = await this.#table.get(directoryKeys.server());
    return item ? decodeServerEntries(item) : { entries: new Map(), revision: undefined };
  }
}
