/** Where a message goes by SES's verdicts. Every combination has an outcome; the table in the test lists them. */
import type { Notification } from './notification.ts';

/**
 * - `inbox`, `junk`: delivered there;
 * - `aside`: never delivered, kept for an administrator.
 */
export type Placement = 'inbox' | 'junk' | 'aside';

/**
 * A virus that was found is kept aside. One that could not be looked for (GRAY, PROCESSING_FAILED) makes a message
 * junk: losing it would be worse, and so would be an unmarked one in INBOX. Spam, and a failed DMARC check whose
 * domain asks for quarantine or rejection, go to Junk: rejecting would need to be done before SES accepted. What was
 * not checked (DISABLED) or could not be decided counts for the message.
 */
export function placementOf({ virus, spam, dmarc, dmarcPolicy }: Notification): Placement {
  if (virus === 'FAIL') return 'aside';
  if (virus === 'GRAY' || virus === 'PROCESSING_FAILED') return 'junk';
  if (spam === 'FAIL') return 'junk';
  if (dmarc === 'FAIL' && (dmarcPolicy === 'quarantine' || dmarcPolicy === 'reject')) return 'junk';
  return 'inbox';
}
