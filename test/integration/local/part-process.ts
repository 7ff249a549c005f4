/**
 * A process of its own for tests that kill it: starts what its arguments name and prints one line of JSON when it runs.
 *   store <database>           the embedded DynamoDB
 *   lock <folder> <holder>     the lock of a data folder
 */
import { lockDataFolder } from '../../../infra/local/data-folder.ts';
import { startDynoxide } from '../../../infra/local/dynoxide.ts';
import { createLog } from '../../../shared/log.ts';

const log = createLog({ level: 'silent', pretty: false });
const [what, target = '', holder = ''] = process.argv.slice(2);
if (what === 'store') {
  const store = await startDynoxide({ database: target, log });
  process.stdout.write(`${JSON.stringify({ pid: store.pid, endpoint: store.endpoint })}\n`);
} else if (what === 'lock') {
  await lockDataFolder(target, holder);
  process.stdout.write('{}\n');
} else {
  throw new Error(`there is no part ${String(what)}`);
}
// Until it is killed.
setInterval(() => undefined, 60_000);
