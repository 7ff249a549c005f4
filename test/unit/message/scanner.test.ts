import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Part } from '../../../shared/message/parts.ts';
import { MAX_DEPTH, MAX_PARTS, MimeScanner } from '../../../shared/message/scanner.ts';
import { LISTED_FIELDS } from '../../../shared/message/listed-fields.ts';
import { anyMail } from './arbitrary-mail.ts';
import { chunked, mail, scan, text } from './mail.ts';

function body(message: Uint8Array, part: Part | undefined): string {
  if (!part) throw new Error('no such part');
  return text(message.subarray(part.bodyStart, part.end));
}

function header(message: Uint8Array, part: Part | undefined): string {
  if (!part) throw new Error('no such part');
  return text(message.subarray(part.start, part.bodyStart));
}

function depthOf(part: Part): number {
  return 1 + Math.max(0, ...part.children.map(depthOf));
}

function countParts(part: Part): number {
  return 1 + part.children.reduce((sum, child) => sum + countParts(child), 0);
}

describe('where parts begin and end', () => {
  const message = mail(
    'From: a@example.test',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    'preamble',
    '--b',
    '',
    'no header, one line',
    '--b',
    'Content-Type: text/html',
    '',
    'two',
    'lines',
    '',
    '--b--',
    'epilogue',
  );
  const { root, size } = scan(message);

  test('the line break before a delimiter belongs to the delimiter', () => {
    expect(root.children.map((part) => body(message, part))).toEqual([
      'no header, one line',
      'two\r\nlines\r\n',
    ]);
    expect(root.children.map((part) => part.lines)).toEqual([0, 2]);
  });

  test('a header includes its blank line', () => {
    expect(root.children.map((part) => header(message, part))).toEqual([
      '\r\n',
      'Content-Type: text/html\r\n\r\n',
    ]);
    expect(header(message, root)).toMatch(/boundary=b\r\n\r\n$/);
  });

  test('preamble and epilogue are in the body of the multipart', () => {
    expect(root.end).toBe(size);
    expect(size).toBe(message.length);
    expect(body(message, root)).toMatch(/^preamble\r\n--b\r\n.*epilogue\r\n$/s);
    expect(root.lines).toBe(12);
  });

  test('a part with a header and no body', () => {
    const empty = mail('Content-Type: multipart/mixed; boundary=b', '', '--b', 'X: y', '', '--b--');
    const [part] = scan(empty).root.children;
    expect([header(empty, part), body(empty, part)]).toEqual(['X: y\r\n\r\n', '']);
  });

  test('a part whose header never ends has no body', () => {
    const cut = mail(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: image/png',
      '--b--',
    );
    const [part] = scan(cut).root.children;
    expect([header(cut, part), body(cut, part)]).toEqual(['Content-Type: image/png\r\n', '']);
    expect(part?.mime.type).toBe('image');
  });

  test('a message/rfc822 whose header never ends holds an empty message at that place', () => {
    const cut = mail(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: message/rfc822',
      '--b--',
    );
    const [inner] = scan(cut).root.children[0]?.children ?? [];
    const at = cut.indexOf('--b--');
    expect(inner).toMatchObject({ start: at, bodyStart: at, end: at, lines: 0, kind: 'text' });
    expect(inner?.envelope?.from).toBeNull();
  });
});

describe('mail that is broken', () => {
  test('bare LF ends a line and is not converted', () => {
    const message = Buffer.from(
      'Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n\n--b\nA: b\n\ntwo\n--b--\n',
    );
    const { root } = scan(message);
    expect(root.children.map((part) => body(message, part))).toEqual(['one\n', 'two']);
    expect(root.children.map((part) => header(message, part))).toEqual(['\n', 'A: b\n\n']);
  });

  test('a bare CR and a NUL are bytes like any other', () => {
    const message = Buffer.from('Subject: a\rb\0c\r\n\r\nx\ry\0z\r\n');
    const { root } = scan(message);
    expect(root.envelope?.subject).toBe('a bc');
    expect(body(message, root)).toBe('x\ry\0z\r\n');
    expect(root.lines).toBe(1);
  });

  test('a header that never ends', () => {
    const message = Buffer.from('Subject: only this');
    const { root } = scan(message);
    expect(root).toMatchObject({ start: 0, bodyStart: 18, end: 18, lines: 0 });
    expect(root.envelope?.subject).toBe('only this');
  });

  test('no bytes at all', () => {
    expect(scan(new Uint8Array(0)).root).toMatchObject({ start: 0, bodyStart: 0, end: 0, kind: 'text' });
  });

  test('a message that starts with its blank line', () => {
    const message = Buffer.from('\r\nSubject: this is body');
    const { root } = scan(message);
    expect(body(message, root)).toBe('Subject: this is body');
    expect(root.envelope?.subject).toBeNull();
  });

  test('a line that is no field does not end the header, nor does it swallow the next field', () => {
    const { root } = scan(
      mail('From someone Mon Nov 22 14:00:00 2026', '>what: is this', ' more', 'Subject: yes', '', ''),
    );
    expect(root.envelope?.subject).toBe('yes');
    expect(root.bodyStart).toBeGreaterThan(70);
  });

  test('a boundary that is never closed', () => {
    const message = mail('Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'one', '--b', '', 'two');
    expect(scan(message).root.children.map((part) => body(message, part))).toEqual(['one', 'two\r\n']);
  });

  test('a multipart without a boundary shows its text as one part', () => {
    for (const type of [
      'multipart/mixed',
      'multipart/mixed; boundary=""',
      'multipart/mixed; boundary=never-seen',
    ]) {
      const message = mail(`Content-Type: ${type}`, '', '--x', 'text', '--x--');
      const { root } = scan(message);
      expect(root.children).toHaveLength(1);
      expect(body(message, root.children[0])).toBe('--x\r\ntext\r\n--x--\r\n');
      expect(root.children[0]).toMatchObject({ kind: 'text', lines: 3 });
    }
  });

  test('an inner multipart that is never closed ends with the outer one', () => {
    const message = mail(
      'Content-Type: multipart/mixed; boundary=outer',
      '',
      '--outer',
      'Content-Type: multipart/alternative; boundary=inner',
      '',
      '--inner',
      '',
      'a',
      '--outer',
      '',
      'b',
      '--inner',
      'still b',
      '--outer--',
    );
    const [alternative, last] = scan(message).root.children;
    expect(body(message, alternative)).toBe('--inner\r\n\r\na');
    expect(body(message, alternative?.children[0])).toBe('a');
    expect(body(message, last)).toBe('b\r\n--inner\r\nstill b');
  });

  test.each([
    ['Apple-Mail-1', 'Apple-Mail-10'],
    ['Apple-Mail-10', 'Apple-Mail-1'],
    ['x', 'x--'],
  ])('a boundary that is a prefix of another: %s outside, %s inside', (outer, inner) => {
    const message = mail(
      `Content-Type: multipart/mixed; boundary="${outer}"`,
      '',
      `--${outer}`,
      `Content-Type: multipart/alternative; boundary="${inner}"`,
      '',
      `--${inner}`,
      '',
      'a',
      `--${inner}`,
      '',
      'b',
      `--${inner}--`,
      `--${outer}`,
      '',
      'c',
      `--${outer}--`,
    );
    const { root } = scan(message);
    const bodies = root.children.map((part) => part.children.map((child) => body(message, child)));
    expect(bodies).toEqual([['a', 'b'], []]);
    expect(body(message, root.children[1])).toBe('c');
  });

  test('a line that goes on after a boundary is no delimiter of it', () => {
    const message = mail(
      'Content-Type: multipart/mixed; boundary=b1',
      '',
      '--b1',
      '',
      'one',
      '--b10',
      'still one',
      '--b1--',
    );
    expect(scan(message).root.children.map((part) => body(message, part))).toEqual([
      'one\r\n--b10\r\nstill one',
    ]);
  });

  test('the same boundary inside and outside belongs to the inner one while that is open', () => {
    const message = mail(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b',
      '',
      'inner',
      '--b--',
      '--b',
      '',
      'outer',
      '--b--',
    );
    const [first, second] = scan(message).root.children;
    expect(body(message, first?.children[0])).toBe('inner');
    expect(body(message, second)).toBe('outer');
  });

  test('blanks after a boundary, and a footer glued to the closing one', () => {
    const message = mail(
      'Content-Type: multipart/mixed; boundary=b',
      '',
      '--b \t',
      '',
      'one',
      '--b--footer',
      'end',
    );
    expect(scan(message).root.children.map((part) => body(message, part))).toEqual(['one']);
  });

  test('the first of two Content-Types wins', () => {
    expect(scan(mail('Content-Type: text/html', 'content-type: image/png', '', '')).root.mime.subtype).toBe(
      'html',
    );
  });

  test('multipart/digest parts are messages unless they say otherwise', () => {
    const message = mail(
      'Content-Type: multipart/digest; boundary=b',
      '',
      '--b',
      '',
      'Subject: one',
      '',
      'text',
      '--b',
      'Content-Type: text/plain',
      '',
      'text',
      '--b--',
    );
    const [first, second] = scan(message).root.children;
    expect(first).toMatchObject({ kind: 'message', mime: { type: 'message', subtype: 'rfc822' } });
    expect(first?.children[0]?.envelope?.subject).toBe('one');
    expect(second?.kind).toBe('text');
  });
});

describe('limits', () => {
  test('a header line of 200 kB is read to its end', () => {
    const recipients = Array.from({ length: 9000 }, (_, index) => `user${index}@example.test`).join(', ');
    expect(recipients.length).toBeGreaterThan(200_000);
    const { root, listedComplete } = scan(mail(`To: ${recipients}`, 'Subject: after', '', 'x'), {
      listed: LISTED_FIELDS,
    });
    expect(root.envelope?.to).toBe(recipients);
    expect(root.envelope?.subject).toBe('after');
    expect(listedComplete).toBe(true);
  });

  test('header lines of megabytes are cut, and said to be', () => {
    const message = Buffer.concat([
      Buffer.from('Subject: '),
      Buffer.alloc(3_000_000, 'x'),
      Buffer.from('\r\nTo: a@b\r\n\r\nbody'),
    ]);
    const { root, listedComplete } = scan(message, { listed: LISTED_FIELDS });
    expect(root.envelope?.subject).toHaveLength(256 * 1024 - 'Subject: '.length);
    expect(root.envelope?.to).toBe('a@b');
    expect(listedComplete).toBe(false);
    expect(body(message, root)).toBe('body');
  });

  test('a million empty header fields do not fill the memory', () => {
    const message = Buffer.from('To:\n'.repeat(1_000_000));
    const { root, listedComplete } = scan(message, { listed: LISTED_FIELDS });
    expect(root.envelope?.to?.length).toBeLessThan(200_000);
    expect(listedComplete).toBe(false);
  });

  test('message/rfc822 inside itself 100 deep is taken apart, what is deeper is not', () => {
    const nested = (depth: number): Buffer =>
      Buffer.from('Content-Type: message/rfc822\r\n\r\n'.repeat(depth) + 'Subject: core\r\n\r\ntext\r\n');
    const fits = nested(MAX_DEPTH - 1);
    expect(depthOf(scan(fits).root)).toBe(100);
    let deepest = scan(fits).root;
    for (let [inner] = deepest.children; inner; [inner] = inner.children) deepest = inner;
    expect(deepest.envelope?.subject).toBe('core');
    expect(body(fits, deepest)).toBe('text\r\n');
    expect(depthOf(scan(nested(5000)).root)).toBe(100);
  });

  test('multiparts inside each other are cut at the same depth', () => {
    const lines = Array.from({ length: 300 }, (_, index) => [
      `Content-Type: multipart/mixed; boundary=b${index}`,
      '',
      `--b${index}`,
    ]);
    expect(depthOf(scan(mail(...lines.flat())).root)).toBe(MAX_DEPTH);
  });

  test('of more than 10,000 parts the last has the rest', () => {
    const parts = (count: number): Buffer =>
      mail(
        'Content-Type: multipart/mixed; boundary=b',
        '',
        ...Array.from({ length: count }, (_, index) => `--b\r\n\r\n${index}`),
      );
    const fits = parts(MAX_PARTS - 1);
    expect(scan(fits).root.children).toHaveLength(9_999);
    expect(body(fits, scan(fits).root.children.at(-1))).toBe('9998\r\n');
    const more = parts(20_000);
    const { root } = scan(more);
    expect(root.children).toHaveLength(9_999);
    expect(body(more, root.children[5_000])).toBe('5000');
    expect(body(more, root.children.at(-1))).toMatch(/^9998\r\n--b\r\n\r\n9999.*19999\r\n$/s);
    expect(countParts(root)).toBe(MAX_PARTS);
  });
  test('10,000 parts with headers like those of real mail are all understood', () => {
    const parts = Array.from({ length: 9_999 }, (_, index) => [
      '--b',
      `Content-Type: image/png; name="image${index}.png"`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: attachment; filename="image${index}.png"`,
      '',
      'AAAA',
    ]);
    const { root } = scan(mail('Content-Type: multipart/mixed; boundary=b', '', ...parts.flat()));
    expect(root.children.at(-1)?.mime).toMatchObject({ type: 'image', encoding: 'base64' });
    expect(root.children.at(-1)?.mime.disposition?.params[0]?.value).toBe('image9998.png');
  });
});

describe('properties', () => {
  test('chunking never matters', () => {
    fc.assert(
      fc.property(anyMail(), fc.array(fc.nat(), { maxLength: 30 }), (message, cuts) => {
        const options = { listed: LISTED_FIELDS, capture: { parts: 2, bytes: 40 } };
        const scanner = new MimeScanner(options);
        for (const chunk of chunked(message, cuts)) {
          scanner.write(chunk);
          // The caller may use its buffer again.
          chunk.fill(0x2d);
        }
        expect(scanner.end()).toEqual(scan(message, options));
      }),
      { numRuns: 500 },
    );
  });

  test('one byte at a time is the same as all at once', () => {
    fc.assert(
      fc.property(anyMail(), (message) => {
        const scanner = new MimeScanner();
        for (const byte of message) scanner.write(Uint8Array.of(byte));
        expect(scanner.end()).toEqual(scan(message));
      }),
      { numRuns: 200 },
    );
  });

  test('parts lie inside their parents, in order, and lines are the line ends of the body', () => {
    const check = (message: Uint8Array, part: Part): void => {
      expect(part.start).toBeLessThanOrEqual(part.bodyStart);
      expect(part.bodyStart).toBeLessThanOrEqual(part.end);
      expect(part.lines).toBe(
        message.subarray(part.bodyStart, part.end).filter((byte) => byte === 0x0a).length,
      );
      let at = part.bodyStart;
      for (const child of part.children) {
        expect(child.start).toBeGreaterThanOrEqual(at);
        at = child.end;
        check(message, child);
      }
      expect(at).toBeLessThanOrEqual(part.end);
    };
    fc.assert(
      fc.property(anyMail(), (message) => {
        const { root, size } = scan(message);
        expect([root.start, root.end, size]).toEqual([0, message.length, message.length]);
        check(message, root);
      }),
      { numRuns: 1000 },
    );
  });

  test('what is no part is delimiters, preambles and epilogues: between two parts stands one delimiter', () => {
    fc.assert(
      fc.property(anyMail(), (message) => {
        const check = (part: Part): void => {
          part.children.forEach((child, index) => {
            const next = part.children[index + 1];
            if (next && part.kind === 'multipart') {
              const between = text(message.subarray(child.end, next.start));
              expect(between).toMatch(/^(?:\r?\n)?--[^\n]*\n?$/);
            }
            if (part.kind === 'message') expect([child.start, child.end]).toEqual([part.bodyStart, part.end]);
            check(child);
          });
        };
        check(scan(message).root);
      }),
      { numRuns: 1000 },
    );
  });

  test('the steps taken grow with the bytes, whatever they are', () => {
    const deep = Array.from(
      { length: 99 },
      (_, index) =>
        `Content-Type: multipart/mixed; boundary=${'a'.repeat(index + 1)}\n\n--${'a'.repeat(index + 1)}\n`,
    ).join('');
    const floods = [
      '--\n',
      '-\n',
      '\n',
      '--aaaaaaaaaaab\n',
      `--${'a'.repeat(98)}b\n`,
      '\r',
      '(',
      'To: "\n',
      '=?',
      'A:\n b\n',
    ];
    for (const start of ['', 'Subject: x\n\n', deep, `${deep}\n`]) {
      for (const flood of floods) {
        const bytes = Buffer.from(start + flood.repeat(200_000 / flood.length));
        const scanner = new MimeScanner({ listed: LISTED_FIELDS });
        scanner.write(bytes);
        scanner.end();
        expect(scanner.steps).toBeLessThan(4 * bytes.length);
      }
    }
  });
});
