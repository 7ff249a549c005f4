/** `quire start`: all of Quire on one machine. */
import { Command } from 'commander';
import { checkPortsDiffer, SETTINGS, type Flags, type SettingName } from '../local/settings.ts';
import { startLocal, type RunningInstance } from '../local/start.ts';
import { addSettings, at, logOf, settingsOf } from './options.ts';
import { untilSignal } from './until-signal.ts';

export function startCommand(): Command {
  const command = new Command('start').description('run Quire on this machine until Ctrl-C');
  return addSettings(command, Object.keys(SETTINGS) as SettingName[]).action(start);
}

async function start(flags: Flags): Promise<void> {
  const settings = settingsOf(flags);
  checkPortsDiffer(settings);
  const log = logOf(settings);
  log.info({ data: settings.data }, 'starting');
  const instance = await startLocal(settings, log);
  const ready = settings.json ? `${JSON.stringify(readyLine(instance))}\n` : welcome(instance);
  await untilSignal(log, {
    announce: () => process.stdout.write(ready),
    stop: () => instance.stop(),
  });
}

function readyLine({ endpoints: { imap, imaps, smtp }, accounts }: RunningInstance) {
  return { imap, imaps, smtp, accounts };
}

function welcome({ endpoints, accounts }: RunningInstance): string {
  const { imap, imaps, smtp } = endpoints;
  const [account] = accounts;
  const ready = `
Quire is ready:  IMAP ${at(imap)}   IMAPS ${at(imaps)}   SMTP ${at(smtp)}
`;
  if (account === undefined) {
    return `${ready}
Accounts are made by:  npx quire user add somebody@example.test
Ctrl-C stops it.
`;
  }
  const { address, password } = account;
  return `${ready}
Accounts:  ${accounts.map((each) => each.address).join(', ')}   password: ${password}

Send a message:
  swaks --server ${at(smtp)} --to ${address} --from you@example.com
  or:  printf 'Subject: Hello\\r\\n\\r\\nHello.\\r\\n' | curl smtp://${at(smtp)} --mail-from you@example.com --mail-rcpt ${address} -T -

Read it:
  curl 'imap://${at(imap)}/INBOX;MAILINDEX=1' -u '${address}:${password}'

Thunderbird: account ${address}, IMAP server ${imaps.host}, port ${imaps.port}, SSL/TLS, normal password;
it will ask once whether to trust the certificate, which this instance has made for itself.

Ctrl-C stops it.
`;
}
