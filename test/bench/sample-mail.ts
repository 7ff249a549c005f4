/** Messages as they come in practice: the headers of a mail that has passed three hosts, text, HTML and an attachment. */

/** What differs from message to message. */
export interface SampleOptions {
  /** Bytes of the whole message, about; filled up by the attachment. */
  readonly bytes?: number;
  readonly to?: string;
}

const BASE64_LINE = 76;
const LINE_LENGTH = BASE64_LINE + 2;
const POOL_LINES = 4_001;

/** Message number `index`: the same bytes for the same number and options. */
export function sampleMail(
  index: number,
  { bytes = 40_000, to = 'alice@example.test' }: SampleOptions = {},
): string {
  const id = (index * 2_654_435_761) >>> 0;
  const hex = id.toString(16).padStart(8, '0');
  const date = new Date(Date.UTC(2026, 0, 1) + index * 977_000).toUTCString().replace('GMT', '+0000');
  const sender = SENDERS[index % SENDERS.length] ?? '';
  let tokens = 0;
  const token = (length: number): string => base64Of(index * 31 + ++tokens * 7919, length);
  const head = [
    `Received: from mail-${hex}.example.net (mail-${hex}.example.net [192.0.2.${index % 250}])`,
    `\tby mx.example.org with ESMTPS id ${token(26)}`,
    `\tfor <${to}> (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384); ${date}`,
    `Received: by 2002:a05:6a00:${hex.slice(0, 4)} with SMTP id ${token(18)}; ${date}`,
    `Received: from [10.0.${index % 200}.7] (customer.example.com [198.51.100.${index % 250}])`,
    `\tby submission.example.net with ESMTPSA id ${token(30)}; ${date}`,
    'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=20260101;',
    '\th=to:subject:message-id:date:from:mime-version:from:to:cc:subject:date:message-id:reply-to;',
    `\tbh=${token(43)}=;`,
    `\tb=${token(60)}`,
    ...[0, 1, 2, 3].map(() => `\t ${token(66)}`),
    'ARC-Authentication-Results: i=1; mx.example.org; dkim=pass header.i=@example.net; spf=pass; dmarc=pass',
    `X-Google-Smtp-Source: ${token(60)}`,
    `From: ${sender}`,
    `To: "Alice Example" <${to}>`,
    `Cc: =?utf-8?q?J=C3=BCrgen_M=C3=BCller?= <juergen.mueller@example.org>, team@example.org`,
    `Subject: Re: [project ${index % 40}] Quarterly figures and what follows from them, part ${index}`,
    `Date: ${date}`,
    `Message-ID: <${idOf(index)}@mail.example.net>`,
    `In-Reply-To: <${idOf(index - 1)}@mail.example.net>`,
    `References: <${idOf(index - 2)}@mail.example.net>`,
    ` <${idOf(index - 1)}@mail.example.net>`,
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary="mixed-${hex}"`,
    'X-Mailer: Example Mailer 16.0',
    'List-Unsubscribe: <https://lists.example.net/unsubscribe>',
  ].join('\r\n');
  const text = `Hello Alice,\r\n\r\nhere are the figures of week ${index}.\r\n\r\nRegards\r\n`;
  const parts = [
    `--mixed-${hex}\r\nContent-Type: multipart/alternative; boundary="alt-${hex}"\r\n`,
    `--alt-${hex}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n${text}`,
    `--alt-${hex}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n<p>${text}</p>`,
    `--alt-${hex}--\r\n\r\n--mixed-${hex}\r\nContent-Type: application/pdf; name="figures-${index}.pdf"`,
    `Content-Disposition: attachment; filename="figures-${index}.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n`,
  ].join('\r\n');
  const end = `\r\n--mixed-${hex}--\r\n`;
  const start = `${head}\r\n\r\n${parts}`;
  const room = Math.max(0, bytes - start.length - end.length);
  return start + attachment(index, room) + end;
}

/** About `room` bytes as of a picture or a PDF: base64 is all that compresses. */
function attachment(index: number, room: number): string {
  const lines = Math.max(0, Math.floor(room / LINE_LENGTH));
  const from = (index * 7919) % POOL_LINES;
  const pool = attachmentPool();
  return pool
    .repeat(Math.ceil((from + lines) / POOL_LINES))
    .slice(from * LINE_LENGTH, (from + lines) * LINE_LENGTH);
}

let pool = '';

/** Lines of which no two are alike, more than a frame of a stored message holds: within it, none comes twice. */
function attachmentPool(): string {
  if (pool === '')
    pool = Array.from({ length: POOL_LINES }, (_, line) => `${base64Of(line, BASE64_LINE)}\r\n`).join('');
  return pool;
}

const idOf = (index: number): string => base64Of(index, 36);

const SENDERS = [
  '"Bob Example" <bob@example.net>',
  'notifications@service.example.com',
  '=?utf-8?b?RnJhbsOnb2lzZQ==?= <francoise@example.fr>',
  '"Newsletter, The Weekly" <weekly@news.example.com>',
];

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Characters that look random, and compress as little, but are the same each time (xorshift). */
function base64Of(seed: number, length: number): string {
  // Neighbouring seeds must not have neighbouring beginnings; zero is the one state that a xorshift never leaves.
  let state = Math.imul(seed + 0x9e37, 0x85eb_ca6b) ^ 0x9e37_79b9 || 1;
  let text = '';
  for (let at = 0; at < length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    text += ALPHABET.charAt((state >>> 8) & 63);
  }
  return text;
}
