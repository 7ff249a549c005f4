/** Names of what can be ill, beside what is billed. */
import type { Resources } from '../../shared/cost/meters.ts';

export interface HealthResources extends Resources {
  /** Queues in which nothing should ever be: what each holds, and its name. */
  readonly deadLetters: Readonly<Record<'messages' | 'notifications' | 'schedules', string>>;
  /** The function that adds up the month and looks after backups. */
  readonly tally: string;
  /** Where copies go, if the deployment has any. */
  readonly standby?: { readonly region: string; readonly mailBucket: string; readonly inboundBucket: string };
  /** Of the IMAPS listener. */
  readonly targetGroup: string;
  /** Of ACM; absent where TLS ends in the gateway. */
  readonly certificateArn?: string;
}
