/** LANGUAGE (RFC 5255 §3.2). What the client reads of it is spoken by `ResponseWriter`. */
import { LANGUAGES, isLanguageRange, languageFor } from '../language/languages.ts';
import { Bad, No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import { parseLanguage } from '../wire/session-grammar.ts';
import { ANY_PHASE, type CommandFamily, type Completion } from './command.ts';
import { tellNamespaces } from './namespace.ts';

export const language: CommandFamily = {
  commands: [
    {
      name: 'LANGUAGE',
      extension: 'LANGUAGE',
      phases: ANY_PHASE,
      updates: 'everything',
      run: (session, cursor) => speak(session, parseLanguage(cursor)),
    },
  ],
};

function speak(session: Session, ranges: readonly string[]): Completion {
  const { writer } = session;
  if (ranges.length === 0) {
    writer.untagged(`LANGUAGE (${LANGUAGES.map(({ tag }) => tag).join(' ')})`);
    return { text: 'languages listed' };
  }
  if (!ranges.every(isLanguageRange)) throw new Bad('a language is named as in de or en-GB (RFC 4647)');
  const chosen = languageFor(ranges);
  if (!chosen) throw new No('none of these languages is spoken here', 'CANNOT');
  writer.untagged(`LANGUAGE (${chosen.tag})`);
  session.speak(chosen);
  // RFC 5255 §3.4: the prefixes of namespaces have other names now.
  if (session.phase !== 'not authenticated' && session.offers('NAMESPACE')) tellNamespaces(session);
  return { text: 'language changed' };
}
