/**
 * An instance to be hunted: the whole of Quire on one machine, as `quire start` runs it, which can be told to stop in a
 * phase, and which has a bad day. Arguments: the data folder, the seed of the faults. It ends with whoever started it.
 */
import { readSettings } from '../../../infra/local/settings.ts';
import { startLocal } from '../../../infra/local/start.ts';
import { createLog } from '../../../shared/log.ts';
import { badDay } from '../bad-day.ts';
import { Gate, type Notice, type Order } from './phases.ts';

const [data = '', seed = ''] = process.argv.slice(2);
const tell = (notice: Notice): void => void process.send?.(notice);
const faulty = badDay(Number(seed), (struck) => tell({ notice: 'struck', struck }));
const gate = new Gate(tell, faulty);
process.on('message', (order: Order) => gate.follow(order));
process.on('disconnect', () => process.exit(1));

const settings = readSettings({ data, imapPort: '0', imapsPort: '0', smtpPort: '0' }, {}, process.cwd());
const log = createLog({ level: 'warn', pretty: false });
const { endpoints } = await startLocal(settings, log, gate.options);
tell({ notice: 'ready', imap: endpoints.imap.port, smtp: endpoints.smtp.port });
