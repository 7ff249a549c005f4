/** The gateway's task as template and Dockerfile describe it: image, command, user, environment. Ports are free ones. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { freePorts } from '../free-port.ts';
import { buildImage, type Image } from './dockerfile.ts';
import { assetFolder } from './lambda.ts';
import type { Resolver } from './resolve.ts';
import { type Assembly, propertiesOf } from './synthesised.ts';

export interface TaskPlan {
  readonly image: Image;
  /** Of the task definition: it wins over the image's. */
  readonly user: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Logical id of the task's role. */
  readonly role: string;
}

/** Runs the Dockerfile in `into`, a folder that does not exist. */
export function taskPlan(assembly: Assembly, resolver: Resolver, into: string): TaskPlan {
  const stack = 'Quire-Gateway';
  const properties = propertiesOf(resolver.template(stack), 'AWS::ECS::TaskDefinition');
  const [container] = properties.ContainerDefinitions as {
    Image: unknown;
    User: string;
    Environment: { Name: string; Value: unknown }[];
  }[];
  if (!container) throw new Error('a task without a container');
  const hash = /:([0-9a-f]{64})$/.exec(resolver.text(stack, container.Image))?.[1] ?? '';
  mkdirSync(into);
  // The user of the image must get to its files, as below a container's root.
  for (const folder of [into, path.dirname(into)]) chmodSync(folder, 0o755);
  return {
    image: buildImage(assetFolder(assembly, stack, hash), into),
    user: container.User,
    environment: Object.fromEntries(
      container.Environment.map(({ Name, Value }) => [Name, resolver.text(stack, Value)]),
    ),
    role: (properties.TaskRoleArn as { 'Fn::GetAtt': [string] })['Fn::GetAtt'][0],
  };
}

const PORTS = ['QUIRE_IMAPS_PORT', 'QUIRE_IMAP_PORT', 'QUIRE_BEHIND_TLS_PORT', 'QUIRE_HEALTH_PORT'] as const;
export type PortName = (typeof PORTS)[number];

export class GatewayTask {
  readonly #child: ChildProcess;
  readonly ports: Readonly<Partial<Record<PortName, number>>>;
  readonly log: string[] = [];
  #wake: () => void = () => undefined;

  private constructor(child: ChildProcess, ports: GatewayTask['ports']) {
    this.#child = child;
    this.ports = ports;
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) throw new Error('no pipe');
      createInterface({ input: stream }).on('line', (line) => {
        this.log.push(line);
        this.#wake();
      });
    }
    child.once('exit', () => this.#wake());
  }

  /** `environment`: where AWS is, and what a test changes. */
  static async start(
    { image, user, environment: own }: TaskPlan,
    environment: Readonly<Record<string, string>>,
  ): Promise<GatewayTask> {
    const names = PORTS.filter((name) => name in own);
    const free = await freePorts(names.length);
    const ports = Object.fromEntries(names.map((name, index) => [name, free[index] ?? 0]));
    const inRoot = (text: string): string => (text.startsWith('/') ? path.join(image.root, text) : text);
    const [, ...args] = image.command;
    const [uid = 0, gid = 0] = user.split(':').map(Number);
    const child = spawn(process.execPath, args.map(inRoot), {
      cwd: inRoot(image.workdir),
      stdio: ['ignore', 'pipe', 'pipe'],
      // Only root can become somebody else.
      ...(process.getuid?.() === 0 ? { uid, gid } : {}),
      env: {
        ...image.environment,
        ...own,
        ...environment,
        ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])),
      },
    });
    const task = new GatewayTask(child, ports);
    await task.logged('"msg":"serving"');
    return task;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Waits until a line of the log holds `text`. */
  async logged(text: string): Promise<void> {
    while (!this.log.some((line) => line.includes(text))) {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null)
        throw new Error(`the gateway ended:\n${this.log.join('\n')}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** As ECS does it; resolves to the exit status. */
  async stop(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
      this.#child.kill('SIGTERM');
      await gone;
    }
    return this.#child.exitCode;
  }
}
