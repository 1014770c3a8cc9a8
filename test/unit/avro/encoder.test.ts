import avsc from 'avsc';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Encoder, framed } from '../../../src/avro/encoder.js';
import type { Field, Primitive, RecordSchema } from '../../../src/avro/schema.js';

const nullable = (name: string, type: Primitive): Field => ({
  name,
  type: ['null', type],
  default: null,
  doc: '',
});
const record = (...fields: Field[]): RecordSchema => ({ type: 'record', name: 'R', doc: '', fields });

const CONTENT = [nullable('text', 'string'), nullable('count', 'long')];
const COLUMNS = [nullable('share', 'double'), nullable('active', 'boolean'), nullable('more', 'string')];
const whole = avsc.Type.forSchema(record(...CONTENT, ...COLUMNS) as unknown as avsc.Schema);

const values = fc.record({
  text: fc.option(fc.oneof(fc.string(), fc.string({ minLength: 1_000, maxLength: 90_000 }))),
  count: fc.option(fc.integer()),
  share: fc.option(fc.double({ noNaN: true })),
  active: fc.option(fc.boolean()),
  more: fc.option(fc.string({ unit: 'binary' })),
});

describe('Encoder', () => {
  it('writes what avsc writes for one schema with all fields, whatever stands before it', () => {
    fc.assert(
      fc.property(fc.array(values, { maxLength: 40 }), (rows) => {
        const encoder = new Encoder([record(...CONTENT), record(...COLUMNS)]);
        const encoded = rows.map((row) => encoder.encode(row));
        rows.forEach((row, at) => {
          const { bytes, first } = encoded[at] as (typeof encoded)[number];
          const { text, count } = row;
          expect(bytes.subarray(5).equals(whole.toBuffer(row))).toBe(true);
          expect(first.equals(new Encoder([record(...CONTENT)]).encode({ text, count }).first)).toBe(true);
        });
      }),
    );
  });

  it('leaves room for the header, which is filled in later', () => {
    const encoder = new Encoder([record(...CONTENT)]);
    const [a, b] = [encoder.encode({ text: 'a', count: 1 }), encoder.encode({ text: 'b', count: null })];
    expect(framed(a.bytes, 1)).toEqual(Buffer.from([0, 0, 0, 0, 1, 2, 2, 97, 2, 2]));
    expect(framed(b.bytes, 0x01020304)).toEqual(Buffer.from([0, 1, 2, 3, 4, 2, 2, 98, 0]));
    expect(a.bytes).toEqual(Buffer.from([0, 0, 0, 0, 1, 2, 2, 97, 2, 2]));
  });

  it('goes on after a value that does not fit', () => {
    const encoder = new Encoder([record(...CONTENT), record(...COLUMNS)]);
    const before = encoder.encode({ text: 'a', count: 1, share: 1, active: true, more: null }).bytes;
    const copy = Buffer.from(before);
    expect(() => encoder.encode({ text: 'b', count: null, share: null, active: 'no', more: null })).toThrow();
    const after = encoder.encode({ text: 'c', count: null, share: null, active: null, more: null }).bytes;
    expect(after.subarray(5)).toEqual(Buffer.from([2, 2, 99, 0, 0, 0, 0]));
    expect(before).toEqual(copy);
  });
});
