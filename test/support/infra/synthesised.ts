/** Templates as `cdk synth` makes them, and simple questions to them. */
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { QuireConfig } from '../../../infra/config/config.ts';
import { type StackKind, STACKS } from '../../../infra/stacks/names.ts';
import { SYNTHESIS_SOCKET } from './start-synthesis.ts';
import type { Synthesised } from './synthesis-process.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: string | readonly string[];
  readonly Metadata?: Readonly<Record<string, unknown>>;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
  readonly Parameters?: unknown;
  readonly Rules?: unknown;
}

export interface Violation {
  readonly ruleName: string;
  readonly severity: string;
  readonly violatingConstructs: readonly { readonly constructPath: string }[];
}

export interface Assembly {
  /** The folder that `cdk` deploys from. */
  readonly folder: string;
  readonly stacks: Readonly<Record<StackKind, Template>>;
  readonly reports: readonly {
    readonly pluginName: string;
    readonly violations: readonly Violation[];
    readonly suppressedViolations?: readonly (Violation & { readonly reason?: string })[];
  }[];
}

export const EXAMPLE: QuireConfig = {
  region: 'us-east-1',
  domains: [{ name: 'example.org' }],
  host: 'mail.example.org',
  tls: { at: 'load-balancer' },
  alarmAddress: 'postmaster@example.net',
};

/** Cloud assemblies by the names of their configurations, and what was printed when they were made. */
export async function synthesise<N extends string>(
  configs: Readonly<Record<N, QuireConfig>>,
): Promise<{ assemblies: Record<N, Assembly>; printed: string }> {
  const assemblies: [string, Assembly][] = [];
  let printed = '';
  for (const [name, config] of Object.entries<QuireConfig>(configs)) {
    const answer = await ask(config);
    if ('error' in answer) throw new Error(`${name}: ${answer.error}`);
    assemblies.push([name, await assemblyOf(answer.folder, config.name ?? 'Quire')]);
    ({ printed } = answer);
  }
  return { assemblies: Object.fromEntries(assemblies) as Record<N, Assembly>, printed };
}

/** Asks the process that synthesises for all files of the run (`start-synthesis.ts`). */
async function ask(config: QuireConfig): Promise<Synthesised> {
  const connection = connect(process.env[SYNTHESIS_SOCKET] ?? '');
  connection.end(JSON.stringify(config));
  return JSON.parse(await text(connection)) as Synthesised;
}

async function assemblyOf(folder: string, name: string): Promise<Assembly> {
  const read = async (file: string): Promise<unknown> =>
    JSON.parse(await readFile(path.join(folder, file), 'utf8'));
  const stacks = STACKS.map(async (kind) => [kind, await read(`${name}-${kind}.template.json`)] as const);
  const { pluginReports } = (await read('validation-report.json')) as { pluginReports: Assembly['reports'] };
  return {
    folder,
    stacks: Object.fromEntries(await Promise.all(stacks)) as Assembly['stacks'],
    reports: pluginReports,
  };
}

/** All resources of a type, in the order of the template, with their logical ids. */
export function resourcesOf(template: Template, type: string): (Resource & { readonly id: string })[] {
  return Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, resource]) => ({ id, ...resource }));
}

/** The properties of the only resource of a type, or of those whose logical id begins with `id`. */
export function propertiesOf(template: Template, type: string, id = ''): Readonly<Record<string, unknown>> {
  const found = resourcesOf(template, type).filter((resource) => resource.id.startsWith(id));
  const [only] = found;
  if (only?.Properties === undefined || found.length > 1)
    throw new Error(`${found.length} resources of ${type} begin with ${JSON.stringify(id)}`);
  return only.Properties;
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Principal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Statements of the policies that are attached to roles, with the policy's logical id. */
export function roleStatements(
  template: Template,
): { readonly policy: string; readonly statement: Statement }[] {
  return resourcesOf(template, 'AWS::IAM::Policy').flatMap(({ id, Properties }) =>
    (Properties?.PolicyDocument as { Statement: Statement[] }).Statement.map((statement) => ({
      policy: id,
      statement,
    })),
  );
}

export function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
