/** A configuration that cannot be used is refused with a sentence for each mistake, which says what to write instead. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { checkConfig, ConfigError } from '../../../infra/config/check.ts';
import { readConfig } from '../../../infra/config/read.ts';
import { SIZES } from '../../../infra/config/sizes.ts';

const GOOD = {
  region: 'eu-west-1',
  domains: [{ name: 'example.org' }],
  host: 'mail.example.org',
  tls: { at: 'load-balancer' },
  alarmAddress: 'alarm@example.net',
};

function mistakesOf(config: unknown): readonly string[] {
  try {
    checkConfig(config);
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
  return [];
}

const changed = (changes: object): readonly string[] => mistakesOf({ ...GOOD, ...changes });

describe('what is left out', () => {
  test('has a default that is safe', () => {
    expect(checkConfig(GOOD)).toEqual({
      name: 'Quire',
      region: 'eu-west-1',
      domains: [{ name: 'example.org', leaveOut: [], identity: 'make', dmarcPolicy: 'none', recipients: [] }],
      host: 'mail.example.org',
      tls: { at: 'load-balancer' },
      alarmAddress: 'alarm@example.net',
      sizeClass: 'small',
      size: SIZES.small,
      network: 'public',
      starttls: false,
      unauthenticate: true,
      activateReceiptRules: 'if-none',
      mailWithoutTls: 'accept',
      storedMail: 'encrypted',
      bounceUnknown: 'authenticated',
      coldStorage: { class: 'intelligent-tiering', afterDays: 30 },
      retention: { backup: 35, logs: 30, aside: 90, grace: 7 },
      limits: { connectionsPerAddress: 500, messagesPerCommand: 0, literalBytes: 0 },
    });
  });

  test('names are taken as DNS has them', () => {
    const { domains, host } = checkConfig({
      ...GOOD,
      domains: [{ name: 'Bücher.Example' }],
      host: 'MAIL.example.org',
    });
    expect([domains[0]?.name, host]).toEqual(['xn--bcher-kva.example', 'mail.example.org']);
  });

  test('the file that comes with Quire can be used as it is', async () => {
    expect((await readConfig()).name).toBe('Quire');
  });

  test('a file that is not there is said to be so', async () => {
    await expect(readConfig('other.config.ts')).rejects.toThrow(
      'other.config.ts cannot be used:\n  - there is no such file: begin with a copy of quire.config.ts.',
    );
  });
});

test('a file that cannot be run is a mistake like any other', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'quire-config-'));
  const file = path.join(folder, 'broken.config.ts');
  await writeFile(file, "throw new Error('nothing yet');\nexport default {};\n");
  await expect(readConfig(file)).rejects.toThrow(
    /^.*broken\.config\.ts cannot be used:\n {2}- it cannot be read \(nothing yet\): mend it, or begin with a copy of quire\.config\.ts\.$/,
  );
  await rm(folder, { recursive: true });
});

const KEY_ID = 'mrk-0123456789abcdef0123456789abcdef';
const key = (region: string, id = KEY_ID): string => `arn:aws:kms:${region}:123456789012:key/${id}`;
const STANDBY = { region: 'eu-central-1', mailBucket: 'other-mail', inboundBucket: 'other-inbound' };
const STANDBY_OF = {
  keyArn: key('us-east-1'),
  tables: { mail: 'Mail', directory: 'Directory', keys: 'Keys' },
};

test('a key, a region that stands by, and that region itself are taken as they are written', () => {
  expect(checkConfig({ ...GOOD, keyArn: key('eu-west-1'), standby: STANDBY })).toMatchObject({
    keyArn: key('eu-west-1'),
    standby: STANDBY,
  });
  // Once it serves, it may have copies in turn.
  const back = { ...STANDBY, region: 'us-east-1' };
  expect(checkConfig({ ...GOOD, standbyOf: STANDBY_OF, standby: back })).toMatchObject({
    standbyOf: STANDBY_OF,
    standby: back,
  });
  const single = key('eu-west-1', '01234567-89ab-cdef-0123-456789abcdef');
  expect(checkConfig({ ...GOOD, keyArn: single }).keyArn).toBe(single);
});

test('the configuration of the region that stands by, as docs/DEPLOY.md has it, can be used once its gaps are filled in', async () => {
  const root = path.join(import.meta.dirname, '../../..');
  const text = await readFile(path.join(root, 'docs/DEPLOY.md'), 'utf8');
  const [, block = ''] = /```ts\n( +import type \{ QuireConfig \}[^`]+)```/.exec(text) ?? [];
  const folder = await mkdtemp(path.join(tmpdir(), 'quire-config-'));
  const file = path.join(folder, 'west.config.ts');
  // Beside the one of the first region, which says by now that it has a standby.
  await writeFile(
    path.join(folder, 'quire.config.ts'),
    `export default ${JSON.stringify({
      ...GOOD,
      region: 'us-east-1',
      keyArn: key('us-east-1'),
      standby: { region: 'us-west-2', mailBucket: 'west-mail', inboundBucket: 'west-inbound' },
    })};\n`,
  );
  await writeFile(file, block.replaceAll('…', ''));
  const west = await readConfig(file);
  expect(west).toMatchObject({
    name: 'QuireWest',
    region: 'us-west-2',
    host: GOOD.host,
    activateReceiptRules: 'never',
    domains: [{ name: 'example.org', leaveOut: ['mx', 'spf', 'dmarc', 'srv', 'host'] }],
    standbyOf: { keyArn: key('us-east-1') },
  });
  expect(west.standby).toBeUndefined();
  expect(west.keyArn).toBeUndefined();
  await rm(folder, { recursive: true });
});

const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:imap-AbCdEf';

describe('a mistake is one sentence that says what to write instead:', () => {
  test.each<[string, object, string]>([
    [
      'region',
      { region: 'eu-north-7' },
      'region is "eu-north-7", where SES is not known to receive mail: write one of us-east-1, ',
    ],
    ['no region', { region: undefined }, 'region is missing, where SES'],
    [
      'no domain',
      { domains: [] },
      "domains is []: write a list with at least one domain, such as [{ name: 'example.org' }].",
    ],
    [
      'a domain as text',
      { domains: ['example.org'] },
      `domains[0] is "example.org": write { name: 'example.org' }.`,
    ],
    [
      'a domain that is none',
      { domains: [{ name: 'exa mple' }] },
      'domains[0].name is "exa mple": write a domain, such as example.org.',
    ],
    [
      'a domain twice',
      { domains: [{ name: 'a.example' }, { name: 'A.example' }] },
      'domains names a.example twice: write it once.',
    ],
    [
      'more domains than a stack holds',
      { domains: Array.from({ length: 32 }, (_, index) => ({ name: `d${index}.example` })) },
      'domains has 32 entries: write at most 31,',
    ],
    [
      'a domain too long to name a rule by',
      { domains: [{ name: `${'a'.repeat(60)}.example` }] },
      'domains[0].name has 68 characters: write a domain of at most 64,',
    ],
    [
      'a host too long for a certificate',
      { host: `${'a'.repeat(60)}.example` },
      'host has 68 characters: write a name of at most 64,',
    ],
    [
      'a host that is the domain itself',
      { host: 'Example.org' },
      `host is "Example.org", where no CNAME can stand beside the domain's MX record: write a name below it, such as mail.example.org.`,
    ],
    [
      'a zone by name',
      { domains: [{ name: 'a.example', hostedZoneId: 'a.example.' }] },
      'domains[0].hostedZoneId is "a.example.": write the id that Route 53 shows',
    ],
    [
      'a kind of record',
      { domains: [{ name: 'a.example', leaveOut: ['MX'] }] },
      `domains[0].leaveOut is ["MX"]: write a list of any of 'mx', 'spf', `,
    ],
    [
      'a policy',
      { domains: [{ name: 'a.example', dmarcPolicy: 'drop' }] },
      `domains[0].dmarcPolicy is "drop": write 'none', 'quarantine' or 'reject'.`,
    ],
    [
      'a recipient elsewhere',
      { domains: [{ name: 'a.example', recipients: ['x@b.example'] }] },
      'domains[0].recipients[0] is "x@b.example": write an address of a.example without a tag',
    ],
    [
      'a recipient with a tag',
      { domains: [{ name: 'a.example', recipients: ['x+y@a.example'] }] },
      'without a tag, such as alice@a.example.',
    ],
    [
      'no recipient',
      { domains: [{ name: 'a.example', recipients: [] }] },
      'write a list of 1 to 100 addresses, or leave it out',
    ],
    [
      'a host',
      { host: 'mail' },
      'host is "mail": write the name that mail clients connect to, such as mail.example.org.',
    ],
    [
      'no TLS',
      { tls: undefined },
      "tls is missing: write { at: 'load-balancer' } or { at: 'gateway', secretArn:",
    ],
    ['TLS elsewhere', { tls: { at: 'nowhere' } }, `tls.at is "nowhere": write 'load-balancer' or 'gateway'.`],
    [
      'a secret by name',
      { tls: { at: 'gateway', secretArn: 'imap' } },
      'tls.secretArn is "imap": write the ARN of the secret that holds certificate and key, which begins like arn:aws:secretsmanager:eu-west-1:',
    ],
    [
      'a secret without the end of its ARN',
      { tls: { at: 'gateway', secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:imap/tls' } },
      'tls.secretArn ends in "imap/tls", the secret\'s name alone: write the ARN as `aws secretsmanager describe-secret` shows it, with a hyphen and six more letters and digits.',
    ],
    ['no secret', { tls: { at: 'gateway' } }, 'tls.secretArn is missing: write the ARN of the secret'],
    [
      'a secret in place of a certificate',
      { tls: { at: 'load-balancer', certificateArn: ARN } },
      'write the ARN of the certificate, which begins like arn:aws:acm:eu-west-1:',
    ],
    [
      'a certificate of another region',
      { tls: { at: 'load-balancer', certificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/x' } },
      'tls.certificateArn is in the region us-east-1: write one of eu-west-1, where the gateway runs.',
    ],
    ['STARTTLS at the load balancer', { starttls: true }, 'a load balancer cannot speak STARTTLS'],
    [
      'an alarm to itself',
      { alarmAddress: 'me@example.org' },
      'alarmAddress is "me@example.org", which this deployment delivers itself: write an address elsewhere',
    ],
    [
      'no alarm address',
      { alarmAddress: 'me' },
      'alarmAddress is "me": write the mail address that alarms are sent to.',
    ],
    ['a size', { size: 'huge' }, `size is "huge": write 'small', 'medium' or 'large'.`],
    ['a name', { name: 'my mail' }, 'name is "my mail": write up to 24 letters and digits, such as Quire.'],
    ['a flag', { starttls: 'yes' }, 'starttls is "yes": write true or false.'],
    [
      'a restored table without a name',
      { restoredTables: { mail: 'mail-restored' } },
      'restoredTables.directory is missing: write the name of a table of DynamoDB.',
    ],
    [
      'one restored table in two places',
      { restoredTables: { mail: 'restored', directory: 'restored' } },
      'restoredTables names restored twice: write the name of a table of its own for each.',
    ],
    [
      'a key by its alias',
      { keyArn: 'arn:aws:kms:eu-west-1:123456789012:alias/quire' },
      'keyArn ends in "alias/quire": write the ARN of the key itself, which ends in key/ and its id, and not that of an alias.',
    ],
    [
      'a key by its id',
      { keyArn: KEY_ID },
      `keyArn is "${KEY_ID}": write the ARN of a key of KMS, which begins like arn:aws:kms:eu-west-1:`,
    ],
    [
      'a key of another region',
      { keyArn: key('us-east-1') },
      'keyArn is in the region us-east-1: write one of eu-west-1, where the gateway runs.',
    ],
    [
      'copies that could never be read',
      { keyArn: key('eu-west-1', '01234567-89ab-cdef-0123-456789abcdef'), standby: STANDBY },
      'standby is beside the keyArn of a single-Region key, without which no copy could be read: write the ARN of a multi-Region key, whose id begins with mrk-, or leave standby out.',
    ],
    ['a standby by its name', { standby: 'eu-central-1' }, 'standby is "eu-central-1": write { region: '],
    [
      'a standby in the same place',
      { standby: { ...STANDBY, region: 'eu-west-1' } },
      'standby.region is "eu-west-1": write another region than this one in which SES receives mail, one of us-east-1, ',
    ],
    [
      'a bucket by its ARN',
      { standby: { ...STANDBY, mailBucket: 'arn:aws:s3:::other-mail' } },
      'standby.mailBucket is "arn:aws:s3:::other-mail", but a bucket\'s name has 3 to 63 small letters, digits, dots and hyphens, and begins and ends with a letter or a digit: write the name of the bucket of the other region, MailBucketName of its storage stack.',
    ],
    ...(
      [
        ['a..b', 'has no two dots side by side'],
        ['192.168.5.4', 'is not an IP address'],
        ['xn--mail', 'does not begin with "xn--"'],
        ['mail-s3alias', 'does not end in "-s3alias"'],
        ['mail--x-s3', 'does not end in "--x-s3"'],
        ['m'.repeat(64), 'has 3 to 63 small letters'],
        ['.mail', 'has 3 to 63 small letters'],
      ] as const
    ).map(([name, why]): [string, object, string] => [
      `a name that no bucket has, ${name}`,
      { standby: { ...STANDBY, inboundBucket: name } },
      `, but a bucket's name ${why}`,
    ]),
    [
      'no bucket of what arrives',
      { standby: { region: 'eu-central-1', mailBucket: 'other-mail' } },
      'standby.inboundBucket is missing: write the name of the bucket of the other region, InboundBucketName of its storage stack.',
    ],
    [
      'one bucket for both',
      { standby: { ...STANDBY, inboundBucket: 'other-mail' } },
      'standby names the bucket other-mail twice: write the name of a bucket of its own for each.',
    ],
    [
      'a standby of a key that no other region can have',
      { standbyOf: { ...STANDBY_OF, keyArn: key('us-east-1', '01234567-89ab-cdef-0123-456789abcdef') } },
      'standbyOf.keyArn is that of a single-Region key, which no other region can have: write that of a multi-Region key, whose id begins with mrk-.',
    ],
    [
      'a standby of an alias',
      { standbyOf: { ...STANDBY_OF, keyArn: 'arn:aws:kms:us-east-1:123456789012:alias/mail' } },
      'standbyOf.keyArn ends in "alias/mail": write the ARN of the key itself, which ends in key/ and its id, and not that of an alias.',
    ],
    [
      'copies in a third region',
      { standbyOf: STANDBY_OF, standby: STANDBY },
      'standby.region is eu-central-1, but the tables that standbyOf names are copied to us-east-1, where their key is: write that region, or leave standby out.',
    ],
    [
      'a standby of itself',
      { standbyOf: { ...STANDBY_OF, keyArn: key('eu-west-1') } },
      'standbyOf.keyArn is in eu-west-1, the region of this deployment: write the ARN of the key in the other one, KeyArn of its storage stack.',
    ],
    [
      'a standby without the keys',
      { standbyOf: { ...STANDBY_OF, tables: { mail: 'Mail', directory: 'Directory' } } },
      'standbyOf.tables.keys is missing: write the name of a table of DynamoDB.',
    ],
    [
      'a standby without tables',
      { standbyOf: { keyArn: key('us-east-1') } },
      "standbyOf.tables is missing: write { mail: 'mail-table', directory: 'directory-table', keys: 'keys-table' }.",
    ],
    [
      'two keys',
      { keyArn: key('eu-west-1'), standbyOf: STANDBY_OF },
      'keyArn is beside standbyOf, which makes a replica of the key of the other region: leave keyArn out.',
    ],
    [
      'mail kept aside for longer than inbound keeps anything',
      { retention: { aside: 401 } },
      'retention.aside is 401: write a whole number from 1 to 400.',
    ],
    [
      'cold storage',
      { coldStorage: { afterDays: 7 } },
      'coldStorage.afterDays is 7: write a whole number from 30 to 3650.',
    ],
    [
      'days of a storage in which nothing ever moves',
      { coldStorage: { class: 'none', afterDays: 90 } },
      "coldStorage.afterDays is 90, but with class 'none' nothing ever moves: leave afterDays out, or write another class.",
    ],
    ['no number at all', { retention: { backup: NaN } }, 'retention.backup is NaN: write a whole number'],
    ['a number without end', { retention: { aside: Infinity } }, 'retention.aside is Infinity: write a'],
    [
      'a recipient twice',
      { domains: [{ name: 'a.example', recipients: ['x@a.example', 'y@a.example', 'X@A.example'] }] },
      'domains[0].recipients names x@a.example twice: write it once.',
    ],
    ['a backup', { retention: { backup: 36 } }, 'retention.backup is 36: write a whole number from 1 to 35.'],
    [
      'logs',
      { retention: { logs: 31 } },
      'retention.logs is 31: write one of the days that CloudWatch Logs takes, 1, 3, 5, ',
    ],
    [
      'tasks below the least',
      { size: 'large', limits: { maxTasks: 3 } },
      'limits.maxTasks is 3: write a whole number from 4 to 5000.',
    ],
    [
      'deliveries',
      { limits: { deliveriesAtOnce: 1 } },
      'limits.deliveriesAtOnce is 1: write a whole number from 2 to 1000.',
    ],
    [
      'literals below LITERAL-',
      { limits: { literalBytes: 4095 } },
      'limits.literalBytes is 4095: write a whole number from 4096 to 1000000000.',
    ],
    [
      'a name that is misspelt',
      { alarmAdress: 'x@y.example' },
      'alarmAdress is not a setting: write one of name, region, ',
    ],
    [
      'one below',
      { retention: { backups: 7 } },
      'retention.backups is not a setting: write one of backup, logs, aside, grace, or leave it out.',
    ],
  ])('%s', (_what, changes, sentence) => {
    const mistakes = changed(changes);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toContain(sentence);
  });

  test.each([undefined, null, 'x', [], 1])('no configuration at all (%j)', (config) => {
    expect(mistakesOf(config)).toEqual([expect.stringContaining('The default export is ')]);
  });

  test('all of them are told at once, below the name of the file', () => {
    const config = { ...GOOD, region: 'x', size: 'huge' };
    expect(() => checkConfig(config, 'mine.ts')).toThrow(
      /^mine\.ts cannot be used:\n {2}- size .*\n {2}- region .*$/,
    );
  });
});
