/** Sets of times as ranges, so that a filter by time is counted instead of scanned. */

/** Epoch seconds, both ends included. */
export type Range = readonly [number, number];

/** In order, without overlaps. */
export type Ranges = readonly Range[];

export const EARLIEST = -8_640_000_000_000;
export const LATEST = 8_640_000_000_000;

export function union(all: readonly Ranges[]): Ranges {
  const sorted = all.flat().sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const [low, high] of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else merged.push([low, high]);
  }
  return merged;
}

export function intersection(all: readonly Ranges[]): Ranges {
  return all.reduce((found, ranges) => {
    const pairs = found.flatMap((a) =>
      ranges.map((b): Range => [Math.max(a[0], b[0]), Math.min(a[1], b[1])]),
    );
    return union([pairs.filter(([low, high]) => low <= high)]);
  });
}

export function complement(ranges: Ranges): Ranges {
  const gaps: Range[] = [];
  let from = EARLIEST;
  for (const [low, high] of ranges) {
    if (from < low) gaps.push([from, low - 1]);
    from = high + 1;
  }
  if (from <= LATEST) gaps.push([from, LATEST]);
  return gaps;
}

export function contains(ranges: Ranges, time: number): boolean {
  return ranges.some(([low, high]) => time >= low && time <= high);
}
