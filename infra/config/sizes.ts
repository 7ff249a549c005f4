/** The three sizes of a deployment, and why each number is what it is. */

export const SIZE_CLASSES = ['small', 'medium', 'large'] as const;
export type SizeClass = (typeof SIZE_CLASSES)[number];

export interface Size {
  /** Units of 1/1024 of a virtual processor, and MiB: pairs that Fargate has. */
  readonly cpu: number;
  readonly memoryMiB: number;
  readonly minTasks: number;
  readonly maxTasks: number;
  /** Sessions that a task is to have on average; the service grows above it. */
  readonly sessionsPerTask: number;
  /** Sessions that a task takes at most. */
  readonly maxSessionsPerTask: number;
  /** Bytes of replicas and of summaries in memory. */
  readonly replicaBudgetMiB: number;
  readonly summaryBudgetMiB: number;
  readonly deliveriesAtOnce: number;
  readonly deliveryMemoryMiB: number;
  /** Between two runs of the expunge function: as many at once as fit into the quarter of an hour that one may last. */
  readonly expungeEveryMinutes: number;
}

/**
 * Memory of a task: Node and the code take some 120 MiB, each TLS connection with its session under 100 KB, and the two
 * budgets come on top; what is left is for answers on their way.
 *
 * A delivery function holds three messages of up to 40 MB at a time, and four copies of each while it stores them.
 */
export const SIZES: Readonly<Record<SizeClass, Size>> = {
  small: {
    cpu: 256,
    memoryMiB: 512,
    minTasks: 1,
    maxTasks: 4,
    sessionsPerTask: 500,
    maxSessionsPerTask: 1_000,
    replicaBudgetMiB: 64,
    summaryBudgetMiB: 32,
    deliveriesAtOnce: 5,
    deliveryMemoryMiB: 1_024,
    expungeEveryMinutes: 15,
  },
  medium: {
    cpu: 1_024,
    memoryMiB: 2_048,
    // Two, in two zones: a zone may be lost, and a deployment is never seen.
    minTasks: 2,
    maxTasks: 20,
    sessionsPerTask: 5_000,
    maxSessionsPerTask: 10_000,
    replicaBudgetMiB: 256,
    summaryBudgetMiB: 64,
    deliveriesAtOnce: 50,
    deliveryMemoryMiB: 1_536,
    expungeEveryMinutes: 5,
  },
  large: {
    // One process uses one processor, and the garbage collector and TLS a part of a second.
    cpu: 2_048,
    memoryMiB: 8_192,
    minTasks: 4,
    maxTasks: 400,
    sessionsPerTask: 20_000,
    maxSessionsPerTask: 40_000,
    replicaBudgetMiB: 1_536,
    summaryBudgetMiB: 256,
    deliveriesAtOnce: 500,
    deliveryMemoryMiB: 1_769,
    expungeEveryMinutes: 1,
  },
};
