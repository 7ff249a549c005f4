import { expect, test } from '@jest/globals';
import { FAMILIES, commandsByName } from '../../../../gateway/imap/commands/registry.ts';
import { EXTENSIONS, Offered } from '../../../../gateway/imap/extensions.ts';
import { No } from '../../../../gateway/imap/session/refusals.ts';
import { Session, type SessionServices } from '../../../../gateway/imap/session/session.ts';
import { DEFAULT_LIMITS } from '../../../../gateway/imap/server/limits.ts';
import type { Connection } from '../../../../gateway/imap/server/connection.ts';
import { CommandCursor } from '../../../../gateway/imap/wire/parser.ts';

const ALL = new Offered(EXTENSIONS);

/** A session that has just connected, over TLS or a cable that others share. */
function connected(connection: Partial<Connection>): Session {
  return new Session(
    { limits: DEFAULT_LIMITS, ...connection } as unknown as Connection,
    { offered: ALL } as unknown as SessionServices,
  );
}

test('without TLS passwords are not taken, and CAPABILITY says so', async () => {
  const session = connected({ secure: false, canStartTls: true });
  expect(session.capabilities()).toEqual(
    expect.arrayContaining(['IMAP4rev1', 'STARTTLS', 'LOGINDISABLED', 'LITERAL+']),
  );
  expect(session.capabilities()).not.toContain('AUTH=PLAIN');
  for (const [name, args] of [
    ['LOGIN', ' alice secret'],
    ['AUTHENTICATE', ' PLAIN AGFsaWNlAHNlY3JldA=='],
  ] as const) {
    const command = commandsByName(FAMILIES, ALL).get(name);
    const run = async (): Promise<unknown> => command?.run(session, new CommandCursor([args]), 'a');
    await expect(run()).rejects.toMatchObject({ code: 'PRIVACYREQUIRED' });
    await expect(run()).rejects.toBeInstanceOf(No);
  }
});

test('with TLS they are', () => {
  const words = connected({ secure: true, canStartTls: false }).capabilities();
  expect(words).toContain('AUTH=PLAIN');
  expect(words).not.toContain('LOGINDISABLED');
  expect(words).not.toContain('STARTTLS');
});

test('a command is registered once', () => {
  expect(() => commandsByName([...FAMILIES, ...FAMILIES.slice(0, 1)], ALL)).toThrow('two families register');
});
