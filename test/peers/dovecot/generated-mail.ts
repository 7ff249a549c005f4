/**
 * Messages that cover the grammar of MIME and its abuses, from a seed. Each family is about one thing, so that a
 * difference is found beside its cause; the last two families are about everything at once.
 */
import { seededRandom } from '../../support/seeded-random.ts';
import { DAMAGE_FAMILIES } from './damage-families.ts';
import { HEADER_FAMILIES } from './header-families.ts';
import { MIME_FAMILIES } from './mime-families.ts';
import { Draw } from './random-pieces.ts';

export interface GeneratedMail {
  /** What it is about. */
  readonly family: string;
  readonly bytes: Buffer;
}

/** `perFamily` messages of each family. */
export function generatedMail(seed: number, perFamily: number): GeneratedMail[] {
  const draw = new Draw(seededRandom(seed));
  const families = { ...HEADER_FAMILIES, ...MIME_FAMILIES, ...DAMAGE_FAMILIES };
  return Object.entries(families).flatMap(([family, make]) =>
    Array.from({ length: perFamily }, (_, turn) => {
      draw.turn = turn;
      return { family, bytes: Buffer.from(make(draw), 'latin1') };
    }),
  );
}
