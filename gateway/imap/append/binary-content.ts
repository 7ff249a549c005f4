/** Stores a message that came as a literal8 with NUL in it once more, with those parts encoded that hold NUL (RFC 3516). */
import { unpacked } from '../../../shared/account/columns.ts';
import type { AccountId } from '../../../shared/account/ids.ts';
import type { Arrival } from '../../../shared/blob/arrival.ts';
import type { ByteRange } from '../../../shared/blob/blob-store.ts';
import type { StoredMessage } from '../../../shared/blob/message-store.ts';
import { base64Lines, base64LinesLength } from '../../../shared/message/base64-lines.ts';
import { filterHeaderFields } from '../../../shared/message/header-fields.ts';
import { NulFinder, type Stretch, stretchesOf } from '../../../shared/message/nul.ts';
import type { PartOffsets } from '../../../shared/message/part-offsets.ts';
import { decodeSummary } from '../../../shared/message/summary-codec.ts';
import { No } from '../session/refusals.ts';
import type { Session } from '../session/session.ts';
import { checkSize, put } from './intake.ts';
import { type Piece, bytesPiece, joined, sizeOf } from './pieces.ts';

/** The header of one part is read into memory to be changed: nobody writes a longer one. */
const HEADER_BYTES = 256 * 1024;

export async function withoutNul(
  session: Session,
  account: AccountId,
  stored: StoredMessage,
  arrival: Arrival,
): Promise<StoredMessage> {
  const { messages } = session.services;
  const open = (range: ByteRange) =>
    messages.get(account, unpacked(stored.blob), range, { signal: session.connection.signal });
  try {
    const { parts } = decodeSummary(await messages.summaryOf(account, stored));
    const pieces: Piece[] = [];
    for (const stretch of stretchesOf(
      stored.size,
      await partsWithNul(await open({ start: 0, end: stored.size }), parts),
    ))
      pieces.push(await pieceOf(stretch, open));
    const size = sizeOf(pieces);
    checkSize(session, size);
    return await put(session, account, joined(pieces), size, arrival);
  } finally {
    // No record will ever name it.
    await messages.discard(account, [stored.blob]);
  }
}

type Open = (range: ByteRange) => Promise<AsyncIterable<Uint8Array>>;

async function partsWithNul(
  message: AsyncIterable<Uint8Array>,
  root: PartOffsets,
): Promise<readonly PartOffsets[]> {
  const finder = new NulFinder(root);
  for await (const chunk of message) finder.write(chunk);
  const parts = finder.end();
  if (parts) return parts;
  throw new No('NUL can be kept only in parts that have no transfer encoding yet', 'UNKNOWN-CTE');
}

async function pieceOf(stretch: Stretch, open: Open): Promise<Piece> {
  const size = stretch.end - stretch.start;
  if (stretch.kind === 'same') return { size, open: () => open(stretch) };
  if (stretch.kind === 'body') {
    const encoded = async (): Promise<AsyncIterable<Uint8Array>> => base64Lines(await open(stretch));
    return { size: base64LinesLength(size), open: encoded };
  }
  if (size > HEADER_BYTES) throw new No(`the header of a part has more than ${HEADER_BYTES} bytes`, 'LIMIT');
  const chunks: Uint8Array[] = [];
  for await (const chunk of await open(stretch)) chunks.push(chunk);
  return bytesPiece(inBase64(Buffer.concat(chunks)));
}

/** A header that says of its part that it is encoded as base64. */
function inBase64(header: Uint8Array): Uint8Array {
  const rest = Buffer.from(filterHeaderFields(header, ['content-transfer-encoding'], true));
  const blank = rest.subarray(-2).equals(Buffer.from('\r\n')) ? 2 : 1;
  return Buffer.concat([
    rest.subarray(0, -blank),
    Buffer.from('Content-Transfer-Encoding: base64\r\n'),
    rest.subarray(-blank),
  ]);
}
