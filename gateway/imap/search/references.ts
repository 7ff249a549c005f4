/**
 * Threads by references: REFERENCES (RFC 5256 §3), and REFS, which takes no notice of subjects and tells the thread that
 * was added to last at the end (draft-ietf-morg-inthread-01 §4). Pure.
 *
 * Message by message links are made as they come; `finish` does the rest. It walks without recursion, for a chain of
 * replies may be as long as a mailbox, and stops now and then, so that others have a turn.
 */
import { type Pause, Steps } from './steps.ts';

/** What threading asks of a message. Messages are added in the order of their numbers. */
export interface ThreadedMessage {
  /** What the answer calls it: a message number or a UID. */
  readonly number: number;
  readonly id: string | null;
  /** From the first to the last. */
  readonly references: readonly string[];
  /** Milliseconds; the sent date (RFC 5256 §2.2). */
  readonly sent: number;
  /** Milliseconds; INTERNALDATE. */
  readonly arrived: number;
  /** The base subject, casemapped. */
  readonly subject: string;
  readonly isReply: boolean;
}

/** Children in order. Only at the top may a thread have no message of its own, and then it has at least two children. */
export interface Thread {
  readonly number: number | null;
  readonly children: readonly Thread[];
}

/** A message, or a dummy that stands for one that was only referred to. */
class Node {
  message: ThreadedMessage | null = null;
  parent: Node | null = null;
  firstChild: Node | null = null;
  previous: Node | null = null;
  next: Node | null = null;
  /** Newest arrival in the thread, for REFS. */
  newest = 0;

  get number(): number | null {
    return this.message?.number ?? null;
  }

  get children(): Node[] {
    const all: Node[] = [];
    for (let child = this.firstChild; child; child = child.next) all.push(child);
    return all;
  }

  adopt(child: Node): void {
    child.detach();
    child.parent = this;
    child.next = this.firstChild;
    if (this.firstChild) this.firstChild.previous = child;
    this.firstChild = child;
  }

  detach(): void {
    const { parent, previous, next } = this;
    if (!parent) return;
    if (previous) previous.next = next;
    else parent.firstChild = next;
    if (next) next.previous = previous;
    this.parent = this.previous = this.next = null;
  }

  /** Puts children that are all there already in the order given. */
  arrange(children: readonly Node[]): void {
    for (const child of children.toReversed()) this.adopt(child);
  }
}

export class ReferenceThreads {
  readonly #nodes: Node[] = [];
  readonly #byId = new Map<string, Node>();
  /** Steps taken in looking for loops: a measure of time for whoever adds. */
  steps = 0;

  /** (1) */
  add(message: ThreadedMessage): void {
    const node = this.#nodeFor(message);
    let parent: Node | null = null;
    for (const id of message.references) {
      const child = this.#referred(id);
      if (parent && !child.parent) this.#link(parent, child);
      parent = child;
    }
    node.detach();
    if (parent) this.#link(parent, node);
  }

  /** Of messages with the same ID the first has it, and the others have none that anybody could refer to. */
  #nodeFor(message: ThreadedMessage): Node {
    const known = message.id === null ? undefined : this.#byId.get(message.id);
    const node = known?.message === null ? known : this.#newNode();
    if (message.id !== null && !known) this.#byId.set(message.id, node);
    node.message = message;
    return node;
  }

  #referred(id: string): Node {
    let node = this.#byId.get(id);
    if (!node) {
      node = this.#newNode();
      this.#byId.set(id, node);
    }
    return node;
  }

  #newNode(): Node {
    const node = new Node();
    this.#nodes.push(node);
    return node;
  }

  /** Unless it would make a loop. What has no children is above nobody. */
  #link(parent: Node, child: Node): void {
    this.steps++;
    if (parent === child) return;
    if (child.firstChild) {
      for (let above = parent.parent; above; above = above.parent) {
        this.steps++;
        if (above === child) return;
      }
    }
    parent.adopt(child);
  }

  /** (2) to (6); to be called once. */
  *finish(algorithm: 'REFERENCES' | 'REFS'): Pause<Thread[]> {
    const steps = new Steps();
    const roots: Node[] = [];
    for (const top of this.#nodes.filter(({ parent }) => !parent)) {
      roots.push(...pruned(top));
      if (steps.take(1)) yield;
    }
    if (algorithm === 'REFS') {
      yield* arrange(roots, steps);
      for (const root of roots) root.newest = newestIn(root);
      return roots.sort((a, b) => a.newest - b.newest || bySent(a, b));
    }
    sortChildrenOfDummies(roots);
    roots.sort(bySent);
    const merged = yield* mergeSubjects(roots, steps);
    yield* arrange(merged, steps);
    return merged.sort(bySent);
  }
}

/** What a dummy at the top goes by: its first child. */
function head(node: Node): ThreadedMessage {
  const message = node.message ?? node.firstChild?.message;
  if (!message) throw new Error('a thread without a message');
  return message;
}

/** Equal dates leave the order of the mailbox (RFC 5256 §2.2). */
function bySent(a: Node, b: Node): number {
  const [one, other] = [head(a), head(b)];
  return one.sent - other.sent || one.number - other.number;
}

/** Every node below `root` and itself, children before their parents. */
function fromBelow(root: Node): Node[] {
  const order: Node[] = [root];
  // What is added while it is walked is walked as well.
  for (const node of order) for (let child = node.firstChild; child; child = child.next) order.push(child);
  return order.reverse();
}

/** (3) Without dummies; what is left at the top: nothing, one node, or a dummy with several children. */
function pruned(root: Node): Node[] {
  if (!root.firstChild) return root.message ? [root] : [];
  for (const node of fromBelow(root)) {
    if (node.message || node === root) continue;
    const { parent } = node;
    for (const child of node.children) parent?.adopt(child);
    node.detach();
  }
  if (root.message) return [root];
  const [only, ...others] = root.children;
  if (others.length > 0) return [root];
  only?.detach();
  return only ? [only] : [];
}

function sortChildrenOfDummies(roots: readonly Node[]): void {
  for (const root of roots) if (!root.message) root.arrange(root.children.sort(bySent));
}

/** (6) but for the top: each set of siblings by sent date. */
function* arrange(roots: readonly Node[], steps: Steps): Pause<void> {
  for (const root of roots) {
    for (const node of fromBelow(root)) {
      if (node.firstChild?.next) node.arrange(node.children.sort(bySent));
      if (steps.take(1)) yield;
    }
  }
}

function newestIn(root: Node): number {
  return fromBelow(root).reduce((newest, { message }) => Math.max(newest, message?.arrived ?? 0), 0);
}

/** (5) Threads of the same base subject become one. */
function* mergeSubjects(roots: readonly Node[], steps: Steps): Pause<Node[]> {
  const bySubject = new Map<string, Node>();
  for (const root of roots) {
    const { subject } = head(root);
    if (subject !== '') {
      const known = bySubject.get(subject);
      if (!known || comesBefore(root, known)) bySubject.set(subject, root);
    }
    if (steps.take(1)) yield;
  }
  const added: Node[] = [];
  const gone = new Set<Node>();
  for (const root of roots) {
    if (steps.take(1)) yield;
    const { subject } = head(root);
    const known = bySubject.get(subject);
    // One that has been put below another is no child of the root any more.
    if (!known || known === root || root.parent) continue;
    if (!known.message && !root.message) {
      for (const child of root.children) known.adopt(child);
      gone.add(root);
    } else if (!known.message || (root.message?.isReply && !known.message.isReply)) known.adopt(root);
    else {
      const dummy = new Node();
      dummy.adopt(known);
      dummy.adopt(root);
      bySubject.set(subject, dummy);
      added.push(dummy);
    }
  }
  return [...roots, ...added].filter((root) => !root.parent && !gone.has(root));
}

/** (5.B.iv) */
function comesBefore(root: Node, known: Node): boolean {
  if (!known.message) return false;
  return !root.message || (known.message.isReply && !root.message.isReply);
}
