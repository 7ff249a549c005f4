import { readFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CATALOGUE } from '../../../../gateway/imap/language/catalogue.ts';
import { LANGUAGES, isLanguageRange, languageFor } from '../../../../gateway/imap/language/languages.ts';
import { saidTexts } from './said.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
const ROOMS = ['gateway/imap', 'shared/account', 'shared/directory'];

async function sources(): Promise<string> {
  const texts: string[] = [];
  for (const room of ROOMS)
    for (const name of await readdir(join(ROOT, room), { recursive: true }))
      if (name.endsWith('.ts') && !name.startsWith('language/'))
        texts.push(await readFile(join(ROOT, room, name), 'utf8'));
  return texts.join('\n');
}

const holes = (text: string): string => (text.match(/\{\*?\}/g) ?? []).join(' ');
const language = (tag: string) => LANGUAGES.find((one) => one.tag === tag) ?? LANGUAGES[0];

/** Said before anybody can have chosen a language. */
const GREETING = 'Quire is ready';

describe('the catalogue', () => {
  test('translates texts that the server says, each once, and every value in them', async () => {
    // Without the backslashes of literals.
    const code = (await sources()).replaceAll(/\\(.)/g, '$1');
    const wrong: string[] = [];
    const seen = new Set<string>();
    for (const entry of CATALOGUE) {
      const [english, ...others] = entry;
      if (seen.has(english)) wrong.push(`twice: ${english}`);
      seen.add(english);
      // The longest piece between values stands in the code as it is.
      const pieces = english.split(/\{\*?\}/);
      const piece = pieces.sort((a, b) => b.length - a.length)[0] ?? '';
      if (!code.includes(piece)) wrong.push(`nobody says: ${english}`);
      if (!/^[\x20-\x7e]+$/.test(english)) wrong.push(`not ASCII: ${english}`);
      for (const text of others) {
        if (holes(text) !== holes(english)) wrong.push(`other values: ${text}`);
        if (text.startsWith('[') || text === '') wrong.push(`no translation: ${text}`);
        // Signs alone are the same in every language.
        if (text === english && /[a-z]/.test(text)) wrong.push(`no translation: ${text}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('has words for every text that the code says', async () => {
    const said = [...(await saidTexts())].filter((text) => text !== GREETING);
    expect(said.length).toBeGreaterThan(400);
    // i-default is ASCII (RFC 2277 §4.5): everything else would go out as question marks.
    expect(said.filter((text) => /[^\x20-\x7e]/.test(text))).toEqual([]);
    for (const tag of ['de', 'fr'])
      expect(said.filter((text) => language(tag)?.translate(text) === text)).toEqual([]);
  });

  test.each([
    [
      'expected a space and a mailbox name, found "(" at column 7 after literal 1',
      'erwartet: ein Leerzeichen und ein Ordnername; gefunden: „(“, Spalte 7 nach Literal 1',
      'attendu : une espace et un nom de boîte ; trouvé : « ( », colonne 7 après le littéral 1',
    ],
    [
      'expected a space and more of flags, or ")", found the end of the command at column 12',
      'erwartet: ein Leerzeichen und mehr davon (Markierungen) oder „)“; gefunden: das Ende des Befehls, Spalte 12',
      'attendu : une espace et la suite (des marques), ou « ) » ; trouvé : la fin de la commande, colonne 12',
    ],
    [
      'FETCH is not possible in the not authenticated state',
      'FETCH ist im Zustand „nicht angemeldet“ nicht möglich',
      'FETCH n’est pas possible dans l’état « non connecté »',
    ],
    [
      'a URL cannot be used: its section is none: unknown section X: HEADER and MIME are known',
      'eine URL ist nicht zu gebrauchen: ihr Abschnitt ist keiner: unbekannter Abschnitt X: bekannt sind HEADER und MIME',
      'une URL est inutilisable : sa section n’en est pas une : section X inconnue ; connues : HEADER et MIME',
    ],
  ])('%s: what a sentence is made of is translated, too', (text, german, french) => {
    expect(language('de')?.translate(text)).toBe(german);
    expect(language('fr')?.translate(text)).toBe(french);
  });

  test('values are taken over as they are', () => {
    expect(language('de')?.translate('mailbox "a {} $1 (b)" exists already')).toBe(
      'den Ordner „a {} $1 (b)“ gibt es schon',
    );
    expect(language('de')?.translate('mailbox "done" exists already')).toBe(
      'den Ordner „done“ gibt es schon',
    );
    expect(language('fr')?.translate('a text that nobody has translated')).toBe(
      'a text that nobody has translated',
    );
    expect(language('en')?.translate('fetched')).toBe('fetched');
  });
});

describe('languages', () => {
  test.each([
    [['de'], 'de'],
    [['DE-AT-1996'], 'de'],
    [['it', 'FR-CA', 'de'], 'fr'],
    [['i-default'], 'i-default'],
    [['default'], 'i-default'],
    [['*'], 'i-default'],
    [['en-GB'], 'en'],
    [['i-klingon'], undefined],
    [['mul'], undefined],
    [['d'], undefined],
  ])('%p is %p', (ranges, tag) => {
    expect(languageFor(ranges)?.tag).toBe(tag);
  });

  test.each([
    ['de', true],
    ['*', true],
    ['de-*-DE', true],
    ['', false],
    ['d_e', false],
    ['abcdefghi', false],
    ['de-', false],
  ])('%j is a range: %p', (text, expected) => {
    expect(isLanguageRange(text)).toBe(expected);
  });
});
