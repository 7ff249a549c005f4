/**
 * A Ceph cluster of one node on loopback, wholly inside a temporary folder: monitor, manager, one OSD that keeps its
 * objects in memory, and a RADOS Gateway that speaks S3. Needs the Debian packages ceph-mon, ceph-mgr, ceph-osd, radosgw.
 */
import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AwsCredentials } from '../../../shared/aws/clients.ts';
import { freePorts } from '../../support/free-port.ts';
import { stopProcess } from '../../support/stop-process.ts';
import { cephConfig } from './ceph-config.ts';

const run = promisify(execFile);

/** Every step but the whole bring-up; a healthy one takes a second or two. */
const STEP_MS = 60_000;
const POLL_MS = 200;

export interface Ceph {
  /** Endpoint of S3. */
  readonly endpoint: string;
  readonly credentials: AwsCredentials;
  /** Ends the processes that were started, and removes the folder. */
  stop(): Promise<void>;
}

/** Brings the cluster up; if a step fails, everything is taken down again and the error shows the last log lines. */
export async function startCeph(): Promise<Ceph> {
  // A short path, for the sockets in it.
  const folder = await mkdtemp(join(tmpdir(), 'qceph-'));
  const node = new CephNode(folder);
  try {
    return await node.start();
  } catch (error) {
    const log = await node.lastLogLines();
    await node.stop();
    throw new Error(`Ceph did not start: ${String(error)}\n${log}`, { cause: error });
  }
}

class CephNode {
  readonly #folder: string;
  readonly #config: string;
  readonly #daemons: { name: string; child: ChildProcess }[] = [];

  constructor(folder: string) {
    this.#folder = folder;
    this.#config = join(folder, 'ceph.conf');
  }

  async start(): Promise<Ceph> {
    const [monitorPort = 0, gatewayPort = 0] = await freePorts(2);
    const fsid = randomUUID();
    for (const name of ['mon', 'mgr', 'osd', 'rgw', 'log']) await mkdir(join(this.#folder, name));
    await writeFile(this.#config, cephConfig({ folder: this.#folder, fsid, monitorPort, gatewayPort }));
    await this.#makeKeys();
    await this.#startMonitor(fsid, monitorPort);
    await this.#start('mgr', 'ceph-mgr', ['-i', 'x']);
    await this.#startOsd();
    const credentials = await this.#makeUser();
    await this.#start('rgw', 'radosgw', ['-n', 'client.rgw']);
    const endpoint = `http://127.0.0.1:${gatewayPort}`;
    await this.#until('the gateway answers', async () => (await fetch(endpoint)).ok);
    return { endpoint, credentials, stop: () => this.stop() };
  }

  /** One keyring for all: the monitor imports every key with its rights when it makes its store. */
  async #makeKeys(): Promise<void> {
    const keyring = join(this.#folder, 'keyring');
    const rights: Record<string, string[]> = {
      'mon.': ['mon', 'allow *'],
      'client.admin': ['mon', 'allow *', 'osd', 'allow *', 'mgr', 'allow *'],
      'mgr.x': ['mon', 'allow profile mgr', 'osd', 'allow *'],
      'osd.0': ['mon', 'allow profile osd', 'mgr', 'allow profile osd', 'osd', 'allow *'],
      'client.rgw': ['mon', 'allow rw', 'osd', 'allow rwx', 'mgr', 'allow rw'],
    };
    await run('ceph-authtool', ['--create-keyring', keyring]);
    for (const [entity, caps] of Object.entries(rights)) {
      const pairs = caps.flatMap((cap, i) => (i % 2 === 0 ? ['--cap', cap, caps[i + 1] ?? ''] : []));
      await run('ceph-authtool', [keyring, '--gen-key', '--name', entity, ...pairs]);
    }
  }

  async #startMonitor(fsid: string, port: number): Promise<void> {
    const map = join(this.#folder, 'monmap');
    await run('monmaptool', ['--create', '--fsid', fsid, '--addv', 'x', `[v2:127.0.0.1:${port}]`, map]);
    const keyring = join(this.#folder, 'keyring');
    await this.#tool('ceph-mon', ['--mkfs', '-i', 'x', '--monmap', map, '--keyring', keyring]);
    await this.#start('mon', 'ceph-mon', ['-i', 'x']);
    await this.#until('the monitor answers', async () => {
      await this.#tool('ceph', ['--connect-timeout', '5', 'quorum_status']);
      return true;
    });
  }

  async #startOsd(): Promise<void> {
    const uuid = randomUUID();
    await this.#tool('ceph', ['osd', 'create', uuid, '0']);
    await this.#tool('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', uuid]);
    await this.#start('osd', 'ceph-osd', ['-i', '0']);
    await this.#until('the OSD is up', async () => {
      const state = JSON.parse(await this.#tool('ceph', ['osd', 'stat', '-f', 'json'])) as {
        num_up_osds?: number;
      };
      return state.num_up_osds === 1;
    });
  }

  async #makeUser(): Promise<AwsCredentials> {
    const credentials = { accessKeyId: 'quire-test', secretAccessKey: randomUUID() };
    const { accessKeyId, secretAccessKey } = credentials;
    const keys = ['--access-key', accessKeyId, '--secret', secretAccessKey];
    await this.#tool('radosgw-admin', [
      ...['-n', 'client.rgw', 'user', 'create', '--uid', 'quire', '--display-name', 'Quire', ...keys],
    ]);
    return credentials;
  }

  async #tool(command: string, args: readonly string[]): Promise<string> {
    const { stdout } = await run(command, ['-c', this.#config, ...args], {
      timeout: STEP_MS,
      env: environment(),
    });
    return stdout;
  }

  async #start(name: string, command: string, args: readonly string[]): Promise<void> {
    const output = await open(join(this.#folder, 'log', `${name}.out`), 'w');
    const stdio: ['ignore', number, number] = ['ignore', output.fd, output.fd];
    const child = spawn(command, ['-c', this.#config, '-f', ...args], { stdio, env: environment() });
    // A command that is not there shows as an exit in `#until`.
    child.on('error', () => undefined);
    this.#daemons.push({ name, child });
    await output.close();
  }

  async #until(what: string, check: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + STEP_MS;
    let last: unknown = 'no answer';
    while (Date.now() < deadline) {
      const dead = this.#daemons.find(({ child }) => child.pid === undefined || child.exitCode !== null);
      if (dead) throw new Error(`waiting until ${what}: ${dead.name} ended`);
      try {
        if (await check()) return;
      } catch (error) {
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`waited ${STEP_MS} ms until ${what}: ${String(last)}`);
  }

  async lastLogLines(): Promise<string> {
    const logs = this.#daemons.map(async ({ name }) => {
      const text = await readFile(join(this.#folder, 'log', `${name}.out`), 'utf8').catch(() => '');
      return `${name}: ${text.trim().split('\n').slice(-5).join('\n')}`;
    });
    return (await Promise.all(logs)).join('\n');
  }

  /** The gateway first, so that nobody waits for a peer that is gone; nothing is kept, so nobody is given long. */
  async stop(): Promise<void> {
    for (const { child } of this.#daemons.reverse()) await stopProcess(child, 2_000);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Settings of an outer Ceph must not leak in. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CEPH_')));
}
