/**
 * Debian's Dovecot on loopback, wholly inside a temporary folder: its own settings, a free port, one mailbox whose
 * messages are files that a test has put there as they are. Needs the package dovecot-imapd.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { userInfo, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../../support/free-port.ts';
import { stopProcess } from '../../support/stop-process.ts';
import { connects } from './connects.ts';

/** A healthy start takes a tenth of a second. */
const START_MS = 30_000;
const POLL_MS = 50;
/** Debian's user of Dovecot that owns nothing; the mail belongs to it when the test runs as root. */
const MAIL_USER = { name: 'nobody', uid: 65534, gid: 65534 };

export interface StoredMail {
  readonly bytes: Uint8Array;
  /** INTERNALDATE, in seconds since the epoch. */
  readonly arrived: number;
}

export class Dovecot {
  readonly port: number;
  readonly #folder: string;
  readonly #child: ChildProcess;

  private constructor(folder: string, port: number, child: ChildProcess) {
    this.#folder = folder;
    this.port = port;
    this.#child = child;
  }

  /** Any user and password are let in, and find `mails` in INBOX, in that order. */
  static async start(mails: readonly StoredMail[]): Promise<Dovecot> {
    const folder = await mkdtemp(join(tmpdir(), 'qdovecot-'));
    const [port = 0] = await freePorts(1);
    const isRoot = process.getuid?.() === 0;
    await chmod(folder, 0o755);
    await fillMaildir(join(folder, 'home', 'Maildir', 'cur'), mails);
    if (isRoot)
      await giveAway(join(folder, 'home'), ['Maildir', 'Maildir/cur', 'Maildir/new', 'Maildir/tmp']);
    const settings = join(folder, 'dovecot.conf');
    await writeFile(settings, config(folder, port, isRoot ? undefined : userInfo().username));
    const child = spawn('dovecot', ['-F', '-c', settings], { stdio: 'ignore' });
    const dovecot = new Dovecot(folder, port, child);
    try {
      await dovecot.#ready();
      return dovecot;
    } catch (error) {
      const log = await readFile(join(folder, 'log'), 'utf8').catch(() => '');
      await dovecot.stop();
      throw new Error(`Dovecot did not start: ${String(error)}\n${log}`, { cause: error });
    }
  }

  async stop(): Promise<void> {
    await stopProcess(this.#child);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    const failed = once(this.#child, 'error').then(([error]) => Promise.reject(error as Error));
    const until = performance.now() + START_MS;
    const listening = async (): Promise<void> => {
      while (!(await connects(this.port))) {
        if (this.#child.exitCode !== null || performance.now() > until) throw new Error('nobody listens');
        await delay(POLL_MS);
      }
    };
    await Promise.race([listening(), failed]);
  }
}

/** Dovecot gives out UIDs in the order of the names. */
async function fillMaildir(folder: string, mails: readonly StoredMail[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of ['new', 'tmp']) await mkdir(join(folder, '..', name));
  for (const [index, { bytes, arrived }] of mails.entries()) {
    const file = join(folder, `${1_000_000_000 + index}.M0P1.peer:2,`);
    await writeFile(file, bytes);
    await utimes(file, arrived, arrived);
  }
}

async function giveAway(home: string, folders: readonly string[]): Promise<void> {
  for (const each of ['', ...folders]) await chown(join(home, each), MAIL_USER.uid, MAIL_USER.gid);
}

function config(folder: string, port: number, user: string | undefined): string {
  // A user that is not root can be no other: then all of Dovecot runs as it.
  const internal =
    user === undefined ? '' : `default_internal_user = ${user}\ndefault_login_user = ${user}\n`;
  const owner = user === undefined ? `uid=${MAIL_USER.uid} gid=${MAIL_USER.gid}` : `uid=${user}`;
  return `${internal}base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
listen = 127.0.0.1
protocols = imap
ssl = no
disable_plaintext_auth = no
first_valid_uid = 1
default_vsz_limit = 0
mail_location = maildir:~/Maildir
mail_home = ${folder}/home
namespace inbox {
  inbox = yes
}
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = ${owner} home=${folder}/home
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
`;
}
