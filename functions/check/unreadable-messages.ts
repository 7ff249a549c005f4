/** What is stored cannot be read, and would be given up by who went on. */
export class UnreadableMessagesError extends Error {
  override readonly name = 'UnreadableMessagesError';
}
