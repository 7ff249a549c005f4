/**
 * The report of a command that goes through all accounts: a line of JSON each, written as soon as an account is done. A
 * command that was interrupted, and is given the same file again, goes on behind the last whole line.
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

export class AccountReportFile {
  readonly #file: string | null;
  /** Accounts that an earlier run is done with. */
  readonly done: ReadonlySet<AccountId>;

  private constructor(file: string | null, done: ReadonlySet<AccountId>) {
    this.#file = file;
    this.done = done;
  }

  /**
   * `file` null: nothing is kept, and nothing is gone on with.
   * @throws {SetupError} if the file cannot be written, or is another report.
   */
  static async open(file: string | null, head: ReportHead): Promise<AccountReportFile> {
    if (file === null) return new AccountReportFile(null, new Set());
    const first = JSON.stringify(head);
    try {
      const text = await readFile(file, 'utf8').catch(unlessThere);
      // The last line may have been cut by an interruption.
      const lines = text.split('\n').slice(0, -1);
      if (text !== '' && lines[0] !== first)
        throw new SetupError(`${file} is the report of something else: name another file, or remove it.`);
      await writeFile(file, `${[first, ...lines.slice(1)].join('\n')}\n`);
      return new AccountReportFile(file, doneIn(lines.slice(1)));
    } catch (error) {
      if (error instanceof SetupError) throw error;
      throw new SetupError(`The report ${file} cannot be written (${errorCode(error) ?? String(error)}).`, {
        cause: error,
      });
    }
  }

  async add(line: ReportLine): Promise<void> {
    if (this.#file !== null) await appendFile(this.#file, `${JSON.stringify(line)}\n`);
  }
}

function doneIn(lines: readonly string[]): ReadonlySet<AccountId> {
  const parsed = lines.map((line) => JSON.parse(line) as ReportLine);
  return new Set(parsed.filter(({ error }) => error === undefined).map(({ account }) => account));
}

function unlessThere(error: unknown): string {
  if (errorCode(error) === 'ENOENT') return '';
  throw error;
}
