/**
 * The header fields that a summary keeps: what clients ask for when they list a mailbox, so that a listing opens no
 * message. Taken from what Apple Mail, Thunderbird, mutt, K-9, Roundcube, Evolution and Delta Chat fetch.
 *
 * Received is left out: it is half of a header, and only Evolution asks for it. DKIM-Signature and
 * Authentication-Results are kept, though they are long, because Apple Mail lists them with every message.
 */
const NAMES = `
  From To Cc Bcc Sender Reply-To Subject Date Message-ID In-Reply-To References Newsgroups Followup-To
  MIME-Version Content-Type Content-Transfer-Encoding Content-Disposition Content-Description Content-Language
  Priority X-Priority Importance X-MSMail-Priority Lines Keywords X-Keywords X-Label
  List-Id List-Post List-Unsubscribe List-Unsubscribe-Post List-Subscribe Mailing-List Precedence Auto-Submitted
  X-Mailer User-Agent Organization Autocrypt Chat-Version
  X-Uniform-Type-Identifier X-Universally-Unique-Identifier X-K9mail-Identity X-Mozilla-Status X-Mozilla-Status2
  Delivered-To X-Original-To Return-Path Disposition-Notification-To Return-Receipt-To
  Mail-Followup-To Mail-Reply-To X-Draft-Info X-Forwarded-Message-Id
  X-Spam-Flag X-Spam-Status X-Spam-Score Authentication-Results DKIM-Signature
  BIMI-Indicator BIMI-Location X-BIMI-Indicator-Hash
`;

/** Lower case. */
export const LISTED_FIELDS: ReadonlySet<string> = new Set(NAMES.trim().toLowerCase().split(/\s+/));

/** Every one of `names` is listed; an empty list of names is. */
export function areListed(names: readonly string[]): boolean {
  return names.every((name) => LISTED_FIELDS.has(name.toLowerCase()));
}
