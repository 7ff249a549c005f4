/** A promise that was broken: what a hunt is after. */
export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Violation';
  }
}

export function ensure(condition: boolean, broken: () => string): asserts condition {
  if (!condition) throw new Violation(broken());
}
