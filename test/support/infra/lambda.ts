/** A function as the template describes it, in a process of its own: its asset, its handler, its environment. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { stopProcess } from '../stop-process.ts';
import type { Resolver } from './resolve.ts';
import { type Assembly, resourcesOf } from './synthesised.ts';
import { COMPILE_CACHE } from '../child-environment.ts';

const PROCESS = path.join(import.meta.dirname, 'lambda-process.ts');

export interface FunctionPlan {
  readonly folder: string;
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Logical id of its role. */
  readonly role: string;
}

/** `id`: beginning of the function's logical id. */
export function functionPlan(
  assembly: Assembly,
  resolver: Resolver,
  stack: string,
  id: string,
): FunctionPlan {
  const [found, ...others] = resourcesOf(resolver.template(stack), 'AWS::Lambda::Function').filter((each) =>
    each.id.startsWith(id),
  );
  if (!found?.Properties || others.length > 0) throw new Error(`not one function ${id} in ${stack}`);
  const { Handler, Environment, Timeout, Code, Role } = resolver.value(stack, found.Properties) as {
    Handler: string;
    Environment?: { Variables: Record<string, string> };
    Timeout: number;
    Code: { S3Key: string };
    Role: string;
  };
  const role = (found.Properties.Role as { 'Fn::GetAtt': [string] })['Fn::GetAtt'][0];
  if (Role === '') throw new Error('a function without a role');
  return {
    folder: assetFolder(assembly, stack, Code.S3Key.split('.')[0] ?? ''),
    handler: Handler,
    environment: Environment?.Variables ?? {},
    timeoutMs: Timeout * 1_000,
    role,
  };
}

/** Where the asset lies that the template knows by this hash, as `cdk` would look it up to publish it. */
export function assetFolder({ folder }: Assembly, stack: string, hash: string): string {
  const manifest = JSON.parse(readFileSync(path.join(folder, `${stack}.assets.json`), 'utf8')) as {
    files: Record<string, { source: { path: string } }>;
    dockerImages: Record<string, { source: { directory: string } }>;
  };
  const asset = manifest.files[hash]?.source.path ?? manifest.dockerImages[hash]?.source.directory;
  if (asset === undefined) throw new Error(`no asset ${hash} in ${stack}`);
  return path.join(folder, asset);
}

export class LambdaProcess {
  readonly #child: ChildProcess;
  readonly #timeoutMs: number;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: string[] = [];

  private constructor(child: ChildProcess, timeoutMs: number) {
    this.#child = child;
    this.#timeoutMs = timeoutMs;
    if (!child.stdout || !child.stderr) throw new Error('no pipes');
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    createInterface({ input: child.stderr }).on('line', (line) => this.#errors.push(line));
  }

  /** `environment`: what Lambda adds to the template's. */
  static async start(
    plan: FunctionPlan,
    environment: Readonly<Record<string, string>>,
  ): Promise<LambdaProcess> {
    const child = spawn(process.execPath, ['--no-warnings', PROCESS, plan.folder, plan.handler], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...COMPILE_CACHE, AWS_REGION: 'us-east-1', ...environment, ...plan.environment },
    });
    const made = new LambdaProcess(child, plan.timeoutMs);
    await made.#line('ready');
    return made;
  }

  /** What it wrote to its log. */
  get log(): string {
    return this.#errors.join('\n');
  }

  async invoke(event: unknown): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify({ event, timeoutMs: this.#timeoutMs })}\n`);
    const { error, result } = (await this.#line('answer')) as { error?: string; result?: unknown };
    if (error !== undefined) throw new Error(`${error}\n${this.log}`);
    return result;
  }

  async stop(): Promise<void> {
    await stopProcess(this.#child);
  }

  /** Metrics go to standard output as well, as on Lambda. */
  async #line(member: string): Promise<unknown> {
    for (;;) {
      const next = await Promise.race([this.#lines.next(), once(this.#child, 'exit').then(() => undefined)]);
      if (next === undefined || next.done === true) throw new Error(`the function ended:\n${this.log}`);
      const value = JSON.parse(next.value) as Record<string, unknown>;
      if (member in value) return value[member];
    }
  }
}
