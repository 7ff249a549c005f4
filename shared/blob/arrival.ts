/**
 * How a message arrived: kept with its bytes, so that an index that is lost can be made again from the blobs alone.
 * What was changed later (flags, moves) is not in it.
 */
export interface Arrival {
  /** INTERNALDATE: seconds since the epoch, and its zone in minutes east. */
  readonly date: number;
  readonly zone: number;
  /** System flags as bits (`shared/account/flags.ts`), and keywords. */
  readonly system: number;
  readonly keywords: readonly string[];
  /** Name of the mailbox that it went to; null for a special use or INBOX that a delivery named instead. */
  readonly mailbox: string | null;
  /** Special use that a delivery named (`Junk`), without the backslash. */
  readonly use: string | null;
  /** When, milliseconds since the epoch, by the writer's clock. */
  readonly time: number;
}

/** As the footer keeps it. */
export function arrivalFields(arrival: Arrival): unknown[] {
  const { date, zone, system, keywords, mailbox, use, time } = arrival;
  return [date, zone, system, keywords, mailbox, use, time];
}

/** Inverse of `arrivalFields`. */
export function arrivalFrom(fields: readonly unknown[]): Arrival {
  const [date, zone, system, keywords, mailbox, use, time] = fields;
  return {
    date: date as number,
    zone: zone as number,
    system: system as number,
    keywords: keywords as string[],
    mailbox: mailbox as string | null,
    use: use as string | null,
    time: time as number,
  };
}
