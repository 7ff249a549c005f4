/** Flags as commands name them, and as the engine keeps them. */
import { type Flags, SYSTEM_FLAGS, normaliseKeywords } from '../../../shared/account/flags.ts';
import { Bad, No } from '../session/refusals.ts';

/** Longer keywords than any client uses; they are listed in every SELECT. */
const MAX_KEYWORD_LENGTH = 100;

/** Throws `Bad` for \Recent, which no client may set (RFC 3501 §2.3.2), and for system flags that there are not. */
export function flagsOf(names: readonly string[]): Flags {
  let system = 0;
  const keywords: string[] = [];
  for (const name of names) {
    const bit = SYSTEM_FLAGS.find(([, known]) => known === name)?.[0];
    if (bit !== undefined) system |= bit;
    else if (name.startsWith('\\')) throw new Bad(`the flag ${name.slice(0, 40)} cannot be set`);
    else if (name.length > MAX_KEYWORD_LENGTH)
      throw new No(`a keyword has at most ${MAX_KEYWORD_LENGTH} characters`, 'LIMIT');
    else keywords.push(name);
  }
  return { system, keywords: normaliseKeywords(keywords) };
}
