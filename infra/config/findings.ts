/** Collects the mistakes of a configuration, so that a person hears of all of them at once. */
import { AddressError, normaliseDomain } from '../../shared/directory/address.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Checks single values; each returns a usable one whatever it was given, and remembers what was wrong. */
export class Findings {
  readonly mistakes: string[] = [];

  add(sentence: string): void {
    this.mistakes.push(sentence);
  }

  /** A value as a sentence names it. */
  shown(value: unknown): string {
    if (value === undefined) return 'missing';
    // JSON has no word for them but null.
    if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
    const text = JSON.stringify(value) as string | undefined;
    if (text === undefined) return `a ${typeof value}`;
    return text.length > 60 ? `${text.slice(0, 60)}…` : text;
  }

  object(value: unknown, where: string, example: string): Fields | undefined {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
    this.add(`${where} is ${this.shown(value)}: write ${example}.`);
    return undefined;
  }

  /** Complains about fields that nobody reads: most are misspelt. */
  known(fields: Fields, where: string, names: readonly string[]): void {
    for (const name of Object.keys(fields)) {
      if (names.includes(name)) continue;
      const full = where === '' ? name : `${where}.${name}`;
      this.add(`${full} is not a setting: write one of ${names.join(', ')}, or leave it out.`);
    }
  }

  choice<T extends string>(
    value: unknown,
    where: string,
    choices: readonly T[],
    byDefault: T | undefined,
  ): T {
    if (value === undefined && byDefault !== undefined) return byDefault;
    const chosen = choices.find((each) => each === value);
    if (chosen !== undefined) return chosen;
    this.add(`${where} is ${this.shown(value)}: write ${quotedList(choices)}.`);
    return choices[0] as T;
  }

  choices<T extends string>(value: unknown, where: string, choices: readonly T[]): readonly T[] {
    if (value === undefined) return [];
    const all = Array.isArray(value) ? (value as unknown[]) : [];
    if (Array.isArray(value) && all.every((each) => choices.some((choice) => choice === each)))
      return all as T[];
    this.add(`${where} is ${this.shown(value)}: write a list of any of ${quotedList(choices)}.`);
    return [];
  }

  flag(value: unknown, where: string, byDefault: boolean): boolean {
    if (value === undefined) return byDefault;
    if (typeof value === 'boolean') return value;
    this.add(`${where} is ${this.shown(value)}: write true or false.`);
    return byDefault;
  }

  whole(value: unknown, where: string, least: number, most: number, byDefault: number): number {
    if (value === undefined) return byDefault;
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
    this.add(`${where} is ${this.shown(value)}: write a whole number from ${least} to ${most}.`);
    return byDefault;
  }

  /** Without `byDefault` it must be there. */
  matching(value: unknown, where: string, pattern: RegExp, what: string, byDefault?: string): string {
    if (value === undefined && byDefault !== undefined) return byDefault;
    if (typeof value === 'string' && pattern.test(value)) return value;
    this.add(`${where} is ${this.shown(value)}: write ${what}.`);
    return byDefault ?? '';
  }

  domain(value: unknown, where: string, what: string): string {
    const domain = typeof value === 'string' ? normalised(value) : undefined;
    if (domain?.includes('.') === true) return domain;
    this.add(`${where} is ${this.shown(value)}: write ${what}.`);
    return '';
  }

  arn(value: unknown, where: string, service: string, region: string, what: string): string {
    const [start, partition, of, at, account, ...rest] = typeof value === 'string' ? value.split(':') : [];
    const isArn =
      start === 'arn' && (partition ?? '') !== '' && of === service && /^\d{12}$/.test(account ?? '');
    if (!isArn || rest.join(':') === '') {
      const example = `arn:aws:${service}:${region === '' ? 'us-east-1' : region}:123456789012:…`;
      this.add(`${where} is ${this.shown(value)}: write the ARN of ${what}, which begins like ${example}.`);
      return '';
    }
    if (region !== '' && at !== region)
      this.add(`${where} is in the region ${at ?? ''}: write one of ${region}, where the gateway runs.`);
    return value as string;
  }
}

function quotedList(choices: readonly string[]): string {
  const quoted = choices.map((choice) => `'${choice}'`);
  const last = quoted.pop() ?? '';
  return quoted.length === 0 ? last : `${quoted.join(', ')} or ${last}`;
}

function normalised(value: string): string | undefined {
  try {
    return normaliseDomain(value);
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}
