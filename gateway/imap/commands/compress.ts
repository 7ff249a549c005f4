/** COMPRESS DEFLATE (RFC 4978). */
import { Bad, No } from '../session/refusals.ts';
import { parseCompress } from '../wire/session-grammar.ts';
import { type CommandFamily, SIGNED_IN } from './command.ts';

export const compress: CommandFamily = {
  commands: [
    {
      name: 'COMPRESS',
      extension: 'COMPRESS=DEFLATE',
      phases: SIGNED_IN,
      updates: 'nothing',
      async run({ connection }, cursor, tag) {
        if (parseCompress(cursor) !== 'DEFLATE') throw new Bad('DEFLATE is the only mechanism that is known');
        if (connection.compressed) throw new Bad('the connection is compressed already', 'COMPRESSIONACTIVE');
        const begun = await connection.compress(tag);
        if (begun.ok) return 'answered' as const;
        throw begun.full ? new No(begun.reason, 'LIMIT') : new Bad(begun.reason);
      },
    },
  ],
};
