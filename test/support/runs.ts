/**
 * How often a property is tried: fewer times for each mutant of `npm run test:mutation`, which sets
 * `PROPERTY_RUNS` to a share.
 */
export function runs(count: number): number {
  return Math.max(5, Math.round(count * Number(process.env.PROPERTY_RUNS ?? 1)));
}
