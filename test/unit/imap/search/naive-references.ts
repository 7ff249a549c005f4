/**
 * REFERENCES of RFC 5256 §3, a second time: parents in a map and children looked for among all, step by step as the RFC
 * tells it, slow and plain. Shares nothing with the code that it is held against.
 */
import type { Thread, ThreadedMessage } from '../../../../gateway/imap/search/references.ts';

const ROOT = 'root';

export function naiveReferences(messages: readonly ThreadedMessage[]): Thread[] {
  const byName = new Map<string, ThreadedMessage>();
  const nameOf = new Map<ThreadedMessage, string>();
  for (const message of messages) {
    const wanted = message.id === null ? null : `id ${message.id}`;
    const name = wanted !== null && !byName.has(wanted) ? wanted : `unique ${message.number}`;
    byName.set(name, message);
    nameOf.set(message, name);
  }
  const parents = linked(messages, nameOf);
  const names = [...new Set([...nameOf.values(), ...parents.keys(), ...parents.values()])];
  for (const name of names) if (!parents.has(name)) parents.set(name, ROOT);
  const tree = new Tree(parents, byName);
  tree.prune();
  tree.gather();
  return tree.children(ROOT).map((name) => tree.thread(name));
}

/** Step 1. */
function linked(
  messages: readonly ThreadedMessage[],
  nameOf: Map<ThreadedMessage, string>,
): Map<string, string> {
  const parents = new Map<string, string>();
  const isAbove = (above: string, below: string): boolean => {
    for (let name: string | undefined = below; name !== undefined; name = parents.get(name))
      if (name === above) return true;
    return false;
  };
  for (const message of messages) {
    const chain = message.references.map((id) => `id ${id}`);
    for (const [index, child] of chain.entries()) {
      const parent = chain[index - 1];
      if (parent !== undefined && !parents.has(child) && !isAbove(child, parent)) parents.set(child, parent);
    }
    const own = nameOf.get(message) ?? '';
    parents.delete(own);
    const last = chain.at(-1);
    if (last !== undefined && !isAbove(own, last)) parents.set(own, last);
    if (last !== undefined && !parents.has(last)) names(parents, last);
  }
  return parents;
}

/** A name that is referred to exists, though it has neither parent nor message. */
function names(parents: Map<string, string>, name: string): void {
  parents.set(name, ROOT);
  parents.delete(name);
}

class Tree {
  readonly #parents: Map<string, string>;
  readonly #messages: Map<string, ThreadedMessage>;
  #made = 0;

  constructor(parents: Map<string, string>, messages: Map<string, ThreadedMessage>) {
    this.#parents = parents;
    this.#messages = messages;
  }

  /** By sent date (step 6 does it from the youngest up; the order of siblings depends on nothing else). */
  children(name: string): string[] {
    const found = [...this.#parents].filter(([, parent]) => parent === name).map(([child]) => child);
    return found.sort((a, b) => this.#before(this.#head(a), this.#head(b)));
  }

  #before(a: ThreadedMessage, b: ThreadedMessage): number {
    return a.sent === b.sent ? a.number - b.number : a.sent - b.sent;
  }

  /** A dummy goes by its first child. */
  #head(name: string): ThreadedMessage {
    const message = this.#messages.get(name);
    if (message) return message;
    const [first] = this.children(name);
    if (first === undefined) throw new Error('a dummy without children was left');
    return this.#head(first);
  }

  /** Step 3, one dummy at a time until none is left that has to go. */
  prune(): void {
    for (;;) {
      const name = [...this.#parents.keys()].find((each) => !this.#messages.has(each) && this.#goes(each));
      if (name === undefined) return;
      const parent = this.#parents.get(name) ?? ROOT;
      for (const [child, of] of this.#parents) if (of === name) this.#parents.set(child, parent);
      this.#parents.delete(name);
    }
  }

  #goes(dummy: string): boolean {
    const below = [...this.#parents].filter(([, parent]) => parent === dummy);
    // Dummies below go first, so that what is counted are messages.
    if (below.some(([child]) => !this.#messages.has(child))) return false;
    return this.#parents.get(dummy) !== ROOT || below.length <= 1;
  }

  /** Steps 4 and 5. */
  gather(): void {
    const table = new Map<string, string>();
    const tops = this.children(ROOT);
    for (const top of tops) {
      const { subject } = this.#head(top);
      if (subject === '') continue;
      const known = table.get(subject);
      const knownMessage = known === undefined ? undefined : this.#messages.get(known);
      const message = this.#messages.get(top);
      if (known === undefined) table.set(subject, top);
      else if (knownMessage && (!message || (knownMessage.isReply && !message.isReply)))
        table.set(subject, top);
    }
    for (const top of tops) {
      if (this.#parents.get(top) !== ROOT) continue;
      const { subject } = this.#head(top);
      const known = table.get(subject);
      if (subject === '' || known === undefined || known === top) continue;
      this.#merge(top, known, subject, table);
    }
  }

  #merge(top: string, known: string, subject: string, table: Map<string, string>): void {
    const message = this.#messages.get(top);
    const knownMessage = this.#messages.get(known);
    if (!message && !knownMessage) {
      for (const child of this.children(top)) this.#parents.set(child, known);
      this.#parents.delete(top);
    } else if (!knownMessage) this.#parents.set(top, known);
    else if (message?.isReply && !knownMessage.isReply) this.#parents.set(top, known);
    else {
      const dummy = `made ${++this.#made}`;
      this.#parents.set(dummy, ROOT);
      this.#parents.set(top, dummy);
      this.#parents.set(known, dummy);
      table.set(subject, dummy);
    }
  }

  thread(name: string): Thread {
    return {
      number: this.#messages.get(name)?.number ?? null,
      children: this.children(name).map((child) => this.thread(child)),
    };
  }
}
