/**
 * Parses replies without rounding: whole numbers beyond 2^53 become `bigint`, everything else is what `JSON.parse` makes of it.
 *
 * Almost no reply holds such a number, so the slow way is only taken by those that may.
 */

/** Sixteen digits where a number can stand: the least that a double may not hold. Texts may match too, and only cost time. */
const MAY_HOLD_LARGE = /[[:,]\s*-?\d{16}/;
/** A text, or a number from its first character to its last. */
const TEXT_OR_NUMBER = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/gs;
const LARGE = /^-?[1-9]\d{15,}$/;
/** A text that no reply holds: it would begin with this lone surrogate. */
const MARK = '\udfff#';
const MARKED = '"\\udfff#';

/** The value of a JSON text. Throws a `SyntaxError` where `JSON.parse` does. */
export function parseJson(text: string): unknown {
  if (!MAY_HOLD_LARGE.test(text) || text.includes(MARK) || text.includes(MARKED)) return JSON.parse(text);
  const marked = text.replace(TEXT_OR_NUMBER, (found) =>
    LARGE.test(found) && !Number.isSafeInteger(Number(found)) ? `"\\udfff#${found}"` : found,
  );
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value,
  );
}
