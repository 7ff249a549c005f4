/** Written by a release that is newer than this one: the account is not served until this one is replaced (I8). */
export class UnknownVersionError extends Error {
  constructor(what: string) {
    super(`${what} is of a version that this release does not know; upgrade this gateway or function`);
    this.name = 'UnknownVersionError';
  }
}
