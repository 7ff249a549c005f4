/** `quire gateway`: a further gateway beside a running instance, as a second task would be on AWS. */
import { Command } from 'commander';
import { openEngine } from '../../shared/aws/engine.ts';
import { loadCertificate } from '../local/certificate.ts';
import { startGateway } from '../local/gateway.ts';
import { findInstance } from '../local/instance.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { startOrStopAll } from '../local/started-parts.ts';
import { engineSettings } from '../local/stores.ts';
import { addSettings, logOf, settingsOf } from './options.ts';
import { untilSignal } from './until-signal.ts';

export function gatewayCommand(): Command {
  const command = new Command('gateway').description('run a further IMAP gateway beside a running instance');
  return addSettings(command, ['host', 'imapPort', 'imapsPort', 'data', 'json', 'logLevel']).action(gateway);
}

async function gateway(flags: Flags): Promise<void> {
  // It makes no accounts, so that any address will do.
  const settings = settingsOf({ ...flags, demo: false });
  if (flags.imapPort === undefined) {
    throw new SetupError('Say on which port the gateway is to listen: --imap-port (0 for any).');
  }
  const log = logOf(settings);
  const instance = await findInstance(settings.data);
  if (instance === undefined) {
    throw new SetupError(
      `No instance is running on the data folder ${settings.data}: begin one with "npm start", or name another folder with --data.`,
    );
  }
  await startOrStopAll(log, async (parts) => {
    const engine = await openEngine(engineSettings(instance));
    parts.add('engine', () => engine.close());
    const certificate = await loadCertificate(settings.data, Date.now(), log);
    const running = await startGateway({
      engine,
      host: settings.host,
      imapPort: settings.imapPort,
      ...(flags.imapsPort === undefined ? {} : { imapsPort: settings.imapsPort }),
      certificate,
      log: log.child({ part: 'imap' }),
    });
    parts.add('gateway', () => running.stop());
    const { imap, imaps } = running;
    const line = settings.json
      ? JSON.stringify({ imap, imaps })
      : `Gateway is ready:  IMAP ${imap.host}:${imap.port}`;
    process.stdout.write(`${line}\n`);
    await untilSignal(log, () => parts.stop());
  });
}
