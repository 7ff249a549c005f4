/**
 * What LOGIN and AUTHENTICATE have in common: from a name and a password to a session that is signed in.
 *
 * A failure is answered after a pause that grows, so that guessing over one connection is slow; the pause holds nothing
 * but that connection. Unknown users and wrong passwords are told apart neither by text nor by time.
 */
import { logIn } from '../../../shared/directory/log-in.ts';
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import type { Completion } from './command.ts';

const FIRST_PAUSE_MS = 500;
/** A person who mistypes again and again is not kept from trying. */
const LONGEST_PAUSE_MS = 4_000;
/** After so many failures the client is a guesser, or has a stale password stored: it may come back. */
const MAX_FAILURES = 6;

export async function signIn(session: Session, name: string, password: string): Promise<Completion> {
  const { directory, verifier, log } = session.services;
  const outcome = await logIn(directory, verifier, name, password);
  if (outcome.kind === 'refused') return refused(session);
  if (outcome.kind === 'disabled') {
    log.warn(
      { account: outcome.login.account, peer: session.connection.peer.address },
      'sign-in to a disabled account',
    );
    throw new No('this account is disabled', 'CONTACTADMIN');
  }
  session.signIn(outcome.login);
  return {
    text: 'signed in',
    // Clients take it from here and save a round trip (RFC 9051 §7.1).
    code: { code: 'CAPABILITY', capabilities: session.capabilities() },
  };
}

async function refused(session: Session): Promise<never> {
  const { rim, log } = session.services;
  session.failures++;
  session.services.metrics.add('SignInFailures', 1);
  log.warn({ peer: session.connection.peer.address, failures: session.failures }, 'sign-in refused');
  await rim.sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (session.failures - 1)));
  if (session.failures >= MAX_FAILURES) session.connection.bye('too many failed sign-ins');
  throw new No('wrong user name or password', 'AUTHENTICATIONFAILED');
}

/** Throws unless a password may be sent: nobody can listen in. */
export function requireSecurity(session: Session): void {
  if (!session.connection.secure)
    throw new No('passwords are taken over TLS only: use STARTTLS or the TLS port', 'PRIVACYREQUIRED');
}
