/** For how long "quire expunge" keeps what was expunged, if nobody says it. */
import { expect, test } from '@jest/globals';
import path from 'node:path';
import { graceOf } from '../../../infra/cli/kept.ts';
import { interrupt, start } from './quire-command.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('quire expunge purges nothing that the instance was started to keep', async () => {
  const data = path.join(await temporaryFolder(), 'data');
  expect(await graceOf({ data })).toEqual({ graceDays: 7 });
  const { child } = await start(data, '--grace-days', '30');
  expect(await graceOf({ data })).toEqual({ graceDays: 30 });
  expect(await interrupt(child)).toBe(0);
  expect(await graceOf({ data })).toEqual({ graceDays: 30 });
  expect(await graceOf({ data, graceDays: '3' })).toEqual({ graceDays: 3 });
});
