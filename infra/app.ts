/** What `cdk` runs: reads `quire.config.ts`, or the file that `--context config=<file>` names, and makes its stacks. */
import { App } from 'aws-cdk-lib';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './bundles/bundle.ts';
import { checkConfig, ConfigError, type Deployment } from './config/check.ts';
import { addStacks } from './stacks/quire.ts';

const app = new App();
const context = app.node.tryGetContext('config') as unknown;
const deployment = await read(typeof context === 'string' ? context : 'quire.config.ts');
if (deployment !== undefined) {
  addStacks(app, deployment);
  app.synth();
}

/** Undefined, with the mistakes told, if it cannot be used. */
async function read(file: string): Promise<Deployment | undefined> {
  try {
    const { default: config } = (await import(pathToFileURL(path.resolve(ROOT, file)).href)) as {
      default: unknown;
    };
    return checkConfig(config, file);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return undefined;
  }
}
