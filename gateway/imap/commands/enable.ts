/** ENABLE (RFC 5161), with CONDSTORE (RFC 7162) and UTF8=ACCEPT (RFC 6855). */
import { parseEnable } from '../wire/session-grammar.ts';
import type { CommandFamily } from './command.ts';

export const enable: CommandFamily = {
  commands: [
    {
      name: 'ENABLE',
      // RFC 5161 §3.1: not with a mailbox selected.
      phases: ['authenticated'],
      updates: 'nothing',
      run(session, cursor) {
        const words = parseEnable(cursor);
        const enabled = words.filter((word) => session.enable(word));
        session.writer.untagged(['ENABLED', ...new Set(enabled)].join(' '));
        return { text: 'enabled' };
      },
    },
  ],
  extensions: [
    { capability: 'ENABLE', rfc: 5161, shown: 'after login' },
    {
      capability: 'CONDSTORE',
      rfc: 7162,
      shown: 'after login',
      enable: (session) => session.enableCondstore(),
    },
    { capability: 'UTF8=ACCEPT', rfc: 6855, shown: 'after login', enable: (session) => session.enableUtf8() },
  ],
};
