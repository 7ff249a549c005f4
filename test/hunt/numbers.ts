/** `3:5,9` as numbers, in the order in which they stand there. */
export function numbersOf(set: string): number[] {
  return set.split(',').flatMap((part) => {
    const [first = '', last = first] = part.split(':');
    if (first === '') return [];
    const step = Number(last) < Number(first) ? -1 : 1;
    const numbers: number[] = [];
    for (let at = Number(first); at !== Number(last) + step; at += step) numbers.push(at);
    return numbers;
  });
}
