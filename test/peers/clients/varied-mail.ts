/** Messages of every make that a mailbox gathers: the n-th is always the same. Lines end with CRLF. */
const CRLF = '\r\n';

export interface VariedMail {
  readonly subject: string;
  readonly raw: Buffer;
  readonly flags: readonly string[];
  readonly date: Date;
}

type Make = (n: number) => { readonly headers: readonly string[]; readonly body: Buffer };

const text = (...lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => line + CRLF).join(''));

const plain: Make = (n) => ({ headers: [], body: text(`This is message ${n}.`, '', '-- ', 'Jane') });

const utf8: Make = (n) => ({
  headers: [
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
  ],
  body: text(`Grüße Nummer ${n} aus 東京.`),
});

/** Not UTF-8, and said so: bytes must come through as they are. */
const latin1: Make = (n) => ({
  headers: [
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=iso-8859-1',
    'Content-Transfer-Encoding: 8bit',
  ],
  body: Buffer.from(`Caf\xe9 cr\xe8me no. ${n}${CRLF}`, 'latin1'),
});

/** Far beyond the 998 octets of RFC 5322 §2.1.1. */
const longLines: Make = (n) => ({
  headers: [`X-Trace: ${'hop '.repeat(2_000)}${n}`],
  body: text('x'.repeat(20_000 + n), 'short'),
});

const multipart = (type: string, parts: readonly string[]): ReturnType<Make> => ({
  headers: ['MIME-Version: 1.0', `Content-Type: multipart/${type}; boundary="=_b"`],
  body: Buffer.from(
    [...parts.map((part) => `--=_b${CRLF}${part}${CRLF}`), `--=_b--${CRLF}`].join(''),
    'latin1',
  ),
});

const attachment: Make = (n) => {
  const bytes = Buffer.from(Array.from({ length: 30_000 }, (_, at) => (at * 31 + n) % 256)).toString(
    'base64',
  );
  const lines = bytes.match(/.{1,76}/g) ?? [];
  return multipart('mixed', [
    `Content-Type: text/plain${CRLF}${CRLF}See the attachment.`,
    [
      `Content-Type: application/octet-stream; name="data-${n}.bin"`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: attachment; filename="data-${n}.bin"`,
      '',
      ...lines,
    ].join(CRLF),
  ]);
};

const html: Make = (n) =>
  multipart('alternative', [
    `Content-Type: text/plain${CRLF}${CRLF}Number ${n}`,
    `Content-Type: text/html${CRLF}Content-Transfer-Encoding: quoted-printable${CRLF}${CRLF}<p>N=C2=BA ${n}=${CRLF}</p>`,
  ]);

const forwarded: Make = (n) =>
  multipart('mixed', [
    `Content-Type: message/rfc822${CRLF}${CRLF}Subject: inner ${n}${CRLF}From: joe@example.org${CRLF}${CRLF}Inner.`,
  ]);

const noBody: Make = () => ({ headers: [], body: Buffer.alloc(0) });

/** What mbox and SMTP would change, and no end of line at the end. */
const awkward: Make = (n) => ({
  headers: [],
  body: Buffer.from(`From here on${CRLF}.${CRLF}..${CRLF}{42+}${CRLF}* ${n} EXISTS`),
});

const MAKES = [plain, utf8, latin1, longLines, attachment, html, forwarded, noBody, awkward];
const FLAGS = [[], ['\\Seen'], ['\\Seen', '\\Answered'], ['\\Flagged'], ['\\Draft', '\\Seen']];

export function variedMail(n: number, about = 'message'): VariedMail {
  const { headers, body } = (MAKES[n % MAKES.length] ?? plain)(n);
  // A whole second each: IMAP and file times keep no less.
  const date = new Date(Date.UTC(2024, 0, 1) + n * 3_601_000);
  const subject = `${about} ${n}`;
  const head = [
    `From: Jane Doe <jane@example.com>`,
    `To: alice@example.test`,
    `Date: ${date.toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${about}.${n}@example.com>`,
    `Subject: ${subject}`,
    ...headers,
  ];
  return {
    subject,
    raw: Buffer.concat([Buffer.from(head.map((line) => line + CRLF).join('') + CRLF, 'latin1'), body]),
    flags: FLAGS[n % FLAGS.length] ?? [],
    date,
  };
}
