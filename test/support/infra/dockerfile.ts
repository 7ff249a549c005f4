/**
 * Runs a Dockerfile on a machine without Docker: each stage is a folder, COPY copies, RUN runs in the stage's folder with this
 * machine's shell. Knows the instructions that ours has, and refuses any other.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Image {
  /** The last stage's files. */
  readonly root: string;
  readonly base: string;
  /** Of all stages. */
  readonly bases: readonly string[];
  readonly workdir: string;
  readonly user: string;
  readonly environment: Readonly<Record<string, string>>;
  /** ENTRYPOINT and CMD. */
  readonly command: readonly string[];
}

interface Stage {
  readonly base: string;
  readonly root: string;
  workdir: string;
  user: string;
  readonly environment: Record<string, string>;
  entrypoint: readonly string[];
  cmd: readonly string[];
}

/** `context`: the folder with the Dockerfile. `into`: an empty folder. */
export function buildImage(context: string, into: string): Image {
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const [instruction, rest] of instructions(readFileSync(path.join(context, 'Dockerfile'), 'utf8'))) {
    if (instruction === 'FROM') {
      const [, base = '', name = String(stages.size)] =
        /^(?:--platform=\S+ )?(\S+)(?: AS (\S+))?$/.exec(rest) ?? [];
      stage = {
        base,
        root: path.join(into, name),
        workdir: '/',
        user: '0',
        environment: {},
        entrypoint: [],
        cmd: [],
      };
      mkdirSync(stage.root, { recursive: true });
      stages.set(name, stage);
    } else if (stage === undefined) throw new Error(`${instruction} before FROM`);
    else step(stage, instruction, rest, context, stages);
  }
  if (stage === undefined) throw new Error('no stage');
  const { root, base, workdir, user, environment, entrypoint, cmd } = stage;
  const bases = [...stages.values()].map((each) => each.base);
  return { root, base, bases, workdir, user, environment, command: [...entrypoint, ...cmd] };
}

function instructions(text: string): [string, string][] {
  return text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [instruction = '', ...rest] = line.trim().split(' ');
      return [instruction, rest.join(' ')];
    });
}

function step(
  stage: Stage,
  instruction: string,
  rest: string,
  context: string,
  stages: ReadonlyMap<string, Stage>,
): void {
  switch (instruction) {
    case 'WORKDIR':
      stage.workdir = path.posix.resolve(stage.workdir, rest);
      mkdirSync(path.join(stage.root, stage.workdir), { recursive: true });
      return;
    case 'COPY': {
      const [, from, source = '', target = ''] = /^(?:--from=(\S+) )?(\S+) (\S+)$/.exec(rest) ?? [];
      const origin = from === undefined ? context : stages.get(from)?.root;
      if (origin === undefined) throw new Error(`no stage ${from ?? ''}`);
      const to = path.posix.resolve(stage.workdir, target);
      const isFolder = target.endsWith('/') && !source.endsWith('/');
      cpSync(path.join(origin, source), path.join(stage.root, to, isFolder ? path.basename(source) : ''), {
        recursive: true,
      });
      return;
    }
    case 'RUN':
      execFileSync('/bin/sh', ['-ec', rest], {
        cwd: path.join(stage.root, stage.workdir),
        env: { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`, ...stage.environment },
      });
      return;
    case 'ENV': {
      const [name = '', value = ''] = rest.split('=');
      stage.environment[name] = value;
      return;
    }
    case 'USER':
      stage.user = rest;
      return;
    case 'ENTRYPOINT':
      stage.entrypoint = JSON.parse(rest) as string[];
      return;
    case 'CMD':
      stage.cmd = JSON.parse(rest) as string[];
      return;
    default:
      throw new Error(`an instruction that is not known here: ${instruction}`);
  }
}
