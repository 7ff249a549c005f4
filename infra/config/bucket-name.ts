/** Names of S3 buckets, by the rules of the S3 user guide ("General purpose bucket naming rules"). */

const SHAPE = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const IP_ADDRESS = /^\d+\.\d+\.\d+\.\d+$/;
/** Kept for other kinds of names. */
const RESERVED = {
  beginnings: ['xn--', 'sthree-', 'amzn-s3-demo-'],
  ends: ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3'],
};

/** Why no bucket can have the name, as the end of a sentence; null if one can. */
export function bucketNameFault(name: string): string | null {
  if (!SHAPE.test(name))
    return 'has 3 to 63 small letters, digits, dots and hyphens, and begins and ends with a letter or a digit';
  if (name.includes('..')) return 'has no two dots side by side';
  if (IP_ADDRESS.test(name)) return 'is not an IP address';
  const beginning = RESERVED.beginnings.find((each) => name.startsWith(each));
  if (beginning !== undefined) return `does not begin with "${beginning}"`;
  const end = RESERVED.ends.find((each) => name.endsWith(each));
  return end === undefined ? null : `does not end in "${end}"`;
}
