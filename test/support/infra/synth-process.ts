/**
 * Synthesises several configurations in one process, because loading the library takes longer than using it:
 * `synth-process.ts <folder> <JSON of configurations by name>`. Each cloud assembly is in a folder of its name, with what
 * AWS Solutions has to say about it in `validation-report.json`.
 */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { checkConfig } from '../../../infra/config/check.ts';
import { addStacks } from '../../../infra/stacks/quire.ts';
import { ROOT } from '../../../infra/bundles/bundle.ts';

const [folder = '', configs = '{}'] = process.argv.slice(2);
const { context } = JSON.parse(readFileSync(path.join(ROOT, 'cdk.json'), 'utf8')) as {
  context: Record<string, unknown>;
};
for (const [name, config] of Object.entries(JSON.parse(configs) as Record<string, unknown>)) {
  const app = new App({ outdir: path.join(folder, name), context });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  addStacks(app, checkConfig(config, name));
  try {
    app.synth();
  } catch (error) {
    // The report says what is wrong, and the test judges it.
    if (!existsSync(path.join(folder, name, 'validation-report.json'))) throw error;
  }
}
