/** Families about the fields and the nesting of parts. */
import {
  BOUNDARIES,
  BROKEN_CONTENT_TYPES,
  BROKEN_ENCODINGS,
  DISPOSITIONS,
  ENCODINGS,
  PART_FIELDS,
  RFC2231,
} from './random-pieces.ts';
import {
  base64Of,
  body,
  decodable,
  encoded,
  leaf,
  type Maker,
  messageHeader,
  multipart,
  quotedPrintableOf,
  text,
  tree,
} from './mail-writer.ts';

export const MIME_FAMILIES: Readonly<Record<string, Maker>> = {
  'multipart trees': (draw) => messageHeader(draw) + tree(draw, 4),

  'messages in messages': (draw) => {
    let inner = messageHeader(draw) + leaf(draw);
    for (let depth = 1 + draw.below(5); depth > 0; depth--) {
      inner = `${messageHeader(draw)}Content-Type: message/rfc822\r\n${draw.chance(0.2) ? 'Content-Disposition: attachment\r\n' : ''}\r\n${inner}`;
    }
    return inner;
  },

  'boundary parameters': (draw) => {
    const boundary = draw.of(BOUNDARIES);
    const written = draw.inTurn([
      `boundary="${boundary}"`,
      `boundary=${boundary}`,
      `BOUNDARY="${boundary}"`,
      `boundary = "${boundary}"`,
      `boundary="${boundary} "`,
      `boundary*=us-ascii''${encodeURIComponent(boundary)}`,
      `boundary*0="${boundary.slice(0, 1)}"; boundary*1="${boundary.slice(1)}"`,
      `boundary="${boundary}"; boundary=other`,
      'boundary=""',
      'boundary=',
      'x=y',
      '',
      `boundary="${boundary}`,
      `boundary="${boundary}" (a comment)`,
    ]);
    return `${messageHeader(draw)}Content-Type: multipart/mixed; ${written}\r\n\r\npreamble\r\n--${boundary}\r\n${leaf(draw)}\r\n--${boundary}\r\n${leaf(draw)}\r\n--${boundary}--\r\n`;
  },

  'boundaries inside each other': (draw) => {
    const outer = draw.of(['b', 'bb', 'same']);
    const inner = draw.of([outer, `${outer}b`, `${outer}--`, `${outer} `, outer.slice(0, -1) || 'c']);
    const nested = multipart([leaf(draw), leaf(draw)], { boundary: inner, closed: draw.chance(0.6) });
    const middle = draw.chance(0.3) ? `Content-Type: message/rfc822\r\n\r\n${nested}` : nested;
    return (
      messageHeader(draw) +
      multipart([leaf(draw), middle, leaf(draw)], { boundary: outer, closed: draw.chance(0.7) })
    );
  },

  'multiparts without end': (draw) => {
    const inner = multipart([leaf(draw)], { closed: false });
    return (
      messageHeader(draw) +
      multipart([leaf(draw), draw.chance(0.5) ? inner : leaf(draw)], { closed: false }) +
      draw.of(['', '\r\n', body(draw)])
    );
  },

  'preamble and epilogue': (draw) =>
    messageHeader(draw) +
    multipart(draw.some([leaf(draw), leaf(draw)], 1, 2), {
      boundary: 'edge',
      preamble: draw.of([
        '',
        '\r\n',
        'This is MIME.\r\n',
        'Subject: not a header\r\n\r\n',
        '--edges\r\n',
        '--edg\r\n',
        body(draw),
      ]),
      epilogue: draw.of([
        '',
        '\r\n',
        'Epilogue.\r\n',
        '--edge\r\nContent-Type: text/html\r\n\r\nafter the end\r\n',
        '--edge--\r\n',
        'no line end',
        body(draw),
      ]),
    }),

  'delimiter lines': (draw) => {
    const delimiter = draw.of([
      '--b ',
      '--b\t',
      '--b x',
      '--b-',
      '--b--x',
      ' --b',
      '-- b',
      '--B',
      '--b  \t ',
      '----b',
    ]);
    return (
      `${messageHeader(draw)}Content-Type: multipart/mixed; boundary=b\r\n\r\n` +
      `${draw.of(['', '--b\r\n\r\nfirst\r\n'])}${delimiter}\r\nContent-Type: text/html\r\n\r\nsecond\r\n--b\r\n\r\nthird\r\n${draw.of(['--b--', '--b--\r\n', '--b-- \r\n', '--b--\r\n\r\n'])}`
    );
  },

  'RFC 2231': (draw) =>
    text(
      [
        `Content-Type: text/plain; ${[draw.inTurn(RFC2231), ...draw.some(RFC2231, 0, 1)].join('; ')}`,
        ...(draw.chance(0.5)
          ? [`Content-Disposition: attachment; ${draw.of(RFC2231).replaceAll(/name/gi, 'filename')}`]
          : []),
      ],
      body(draw),
    ),

  'content types': (draw) =>
    draw.chance(0.5)
      ? text(
          [
            `Content-Type: ${draw.inTurn(BROKEN_CONTENT_TYPES)}`,
            ...(draw.chance(0.2) ? ['Content-Type: text/html'] : []),
          ],
          body(draw),
        )
      : messageHeader(draw) +
        multipart([`Content-Type: ${draw.inTurn(BROKEN_CONTENT_TYPES)}\r\n\r\n${body(draw)}`, leaf(draw)]),

  encodings: (draw) => {
    const field = `Content-Transfer-Encoding: ${draw.of(draw.chance(0.7) ? BROKEN_ENCODINGS : ENCODINGS)}`;
    const content = draw.of([
      base64Of(draw.of(decodable)),
      quotedPrintableOf(draw.of(decodable)),
      body(draw),
      'aGVs!*bG8=\r\n',
      'aGVsbG8\r\n',
      'aGVsbG8=aGVsbG8=\r\n',
      '=ZZ =4 100% =\r\n',
      'trailing blanks  \r\nsoft =  \r\nbreak\r\n',
    ]);
    return draw.chance(0.5)
      ? text([field, 'Content-Type: application/octet-stream'], content)
      : `${messageHeader(draw)}${field}\r\n${multipart([`${field}\r\nContent-Type: application/octet-stream\r\n\r\n${content}`, leaf(draw)])}`;
  },

  'decoded parts': (draw) => {
    const parts = Array.from({ length: 2 }, () => {
      const encoding = draw.of(['base64', 'quoted-printable']);
      return `Content-Type: ${draw.of(['text/plain', 'application/octet-stream', 'text/html; charset=utf-8'])}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${encoded(draw, encoding)}`;
    });
    return messageHeader(draw) + multipart(parts);
  },

  'part fields': (draw) =>
    messageHeader(draw) +
    multipart(
      Array.from({ length: 2 }, () => {
        const fields = draw.some(PART_FIELDS, 1, 4);
        return text([...fields, `Content-Disposition: ${draw.of(DISPOSITIONS)}`], body(draw));
      }),
    ),

  digests: (draw) => {
    const inner = `${messageHeader(draw)}\r\n${body(draw)}`;
    const parts = [
      `\r\n${inner}`,
      inner,
      `Content-Type: text/plain\r\n\r\n${body(draw)}`,
      `Content-Type: message/rfc822\r\n\r\n${inner}`,
      `Content-Description: no type\r\n\r\n${inner}`,
      '',
      '\r\n',
      `Content-Type: broken\r\n\r\n${inner}`,
      `Content-Type:\r\n\r\n${inner}`,
    ];
    return messageHeader(draw) + multipart(draw.some(parts, 1, 4), { subtype: 'digest' });
  },

  'empty parts': (draw) =>
    messageHeader(draw) +
    multipart(
      draw.some(
        [
          '',
          '\r\n',
          '\r\n\r\n',
          'Content-Type: text/html\r\n',
          'Content-Type: text/html\r\n\r\n',
          'Content-Type: message/rfc822\r\n',
          'Content-Type: message/rfc822\r\n\r\n',
          'Content-Type: multipart/mixed; boundary=none\r\n\r\n',
          'Content-Type: multipart/mixed; boundary=none\r\n',
        ],
        1,
        4,
      ),
      { closed: draw.chance(0.8) },
    ),

  'other message types': (draw) => {
    const inner = `${messageHeader(draw)}\r\n${body(draw)}`;
    const type = draw.of([
      'message/global',
      'MESSAGE/RFC822',
      'message/rfc822; x=y',
      'message/news',
      'message/delivery-status',
      'message/partial; id=x; number=1',
    ]);
    const encoding = draw.of(['7bit', '8bit', 'base64', 'quoted-printable']);
    const content = encoding === 'base64' ? base64Of(inner) : inner;
    return (
      messageHeader(draw) +
      multipart([
        leaf(draw),
        `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${content}`,
      ])
    );
  },

  'deep trees': (draw) => {
    let part = leaf(draw);
    for (let depth = 10 + draw.below(30); depth > 0; depth--) {
      part = draw.chance(0.5)
        ? multipart([part])
        : `Content-Type: message/rfc822\r\n\r\n${messageHeader(draw)}${part}`;
    }
    return messageHeader(draw) + part;
  },
};
