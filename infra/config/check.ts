/**
 * Checks what a person has written into `quire.config.ts`, and fills in what was left out. TypeScript has not seen the file
 * when it runs, so nothing about its types is taken for granted. Every mistake is one sentence: what is wrong, and what to
 * write instead; all of them are told at once.
 */
import { AddressError, parseAddress } from '../../shared/directory/address.ts';
import { type COLD_CLASSES, RECORD_KINDS, STORED_MAIL, type RecordKind, type StoredMail } from './config.ts';
import { Findings, type Fields } from './findings.ts';
import { checkColdStorage, checkRestored, checkRetention } from './keeping.ts';
import { checkOtherRegion } from './other-region.ts';
import { RECEIVING_REGIONS, type ReceivingRegion } from './regions.ts';
import { SIZE_CLASSES, SIZES, type Size, type SizeClass } from './sizes.ts';

/** A configuration that was checked, with nothing left open. */
export interface Deployment {
  readonly name: string;
  readonly region: ReceivingRegion;
  readonly domains: readonly DomainDeployment[];
  readonly host: string;
  readonly tls:
    | { readonly at: 'load-balancer'; readonly certificateArn?: string }
    | { readonly at: 'gateway'; readonly secretArn: string };
  readonly alarmAddress: string;
  readonly sizeClass: SizeClass;
  readonly size: Size;
  readonly network: 'public' | 'private';
  readonly starttls: boolean;
  readonly unauthenticate: boolean;
  readonly activateReceiptRules: 'never' | 'if-none' | 'replace';
  readonly mailWithoutTls: 'accept' | 'refuse';
  readonly bounceUnknown: 'never' | 'authenticated';
  readonly storedMail: StoredMail;
  readonly restoredTables?: { readonly mail: string; readonly directory: string; readonly keys?: string };
  readonly keyArn?: string;
  readonly standby?: {
    readonly region: ReceivingRegion;
    readonly mailBucket: string;
    readonly inboundBucket: string;
  };
  readonly standbyOf?: {
    readonly keyArn: string;
    readonly tables: { readonly mail: string; readonly directory: string; readonly keys: string };
  };
  readonly coldStorage: { readonly class: (typeof COLD_CLASSES)[number]; readonly afterDays: number };
  readonly retention: {
    readonly backup: number;
    readonly logs: number;
    readonly aside: number;
    readonly grace: number;
  };
  /** `messagesPerCommand`, `literalBytes` 0: no limit. */
  readonly limits: {
    readonly connectionsPerAddress: number;
    readonly messagesPerCommand: number;
    readonly literalBytes: number;
  };
}

export interface DomainDeployment {
  readonly name: string;
  readonly hostedZoneId?: string;
  readonly leaveOut: readonly RecordKind[];
  readonly identity: 'make' | 'existing';
  readonly dmarcPolicy: 'none' | 'quarantine' | 'reject';
  /** None: the whole domain. */
  readonly recipients: readonly string[];
}

/** All mistakes of a configuration, one sentence a line. */
export class ConfigError extends Error {
  readonly mistakes: readonly string[];

  constructor(file: string, mistakes: readonly string[]) {
    super([`${file} cannot be used:`, ...mistakes.map((mistake) => `  - ${mistake}`)].join('\n'));
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

/** SES: recipients of one receipt rule. */
const MAX_RECIPIENTS = 100;
/**
 * CloudFormation takes 200 outputs of a stack: six tell the DKIM records of a domain, ten are others. SES would take 200
 * rules in one set.
 */
export const MAX_DOMAINS = 31;
/** SES: the name of a receipt rule, here the domain's. ACM: the first name of a certificate. */
const MAX_NAME = 64;

/** `file`: how the error names it. Throws `ConfigError`. */
export function checkConfig(config: unknown, file = 'quire.config.ts'): Deployment {
  const found = new Findings();
  const root = found.object(config, 'The default export', '{ region: …, domains: […], … }');
  if (root === undefined) throw new ConfigError(file, found.mistakes);
  found.known(root, '', [
    'name',
    'region',
    'domains',
    'host',
    'tls',
    'alarmAddress',
    'size',
    'network',
    'starttls',
    'unauthenticate',
    'activateReceiptRules',
    'mailWithoutTls',
    'bounceUnknown',
    'keyArn',
    'standby',
    'standbyOf',
    'restoredTables',
    'storedMail',
    'coldStorage',
    'retention',
    'limits',
  ]);
  const sizeClass = found.choice(root.size, 'size', SIZE_CLASSES, 'small');
  const domains = checkDomains(root.domains, found);
  const tls = checkTls(root.tls, root.region, found);
  const deployment: Deployment = {
    name: found.matching(
      root.name,
      'name',
      /^[A-Za-z][A-Za-z0-9]{0,23}$/,
      'up to 24 letters and digits, such as Quire',
      'Quire',
    ),
    region: checkRegion(root.region, found),
    domains,
    host: checkHost(root.host, domains, found),
    tls,
    alarmAddress: checkAlarmAddress(root.alarmAddress, domains, found),
    sizeClass,
    size: checkLimits(root.limits, SIZES[sizeClass], found),
    network: found.choice(root.network, 'network', ['public', 'private'], 'public'),
    starttls: checkStartTls(root.starttls, tls, found),
    unauthenticate: found.flag(root.unauthenticate, 'unauthenticate', true),
    activateReceiptRules: found.choice(
      root.activateReceiptRules,
      'activateReceiptRules',
      ['never', 'if-none', 'replace'],
      'if-none',
    ),
    mailWithoutTls: found.choice(root.mailWithoutTls, 'mailWithoutTls', ['accept', 'refuse'], 'accept'),
    bounceUnknown: found.choice(
      root.bounceUnknown,
      'bounceUnknown',
      ['never', 'authenticated'],
      'authenticated',
    ),
    storedMail: found.choice(root.storedMail, 'storedMail', [...STORED_MAIL], 'encrypted'),
    ...checkOtherRegion(root, root.region, found),
    ...checkRestored(root.restoredTables, found),
    coldStorage: checkColdStorage(root.coldStorage, found),
    retention: checkRetention(root.retention, found),
    limits: {
      connectionsPerAddress: found.whole(
        fieldsOf(root.limits).connectionsPerAddress,
        'limits.connectionsPerAddress',
        1,
        100_000,
        500,
      ),
      messagesPerCommand: found.whole(
        fieldsOf(root.limits).messagesPerCommand,
        'limits.messagesPerCommand',
        1_000,
        1_000_000_000,
        0,
      ),
      literalBytes: found.whole(
        fieldsOf(root.limits).literalBytes,
        'limits.literalBytes',
        4_096,
        1_000_000_000,
        0,
      ),
    },
  };
  if (found.mistakes.length > 0) throw new ConfigError(file, found.mistakes);
  return deployment;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function checkRegion(value: unknown, found: Findings): ReceivingRegion {
  const region = RECEIVING_REGIONS.find((each) => each === value);
  if (region !== undefined) return region;
  found.add(
    `region is ${found.shown(value)}, where SES is not known to receive mail: write one of ${RECEIVING_REGIONS.join(', ')} (a newer one can be added to infra/config/regions.ts).`,
  );
  return RECEIVING_REGIONS[0];
}

function checkHost(value: unknown, domains: readonly DomainDeployment[], found: Findings): string {
  const host = found.domain(value, 'host', 'the name that mail clients connect to, such as mail.example.org');
  if (host.length > MAX_NAME)
    found.add(
      `host has ${host.length} characters: write a name of at most ${MAX_NAME}, for its certificate.`,
    );
  if (domains.some(({ name }) => name === host && host !== ''))
    found.add(
      `host is ${found.shown(value)}, where no CNAME can stand beside the domain's MX record: write a name below it, such as mail.${host}.`,
    );
  return host;
}

function checkDomains(value: unknown, found: Findings): DomainDeployment[] {
  if (!Array.isArray(value) || value.length === 0) {
    found.add(
      `domains is ${found.shown(value)}: write a list with at least one domain, such as [{ name: 'example.org' }].`,
    );
    return [];
  }
  if (value.length > MAX_DOMAINS)
    found.add(
      `domains has ${value.length} entries: write at most ${MAX_DOMAINS}, for a stack cannot tell the records of more.`,
    );
  const domains = value.map((entry: unknown, index) => checkDomain(entry, `domains[${index}]`, found));
  const names = domains.map(({ name }) => name);
  for (const name of repeated(names)) found.add(`domains names ${name} twice: write it once.`);
  return domains;
}

function checkDomain(value: unknown, where: string, found: Findings): DomainDeployment {
  const entry = found.object(value, where, "{ name: 'example.org' }");
  if (entry === undefined)
    return { name: '', leaveOut: [], identity: 'make', dmarcPolicy: 'none', recipients: [] };
  found.known(entry, where, ['name', 'hostedZoneId', 'leaveOut', 'identity', 'dmarcPolicy', 'recipients']);
  const name = found.domain(entry.name, `${where}.name`, 'a domain, such as example.org');
  if (name.length > MAX_NAME)
    found.add(
      `${where}.name has ${name.length} characters: write a domain of at most ${MAX_NAME}, for SES names a rule by it.`,
    );
  const { hostedZoneId } = entry;
  if (
    hostedZoneId !== undefined &&
    !(typeof hostedZoneId === 'string' && /^Z[A-Z0-9]{5,31}$/.test(hostedZoneId))
  )
    found.add(
      `${where}.hostedZoneId is ${found.shown(hostedZoneId)}: write the id that Route 53 shows for the zone, such as Z0123456789ABCDEFGHIJ, or leave it out to have the records printed.`,
    );
  return {
    name,
    ...(typeof hostedZoneId === 'string' ? { hostedZoneId } : {}),
    leaveOut: found.choices(entry.leaveOut, `${where}.leaveOut`, RECORD_KINDS),
    identity: found.choice(entry.identity, `${where}.identity`, ['make', 'existing'], 'make'),
    dmarcPolicy: found.choice(
      entry.dmarcPolicy,
      `${where}.dmarcPolicy`,
      ['none', 'quarantine', 'reject'],
      'none',
    ),
    recipients: checkRecipients(entry.recipients, `${where}.recipients`, name, found),
  };
}

function checkRecipients(value: unknown, where: string, domain: string, found: Findings): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_RECIPIENTS) {
    found.add(
      `${where} is ${found.shown(value)}: write a list of 1 to ${MAX_RECIPIENTS} addresses, or leave it out to take mail to the whole domain.`,
    );
    return [];
  }
  const recipients = value.map((entry: unknown, index) => {
    const address = parsed(entry);
    const local = address?.slice(0, address.lastIndexOf('@'));
    if (address === undefined || !address.endsWith(`@${domain}`) || local?.includes('+') === true)
      found.add(
        `${where}[${index}] is ${found.shown(entry)}: write an address of ${domain === '' ? 'the domain' : domain} without a tag, such as alice@${domain === '' ? 'example.org' : domain}.`,
      );
    return address ?? '';
  });
  for (const twice of repeated(recipients)) found.add(`${where} names ${twice} twice: write it once.`);
  return recipients;
}

/** What stands in a list more than once, each once; what was wrong already is an empty text. */
function repeated(names: readonly string[]): Set<string> {
  return new Set(names.filter((each, index) => each !== '' && names.indexOf(each) !== index));
}

function checkTls(value: unknown, region: unknown, found: Findings): Deployment['tls'] {
  const tls = found.object(
    value,
    'tls',
    "{ at: 'load-balancer' } or { at: 'gateway', secretArn: 'arn:aws:secretsmanager:…' }",
  );
  if (tls === undefined) return { at: 'load-balancer' };
  const at = found.choice(tls.at, 'tls.at', ['load-balancer', 'gateway'] as const, undefined);
  const where = typeof region === 'string' ? region : '';
  if (at === 'gateway') {
    found.known(tls, 'tls', ['at', 'secretArn']);
    return { at, secretArn: checkSecretArn(tls.secretArn, where, found) };
  }
  found.known(tls, 'tls', ['at', 'certificateArn']);
  if (tls.certificateArn === undefined) return { at: 'load-balancer' };
  return {
    at: 'load-balancer',
    certificateArn: found.arn(tls.certificateArn, 'tls.certificateArn', 'acm', where, 'the certificate'),
  };
}

/** IAM compares whole ARNs, and Secrets Manager's end in a hyphen and six characters of its own behind the name. */
function checkSecretArn(value: unknown, region: string, found: Findings): string {
  const what = 'the secret that holds certificate and key';
  const arn = found.arn(value, 'tls.secretArn', 'secretsmanager', region, what);
  const name = arn.split(':').slice(6).join(':');
  if (arn !== '' && !/^[\w/+=.@-]+-[A-Za-z0-9]{6}$/.test(name))
    found.add(
      `tls.secretArn ends in ${found.shown(name)}, the secret's name alone: write the ARN as \`aws secretsmanager describe-secret\` shows it, with a hyphen and six more letters and digits.`,
    );
  return arn;
}

function checkStartTls(value: unknown, tls: Deployment['tls'], found: Findings): boolean {
  const starttls = found.flag(value, 'starttls', false);
  if (starttls && tls.at !== 'gateway')
    found.add(
      "starttls is true, but a load balancer cannot speak STARTTLS: write tls: { at: 'gateway', … }, or leave starttls out.",
    );
  return starttls;
}

function checkAlarmAddress(value: unknown, domains: readonly DomainDeployment[], found: Findings): string {
  const address = parsed(value);
  if (address === undefined) {
    found.add(`alarmAddress is ${found.shown(value)}: write the mail address that alarms are sent to.`);
    return '';
  }
  const own = domains.find(({ name }) => address.endsWith(`@${name}`));
  if (own !== undefined)
    found.add(
      `alarmAddress is ${found.shown(value)}, which this deployment delivers itself: write an address elsewhere, or nobody hears of it when mail stands still.`,
    );
  return address;
}

function parsed(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    return parseAddress(value).address;
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}

function checkLimits(value: unknown, size: Size, found: Findings): Size {
  const limits = value === undefined ? {} : (found.object(value, 'limits', '{ maxTasks: 10 }') ?? {});
  found.known(limits, 'limits', [
    'maxTasks',
    'deliveriesAtOnce',
    'connectionsPerAddress',
    'messagesPerCommand',
    'literalBytes',
  ]);
  return {
    ...size,
    maxTasks: found.whole(limits.maxTasks, 'limits.maxTasks', size.minTasks, 5_000, size.maxTasks),
    // Lambda takes 2 … 1,000 as the maximum concurrency of an event source.
    deliveriesAtOnce: found.whole(
      limits.deliveriesAtOnce,
      'limits.deliveriesAtOnce',
      2,
      1_000,
      size.deliveriesAtOnce,
    ),
  };
}
