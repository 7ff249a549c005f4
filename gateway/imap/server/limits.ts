/**
 * Limits of the IMAP front door, each with the reason for its value. All of them protect the other clients of the same
 * gateway; none is meant to be met by a client in good faith.
 */
import type { ReaderLimits } from '../wire/command-reader.ts';

export interface ImapLimits extends ReaderLimits {
  /**
   * Bytes of the largest literal that a client may send without waiting. More than 4,096 is LITERAL+, else it is LITERAL-
   * that is told (RFC 7888).
   */
  readonly unaskedLiteralBytes: number;
  /** Messages that one command works on; a number is told as MESSAGELIMIT (RFC 9738). */
  readonly messagesPerCommand: number;
  /** Connections in all. */
  readonly connections: number;
  /** Connections from one address (IPv4) or one /64 network (IPv6). */
  readonly connectionsPerAddress: number;
  /** Signed-in connections of one account. */
  readonly connectionsPerAccount: number;
  /** Connections that compress (RFC 4978); the others are refused it with NO [LIMIT]. */
  readonly compressedConnections: number;
  /** Milliseconds from the connection (TLS handshake included) to a successful sign-in. */
  readonly unauthenticatedMs: number;
  /** Milliseconds without a command, or in IDLE without a word. */
  readonly idleMs: number;
  /** Milliseconds without a command after which a session's view is packed. */
  readonly restMs: number;
  /** Milliseconds from a command's first byte to its last, the bytes of streamed messages not counted. */
  readonly commandMs: number;
  /** Milliseconds that may pass between two pieces of a streamed message. */
  readonly messageStallMs: number;
  /** Milliseconds that a command may run without sending anything. */
  readonly answerMs: number;
  /** Milliseconds that a client may leave what we sent unread. */
  readonly writeStallMs: number;
  /** Milliseconds for which we wait, after our last word, for the client to close its side. */
  readonly lingerMs: number;
  /** Milliseconds of silence before TCP asks whether the peer is still there. */
  readonly keepAliveMs: number;
  /** Bytes of an answer that are gathered into one write. */
  readonly batchBytes: number;
  /** Bytes that one answer sends before other connections have a turn. */
  readonly turnBytes: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const KIB = 1024;
const MIB = 1024 * KIB;

export const DEFAULT_LIMITS: ImapLimits = {
  // Clients write long UID sets: RFC 7162 §4 asks for 8 KiB at least; Dovecot takes 64 KiB, so clients are tested with it.
  lineBytes: 64 * KIB,
  // Names, passwords, search texts, header field names.
  bufferedLiteralBytes: 64 * KIB,
  // LITERAL+: what is refused is read away below, and APPENDLIMIT tells clients what not to send.
  unaskedLiteralBytes: Infinity,
  // What SES accepts for sending and receiving: 40 MB, rounded up. The capability APPENDLIMIT says it.
  messageBytes: 40 * MIB,
  // No limit: a command costs the same on any number of messages, and clients that do not know of one break on it.
  messagesPerCommand: Infinity,

  // A client that sends with LITERAL+ has sent a too large message before it can read the NO: read it once, not more.
  discardBytes: 128 * MIB,

  // A task of 2 GB holds so many with room to spare: a TLS connection and its session take under 100 KB.
  connections: 10_000,
  // A household or an office behind one address: Apple Mail alone opens five for each account.
  connectionsPerAddress: 500,
  // Dovecot's default is 10 for one user and one address; phones, tablets and desktops of one person add up.
  connectionsPerAccount: 64,
  // About 50 KB each at rest, of which 40 are zlib's: 100 MB beside everything else.
  compressedConnections: 2_000,

  // A person types a password before the client connects; RFC 9051 §5.4 leaves it to the server.
  unauthenticatedMs: 60 * SECOND,
  // RFC 9051 §5.4: at least 30 minutes. Clients that IDLE refresh it every 29 (RFC 2177): a minute for their clocks.
  idleMs: 31 * MINUTE,
  // A client in use keeps its pace; one that has gone quiet costs a few bytes.
  restMs: 30 * SECOND,
  // The longest line on the slowest network that is still used.
  commandMs: 2 * MINUTE,
  // A phone that changes from WLAN to mobile in the middle of sending a photograph.
  messageStallMs: 2 * MINUTE,
  // Longer than all retries of a store; a command that has not been heard of by then will not be.
  answerMs: 10 * MINUTE,
  // A laptop that was closed in the middle of a download; keep-alive sees those that are gone.
  writeStallMs: 5 * MINUTE,
  // Our BYE must reach the client before the socket goes.
  lingerMs: 5 * SECOND,
  // Network load balancers forget a flow after 350 s without a packet; a keep-alive counts as one.
  keepAliveMs: 2 * MINUTE,

  // A quarter of Node's 64 KiB socket buffer: full segments, and back-pressure is noticed in time.
  batchBytes: 16 * KIB,
  // About a millisecond of work for this process.
  turnBytes: 64 * KIB,
};
