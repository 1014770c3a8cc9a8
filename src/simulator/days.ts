/** Days of a time zone. */

const DAY = 86_400;
const cache = new Map<string, [number, number]>();
const formats = new Map<string, Intl.DateTimeFormat>();

/** First and last second of the day that holds `time` (epoch seconds). */
export function dayOf(time: number, timeZone: string): [number, number] {
  const key = `${timeZone} ${time}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const start = edge(time, timeZone, -1);
  const end = edge(time, timeZone, 1);
  if (cache.size > 10_000) cache.clear();
  cache.set(key, [start, end]);
  return [start, end];
}

/** The outermost second of the same calendar day, in one direction. */
function edge(time: number, timeZone: string, direction: 1 | -1): number {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', { timeZone });
  formats.set(timeZone, format);
  const day = format.format(time * 1000);
  let inside = 0;
  let outside = 2 * DAY;
  while (outside - inside > 1) {
    const middle = (inside + outside) >>> 1;
    if (format.format((time + direction * middle) * 1000) === day) inside = middle;
    else outside = middle;
  }
  return time + direction * inside;
}
