/** Asks both servers about every message, and looks for the rule that explains each difference. */
import type { Answer, BothServers } from './both-servers.ts';
import { type Difference, differences } from './differences.ts';
import type { WireValue } from '../../support/fetch-answer.ts';
import type { GeneratedMail } from './generated-mail.ts';
import { OF_THE_MESSAGE, decoded, labelOf, ofTheParts } from './questions.ts';
import { type Evidence, RULES } from './rules.ts';

export interface Unexplained extends Difference {
  readonly number: number;
  readonly family: string;
}

export interface Comparison {
  /** Answers that were laid side by side. */
  readonly compared: number;
  /** How often each rule was needed. */
  readonly explained: ReadonlyMap<string, number>;
  readonly unexplained: readonly Unexplained[];
}

type Told = Map<string, WireValue | undefined>;

export async function compareAll(servers: BothServers, mails: readonly GeneratedMail[]): Promise<Comparison> {
  const explained = new Map(RULES.map(({ name }) => [name, 0]));
  const unexplained: Unexplained[] = [];
  let compared = 0;
  for (const [index, { family, bytes }] of mails.entries()) {
    const { quire, dovecot } = await askBoth(servers, index + 1);
    compared += quire.size;
    const found = [...quire.keys()].flatMap((label) =>
      differences(label, quire.get(label), dovecot.get(label)),
    );
    const evidence: Evidence = {
      mail: bytes.toString('latin1'),
      quire,
      dovecot,
      shapes: found.filter(({ field }) => field === 'shape' || field === 'type'),
    };
    for (const difference of found) {
      const rule = RULES.find((each) => each.explains(difference, evidence));
      if (rule) explained.set(rule.name, (explained.get(rule.name) ?? 0) + 1);
      else unexplained.push({ ...difference, number: index + 1, family });
    }
  }
  return { compared, explained, unexplained };
}

async function askBoth(
  { quire, dovecot }: BothServers,
  number: number,
): Promise<{ quire: Told; dovecot: Told }> {
  const told = { quire: new Map() as Told, dovecot: new Map() as Told };
  const ask = async (items: readonly string[]): Promise<void> => {
    const command = items.length === 1 ? (items[0] ?? '') : `(${items.join(' ')})`;
    const [ours, theirs] = await Promise.all([quire.fetch(number, command), dovecot.fetch(number, command)]);
    for (const item of items) {
      const label = labelOf(item);
      told.quire.set(label, outcome(ours, label));
      told.dovecot.set(label, outcome(theirs, label));
    }
  };
  await ask(OF_THE_MESSAGE);
  const structures = [told.quire.get('BODYSTRUCTURE'), told.dovecot.get('BODYSTRUCTURE')];
  const parts = ofTheParts(structures);
  if (parts.length > 0) await ask(parts);
  for (const item of decoded(structures)) await ask([item]);
  return told;
}

/** What was told under the label, or how the command failed. */
function outcome({ status, text, items }: Answer, label: string): WireValue | undefined {
  if (status === 'OK') return items.get(label);
  const code = /^\[[A-Z-]+\]/.exec(text)?.[0] ?? '';
  return { text: `${status} ${code}`.trim(), form: 'quoted' };
}
