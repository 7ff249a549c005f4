/** Processes that are measured, apart from the one that measures: they are told what to do, one thing at a time. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export class Child<Request, Answer> {
  readonly #process: ChildProcess;
  readonly first: Promise<Answer>;

  /** Starts `program` of this folder with `settings`, as JSON; `first` is what it says when it is ready. */
  constructor(program: string, settings: unknown, nodeFlags: readonly string[] = []) {
    this.#process = fork(path.join(import.meta.dirname, program), [JSON.stringify(settings)], {
      execArgv: ['--no-warnings', ...nodeFlags],
    });
    this.first = this.#next();
  }

  ask(request: Request): Promise<Answer> {
    this.#process.send(request as object);
    return this.#next();
  }

  onMessage(listener: (message: Answer) => void): void {
    this.#process.on('message', listener);
  }

  /** Tells it to end, and returns when it has. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }

  async #next(): Promise<Answer> {
    const ended = once(this.#process, 'exit').then(([code]) => {
      throw new Error(`a process that was measured ended with ${String(code)}`);
    });
    ended.catch(() => undefined);
    const answer = once(this.#process, 'message') as Promise<[Answer]>;
    return Promise.race([answer.then(([message]) => message), ended]);
  }
}
