import type { ResponseCode } from './response-code.ts';

/**
 * A command that the grammar does not allow. It is answered with `status` (nearly always BAD) and its message, which
 * says what was expected and where. It quotes at most one character of the command: commands carry passwords.
 *
 * The codec throws nothing else, whatever the client sends.
 */
export class ImapSyntaxError extends Error {
  readonly status: 'BAD' | 'NO';
  readonly code: ResponseCode | undefined;

  constructor(
    message: string,
    answer: { readonly status?: 'BAD' | 'NO'; readonly code?: ResponseCode } = {},
  ) {
    super(message);
    this.name = 'ImapSyntaxError';
    this.status = answer.status ?? 'BAD';
    this.code = answer.code;
  }
}
