/**
 * Parses replies without rounding: whole numbers beyond 2^53 become `bigint`, everything else is what `JSON.parse` makes of it.
 *
 * Almost no reply holds such a number, so the slow way is only taken by those that may. It takes time in proportion to the text,
 * whatever that holds.
 */

import { randomUUID } from 'node:crypto';

/** Sixteen digits where a number can stand: the least that a double may not hold. Texts may match too, and only cost time. */
const MAY_HOLD_LARGE = /[[:,\s-]\d{16}/;
const QUOTE_OR_NUMBER = /"|-?\d[\d.eE+-]*/g;
/** What is longer is nobody's ID, and takes more than its length to convert. */
const LARGE = /^-?[1-9]\d{15,99}$/;
/** Begins the texts that stand for large numbers. No reply holds it, since nobody knows it. */
const MARK = `${randomUUID()}:`;

/** The value of a JSON text. Throws a `SyntaxError` where `JSON.parse` does. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!MAY_HOLD_LARGE.test(text)) return value;
  return JSON.parse(markLarge(text), (_, each: unknown) =>
    typeof each === 'string' && each.startsWith(MARK) ? BigInt(each.slice(MARK.length)) : each,
  );
}

/** The text, which is known to be JSON, with marked texts in place of its large numbers. */
function markLarge(text: string): string {
  const tokens = new RegExp(QUOTE_OR_NUMBER);
  let marked = '';
  let taken = 0;
  for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
    const [token] = found;
    if (token === '"') {
      tokens.lastIndex = endOfText(text, found.index);
    } else if (LARGE.test(token) && !Number.isSafeInteger(Number(token))) {
      marked += `${text.slice(taken, found.index)}"${MARK}${token}"`;
      taken = tokens.lastIndex;
    }
  }
  return marked + text.slice(taken);
}

/** Where the text that begins with the quote at `start` is over. */
function endOfText(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === '\\') slashes += 1;
  return slashes % 2 === 1;
}
