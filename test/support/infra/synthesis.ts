/** Synthesis as `cdk synth` does it, in this process: loading the library takes longer than using it. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../infra/bundles/bundle.ts';
import { checkConfig } from '../../../infra/config/check.ts';
import { addStacks } from '../../../infra/stacks/quire.ts';

const { context } = JSON.parse(readFileSync(path.join(ROOT, 'cdk.json'), 'utf8')) as {
  context: Record<string, unknown>;
};

/** Writes the cloud assembly, with what AWS Solutions has to say about it in `validation-report.json`. */
export function synthesiseInto(folder: string, config: unknown): void {
  const app = new App({ outdir: folder, context });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  addStacks(app, checkConfig(config, 'the configuration of a test'));
  try {
    app.synth();
  } catch (error) {
    // The report says what is wrong, and the test judges it.
    if (!existsSync(path.join(folder, 'validation-report.json'))) throw error;
  }
}
