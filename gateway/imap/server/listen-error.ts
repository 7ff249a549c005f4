/** A listener could not be opened; the message is a sentence for the person who started the server. */
export class ListenError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'ListenError';
  }
}
