/** Finds what the URLs of a CATENATE mean (RFC 4469 §3): the bytes that FETCH BODY.PEEK would send. */
import type { Columns } from '../../../shared/account/columns.ts';
import type { Mailbox } from '../../../shared/account/state.ts';
import { filterHeaderFields } from '../../../shared/message/header-fields.ts';
import { type SectionSource, resolveSection } from '../../../shared/message/section.ts';
import { cut, specOf } from '../session/fetch-plan.ts';
import type { Home } from '../session/home.ts';
import { ExpungedError, MessageReader } from '../session/message-reader.ts';
import { findNamed } from '../session/places.ts';
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import { ImapUrlError, type MessageUrl, parseMessageUrl } from '../wire/imap-url.ts';
import { type Piece, bytesPiece } from './pieces.ts';

/** Throws `No` with BADURL if the URL leads to no bytes. */
export async function urlPiece(session: Session, url: string): Promise<Piece> {
  try {
    const parsed = parseMessageUrl(url, await selectedName(session));
    if (parsed.partial && !session.offers('URL-PARTIAL')) throw new ImapUrlError('PARTIAL is not on offer');
    return await pieceOf(session, parsed);
  } catch (error) {
    if (error instanceof ImapUrlError || error instanceof ExpungedError || error instanceof No)
      throw new No(`a URL cannot be used: ${error.message}`, { code: 'BADURL', url });
    throw error;
  }
}

async function selectedName({ selectedOrNull: selected }: Session): Promise<string | undefined> {
  if (!selected) return undefined;
  const mailbox = (await selected.home.state()).mailboxes.get(selected.id);
  return mailbox && selected.home.prefix + mailbox.name;
}

async function pieceOf(session: Session, { mailbox: name, uidValidity, uid, section, partial }: MessageUrl) {
  const { home, mailbox } = await loaded(session, name);
  if (uidValidity !== undefined && uidValidity !== mailbox.uidValidity)
    throw new ImapUrlError('its UIDVALIDITY is not that of the mailbox');
  const { columns } = mailbox;
  const row = columns.rowOf(uid);
  if (row < 0) throw new ImapUrlError('there is no message with its UID');
  const reader = new MessageReader(session, home, mailbox.id, columns);
  const source = await sourceOf(reader, row, section, columns.sizes[row] ?? 0);
  if (source.from === 'blob') {
    const start = Math.min(source.end, source.start + (partial?.offset ?? 0));
    const end = Math.min(source.end, start + (partial?.length ?? Infinity));
    return { size: end - start, open: async () => asSent(await reader.open(row, { start, end })) };
  }
  const bytes =
    source.from === 'summary'
      ? source.bytes
      : filterHeaderFields(await reader.bytes(row, source), source.names, source.not);
  const length = partial?.length ?? bytes.length;
  return bytesPiece(nulReplaced(cut(bytes, partial && { offset: partial.offset, length })));
}

/** A mailbox that the session may read, with its messages. */
async function loaded(
  session: Session,
  name: string,
): Promise<{ readonly home: Home; readonly mailbox: Mailbox & { readonly columns: Columns } }> {
  const { home, mailbox } = await findNamed(session, name, { right: 'r' });
  const found = await home.load(mailbox.id);
  if (!found?.columns) throw new ImapUrlError('there is no mailbox with its name');
  return { home, mailbox: { ...found, columns: found.columns } };
}

async function sourceOf(
  reader: MessageReader,
  row: number,
  section: MessageUrl['section'],
  size: number,
): Promise<SectionSource> {
  if (section.part.length === 0 && section.text.kind === 'all') return { from: 'blob', start: 0, end: size };
  const [summary] = await reader.summaries([row]);
  if (!summary || summary instanceof Error) throw summary ?? new Error('a summary was not read');
  const source = resolveSection(summary, specOf(section));
  if (!source) throw new ImapUrlError('the message has no such part');
  return source;
}

/** What FETCH BODY sends: NUL, which only a delivery can have brought, is 0x80 there. */
async function* asSent(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) yield nulReplaced(chunk);
}

function nulReplaced(bytes: Uint8Array): Uint8Array {
  return bytes.includes(0) ? bytes.map((byte) => (byte === 0 ? 0x80 : byte)) : bytes;
}
