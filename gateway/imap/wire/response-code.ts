import type { NumberSet } from './sequence-set.ts';

/** Response codes that carry nothing (RFC 9051 §7.1, RFC 5530, RFC 7162, RFC 4469, RFC 7889). */
export type PlainResponseCode =
  | 'ALERT'
  | 'ALREADYEXISTS'
  | 'AUTHENTICATIONFAILED'
  | 'AUTHORIZATIONFAILED'
  | 'CANNOT'
  | 'CLIENTBUG'
  | 'CLOSED'
  | 'COMPRESSIONACTIVE'
  | 'CONTACTADMIN'
  | 'CORRUPTION'
  | 'EXPIRED'
  | 'EXPUNGEISSUED'
  | 'HASCHILDREN'
  | 'INUSE'
  | 'LIMIT'
  | 'METADATA TOOMANY'
  | 'NOMODSEQ'
  | 'NONEXISTENT'
  | 'NOPERM'
  | 'NOTIFICATIONOVERFLOW'
  | 'NOTSAVED'
  | 'OVERQUOTA'
  | 'PARSE'
  | 'PRIVACYREQUIRED'
  | 'READ-ONLY'
  | 'READ-WRITE'
  | 'SERVERBUG'
  | 'TOOBIG'
  | 'TOOFEW'
  | 'TOOMANY'
  | 'TRYCREATE'
  | 'UIDNOTSTICKY'
  | 'USEATTR'
  | 'UIDREQUIRED'
  | 'UNAVAILABLE'
  | 'UNKNOWN-CTE';

/** What stands in brackets in a status response. */
export type ResponseCode =
  | PlainResponseCode
  | { readonly code: 'APPENDUID'; readonly uidValidity: number; readonly uids: NumberSet }
  /** RFC 4469 §4.1: the URL as it was sent. */
  | { readonly code: 'BADURL'; readonly url: string }
  | { readonly code: 'BADEVENT'; readonly events: readonly string[] }
  | { readonly code: 'BADCHARSET'; readonly charsets: readonly string[] }
  | { readonly code: 'CAPABILITY'; readonly capabilities: readonly string[] }
  | {
      readonly code: 'COPYUID';
      readonly uidValidity: number;
      /** Already formatted, because source and destination pair up in order (RFC 4315 §3): see `formatInOrder`. */
      readonly source: string;
      readonly destination: string;
    }
  | {
      readonly code: 'INPROGRESS';
      readonly tag: string | undefined;
      readonly done?: number;
      /** Above `done`. */
      readonly goal?: number;
    }
  | { readonly code: 'MAILBOXID'; readonly id: string }
  /** `lastUid`: the lowest that was worked on; left out if there is none. */
  | { readonly code: 'MESSAGELIMIT'; readonly limit: number; readonly lastUid?: number | undefined }
  | { readonly code: 'MODIFIED'; readonly numbers: NumberSet }
  /** RFC 5267 §4.3.1. */
  | { readonly code: 'NOUPDATE'; readonly tag: string }
  /** RFC 5466 §3.1. */
  | { readonly code: 'UNDEFINED-FILTER'; readonly name: string }
  | { readonly code: 'PERMANENTFLAGS'; readonly flags: readonly string[] }
  | {
      readonly code: 'HIGHESTMODSEQ' | 'UIDNEXT' | 'UIDVALIDITY' | 'UNSEEN' | 'APPENDLIMIT';
      readonly value: number;
    }
  | {
      /** RFC 5464 §4.2.1, §4.3. */
      readonly code: 'METADATA LONGENTRIES' | 'METADATA MAXSIZE';
      readonly value: number;
    };
