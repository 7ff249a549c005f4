/**
 * What the month has cost so far, by service and by activity: the dashboard's own expressions, asked for every hour since
 * midnight of the first, UTC, as the bill counts, and summed up.
 */
import { costExpressions, type CostSettings } from '../../shared/cost/expressions.ts';
import { SERVICES } from '../../shared/cost/items.ts';
import { QueryBook, type Query } from '../../shared/cost/metric-query.ts';
import { ACTIVITIES, type GaugeName } from '../../shared/metrics/catalogue.ts';
import type { Metrics } from '../../shared/metrics/metrics.ts';

const HOUR_S = 3_600;

export interface Span {
  /** Milliseconds since the epoch; the end is not in it. */
  readonly from: number;
  readonly to: number;
}

/** All values that lines which are not hidden have in a span, by id: those of its periods that have one. */
export type AskMetrics = (
  queries: readonly Query[],
  periodSeconds: number,
  span: Span,
) => Promise<ReadonlyMap<string, readonly number[]>>;

export interface MonthToDate {
  readonly byService: Readonly<Record<string, number>>;
  readonly byActivity: Readonly<Record<string, number>>;
}

/** From the month's first midnight to the end of the last full hour. */
export function monthSoFar(now: number): Span {
  const date = new Date(now);
  return {
    from: Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1),
    to: Math.floor(now / (HOUR_S * 1_000)) * HOUR_S * 1_000,
  };
}

export async function monthToDate(
  settings: CostSettings,
  ask: AskMetrics,
  now: number,
): Promise<MonthToDate> {
  const book = new QueryBook();
  const costs = costExpressions(settings, HOUR_S, book);
  const services = SERVICES.map((service) => [service, costs.service(service, service)] as const);
  const activities = ACTIVITIES.map((activity) => [activity, costs.activity(activity, activity)] as const);
  const span = monthSoFar(now);
  // In the first hour of a month there is nothing to ask for.
  const values = span.to > span.from ? await ask(book.queries, HOUR_S, span) : new Map<string, number[]>();
  const sums = (rows: readonly (readonly [string, string])[]): Record<string, number> =>
    Object.fromEntries(
      rows.map(([name, id]) => [name, (values.get(id) ?? []).reduce((sum, value) => sum + value, 0)]),
    );
  return { byService: sums(services), byActivity: sums(activities) };
}

/** What else only a look from outside can tell. */
export interface Standing {
  /** Bytes of the tables, by the name that the metric's dimension has. */
  readonly tableBytes: Readonly<Record<string, number>>;
  readonly mailboxes: number;
  /** Tables without continuous backup, buckets without versions. */
  readonly backupsOff: readonly string[];
}

/** Has it told at each flush, until the returned function is called. */
export function tell(
  metrics: Metrics,
  { byService, byActivity }: MonthToDate,
  { tableBytes, mailboxes, backupsOff }: Standing,
): () => void {
  const each = (name: GaugeName, values: Readonly<Record<string, number>>) =>
    Object.entries(values).map(([of, value]) => metrics.gauge(name, () => value, of));
  const told = [
    ...each('MonthToDateService', byService),
    ...each('MonthToDateActivity', byActivity),
    ...each('TableBytes', tableBytes),
    metrics.gauge('Mailboxes', () => mailboxes),
    metrics.gauge('BackupsOff', () => backupsOff.length),
  ];
  return () => {
    for (const forget of told) forget();
  };
}
