/** ENABLE (RFC 5161). What can be switched on stands in the table of extensions. */
import { parseEnable } from '../wire/session-grammar.ts';
import type { CommandFamily } from './command.ts';

export const enable: CommandFamily = {
  commands: [
    {
      name: 'ENABLE',
      extension: 'ENABLE',
      // RFC 5161 §3.1: not with a mailbox selected.
      phases: ['authenticated'],
      updates: 'nothing',
      run(session, cursor) {
        const words = parseEnable(cursor);
        const enabled = words.flatMap((word) => session.enable(word) ?? []);
        session.writer.untagged(['ENABLED', ...new Set(enabled)].join(' '));
        return { text: 'enabled' };
      },
    },
  ],
};
