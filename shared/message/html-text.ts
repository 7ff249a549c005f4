/** Elements whose content nobody reads. */
const HIDDEN = new Set(['head', 'script', 'style', 'title', 'template', 'noscript', 'svg']);

/** Elements that run on in their line; every other tag separates words. */
const INLINE = new Set([
  'a',
  'abbr',
  'b',
  'big',
  'code',
  'em',
  'font',
  'i',
  'ins',
  'mark',
  's',
  'small',
  'span',
  'strong',
  'sub',
  'sup',
  'u',
  'wbr',
]);

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  auml: 'ä',
  bull: '•',
  copy: '©',
  eacute: 'é',
  euro: '€',
  gt: '>',
  hellip: '…',
  laquo: '«',
  ldquo: '“',
  lsquo: '‘',
  lt: '<',
  mdash: '—',
  middot: '·',
  nbsp: ' ',
  ndash: '–',
  ouml: 'ö',
  quot: '"',
  raquo: '»',
  rdquo: '”',
  reg: '®',
  rsquo: '’',
  shy: '',
  szlig: 'ß',
  trade: '™',
  uuml: 'ü',
  zwj: '',
  zwnj: '',
};

/**
 * The readable text of HTML, roughly: tags and comments gone, hidden elements left out, entities decoded. For previews
 * only; the cost is one pass over `html`, which may be cut anywhere.
 */
export function htmlText(html: string): string {
  const out: string[] = [];
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    out.push(html.slice(at, open < 0 ? html.length : open));
    if (open < 0) break;
    at = afterMarkup(html, open, out);
  }
  return decodeEntities(out.join(''));
}

/** Where reading goes on after the markup that may begin at `open`. */
function afterMarkup(html: string, open: number, out: string[]): number {
  if (html.startsWith('<!--', open)) return after(html, '-->', open + 4);
  const name = /^[a-z][a-z0-9]*/i.exec(html.slice(open + 1, open + 32))?.[0].toLowerCase();
  if (name === undefined && !/^[/!?]/.test(html.charAt(open + 1))) {
    // `a < b`.
    out.push('<');
    return open + 1;
  }
  const closing = /^\/([a-z][a-z0-9]*)/i.exec(html.slice(open + 1, open + 32))?.[1]?.toLowerCase();
  if (!INLINE.has(name ?? closing ?? '')) out.push(' ');
  const end = after(html, '>', open + 1);
  if (name === undefined || !HIDDEN.has(name) || html.charAt(end - 2) === '/') return end;
  const close = new RegExp(`</${name}\\s*>`, 'gi');
  close.lastIndex = end;
  return close.exec(html) ? close.lastIndex : html.length;
}

function after(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from);
  return found < 0 ? html.length : found + mark.length;
}

function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([A-Za-z]{2,8}));?/g,
    (whole, decimal: string | undefined, hex: string | undefined, name: string | undefined) => {
      if (name !== undefined) return ENTITIES[name] ?? ENTITIES[name.toLowerCase()] ?? whole;
      const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal);
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ' ';
    },
  );
}
