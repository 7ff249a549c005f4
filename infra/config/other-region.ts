/** The parts of a configuration that say of what other region a deployment has copies, or is the copy, and under which key. */
import type { Deployment } from './check.ts';
import { bucketNameFault } from './bucket-name.ts';
import type { Fields, Findings } from './findings.ts';
import { checkTables } from './keeping.ts';
import { RECEIVING_REGIONS } from './regions.ts';

/** KMS: the id of a key, which begins so if other regions may have the same key. */
const KEY = /^key\/(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
const MULTI_REGION = ':key/mrk-';

type OtherRegion = Pick<Deployment, 'keyArn' | 'standby' | 'standbyOf'>;

/** `region`: of the deployment itself, as it is written. */
export function checkOtherRegion(
  given: { readonly [name in keyof OtherRegion]?: unknown },
  region: unknown,
  found: Findings,
): OtherRegion {
  const own = typeof region === 'string' ? region : '';
  const keyArn =
    given.keyArn === undefined ? undefined : checkKeyArn(given.keyArn, 'keyArn', own, 'a key of KMS', found);
  const standby = given.standby === undefined ? undefined : checkStandby(given.standby, own, found);
  const standbyOf = given.standbyOf === undefined ? undefined : checkStandbyOf(given.standbyOf, own, found);
  if (keyArn !== undefined && standbyOf !== undefined)
    found.add(
      'keyArn is beside standbyOf, which makes a replica of the key of the other region: leave keyArn out.',
    );
  if (standby !== undefined && keyArn !== undefined && keyArn !== '' && !keyArn.includes(MULTI_REGION))
    found.add(
      'standby is beside the keyArn of a single-Region key, without which no copy could be read: write the ARN of a multi-Region key, whose id begins with mrk-, or leave standby out.',
    );
  const tablesIn = standbyOf?.keyArn.split(':')[3];
  if (standby !== undefined && tablesIn !== undefined && standby.region !== tablesIn)
    found.add(
      `standby.region is ${standby.region}, but the tables that standbyOf names are copied to ${tablesIn}, where their key is: write that region, or leave standby out.`,
    );
  return {
    ...(keyArn === undefined ? {} : { keyArn }),
    ...(standby === undefined ? {} : { standby }),
    ...(standbyOf === undefined ? {} : { standbyOf }),
  };
}

/** Policies know keys by their ARN alone, and no alias. */
function checkKeyArn(value: unknown, where: string, region: string, what: string, found: Findings): string {
  const arn = found.arn(value, where, 'kms', region, what);
  const resource = arn.split(':').slice(5).join(':');
  if (arn === '' || KEY.test(resource)) return arn;
  found.add(
    `${where} ends in ${found.shown(resource)}: write the ARN of the key itself, which ends in key/ and its id, and not that of an alias.`,
  );
  return '';
}

function checkStandby(value: unknown, own: string, found: Findings): OtherRegion['standby'] {
  const standby = found.object(
    value,
    'standby',
    "{ region: 'us-west-2', mailBucket: …, inboundBucket: … }, with what the stack of that region tells",
  );
  if (standby === undefined) return undefined;
  found.known(standby, 'standby', ['region', 'mailBucket', 'inboundBucket']);
  const region = RECEIVING_REGIONS.find((each) => each === standby.region && each !== own);
  if (region === undefined)
    found.add(
      `standby.region is ${found.shown(standby.region)}: write another region than this one in which SES receives mail, one of ${RECEIVING_REGIONS.filter((each) => each !== own).join(', ')}.`,
    );
  const mailBucket = checkBucket(standby, 'mailBucket', 'MailBucketName', found);
  const inboundBucket = checkBucket(standby, 'inboundBucket', 'InboundBucketName', found);
  if (mailBucket !== '' && mailBucket === inboundBucket)
    found.add(
      `standby names the bucket ${mailBucket} twice: write the name of a bucket of its own for each.`,
    );
  return { region: region ?? RECEIVING_REGIONS[0], mailBucket, inboundBucket };
}

function checkBucket(
  standby: Fields,
  which: 'mailBucket' | 'inboundBucket',
  output: string,
  found: Findings,
): string {
  const name = standby[which];
  const fault = typeof name === 'string' ? bucketNameFault(name) : null;
  if (typeof name === 'string' && fault === null) return name;
  const why = fault === null ? '' : `, but a bucket's name ${fault}`;
  found.add(
    `standby.${which} is ${found.shown(name)}${why}: write the name of the bucket of the other region, ${output} of its storage stack.`,
  );
  return '';
}

function checkStandbyOf(value: unknown, own: string, found: Findings): OtherRegion['standbyOf'] {
  const of = found.object(
    value,
    'standbyOf',
    "{ keyArn: 'arn:aws:kms:…', tables: { mail: …, directory: …, keys: … } }, with what the stack of the other region tells",
  );
  if (of === undefined) return undefined;
  found.known(of, 'standbyOf', ['keyArn', 'tables']);
  const keyArn = checkKeyArn(of.keyArn, 'standbyOf.keyArn', '', 'the key of the other region', found);
  if (keyArn !== '' && !keyArn.includes(MULTI_REGION))
    found.add(
      'standbyOf.keyArn is that of a single-Region key, which no other region can have: write that of a multi-Region key, whose id begins with mrk-.',
    );
  if (keyArn !== '' && keyArn.split(':')[3] === own)
    found.add(
      `standbyOf.keyArn is in ${own}, the region of this deployment: write the ARN of the key in the other one, KeyArn of its storage stack.`,
    );
  const { mail, directory, keys = '' } = checkTables(of.tables, 'standbyOf.tables', true, found);
  return { keyArn, tables: { mail, directory, keys } };
}
