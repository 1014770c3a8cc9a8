import type { Dice } from '../../src/simulator/random.js';

/** The values in an order that the dice decide. */
export function shuffled<T>(values: readonly T[], dice: Dice): T[] {
  return values
    .map((value) => ({ value, place: dice.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ value }) => value);
}
