/** `quire gateway`: a further gateway beside a running instance, as a second task would be on AWS. */
import { Command } from 'commander';
import { setTimeout as delay } from 'node:timers/promises';
import { openEngine } from '../../shared/aws/engine.ts';
import type { Log } from '../../shared/log.ts';
import { readCertificate } from '../local/certificate.ts';
import { startGateway, type RunningGateway } from '../local/gateway.ts';
import { findInstance, type Instance } from '../local/instance.ts';
import { watchInstance } from '../local/instance-watch.ts';
import type { Flags } from '../local/settings.ts';
import { SetupError } from '../local/setup-error.ts';
import { startLocalMetrics } from '../local/metrics.ts';
import { startOrStopAll, type StartedParts } from '../local/started-parts.ts';
import { engineSettings } from '../local/stores.ts';
import { addSettings, at, logOf, settingsOf } from './options.ts';
import { untilSignal } from './until-signal.ts';

export function gatewayCommand(): Command {
  const command = new Command('gateway')
    .description(
      'run a further IMAP gateway beside a running instance, until Ctrl-C or the end of that instance',
    )
    .option('--imap-port <port>', 'port of IMAP, which must be said; 0 for any free one')
    .option('--imaps-port <port>', 'port of IMAP over TLS; 0 for any free one (default: none)');
  return addSettings(command, [
    'host',
    'data',
    'json',
    'logLevel',
    'metrics',
    'messageLimit',
    'literalLimit',
    'unauthenticate',
  ]).action(gateway);
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
    const metrics = startLocalMetrics(settings.metrics, log, parts);
    const engine = await openEngine(engineSettings(instance), { metrics });
    parts.add('engine', () => engine.close());
    const certificate = await readCertificate(settings.data, Date.now(), log);
    if (certificate === undefined)
      throw new SetupError(`The data folder ${settings.data} has no certificate: start its instance again.`);
    const running = await startGateway({
      engine,
      host: settings.host,
      imapPort: settings.imapPort,
      ...(flags.imapsPort === undefined ? {} : { imapsPort: settings.imapsPort }),
      certificate,
      messageLimit: settings.messageLimit,
      literalLimit: settings.literalLimit,
      unauthenticate: settings.unauthenticate,
      log: log.child({ part: 'imap' }),
    });
    parts.add('gateway', () => running.stop());
    const { imap, imaps } = running;
    const line = settings.json ? JSON.stringify({ imap, imaps }) : welcome(running);
    await untilSignal(log, {
      announce: () => process.stdout.write(`${line}\n`),
      stop: () => parts.stop(),
      fault: lossOf(instance, settings.data, log, parts),
    });
  });
}

function welcome({ imap, imaps }: RunningGateway): string {
  const tls = imaps === undefined ? '' : `   IMAPS ${at(imaps)}`;
  return `\nGateway is ready:  IMAP ${at(imap)}${tls}\n\nCtrl-C stops it.\n`;
}

async function lossOf(
  instance: Instance,
  folder: string,
  log: Log,
  parts: StartedParts,
): Promise<SetupError | undefined> {
  const ended = new AbortController();
  parts.add('watch of the instance', () => ended.abort());
  const loss = await watchInstance({
    folder,
    instance,
    log,
    sleep: (milliseconds, signal) => delay(milliseconds, undefined, { signal }),
    signal: ended.signal,
  });
  if (loss === undefined) return undefined;
  const what = loss === 'gone' ? 'has ended' : 'has been started again, with its stores elsewhere';
  return new SetupError(
    `The instance on the data folder ${folder} ${what}: start this gateway again beside a running one.`,
  );
}
