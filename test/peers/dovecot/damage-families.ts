/** Families of messages that are cut short, hold what mail must not hold, or are no mail at all. */
import { ADDRESSES, BODY_LINES, CONTENT_TYPES, ENCODINGS, TEXTS } from './random-pieces.ts';
import { lines, type Maker, messageHeader, text, tree } from './mail-writer.ts';

export const DAMAGE_FAMILIES: Readonly<Record<string, Maker>> = {
  'headers without end': (draw) =>
    draw.inTurn([
      'Subject: only a header',
      'Subject: only a header\r\n',
      'Subject: and a blank line\r\n\r\n',
      '\r\n',
      '\r\nonly a body\r\n',
      'x',
      '\r',
      '\n',
      ' \r\n',
      'no header, but text\r\nand more\r\n',
      'Content-Type: multipart/mixed; boundary=b',
      'Content-Type: multipart/mixed; boundary=b\r\n',
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n',
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b',
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--',
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n',
      'Content-Type: message/rfc822',
      'Content-Type: message/rfc822\r\n\r\n',
      'Content-Type: message/rfc822\r\n\r\nSubject: x',
      '--b\r\nSubject: x\r\n\r\n',
      `${messageHeader(draw)}Content-Type: multipart/mixed; boundary=b\r\n--b\r\n\r\nno blank line before\r\n--b--\r\n`,
      'Subject: x\r\n \r\nY: z\r\n\r\nbody\r\n',
    ]),

  'bare line feeds': (draw) => {
    const whole = messageHeader(draw) + tree(draw, 2);
    return draw.chance(0.5)
      ? whole.replaceAll('\r\n', '\n')
      : whole.replaceAll('\r\n', () => (draw.chance(0.5) ? '\n' : '\r\n'));
  },

  'bare carriage returns': (draw) => {
    const whole = messageHeader(draw) + tree(draw, 2);
    const at = draw.below(whole.length);
    return draw.chance(0.3)
      ? whole.replaceAll('\r\n', () => (draw.chance(0.1) ? '\r' : '\r\n'))
      : `${whole.slice(0, at)}\r${whole.slice(at)}`;
  },

  NUL: (draw) => {
    let whole = messageHeader(draw) + tree(draw, 2);
    for (let count = 1 + draw.below(4); count > 0; count--) {
      const at = draw.below(whole.length);
      whole = `${whole.slice(0, at)}\0${whole.slice(at)}`;
    }
    return whole;
  },

  'huge headers': (draw) =>
    draw.inTurn([
      text([
        `To: ${Array.from({ length: 500 }, (_, index) => `Person ${index} <p${index}@example.test>`).join(',\r\n ')}`,
      ]),
      text([`Subject: ${'long '.repeat(3000)}`]),
      text([`Subject: ${'x'.repeat(1001)}`]),
      text([`From: "${'n'.repeat(1500)}" <a@b>`]),
      text(Array.from({ length: 800 }, (_, index) => `X-Field-${index}: value`)),
      text([
        `References: ${Array.from({ length: 200 }, (_, index) => `<${index}@example.test>`).join('\r\n ')}`,
      ]),
      text([
        `Content-Type: text/plain; ${Array.from({ length: 60 }, (_, index) => `p${index}=v${index}`).join('; ')}`,
      ]),
    ]),

  'changed bytes': (draw) => {
    const bytes = Array.from(messageHeader(draw) + tree(draw, 3));
    for (let count = 1 + draw.below(5); count > 0; count--) {
      const at = draw.below(bytes.length);
      const char = String.fromCharCode(
        draw.of([0x0a, 0x0d, 0x20, 0x22, 0x2d, 0x3a, 0x3b, 0x3d, 0x80, draw.below(255) + 1]),
      );
      if (draw.chance(0.4)) bytes.splice(at, 1);
      else bytes.splice(at, draw.below(2), char);
    }
    return bytes.join('');
  },

  jumble: (draw) => {
    const line = (): string =>
      draw.of([
        `--${draw.of(['b', 'bb', 'x'])}`,
        `--${draw.of(['b', 'bb', 'x'])}--`,
        '',
        '',
        `Content-Type: multipart/${draw.of(['mixed', 'digest'])}; boundary=${draw.of(['b', 'bb', 'x'])}`,
        'Content-Type: message/rfc822',
        `Content-Type: ${draw.of(CONTENT_TYPES)}`,
        `Content-Transfer-Encoding: ${draw.of(ENCODINGS)}`,
        `From: ${draw.of(ADDRESSES)}`,
        `Subject: ${draw.of(TEXTS)}`,
        ' continuation',
        draw.of(BODY_LINES),
      ]);
    return lines(...Array.from({ length: 3 + draw.below(25) }, line));
  },
};
