/** A deployment on AWS as the command line sees it: its configuration, and what its stacks say of themselves. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { type Command, Option } from 'commander';
import { openEngine, type Engine, type EngineSettings } from '../../shared/aws/engine.ts';
import { ConfigError, type Deployment } from '../config/check.ts';
import { CONFIG_FILE, readConfig } from '../config/read.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { stackName, type StackKind } from '../stacks/names.ts';

export type Outputs = Readonly<Record<string, string>>;

export function addConfigOption(command: Command, group?: string): Command {
  const option = new Option(
    '--config <file>',
    `which deployment: its configuration (default: ${CONFIG_FILE})`,
  );
  return command.addOption(group === undefined ? option : option.helpGroup(group));
}

/** @throws {SetupError} if the configuration cannot be used. */
export async function deploymentOf(flags: Flags): Promise<Deployment> {
  try {
    return await readConfig(typeof flags.config === 'string' ? flags.config : CONFIG_FILE);
  } catch (error) {
    if (error instanceof ConfigError) throw new SetupError(error.message, { cause: error });
    throw error;
  }
}

/** What a stack says after its deployment. @throws {SetupError} if it cannot be asked, or does not exist. */
export async function outputsOf({ name, region }: Deployment, kind: StackKind): Promise<Outputs> {
  const stack = stackName(name, kind);
  const client = new CloudFormationClient({ region });
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const outputs = Stacks[0]?.Outputs ?? [];
    return Object.fromEntries(
      outputs.map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SetupError(
      `The stack ${stack} in ${region} could not be asked where its parts are (${reason}): deploy it first with "npx cdk deploy --all", and have AWS credentials of its account in the environment.`,
      { cause: error },
    );
  } finally {
    client.destroy();
  }
}

/** The engine on the stores of a deployment. */
export async function openDeployment(flags: Flags): Promise<Engine> {
  const deployment = await deploymentOf(flags);
  return openEngine(storesOf(deployment, await outputsOf(deployment, 'Storage')));
}

function storesOf({ name, region, storedMail }: Deployment, outputs: Outputs): EngineSettings {
  const output = (key: string): string => {
    const value = outputs[key];
    if (value === undefined)
      throw new SetupError(
        `The stack ${stackName(name, 'Storage')} has no output ${key}: deploy it again with this version of Quire.`,
      );
    return value;
  };
  return {
    aws: { region },
    mailTable: output('MailTableName'),
    directoryTable: output('DirectoryTableName'),
    mail: { bucket: output('MailBucketName') },
    inbound: { bucket: output('InboundBucketName') },
    blobFormat: storedMail === 'raw' ? 'raw' : 'framed',
    keys: {
      table: output('KeysTableName'),
      wrap: { kms: output('KeyArn') },
      create: storedMail === 'encrypted',
    },
  };
}
