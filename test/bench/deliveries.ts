/** Deliveries a second through everything that `npm start` runs: SMTP, inbound, queue, function, journal. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createTransport } from 'nodemailer';
import { findInstance } from '../../infra/local/instance.ts';
import { engineSettings } from '../../infra/local/stores.ts';
import { beginAccount } from '../../shared/account/new-account.ts';
import { openEngine } from '../../shared/aws/engine.ts';
import { hashPassword } from '../../shared/directory/password.ts';
import type { Section } from './figure.ts';
import { sampleMail } from './sample-mail.ts';

const MESSAGES = 1_000;
const ACCOUNTS = 20;
const SMTP_CONNECTIONS = 10;
const BYTES = 40_000;
const PROGRAM = path.join(import.meta.dirname, '../../infra/cli/quire.js');

/** What the function logs of a batch and an account, and everything else that is logged. */
interface LogLine {
  readonly level: number;
  readonly delivered?: number;
  readonly conflicts?: number;
}

export const deliveries: Section = async ({ scale, say, nodeFlags }) => {
  const messages = Math.max(1, Math.round(MESSAGES * scale));
  const data = await mkdtemp(path.join(tmpdir(), 'quire-bench-'));
  const args = [
    'start',
    '--data',
    data,
    '--imap-port',
    '0',
    '--imaps-port',
    '0',
    '--smtp-port',
    '0',
    '--no-demo',
    '--json',
  ];
  const quire = spawn(process.execPath, [...nodeFlags, PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const counts = { delivered: 0, conflicts: 0, batches: 0 };
  let arrived: (() => void) | undefined;
  createInterface({ input: quire.stderr }).on('line', (line) => {
    const { level, delivered, conflicts = 0 } = parsed(line);
    if (level >= 50) process.stderr.write(`${line}\n`);
    if (delivered === undefined) return;
    counts.delivered += delivered;
    counts.conflicts += conflicts;
    counts.batches++;
    if (counts.delivered >= messages) arrived?.();
  });
  const ended = once(quire, 'exit');
  try {
    const [line] = (await once(createInterface({ input: quire.stdout }), 'line')) as [string];
    const { smtp } = JSON.parse(line) as { smtp: { host: string; port: number } };
    const addresses = await addAccounts(data);
    say(`sending ${messages} messages of ${BYTES} bytes to ${ACCOUNTS} accounts`);
    const mailer = createTransport({
      ...smtp,
      pool: true,
      maxConnections: SMTP_CONNECTIONS,
      maxMessages: Infinity,
      ignoreTLS: true,
    });
    const all = new Promise<void>((resolve) => (arrived = resolve));
    const start = performance.now();
    const accepted = Promise.all(
      Array.from({ length: messages }, async (_, index) => {
        const to = addresses[index % addresses.length] ?? '';
        const raw = sampleMail(index, { bytes: BYTES, to });
        await mailer.sendMail({ envelope: { from: 'sender@example.com', to }, raw });
      }),
    ).then(() => performance.now() - start);
    const [acceptedMs] = await Promise.all([accepted, all]);
    const ms = performance.now() - start;
    mailer.close();
    return [
      {
        name: 'accepted',
        value: (messages / acceptedMs) * 1000,
        unit: 'messages/s',
        measures: `250 said to ${SMTP_CONNECTIONS} SMTP connections: durable and queued`,
      },
      {
        name: 'delivered',
        value: (messages / ms) * 1000,
        unit: 'messages/s',
        measures: `${messages} of ${BYTES} bytes, from the first byte of SMTP to the last in its journal, ${ACCOUNTS} accounts`,
      },
      {
        name: 'conflicts',
        value: counts.conflicts / messages,
        unit: 'a message',
        measures: 'records that another function had put first',
      },
      {
        name: 'messages a record',
        value: messages / counts.batches,
        unit: '',
        measures: 'those of one batch for one account share a record',
      },
    ];
  } finally {
    quire.kill('SIGTERM');
    await ended;
    await rm(data, { recursive: true, force: true });
  }
};

async function addAccounts(data: string): Promise<string[]> {
  const instance = await findInstance(data);
  if (!instance) throw new Error('the instance has gone');
  const engine = await openEngine(engineSettings(instance));
  await engine.directory.domains.add('bench.test');
  const passwordHash = await hashPassword('never used', { ln: 4, r: 8, p: 1 });
  const limits = { quotaBytes: 2 ** 45, quotaMessages: 2 ** 30, maxConnections: 10 };
  const addresses: string[] = [];
  for (let index = 0; index < ACCOUNTS; index++) {
    const address = `user${index}@bench.test`;
    const account = await beginAccount(engine.journal, engine.rim);
    await engine.directory.users.add({ address, account, passwordHash, limits });
    addresses.push(address);
  }
  engine.close();
  return addresses;
}

function parsed(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return { level: 50 };
  }
}
