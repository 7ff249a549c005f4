/**
 * Your Quire on AWS. Edit this file, then `npx cdk deploy --all`; docs/DEPLOY.md goes through it step by step. What is not
 * understood is refused with a sentence that says what to write instead, before anything is made.
 */
import type { QuireConfig } from './infra/config/config.ts';

export default {
  /** One of the regions in which SES receives mail. */
  region: 'us-east-1',

  /** The domains whose mail is taken. With the id of its Route 53 hosted zone, a domain's records are made as well. */
  domains: [{ name: 'example.org' }],

  /** The name that mail clients connect to. */
  host: 'mail.example.org',

  /** TLS ends at the load balancer, with a certificate of ACM. */
  tls: { at: 'load-balancer' },

  /** Who hears of it when something is wrong. */
  alarmAddress: 'postmaster@example.net',

  /** `small` is for up to a hundred people, `medium` for some thousands, `large` for more. */
  size: 'small',
} satisfies QuireConfig;
