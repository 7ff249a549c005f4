/** Times of the commands that touch every message of a mailbox of 10,000, over a plain socket on loopback. */
import { Child } from './child.ts';
import { DOMAIN, startBenchStores } from './bench-stores.ts';
import { filledAccount, foldNow } from './filled-account.ts';
import { type Figure, type Section, median } from './figure.ts';
import type { GatewayAnswer, GatewayProcessSettings, GatewayRequest } from './gateway-process.ts';
import { WireTimer, baseline } from './wire-timer.ts';

const MESSAGES = 10_000;

interface Step {
  readonly name: string;
  readonly command: string;
  /** Not timed: what it needs, and what gives it something to do again. */
  readonly before?: string;
  readonly after?: string;
}

const STEPS: readonly Step[] = [
  ...['SELECT INBOX', 'FETCH 1:* FLAGS', 'FETCH 1:* ENVELOPE', 'FETCH 1:* BODYSTRUCTURE'].map((command) => ({
    name: command.replace(' INBOX', ''),
    command,
  })),
  {
    name: 'STORE 1:* +FLAGS \\Seen',
    command: 'STORE 1:* +FLAGS (\\Seen)',
    after: 'STORE 1:* -FLAGS.SILENT (\\Seen)',
  },
  {
    name: 'STORE 1:* +FLAGS.SILENT \\Seen',
    command: 'STORE 1:* +FLAGS.SILENT (\\Seen)',
    after: 'STORE 1:* -FLAGS.SILENT (\\Seen)',
  },
  { name: 'COPY 1:*', command: 'COPY 1:* Copies', before: 'CREATE Copies', after: 'DELETE Copies' },
  { name: 'SEARCH UNSEEN', command: 'SEARCH UNSEEN' },
  { name: 'SEARCH SUBJECT', command: 'SEARCH SUBJECT figures' },
  { name: 'SORT (SUBJECT DATE)', command: 'SORT (SUBJECT DATE) UTF-8 ALL' },
  { name: 'THREAD REFERENCES', command: 'THREAD REFERENCES UTF-8 ALL' },
];

interface Sample {
  readonly ms: number;
  readonly bytes: number;
}

export const mailbox: Section = async ({ scale, runs, say, nodeFlags }) => {
  const messages = Math.max(1, Math.round(MESSAGES * scale));
  const stores = await startBenchStores();
  try {
    say(`filling a mailbox of ${messages}`);
    const account = await filledAccount(stores.engine, { messages });
    const address = `reader@${DOMAIN}`;
    await stores.addUser(address, account);
    const cold = new Map<Step, Sample[]>();
    const warm = new Map<Step, Sample[]>();
    const plain = new Map<Step, number[]>();
    const settings: GatewayProcessSettings = { engine: stores.settings };
    for (let run = 0; run < runs; run++) {
      say(`run ${run + 1} of ${runs}`);
      await foldNow(stores.engine, account);
      const gateway = new Child<GatewayRequest, GatewayAnswer>('gateway-process.ts', settings, nodeFlags);
      const { port, baselinePort } = await gateway.first;
      const client = await WireTimer.signIn(port, address);
      for (const [step, sample] of await play(client)) push(cold, step, sample);
      // The first pass has also let the compiler see the code.
      for (let repeat = 0; repeat < 2; repeat++)
        for (const [step, sample] of await play(client)) push(warm, step, sample);
      for (const [step, samples] of warm)
        push(plain, step, await baseline(baselinePort, samples.at(-1)?.bytes ?? 0));
      client.close();
      await gateway.stop();
    }
    return STEPS.flatMap((step) => figures(step, messages, cold, warm, plain));
  } finally {
    await stores.stop();
  }
};

async function play(client: WireTimer): Promise<[Step, Sample][]> {
  const samples: [Step, Sample][] = [];
  for (const step of STEPS) {
    if (step.before !== undefined) await client.run(step.before);
    samples.push([step, await client.run(step.command)]);
    if (step.after !== undefined) await client.run(step.after);
  }
  return samples;
}

function figures(
  step: Step,
  messages: number,
  cold: ReadonlyMap<Step, readonly Sample[]>,
  warm: ReadonlyMap<Step, readonly Sample[]>,
  plain: ReadonlyMap<Step, readonly number[]>,
): Figure[] {
  const times = (samples: readonly Sample[] = []): number => median(samples.map(({ ms }) => ms));
  const bytes = median((warm.get(step) ?? []).map((sample) => sample.bytes));
  const reference = median(plain.get(step) ?? []);
  const over = `on ${messages} messages`;
  return [
    {
      name: `${step.name}, first`,
      value: times(cold.get(step)),
      unit: 'ms',
      measures: `${over}, median: the first on a gateway that has just started`,
    },
    {
      name: `${step.name}, again`,
      value: times(warm.get(step)),
      unit: 'ms',
      measures: `${over}, median: asked again by the same session; ${Math.round(bytes)} bytes of answer`,
    },
    {
      name: `${step.name}, ratio`,
      value: times(warm.get(step)) / reference,
      unit: '×',
      measures: `of the latter, to the ${reference.toFixed(2)} ms in which the same process sends as many bytes by a loop of writes`,
    },
  ];
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
