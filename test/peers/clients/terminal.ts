/**
 * A program in a terminal of 100 × 30, which tmux keeps: keys go in, the screen is read. A screen tells nobody when it has
 * changed, so that it is looked at again and again, a bounded number of times with a short wait between.
 */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { outputOf } from './program.ts';

const LOOKS = 1_200;
const BETWEEN_LOOKS_MS = 50;

export class Terminal {
  readonly #home: string;

  private constructor(home: string) {
    this.#home = home;
  }

  /** `home`: a folder of the test's own, for settings and the socket of tmux. */
  static async start(home: string, command: string): Promise<Terminal> {
    const terminal = new Terminal(home);
    // What is on the screen when the program ends stays there, with its status: tmux 3.3 loses that now and then.
    const kept = `${command}; echo "It ended with $?."; exec cat`;
    await terminal.#tmux('new-session', '-d', '-x', '100', '-y', '30', kept);
    return terminal;
  }

  /** Types keys, by the names that tmux gives them: `F`, `Enter`, `C-c`. */
  async keys(...keys: readonly string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys);
  }

  /** Resolves to the screen once `wanted` is on it; throws with the last screen if it does not come. */
  async shows(wanted: string | RegExp): Promise<string> {
    let screen = '';
    for (let look = 0; look < LOOKS; look++) {
      screen = await this.#tmux('capture-pane', '-p');
      if (typeof wanted === 'string' ? screen.includes(wanted) : wanted.test(screen)) return screen;
      await delay(BETWEEN_LOOKS_MS);
    }
    throw new Error(`the screen does not show ${String(wanted)}:\n${screen}`);
  }

  /** Resolves once the program has ended, to its status. */
  async ended(): Promise<number> {
    const screen = await this.shows(/It ended with \d+\./);
    return Number(/It ended with (\d+)/.exec(screen)?.[1]);
  }

  /** Ends this tmux and what runs in it. */
  async close(): Promise<void> {
    await this.#tmux('kill-server');
  }

  async #tmux(...args: readonly string[]): Promise<string> {
    const socket = path.join(this.#home, 'tmux');
    return outputOf(this.#home, 'tmux', ['-S', socket, '-f', '/dev/null', ...args]);
  }
}
