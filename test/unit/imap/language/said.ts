/** Finds the texts that the code says to a client, by where they stand in it. */
import { readFile, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '../../../..');

/** Where clients are spoken to, and whose refusals they are told. */
const ROOMS = ['gateway/imap', 'shared/account', 'shared/directory/sasl-plain.ts'];

/** Of these calls the argument with that index is said, or is a piece of what is said. */
const ARGUMENTS = new Map<string, number>(
  Object.entries({
    // Refusals.
    No: 0,
    Bad: 0,
    ImapSyntaxError: 0,
    ImapUrlError: 0,
    NulInLiteralError: 0,
    SaslPlainError: 1,
    malformed: 0,
    badly: 0,
    invalidName: 0,
    refuse: 1,
    fault: 1,
    // Status responses.
    status: 2,
    statusLine: 2,
    bye: 0,
    words: 0,
    continuation: 0,
    // What the grammar expects: methods of the cursor.
    expected: 0,
    expect: 1,
    needs: 1,
    space: 0,
    list: 0,
    tag: 0,
    atom: 0,
    keyword: 0,
    itemName: 0,
    number: 0,
    nzNumber: 0,
    number64: 0,
    sequenceSet: 0,
    astring: 0,
    astringBytes: 0,
    string: 0,
    stringBytes: 0,
    nstring: 0,
    nbytes: 0,
    literal: 0,
    mailbox: 0,
    listMailbox: 0,
    flag: 0,
    '#word': 1,
  }),
);

/** A text under one of these names is said, where clients are spoken to. */
const NAMES = new Set(['text', 'what', 'farewell', 'TOO_LONG', '#found', '#place', 'parseAnnotationName']);

/** Responses that are no human's to read, and what stands for the values of a text. */
const DATA = /^[* +(]|[\r\n]|^[A-Z0-9$.-]+$/;
const VALUE = '7';

/** Every text, with `7` for each of its values. */
export async function saidTexts(): Promise<Set<string>> {
  const said = new Set<string>();
  for (const file of await sources()) {
    const source = ts.createSourceFile(
      file,
      await readFile(join(ROOT, file), 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    const visit = (node: ts.Node): void => {
      for (const text of [...argumentsOf(node), ...namedIn(node, file)])
        if (/[a-z]/.test(text) && !DATA.test(text)) said.add(text);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return said;
}

async function sources(): Promise<string[]> {
  const files: string[] = [];
  for (const room of ROOMS) {
    if (room.endsWith('.ts')) files.push(room);
    else
      for (const name of await readdir(join(ROOT, room), { recursive: true }))
        if (name.endsWith('.ts') && !name.startsWith('language/')) files.push(join(room, name));
  }
  return files.sort();
}

function argumentsOf(node: ts.Node): string[] {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return [];
  const name = lastName(node.expression);
  const index = name.endsWith('Refusal') ? 1 : ARGUMENTS.get(name);
  const argument = index === undefined ? undefined : node.arguments?.[index];
  return argument ? literalsOf(argument) : [];
}

function namedIn(node: ts.Node, file: string): string[] {
  const isNamed = (name: ts.Node | undefined): boolean => NAMES.has(name?.getText() ?? '');
  if (ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node) || ts.isParameter(node)) {
    const { initializer } = node;
    if (!initializer || !isNamed(node.name) || !file.startsWith('gateway/')) return [];
    if (!ts.isObjectLiteralExpression(initializer)) return literalsOf(initializer);
    return initializer.properties.flatMap((entry) =>
      ts.isPropertyAssignment(entry) && entry.name.getText() !== 'kind' ? literalsOf(entry.initializer) : [],
    );
  }
  if ((ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node)) && node.body && isNamed(node.name))
    return literalsOf(node.body);
  return [];
}

function lastName(expression: ts.Expression): string {
  return ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
}

/** Not those of calls within, which are looked at by themselves. */
function literalsOf(node: ts.Node): string[] {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (ts.isTemplateExpression(node))
    return [node.head.text + node.templateSpans.map((span) => VALUE + span.literal.text).join('')];
  if (ts.isCallExpression(node) || ts.isNewExpression(node)) return [];
  // What is compared, and what is data, is not said.
  if (ts.isBinaryExpression(node) || ts.isObjectLiteralExpression(node)) return [];
  const texts: string[] = [];
  ts.forEachChild(node, (child) => {
    texts.push(...literalsOf(child));
  });
  return texts;
}
