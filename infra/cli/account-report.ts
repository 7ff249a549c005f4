/**
 * The report of a command that goes through all accounts: a line of JSON each, written as soon as an account is done. A
 * command that was interrupted, and is given the same file again, goes on behind the last whole line, and counts what is
 * told there as its own.
 */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import type { AccountId } from '../../shared/account/ids.ts';
import { errorCode, SetupError } from '../local/setup-error.ts';

export interface ReportLine {
  readonly account: AccountId;
  /** Null once it is in the report as done with; else why it could not be looked at, and is looked at again. */
  readonly error?: string;
}

/** What the report is of: a report of one thing is not gone on with by another. */
export interface ReportHead {
  readonly report: string;
  /** What else must be the same: options of the command. */
  readonly of: string;
}

export class AccountReportFile<Line extends ReportLine> {
  readonly #file: string | null;
  /** What earlier runs have told of accounts that they are done with. */
  readonly done: ReadonlyMap<AccountId, Line>;

  private constructor(file: string | null, done: ReadonlyMap<AccountId, Line>) {
    this.#file = file;
    this.done = done;
  }

  /**
   * `file` null: nothing is kept, and nothing is gone on with.
   * @throws {SetupError} if the file cannot be written, or is another report.
   */
  static async open<Line extends ReportLine>(
    file: string | null,
    head: ReportHead,
  ): Promise<AccountReportFile<Line>> {
    if (file === null) return new AccountReportFile(null, new Map());
    const first = JSON.stringify(head);
    try {
      const text = await readFile(file, 'utf8').catch(unlessThere);
      // The last line may have been cut by an interruption.
      const lines = text.split('\n').slice(0, -1);
      if (text !== '' && lines[0] !== first)
        throw new SetupError(
          `${file} is the report of something else${titleOf(lines[0])}; this is of ${titled(head)}: name another file, or remove it.`,
        );
      const done = doneIn<Line>(file, lines.slice(1));
      await writeFile(file, `${[first, ...lines.slice(1)].join('\n')}\n`);
      return new AccountReportFile(file, done);
    } catch (error) {
      if (error instanceof SetupError) throw error;
      throw new SetupError(`The report ${file} cannot be written (${errorCode(error) ?? String(error)}).`, {
        cause: error,
      });
    }
  }

  async add(line: Line | (ReportLine & { readonly error: string })): Promise<void> {
    if (this.#file !== null) await appendFile(this.#file, `${JSON.stringify(line)}\n`);
  }
}

const titled = ({ report, of }: ReportHead): string => `"${report}" (${of})`;

/** Of a first line, as far as it is one. */
function titleOf(line = ''): string {
  try {
    const { report, of } = JSON.parse(line) as Partial<ReportHead>;
    return report === undefined || of === undefined ? '' : `, ${titled({ report, of })}`;
  } catch {
    return '';
  }
}

/** As this command has written them. */
function doneIn<Line extends ReportLine>(
  file: string,
  lines: readonly string[],
): ReadonlyMap<AccountId, Line> {
  const parsed = lines.map((line, index) => {
    try {
      return JSON.parse(line) as Line;
    } catch (error) {
      throw new SetupError(
        `Line ${index + 2} of ${file} is no line of a report: name another file, or remove it.`,
        { cause: error },
      );
    }
  });
  return new Map(
    parsed.filter(({ error }) => error === undefined).map((line) => [line.account, line] as const),
  );
}

function unlessThere(error: unknown): string {
  if (errorCode(error) === 'ENOENT') return '';
  throw error;
}
