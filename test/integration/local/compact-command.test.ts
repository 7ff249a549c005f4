/** `quire compact`, by hand, on a stopped instance. */
import { expect, test } from '@jest/globals';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { run } from './command-here.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('quire compact folds an account now, and says what it did', async () => {
  const data = path.join(await temporaryFolder(), 'data');
  await mkdir(data);
  const at = ['--data', data];
  await run(['user', 'add', 'carol@example.test', '--password-stdin', ...at], 'first-secret\n');
  expect(await run(['compact', 'Carol@Example.test', ...at])).toEqual({
    status: 0,
    output:
      'carol@example.test: 1 record folded, up to 1; 0 emptied, 0 superseded items deleted; nothing to pack.\n',
    errors: '',
  });
  expect((await run(['compact', 'carol@example.test', ...at])).output).toBe(
    'carol@example.test: nothing to fold; nothing to pack.\n',
  );
  const nobody = await run(['compact', 'nobody@example.test', ...at]);
  expect([nobody.status, nobody.errors]).toEqual([1, expect.stringContaining('nobody@example.test')]);
});
