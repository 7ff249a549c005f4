/**
 * Something that the person at the keyboard can put right: a bad setting, a taken port, a folder that cannot be
 * written. The message is one sentence that says what is wrong, where, and what to do; the command prints it and exits 1.
 */
export class SetupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SetupError';
  }
}

/** The system's code of an error (`EADDRINUSE`, `ENOENT` …), if it has one. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What a listener's failure means to the person who started it. */
export function listenError(
  error: unknown,
  what: string,
  host: string,
  port: number,
  setting: string,
): Error {
  const where = `${host}:${port}`;
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new SetupError(
        `${what} port ${where} is taken by another program: give another one with ${setting}.`,
        {
          cause: error,
        },
      );
    case 'EACCES':
      return new SetupError(
        `${what} port ${where} may not be opened by this user: give one above 1023 with ${setting}.`,
        {
          cause: error,
        },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new SetupError(
        `This machine has no address ${host} to listen on: give another one with --host.`,
        {
          cause: error,
        },
      );
    default:
      return error instanceof Error ? error : new Error(String(error));
  }
}
