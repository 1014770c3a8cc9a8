/**
 * Encodes values as avsc does, byte for byte, and their texts in half the time.
 *
 * Avsc measures each text before it writes it. These are two calls into the runtime, and most texts need
 * none: they are short and ASCII. A text that may not fit goes through avsc's own method. Avsc itself is not
 * changed: its types write into a buffer of another class. The version of avsc is pinned.
 */

import { createRequire } from 'node:module';
import type { Type } from 'avsc';

/** What avsc writes with: a buffer, and where in it. */
interface Tap {
  buf: Buffer;
  pos: number;
}

interface TapClass {
  new (buf: Buffer, pos: number): Tap & { isValid(): boolean; writeString(text: string): void };
}

const { Tap } = createRequire(import.meta.url)('avsc/lib/utils') as { readonly Tap: TapClass };

/** What avsc's types offer to a `Tap`. */
interface Writable {
  _write(tap: Tap, value: unknown): void;
}

/** UTF-8 takes as many bytes for a UTF-16 unit at most. */
const MAX_BYTES = 3;
/** Avro doubles lengths, and puts seven bits into a byte: one byte for this length at most, two for that. */
const ONE_BYTE = 63;
const TWO_BYTES = 8191;
const MAX_TEXT = Math.floor(TWO_BYTES / MAX_BYTES);
/** Up to here a loop takes less time than a call into the runtime. */
const MAX_LOOP = 24;

class TextTap extends Tap {
  override writeString(text: string): void {
    if (!writeText(this, text)) super.writeString(text);
  }
}

/**
 * Does what `type.encode` does: writes the value at `pos`, and returns where it ends; a negative number says
 * how many bytes are missing. Throws when the value does not fit the type.
 */
export function encodeValue(type: Type, value: unknown, buf: Buffer, pos: number): number {
  const tap = new TextTap(buf, pos);
  (type as Type & Writable)._write(tap, value);
  return tap.isValid() ? tap.pos : buf.length - tap.pos;
}

/** False where this is left to avsc, which then writes over what was tried. */
function writeText(tap: Tap, text: string): boolean {
  const { buf, pos } = tap;
  const { length } = text;
  const start = pos + (length <= ONE_BYTE ? 1 : 2);
  if (length > MAX_TEXT || start + MAX_BYTES * length > buf.length) return false;
  const isShort = length <= MAX_LOOP;
  const bytes = isShort && writeAscii(buf, text, start) ? length : buf.write(text, start);
  if (length > ONE_BYTE) {
    buf[pos] = ((bytes << 1) & 127) | 128;
    buf[pos + 1] = bytes >> 6;
  } else if (bytes <= ONE_BYTE) buf[pos] = bytes << 1;
  else return false;
  tap.pos = start + bytes;
  return true;
}

function writeAscii(buf: Buffer, text: string, start: number): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit > 127) return false;
    buf[start + at] = unit;
  }
  return true;
}
