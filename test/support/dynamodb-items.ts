/** DynamoDB's items as they stand in its JSON, and how large AWS says they are. */
import type { JsonObject } from './transport.ts';

/** `{ S: 'text' }`, `{ N: '1' }`, `{ B: base64 }` … */
export type Attribute = JsonObject;
export type Item = Record<string, Attribute>;

/** Size of an item in bytes [DynamoDB Developer Guide, "Item sizes and formats"]. */
export function itemSize(item: Item | undefined): number {
  return Object.entries(item ?? {}).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + attributeSize(value),
    0,
  );
}

function attributeSize(attribute: Attribute): number {
  const [type, value] = Object.entries(attribute)[0] ?? [];
  switch (type) {
    case 'S':
      return Buffer.byteLength(value as string);
    case 'B':
      return Buffer.byteLength(value as string, 'base64');
    case 'N':
      return numberSize(value as string);
    case 'BOOL':
    case 'NULL':
      return 1;
    case 'SS':
      return (value as string[]).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    case 'BS':
      return (value as string[]).reduce((sum, text) => sum + Buffer.byteLength(text, 'base64'), 0);
    case 'NS':
      return (value as string[]).reduce((sum, text) => sum + numberSize(text), 0);
    case 'L':
      return 3 + (value as Attribute[]).reduce((sum, element) => sum + 1 + attributeSize(element), 0);
    case 'M':
      return 3 + Object.keys(value as Item).length + itemSize(value as Item);
    default:
      throw new Error(`unknown attribute type ${String(type)}`);
  }
}

/** "Approximately (length of attribute name) + (1 byte per two significant digits) + (1 byte)". */
function numberSize(text: string): number {
  const digits = text.replace(/[-+.]|[eE].*$/g, '').replace(/^0+|0+$/g, '');
  return Math.ceil(digits.length / 2) + 1;
}

/** Write units of an item: 1 KB each, one at least. */
export function writeUnits(...sizes: readonly number[]): number {
  return Math.max(1, Math.ceil(Math.max(...sizes) / 1024));
}
