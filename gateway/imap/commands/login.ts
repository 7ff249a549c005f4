/** LOGIN (RFC 9051 §6.2.3), and AUTHENTICATE PLAIN (RFC 9051 §6.2.2, RFC 4616) with SASL-IR (RFC 4959). */
import { SaslPlainError, parseSaslPlain } from '../../../shared/directory/sasl-plain.ts';
import { Bad, No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import { parseAuthenticate, parseLogin } from '../wire/session-grammar.ts';
import type { CommandFamily, SessionPhase } from './command.ts';
import { requireSecurity, signIn } from './sign-in.ts';

const BEFORE: readonly SessionPhase[] = ['not authenticated'];

export const login: CommandFamily = {
  commands: [
    {
      name: 'LOGIN',
      phases: BEFORE,
      updates: 'nothing',
      run(session, cursor) {
        const { user, password } = parseLogin(cursor);
        requireSecurity(session);
        return signIn(session, user, password);
      },
    },
    {
      name: 'AUTHENTICATE',
      phases: BEFORE,
      updates: 'nothing',
      async run(session, cursor) {
        const { mechanism, initialResponse } = parseAuthenticate(cursor);
        if (mechanism !== 'PLAIN' || !session.offers('AUTH=PLAIN'))
          throw new No('only the mechanism PLAIN is known', 'CANNOT');
        requireSecurity(session);
        const response = initialResponse ?? (await challenge(session));
        const { name, password } = credentials(response);
        return signIn(session, name, password);
      },
    },
  ],
};

/** An empty challenge: PLAIN's client speaks first. */
async function challenge(session: Session): Promise<string> {
  session.writer.continuation('');
  const line = await session.connection.readLine();
  if (line === null) throw new Bad('the connection ended in the middle of AUTHENTICATE');
  if (line === '*') throw new Bad('AUTHENTICATE was cancelled');
  return line;
}

function credentials(response: string): { name: string; password: string } {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(response) || response.length % 4 !== 0)
    throw new Bad('the response is not base64');
  try {
    return parseSaslPlain(Buffer.from(response, 'base64'));
  } catch (error) {
    if (!(error instanceof SaslPlainError)) throw error;
    throw error.reason === 'malformed'
      ? new Bad(error.message)
      : new No(error.message, 'AUTHORIZATIONFAILED');
  }
}
