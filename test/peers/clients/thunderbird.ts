/**
 * Debian's Thunderbird without a screen, in a profile of its own, driven by Marionette: scripts run in it as its own code
 * does, and use the same services as its windows do.
 */
import type { ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { DemoAccount } from '../../../infra/local/demo-accounts.ts';
import type { Listener } from '../../../infra/local/instance.ts';
import { freePorts } from '../../support/free-port.ts';
import { stopProcess } from '../../support/stop-process.ts';
import { startProgram } from './program.ts';

/** A start takes some seconds. */
const LOOKS = 300;
const BETWEEN_LOOKS_MS = 200;

/** It must ask nobody, fetch nothing from elsewhere, and look for mail only when it is told to. */
const PREFERENCES: Readonly<Record<string, unknown>> = {
  'app.update.enabled': false,
  'browser.cache.disk.enable': false,
  'datareporting.policy.dataSubmissionPolicyBypassNotification': true,
  'extensions.autoDisableScopes': 15,
  'mail.provider.suppress_dialog_on_startup': true,
  'mail.rights.version': 1,
  'mail.shell.checkDefaultClient': false,
  'mail.spotlight.firstRunDone': true,
  'mailnews.start_page.enabled': false,
  'services.settings.server': 'data:,',
};

/** What every script begins with. `until` waits for a state that nobody announces. */
const PRELUDE = `
const { MailServices } = ChromeUtils.importESModule('resource:///modules/MailServices.sys.mjs');
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (what, look) => {
  for (let turn = 0; turn < 200; turn++) {
    const found = await look();
    if (found) return found;
    await sleep(100);
  }
  throw new Error('never came: ' + what);
};
const listened = (start) => new Promise((resolve, reject) => {
  const end = (status) => (Components.isSuccessCode(status) ? resolve() : reject(new Error('status ' + status.toString(16))));
  start({
    OnStartRunningUrl() {},
    OnStopRunningUrl: (_url, status) => end(status),
    onStartCopy() {},
    onProgress() {},
    setMessageKey() {},
    getMessageId: () => null,
    onStopCopy: end,
    QueryInterface: ChromeUtils.generateQI(['nsIUrlListener', 'nsIMsgCopyServiceListener']),
  });
});
const server = () => MailServices.accounts.accounts[0].incomingServer;
const folder = (name) => until('folder ' + name, () => {
  const found = server().rootFolder.subFolders.find((each) => each.onlineName === name || each.name.toLowerCase() === name.toLowerCase());
  return found?.QueryInterface(Ci.nsIMsgImapMailFolder);
});
const updated = async (name) => {
  const found = await folder(name);
  await listened((listener) => found.updateFolderWithListener(null, listener));
  return found;
};
const header = async (name, subject) => {
  const found = await folder(name);
  return until('message ' + subject, () => [...found.messages].find((each) => each.mime2DecodedSubject === subject));
};
`;

interface Reply {
  readonly error: unknown;
  readonly value: unknown;
}

export class Thunderbird {
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  readonly #waiting: ((message: unknown) => void)[] = [];
  #commands = 0;

  private constructor(child: ChildProcess, socket: Socket) {
    this.#child = child;
    this.#socket = socket;
    socket.on('data', (bytes) => this.#take(bytes));
  }

  /** Starts it with `account` as its only one. */
  static async start(home: string, at: Listener, account: DemoAccount): Promise<Thunderbird> {
    const [port = 0] = await freePorts(1);
    const profile = path.join(home, 'profile');
    await mkdir(profile);
    const preferences = Object.entries({ ...PREFERENCES, 'marionette.port': port });
    const lines = preferences.map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
    );
    await writeFile(path.join(profile, 'user.js'), lines.join('\n'));
    const switches = ['--headless', '--marionette', '--remote-allow-system-access', '--no-remote'];
    const child = startProgram(home, 'thunderbird', [...switches, '--profile', profile]);
    child.stdout.resume();
    child.stderr.resume();
    try {
      const thunderbird = new Thunderbird(child, await connected(port));
      await thunderbird.#open(at, account);
      return thunderbird;
    } catch (error) {
      await stopProcess(child);
      throw error;
    }
  }

  /** Runs the body of an async function in it, behind the prelude; resolves to what it returns. */
  async script(body: string, ...args: readonly unknown[]): Promise<unknown> {
    const script = `const done = arguments[arguments.length - 1]; const args = [...arguments].slice(0, -1);
      (async () => { ${PRELUDE} ${body} })().then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const { value } = (await this.#command('WebDriver:ExecuteAsyncScript', { script, args })) as {
      value: { value?: unknown; error?: string };
    };
    if (value.error !== undefined) throw new Error(`in Thunderbird: ${value.error}`);
    return value.value;
  }

  async stop(): Promise<void> {
    this.#socket.destroy();
    await stopProcess(this.#child, 10_000);
  }

  async #open(at: Listener, account: DemoAccount): Promise<void> {
    await this.#command('WebDriver:NewSession', { capabilities: {} });
    await this.#command('Marionette:SetContext', { value: 'chrome' });
    await this.#command('WebDriver:SetTimeouts', { script: 120_000 });
    await this.script(
      `const [host, port, user, password] = args;
       const { accounts } = MailServices;
       const made = accounts.createIncomingServer(user, host, 'imap');
       made.port = port;
       made.socketType = Ci.nsMsgSocketType.plain;
       made.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
       made.password = password;
       made.QueryInterface(Ci.nsIImapIncomingServer).deleteModel = Ci.nsMsgImapDeleteModels.DeleteNoTrash;
       const identity = accounts.createIdentity();
       identity.email = user;
       const account = accounts.createAccount();
       account.addIdentity(identity);
       account.incomingServer = made;
       made.performExpand(null);
       await folder('INBOX');`,
      at.host,
      at.port,
      account.address,
      account.password,
    );
  }

  async #command(name: string, parameters: unknown): Promise<unknown> {
    const reply = new Promise<unknown>((resolve) => this.#waiting.push(resolve));
    const text = JSON.stringify([0, ++this.#commands, name, parameters]);
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    const [, , error, result] = (await reply) as [number, number, Reply['error'], Reply['value']];
    if (error !== null) throw new Error(`${name}: ${JSON.stringify(error)}`);
    return result;
  }

  /** `length:JSON`, the first of which is a greeting. */
  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const colon = this.#received.indexOf(':');
      const length = Number(this.#received.toString('latin1', 0, Math.max(0, colon)));
      const end = colon + 1 + length;
      if (colon < 0 || this.#received.length < end) return;
      const message: unknown = JSON.parse(this.#received.toString('utf8', colon + 1, end));
      this.#received = this.#received.subarray(end);
      if (Array.isArray(message)) this.#waiting.shift()?.(message);
    }
  }
}

async function connected(port: number): Promise<Socket> {
  for (let look = 0; look < LOOKS; look++) {
    const socket = connect({ port, host: '127.0.0.1' });
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    if (isOpen) return socket;
    await delay(BETWEEN_LOOKS_MS);
  }
  throw new Error('Thunderbird did not start');
}
