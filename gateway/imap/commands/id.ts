/** ID (RFC 2971). What a client says of itself is logged: it tells whose bug it is. */
import { parseId } from '../wire/session-grammar.ts';
import { ANY_PHASE, type CommandFamily } from './command.ts';

const MAX_LOGGED = 100;

export const id: CommandFamily = {
  commands: [
    {
      name: 'ID',
      extension: 'ID',
      phases: ANY_PHASE,
      updates: 'everything',
      run(session, cursor) {
        const fields = parseId(cursor) ?? [];
        const told = (name: string): string | undefined =>
          fields.find(({ field }) => field.toLowerCase() === name)?.value?.slice(0, MAX_LOGGED);
        const { connection, services } = session;
        services.log.debug(
          { connection: connection.id, name: told('name'), version: told('version'), os: told('os') },
          'client',
        );
        session.writer.untagged('ID ("name" "Quire")');
        return { text: 'pleased to meet you' };
      },
    },
  ],
};
