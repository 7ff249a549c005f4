/**
 * What is deployed on AWS: how long its synthesis takes, how large the files are, and how soon a fresh process with the delivery
 * function has taken its first event. Memory and processor are this machine's, not a function's.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { BUNDLE_FILE, type BundleName, BUNDLES, makeBundle, ROOT } from '../../infra/bundles/bundle.ts';
import { type Figure, median, type Section, timed } from './figure.ts';

/** Tests of what stands on AWS. */
const TESTS = [
  'test/unit/infra',
  'test/integration/infra',
  'test/integration/fargate',
  'test/integration/metrics',
];

export const bundles: Section = async ({ runs, say }) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'quire-bench-'));
  try {
    say('synthesis');
    const synths: number[] = [];
    for (let run = 0; run < runs; run++) synths.push((await timed(() => synth(folder))).ms);
    const sizes: Figure[] = [];
    for (const name of Object.keys(BUNDLES) as BundleName[]) sizes.push(...(await sizesOf(name, folder)));
    say('cold starts');
    const bundle = makeBundle('deliver', folder);
    const starts: { loadedMs: number; answeredMs: number }[] = [];
    for (let run = 0; run < runs; run++) starts.push(await coldStart(bundle));
    return [
      {
        name: 'synth',
        value: median(synths) / 1_000,
        unit: 's',
        measures: '`npx cdk synth --quiet`, bundles included',
      },
      {
        name: 'assertions',
        value: await assertions(),
        unit: '',
        measures: `\`expect\` in ${TESTS.join(', ')}; many run for each of a table's rows, or for each resource`,
      },
      ...sizes,
      {
        name: 'cold start, loaded',
        value: median(starts.map(({ loadedMs }) => loadedMs)),
        unit: 'ms',
        measures: 'the delivery bundle imported in a fresh process, without the start of Node',
      },
      {
        name: 'cold start, answered',
        value: median(starts.map(({ answeredMs }) => answeredMs)),
        unit: 'ms',
        measures: 'the same, until its first event is answered: clients made, nothing asked for',
      },
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
};

async function synth(folder: string): Promise<void> {
  await promisify(execFile)('npx', ['cdk', 'synth', '--quiet', '--output', path.join(folder, 'cdk.out')], {
    cwd: ROOT,
  });
}

async function sizesOf(name: BundleName, folder: string): Promise<Figure[]> {
  const bytes = await readFile(path.join(makeBundle(name, folder), BUNDLE_FILE));
  const kib = (value: number): number => value / 1_024;
  return [
    { name: `${name}, plain`, value: kib(bytes.length), unit: 'KiB', measures: 'the file that Node reads' },
    {
      name: `${name}, packed`,
      value: kib(deflateRawSync(bytes, { level: 9 }).length),
      unit: 'KiB',
      measures: name === 'gateway' ? 'its layer of the image' : 'the archive that Lambda fetches',
    },
  ];
}

/** In a process of its own: what SNS sends to try out a topic is answered without asking AWS for anything. */
const COLD_START = `
const trial = JSON.stringify({ notificationType: 'AmazonSnsSubscriptionSucceeded' });
const record = { messageId: '1', body: trial, attributes: { ApproximateReceiveCount: '1', SentTimestamp: '0' } };
const began = performance.now();
const { handler } = await import(process.argv[1]);
const loaded = performance.now();
const answer = await handler({ Records: [record] });
if (answer.batchItemFailures.length > 0) throw new Error('the event was not taken');
process.stderr.write(JSON.stringify({ loadedMs: loaded - began, answeredMs: performance.now() - began }));
`;

async function coldStart(bundle: string): Promise<{ loadedMs: number; answeredMs: number }> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', COLD_START, path.join(bundle, BUNDLE_FILE)],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        AWS_REGION: 'us-east-1',
        QUIRE_MAIL_TABLE: 'mail',
        QUIRE_DIRECTORY_TABLE: 'directory',
        QUIRE_MAIL_BUCKET: 'mail',
        QUIRE_INBOUND_BUCKET: 'inbound',
        QUIRE_BOUNCE_UNKNOWN: 'authenticated',
      },
    },
  );
  const [said] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  return JSON.parse(said) as { loadedMs: number; answeredMs: number };
}

async function assertions(): Promise<number> {
  const files = await Promise.all(
    TESTS.map(async (folder) =>
      (await readdir(path.join(ROOT, folder), { recursive: true })).map((file) =>
        path.join(ROOT, folder, file),
      ),
    ),
  );
  const texts = await Promise.all(
    files
      .flat()
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFile(file, 'utf8')),
  );
  return texts.reduce((sum, each) => sum + [...each.matchAll(/\bexpect\(/g)].length, 0);
}
