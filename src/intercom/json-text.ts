/**
 * The text of a reply, for `JSON.parse`: with characters beyond Latin-1 as escapes, so that JavaScript keeps it, and every text in it
 * that has none, with one byte for a character.
 *
 * A single such character in a page of rows doubles the memory of all of its texts otherwise, and most of the time that it takes to read
 * the page goes into that memory.
 */

import { isUtf8 } from 'node:buffer';

/** Replies are smaller as a rule; the escapes of a larger one would keep memory for three times its size. */
const LARGEST_BYTES = 1024 * 1024;
/** The longest that a byte becomes: a character of four bytes takes two escapes of six. */
const GROWTH = 3;
/** The bits that only bytes outside ASCII have, of four bytes at once. */
const HIGH_BITS = 0x80808080 | 0;
const FIRST_HIGH = 0x80;
const LATIN_1_END = 0x100;
const BACKSLASH = 0x5c;
const QUOTE = 0x22;
const LETTER_U = 0x75;
const HEX = Buffer.from('0123456789abcdef');
/** Runs from this length on are copied by the runtime: a loop takes less time before. */
const LONG_RUN = 48;

let scratch = Buffer.alloc(0);

/** A text of which `JSON.parse` makes, or says, what it does for the body as UTF-8. */
export function jsonText(body: Buffer): string {
  return oneByteText(body) ?? body.toString('utf8');
}

/** Null where the body is not covered: large, at an odd address, no good UTF-8, or with a text of one character alone that takes an escape. */
function oneByteText(body: Buffer): string | null {
  if (body.length > LARGEST_BYTES || body.byteOffset % 4 !== 0 || !isUtf8(body)) return null;
  if (scratch.length < body.length * GROWTH) scratch = Buffer.allocUnsafeSlow(body.length * GROWTH);
  const words = new Int32Array(body.buffer, body.byteOffset, body.length >> 2);
  let read = 0;
  let end = 0;
  for (;;) {
    const next = nextHigh(body, words, read);
    end = copyRun(body, read, next, end);
    if (next === body.length) return scratch.toString('latin1', 0, end);
    // It would make a good escape of a bad one.
    if (body[next - 1] === BACKSLASH) return null;
    const first = body[next] as number;
    const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    const point = pointAt(body, next, length);
    // Node 24 takes a key of one escape for a backslash, where an object like it has had that for a key.
    if (point >= LATIN_1_END && body[next - 1] === QUOTE && body[next + length] === QUOTE) return null;
    end = writePoint(point, end);
    read = next + length;
  }
}

/** Where the next byte outside ASCII is, or the end. */
function nextHigh(body: Buffer, words: Int32Array, start: number): number {
  let at = start;
  while (at % 4 !== 0 && isAscii(body, at)) at += 1;
  if (at % 4 === 0) {
    let word = at / 4;
    while (word < words.length && ((words[word] as number) & HIGH_BITS) === 0) word += 1;
    at = word * 4;
  }
  while (isAscii(body, at)) at += 1;
  return at;
}

function isAscii(body: Buffer, at: number): boolean {
  return at < body.length && (body[at] as number) < FIRST_HIGH;
}

function copyRun(body: Buffer, start: number, end: number, to: number): number {
  const length = end - start;
  if (length >= LONG_RUN) scratch.set(body.subarray(start, end), to);
  else for (let at = 0; at < length; at += 1) scratch[to + at] = body[start + at] as number;
  return to + length;
}

/** The character at a place of good UTF-8 that takes so many bytes. */
function pointAt(body: Buffer, at: number, length: number): number {
  let point = (body[at] as number) & (0xff >> (length + 1));
  for (let more = 1; more < length; more += 1) point = (point << 6) | ((body[at + more] as number) & 0x3f);
  return point;
}

function writePoint(point: number, to: number): number {
  if (point < LATIN_1_END) {
    scratch[to] = point;
    return to + 1;
  }
  if (point < 0x10000) return writeEscape(point, to);
  const pair = point - 0x10000;
  return writeEscape(0xdc00 | (pair & 0x3ff), writeEscape(0xd800 | (pair >> 10), to));
}

function writeEscape(unit: number, to: number): number {
  scratch[to] = BACKSLASH;
  scratch[to + 1] = LETTER_U;
  for (let digit = 0; digit < 4; digit += 1)
    scratch[to + 2 + digit] = HEX[(unit >> (12 - 4 * digit)) & 15] as number;
  return to + 6;
}
