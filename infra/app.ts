/** What `cdk` runs: reads `quire.config.ts`, or the file that `--context config=<file>` names, and makes its stacks. */
import { App } from 'aws-cdk-lib';
import { ConfigError } from './config/check.ts';
import { CONFIG_FILE, readConfig } from './config/read.ts';
import { addStacks } from './stacks/quire.ts';

const app = new App();
const file = app.node.tryGetContext('config') as unknown;
try {
  addStacks(app, await readConfig(typeof file === 'string' ? file : CONFIG_FILE));
  app.synth();
} catch (error) {
  // Its message is for a person; of anything else the trace matters.
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
