/** Many schedules, one after the other, for as long as there is time; a failure is made small before it is told. */
import { type Schedule, ScheduleFailure, type ScheduleResult, runSchedule } from './schedule.ts';

export interface YearsOptions {
  /** Of the first schedule; the next ones follow. */
  readonly seed: number;
  readonly days: number;
  /** How many; without end if the time decides. */
  readonly schedules: number;
  /** None is begun after so many. */
  readonly seconds: number;
  readonly say: (line: string) => void;
}

export interface YearsResult {
  readonly schedules: number;
  readonly days: number;
  readonly events: number;
  readonly records: number;
  readonly purged: number;
  readonly restored: number;
  readonly packs: number;
  readonly replaced: number;
  readonly carried: number;
  readonly closed: number;
  readonly calls: number;
  readonly faults: number;
  readonly deaths: number;
  readonly kinds: ReadonlyMap<string, number>;
}

/** How long a failure is made smaller for. */
const SHRINK_MS = 60_000;

/** Rejects with the smallest schedule that was found to fail, its seed and a transcript. */
export async function yearsHunt(options: YearsOptions): Promise<YearsResult> {
  const total = {
    schedules: 0,
    days: 0,
    events: 0,
    records: 0,
    purged: 0,
    restored: 0,
    packs: 0,
    replaced: 0,
    carried: 0,
    closed: 0,
    calls: 0,
    faults: 0,
    deaths: 0,
  };
  const kinds = new Map<string, number>();
  const until = performance.now() + options.seconds * 1000;
  while (total.schedules < options.schedules && performance.now() < until) {
    const schedule = { seed: options.seed + total.schedules, days: options.days };
    const result = await runSchedule(schedule).catch(async (error: unknown) => {
      throw error instanceof ScheduleFailure ? await smaller(error, options.say) : error;
    });
    total.schedules++;
    add(total, kinds, result);
  }
  return { ...total, kinds };
}

type Sums = Record<Exclude<keyof YearsResult, 'kinds'>, number>;

function add(
  total: Sums,
  kinds: Map<string, number>,
  { tally, kinds: done, ...counts }: ScheduleResult,
): void {
  total.days += counts.days;
  total.events += counts.events;
  total.records += counts.records;
  total.purged += counts.purged;
  total.restored += counts.restored;
  total.packs += counts.packs;
  total.replaced += counts.replaced;
  total.carried += counts.carried;
  total.closed += counts.closed;
  total.calls += tally.calls;
  total.faults += tally.faults;
  total.deaths += tally.deaths;
  for (const [kind, count] of done) kinds.set(kind, (kinds.get(kind) ?? 0) + count);
}

/** Leaves out runs of events, ever shorter ones, as long as it fails all the same, and no later. */
async function smaller(failure: ScheduleFailure, say: (line: string) => void): Promise<ScheduleFailure> {
  say(`seed ${failure.schedule.seed} fails at event ${failure.event}; it is made smaller`);
  const until = performance.now() + SHRINK_MS;
  let least = failure;
  for (let length = failure.event >> 1; length >= 1; length >>= 1)
    for (let from = 0; from < least.event && performance.now() < until; from += length) {
      const without = new Set(least.schedule.without);
      const before = without.size;
      for (let event = from; event < Math.min(from + length, least.event); event++) without.add(event);
      if (without.size > before)
        least = (await failureOf({ ...least.schedule, without, lastEvent: least.event })) ?? least;
    }
  const left = Array.from({ length: least.event + 1 }, (_, event) => event);
  const events = left.filter((event) => !least.schedule.without?.has(event));
  say(`${events.length} events are left: ${events.join(' ')}`);
  return least;
}

async function failureOf(schedule: Schedule): Promise<ScheduleFailure | null> {
  try {
    await runSchedule(schedule);
    return null;
  } catch (error) {
    if (error instanceof ScheduleFailure) return error;
    throw error;
  }
}
