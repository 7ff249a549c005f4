/** Names of flags as RFC 9051 spells them. */
const SYSTEM_FLAGS = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft', '\\Recent'];

/** System flags in RFC 9051's spelling, whatever their case; anything else as it is. */
export function canonicalFlag(flag: string): string {
  return SYSTEM_FLAGS.find((known) => known.toLowerCase() === flag.toLowerCase()) ?? flag;
}
