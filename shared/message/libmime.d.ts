/** The part of libmime that Quire uses; the package ships no types. */
declare module 'libmime' {
  const libmime: {
    /** Replaces RFC 2047 encoded words by their text; unknown charsets and broken words are left readable. */
    decodeWords(text: string): string;
    /** The canonical name of a charset: `latin1` → `ISO-8859-1`. Unknown names come back in upper case. */
    normalizeCharset(charset: string): string;
  };
  export default libmime;
}
