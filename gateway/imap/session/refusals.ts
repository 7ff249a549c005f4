/** How a command says that it was not done. Everything else that a command throws is a fault of ours: see `faults.ts`. */
import type { ResponseCode } from '../wire/response-code.ts';

/** The command is understood and cannot be done: tagged NO. */
export class No extends Error {
  readonly code: ResponseCode | undefined;
  constructor(text: string, code?: ResponseCode) {
    super(text);
    this.name = 'No';
    this.code = code;
  }
}

/** The command makes no sense, or none at this moment: tagged BAD. */
export class Bad extends Error {
  readonly code: ResponseCode | undefined;
  constructor(text: string, code?: ResponseCode) {
    super(text);
    this.name = 'Bad';
    this.code = code;
  }
}

/** Undefined in the place of a refusal. */
export async function unlessRefused<T>(find: () => Promise<T>): Promise<T | undefined> {
  try {
    return await find();
  } catch (error) {
    if (error instanceof No) return undefined;
    throw error;
  }
}
