/** What the benchmark says: a number, its unit, and what exactly was measured. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it measures, in a sentence. */
  readonly measures: string;
}

export interface SectionOptions {
  /** Multiplies sizes: 1 is what the figures are published for. */
  readonly scale: number;
  readonly runs: number;
  /** Tells the person who waits what is going on. */
  readonly say: (text: string) => void;
  /** Node flags for the processes that are measured: `--cpu-prof`, say. */
  readonly nodeFlags: readonly string[];
}

export type Section = (options: SectionOptions) => Promise<readonly Figure[]>;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] =
    sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1);
  return (low + high) / 2;
}

/** Milliseconds that `work` takes, and what it gives. */
export async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const start = performance.now();
  const result = await work();
  return { ms: performance.now() - start, result };
}

export function table(figures: readonly Figure[]): string {
  const shown = figures.map(({ name, value, unit }) => [name, `${digits(value)} ${unit}`] as const);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  const room = Math.max(0, ...shown.map(([, value]) => value.length));
  return shown
    .map(
      ([name, value], index) =>
        `${name.padEnd(width)}  ${value.padStart(room)}  ${figures[index]?.measures ?? ''}`,
    )
    .join('\n');
}

function digits(value: number): string {
  if (Math.abs(value) >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en-GB');
  return value.toPrecision(3);
}
