/**
 * Texts are written as Avro has it: the number of their UTF-8 bytes, doubled, seven bits a byte, and the
 * bytes.
 */

import avsc from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeValue } from '../../../src/avro/text-encoding.js';

const text = avsc.Type.forSchema('string');
const long = avsc.Type.forSchema('long');

function expected(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([long.toBuffer(bytes.length), bytes]);
}

function written(value: string): Buffer {
  const buffer = Buffer.alloc(3 * value.length + 10);
  return buffer.subarray(0, encodeValue(text, value, buffer, 0));
}

const units = ['a', 'é', '漢', '😀'];
/** Around every length at which something else happens. */
const lengths = [0, 1, 20, 21, 22, 23, 24, 25, 31, 32, 62, 63, 64, 65, 2_730, 2_731, 4_096, 8_191, 8_192];

describe('a text', () => {
  it.each(units)('of %s is written as its length and its bytes, whatever the length', (unit) => {
    for (const length of lengths) {
      const value = unit.repeat(length);
      expect(written(value).equals(expected(value)), `${length} times`).toBe(true);
      const mixed = `${'a'.repeat(Math.max(0, length - 1))}${unit}`;
      expect(written(mixed).equals(expected(mixed)), `a ${length} times, then ${unit}`).toBe(true);
    }
  });

  it('comes back, and leaves what stands before it, wherever it is written', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ maxLength: 9_000 }));
    fc.assert(
      fc.property(texts, fc.nat(40), fc.nat(100), (value, before, behind) => {
        const bytes = expected(value);
        const buffer = Buffer.alloc(before + bytes.length + behind, 7);
        expect(encodeValue(text, value, buffer, before)).toBe(before + bytes.length);
        expect(buffer.subarray(0, before).every((byte) => byte === 7)).toBe(true);
        expect(buffer.subarray(before, before + bytes.length).equals(bytes)).toBe(true);
      }),
    );
  });

  it('that there is no room for says how much is missing', () => {
    for (const value of ['abc', 'é'.repeat(40), 'a'.repeat(100), '漢'.repeat(3_000)]) {
      const bytes = expected(value);
      for (const missing of [1, 2, bytes.length])
        expect(encodeValue(text, value, Buffer.alloc(bytes.length - missing), 0)).toBe(-missing);
    }
  });
});
