/**
 * What `quire.config.ts` says: everything that a person decides about a deployment. `check.ts` turns it into `Deployment`,
 * in which nothing is left open and nothing is wrong.
 */
import type { SizeClass } from './sizes.ts';

export interface QuireConfig {
  /** First part of the stacks' names, and of what must have a name. Default `Quire`. */
  readonly name?: string;
  /** Where everything runs; SES must receive mail there. */
  readonly region: string;
  readonly domains: readonly DomainConfig[];
  /** The name that mail clients connect to: `mail.example.org`. */
  readonly host: string;
  readonly tls: TlsConfig;
  /** Where CloudWatch sends alarms. Not an address on this deployment: its alarms could not be delivered. */
  readonly alarmAddress: string;
  /** Default `small`. */
  readonly size?: SizeClass;
  /**
   * `public`: tasks have public addresses and closed security groups ($3.65 a month for each task). `private`: no task
   * has a public address; AWS's services are reached by interface endpoints (about $15 a month for each of five, in two
   * zones). Neither has a NAT gateway. Default `public`.
   */
  readonly network?: 'public' | 'private';
  /** Port 143 with STARTTLS beside 993; only where TLS ends in the gateway. Default false. */
  readonly starttls?: boolean;
  /**
   * The IMAP command UNAUTHENTICATE (RFC 8437), by which one connection serves several users, as proxies want it. Switch it off
   * where a proxy in front of Quire decides who may do what. Default true.
   */
  readonly unauthenticate?: boolean;
  /**
   * SES has one active set of receipt rules for an account and region. `never`: activate it by hand; `if-none`: only if
   * there is none; `replace`: in place of whichever is active. Default `if-none`.
   */
  readonly activateReceiptRules?: 'never' | 'if-none' | 'replace';
  /** Mail that reaches SES without TLS: take it, as most hosts do, or refuse it. Default `accept`. */
  readonly mailWithoutTls?: 'accept' | 'refuse';
  /**
   * Mail to nobody, where SES could not refuse it. `never`: it is kept aside. `authenticated`: the sender is told as well,
   * if the sender's domain vouches for the message, so that no forged sender ever hears of it. Default `authenticated`.
   */
  readonly bounceUnknown?: 'never' | 'authenticated';
  /**
   * After a restore: names of the tables to work on instead of the stack's own, which stay as they are. They must be
   * under the stack's key.
   */
  readonly restoredTables?: { readonly mail: string; readonly directory: string; readonly keys?: string };
  /**
   * A key of KMS of this region that everything is under, in the place of one that the stack makes. Its own policy must admit
   * the services that docs/DEPLOY.md names in section 4.
   */
  readonly keyArn?: string;
  /** The region that everything is copied to as it changes, so that mail is read there if this one is lost. */
  readonly standby?: StandbyConfig;
  /** That other region's side of it: this deployment works on the copies. docs/DEPLOY.md, section 10. */
  readonly standbyOf?: StandbyOfConfig;
  readonly coldStorage?: ColdStorageConfig;
  /**
   * How messages are stored. `encrypted`: each new account has a data key, wrapped by the stacks' key of KMS, and its mail is
   * compressed and encrypted with it; `compressed`: compressed alone; `raw`: the message as it came, an object each. All
   * three are read always; what is stored stays as it is. Default `encrypted`.
   */
  readonly storedMail?: StoredMail;
  readonly retention?: RetentionConfig;
  readonly limits?: LimitsConfig;
}

export const STORED_MAIL = ['encrypted', 'compressed', 'raw'] as const;
export type StoredMail = (typeof STORED_MAIL)[number];

export interface DomainConfig {
  readonly name: string;
  /** Id of the domain's public hosted zone, `Z…`: records are made in it. Default: records are printed. */
  readonly hostedZoneId?: string;
  /** Kinds of records that are printed even so, because the zone has others of the kind: while you move, `['mx']`. */
  readonly leaveOut?: readonly RecordKind[];
  /**
   * `existing`: SES has the domain already (WorkMail's domains, say), and keeps it as it is; its DKIM records are not looked
   * after. Default `make`.
   */
  readonly identity?: 'make' | 'existing';
  /** What DMARC asks others to do with forged mail of the domain. Default `none`, to begin with. */
  readonly dmarcPolicy?: 'none' | 'quarantine' | 'reject';
  /**
   * All addresses that exist: SES then refuses mail to any other before it is sent, tags (`user+tag@`) not counted.
   * At most 100. Default: mail to the whole domain is taken, and what leads nowhere is bounced or kept aside.
   */
  readonly recipients?: readonly string[];
}

export const RECORD_KINDS = ['mx', 'spf', 'dkim', 'dmarc', 'srv', 'host'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** What the storage stack of the other region tells as its outputs; the tables get replicas there. */
export interface StandbyConfig {
  readonly region: string;
  readonly mailBucket: string;
  readonly inboundBucket: string;
}

/** What the storage stack of the region that serves tells as its outputs. */
export interface StandbyOfConfig {
  /** Of a multi-Region key: this deployment makes a replica of it. */
  readonly keyArn: string;
  /** Their replicas have the same names. */
  readonly tables: { readonly mail: string; readonly directory: string; readonly keys: string };
}

export type TlsConfig =
  /** `certificateArn`: of ACM, in the region. Default: one is asked for, and its domain's zone proves it. */
  | { readonly at: 'load-balancer'; readonly certificateArn?: string }
  /** The secret's value is JSON: `{"certificate": "<PEM chain>", "privateKey": "<PEM>"}`. */
  | { readonly at: 'gateway'; readonly secretArn: string };

/** Where packs, and messages of a megabyte and more, go by age. Anything smaller would cost more there than it saves. */
export interface ColdStorageConfig {
  /**
   * `intelligent-tiering`: S3 sees by itself what is read, and takes nothing for reading. `standard-ia` and
   * `glacier-instant`: cheaper for what nobody reads, each gigabyte that is read costs. `none`: they stay. Default
   * `intelligent-tiering`.
   */
  readonly class?: (typeof COLD_CLASSES)[number];
  /** Days since they were stored: 30 or more. Default 30; packs go to `intelligent-tiering` at once, which waits itself. */
  readonly afterDays?: number;
}

export const COLD_CLASSES = ['intelligent-tiering', 'standard-ia', 'glacier-instant', 'none'] as const;

/** In days. */
export interface RetentionConfig {
  /** How far back a table can be restored, and deleted objects can be had: 1 … 35. Default 35. */
  readonly backup?: number;
  /** Logs. Default 30. */
  readonly logs?: number;
  /** Messages kept aside: viruses, and mail to nobody. 1 … 400. Default 90. */
  readonly aside?: number;
  /** For how long what was expunged can be brought back; then it is purged. Default 7. */
  readonly grace?: number;
}

export interface LimitsConfig {
  /** Most tasks of the gateway. Default by size. */
  readonly maxTasks?: number;
  /** Deliveries at a time. Default by size. */
  readonly deliveriesAtOnce?: number;
  /** Connections of one client address. Default 500. */
  readonly connectionsPerAddress?: number;
  /** Messages that one IMAP command works on, told as MESSAGELIMIT (RFC 9738): 1,000 or more. Default: no limit. */
  readonly messagesPerCommand?: number;
  /**
   * Bytes of a literal that an IMAP client sends without waiting (RFC 7888): 4096, which is told as LITERAL-, or more.
   * Default: no limit.
   */
  readonly literalBytes?: number;
}
