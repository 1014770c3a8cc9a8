/**
 * Parses replies without rounding: whole numbers beyond 2^53 become `bigint`, everything else is what
 * `JSON.parse` makes of it.
 *
 * Almost no reply holds such a number, so only replies that may hold one are parsed the slow way. Its time is
 * proportional to the length of the text, whatever that holds.
 */

import { randomUUID } from 'node:crypto';

/** The fewest digits with which a number can exceed what a double holds. */
const LARGE_DIGITS = 16;
const BEFORE_NUMBER = /[[:,\s-]/;
const QUOTE_OR_NUMBER = /"|-?\d[\d.eE+-]*/g;
/** No ID is longer, and converting a number takes more than linear time. */
const LARGE = /^-?[1-9]\d{15,99}$/;
/** Begins the texts that stand for large numbers. It is random, so that no reply holds it. */
const MARK = `${randomUUID()}:`;

/** The value of a JSON text. Throws a `SyntaxError` where `JSON.parse` does. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!mayHoldLarge(text)) return value;
  return JSON.parse(markLarge(text), (_, each: unknown) =>
    typeof each === 'string' && each.startsWith(MARK) ? BigInt(each.slice(MARK.length)) : each,
  );
}

/**
 * Whether there are sixteen digits in a row where a number can stand. Texts may have them too, which only
 * costs time. Checking each sixteenth character is enough: no run of so many is missed.
 */
function mayHoldLarge(text: string): boolean {
  for (let at = LARGE_DIGITS - 1; at < text.length; at += LARGE_DIGITS) {
    if (!isDigit(text, at)) continue;
    let start = at;
    while (isDigit(text, start - 1)) start -= 1;
    let end = at + 1;
    while (isDigit(text, end)) end += 1;
    if (end - start >= LARGE_DIGITS && BEFORE_NUMBER.test(text.charAt(start - 1))) return true;
    at = end;
  }
  return false;
}

function isDigit(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 48 && unit <= 57;
}

/** The text, which is known to be JSON, with marked texts in place of its large numbers. */
function markLarge(text: string): string {
  const tokens = new RegExp(QUOTE_OR_NUMBER);
  let marked = '';
  let copied = 0;
  for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
    const [token] = found;
    if (token === '"') {
      tokens.lastIndex = endOfText(text, found.index);
    } else if (LARGE.test(token) && !Number.isSafeInteger(Number(token))) {
      marked += `${text.slice(copied, found.index)}"${MARK}${token}"`;
      copied = tokens.lastIndex;
    }
  }
  return marked + text.slice(copied);
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
