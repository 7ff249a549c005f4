/** Arrows between rooms point one way, as docs/ARCHITECTURE.md says: a module that looks the wrong way is found here. */
import { expect, test } from '@jest/globals';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** What each room may import from, beside itself. `shared/x` may use the whole of `shared` unless it is listed. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  infra: ['functions', 'gateway', 'shared'],
  functions: ['shared'],
  gateway: ['shared'],
  shared: [],
};
/** Rooms of the engine that know nothing of AWS, nor of where things are kept. */
const PURE = ['shared/account', 'shared/message'];
const PURE_MAY_IMPORT = ['cborg', 'node:zlib', 'node:buffer', 'node:url', 'libmime', 'iconv-lite'];
/** Of what a module has, one thing that is a function of its input alone; randomness comes from the same place. */
const PURE_BY_NAME = "import { createHash } from 'node:crypto';";

interface Import {
  readonly from: string;
  readonly to: string;
}

async function importsOf(room: string, besides = ''): Promise<Import[]> {
  const files = await readdir(join(ROOT, room), { recursive: true });
  const found = files
    .filter((file) => file.endsWith('.ts'))
    .map(async (file) => {
      const from = join(room, file);
      const text = (await readFile(join(ROOT, from), 'utf8')).replace(besides, '');
      return [...text.matchAll(/(?:from|import)\s+'([^']+)'/g)].map((match): Import => {
        const specifier = match[1] ?? '';
        const local = specifier.startsWith('.');
        return { from, to: local ? relative(ROOT, resolve(ROOT, dirname(from), specifier)) : specifier };
      });
    });
  return (await Promise.all(found)).flat();
}

test.each(Object.entries(MAY_USE))('%s imports from nowhere but itself and %j', async (room, others) => {
  const imports = await importsOf(room);
  expect(imports.length).toBeGreaterThan(0);
  const rooms = Object.keys(MAY_USE).concat('test');
  const wrong = imports.filter(({ to }) => {
    const target = to.split('/')[0] ?? '';
    return rooms.includes(target) && target !== room && !others.includes(target);
  });
  expect(wrong).toEqual([]);
});

test.each(PURE)('%s does no I/O and knows nothing of AWS', async (room) => {
  const wrong = (await importsOf(room, PURE_BY_NAME)).filter(({ to }) =>
    to.startsWith('shared/')
      ? !PURE.some((pure) => to.startsWith(`${pure}/`))
      : !PURE_MAY_IMPORT.includes(to),
  );
  expect(wrong).toEqual([]);
});
