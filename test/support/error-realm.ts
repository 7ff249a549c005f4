/**
 * Jest runs tests in a realm with an `Error` of its own, to which the errors of Node's modules do not belong: the SDK
 * then takes a refused connection for something unknown and hides its code. Imported for its effect: `instanceof Error`
 * holds for every error, as it does outside of Jest.
 */
import { types } from 'node:util';

const ordinary = Function.prototype[Symbol.hasInstance];

Object.defineProperty(Error, Symbol.hasInstance, {
  configurable: true,
  value(this: unknown, candidate: unknown): boolean {
    // Classes that extend Error inherit this, and keep to themselves.
    if (ordinary.call(this as () => unknown, candidate)) return true;
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- Error.isError is not in the ES2024 types yet
    return this === Error && types.isNativeError(candidate);
  },
});
