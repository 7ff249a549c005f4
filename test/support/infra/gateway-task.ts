/** The gateway's task as template and Dockerfile describe it: image, command, user, environment. Ports are free ones. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
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

/** By what the log calls what listens there. */
const PORTS = {
  tls: 'QUIRE_IMAPS_PORT',
  plain: 'QUIRE_IMAP_PORT',
  'behind-tls': 'QUIRE_BEHIND_TLS_PORT',
  health: 'QUIRE_HEALTH_PORT',
} as const;
export type PortName = (typeof PORTS)[keyof typeof PORTS];
const SERVING = '"msg":"serving"';

export class GatewayTask {
  readonly #child: ChildProcess;
  readonly log: string[] = [];
  #wake: () => void = () => undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
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
    // Whatever is free: those of the template are for a machine that has nothing else.
    const ports = Object.values(PORTS).filter((name) => name in own);
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
        ...Object.fromEntries(ports.map((name) => [name, '0'])),
      },
    });
    const task = new GatewayTask(child);
    await task.logged(SERVING);
    return task;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Those that it has said it serves on. */
  get ports(): Readonly<Partial<Record<PortName, number>>> {
    const line = this.log.find((each) => each.includes(SERVING)) ?? '';
    const { listeners, health } = JSON.parse(line) as {
      listeners: readonly { kind: keyof typeof PORTS; port: number }[];
      health: number;
    };
    return Object.fromEntries(
      [...listeners, { kind: 'health' as const, port: health }].map(({ kind, port }) => [PORTS[kind], port]),
    );
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
