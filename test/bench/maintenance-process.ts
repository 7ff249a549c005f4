/** One step of maintenance in a process of its own, as a Lambda does it; tells what it took. */
import { type MaintenanceSettings, type Done, type Step, maintain } from './maintenance-work.ts';

export interface MaintenanceReport extends Done {
  readonly ms: number;
  /** Of the processor, all threads. */
  readonly cpuMs: number;
  /** Of the process at its largest, Node and the code included. */
  readonly peakBytes: number;
}

const { step, ...settings } = JSON.parse(process.argv[2] ?? '{}') as MaintenanceSettings & {
  readonly step: Step;
};
const start = performance.now();
const before = process.cpuUsage();
const done = await maintain(step, settings);
const { user, system } = process.cpuUsage(before);
const report: MaintenanceReport = {
  ...done,
  ms: performance.now() - start,
  cpuMs: (user + system) / 1_000,
  peakBytes: process.resourceUsage().maxRSS * 1_024,
};
process.send?.(report);
process.once('disconnect', () => process.exit(0));
