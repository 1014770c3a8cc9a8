/** A reply's text is another one for JavaScript's memory, and the same for `JSON.parse`. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonText } from '../../../src/intercom/json-text.js';

type Outcome = { readonly value: unknown } | { readonly failed: true };

function parsed(text: string): Outcome {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { failed: true };
  }
}

const expected = (body: Buffer) => parsed(body.toString('utf8'));
/** Whether each character of the text takes one byte. */
const isOneByte = (text: string) => /^[\0-\xff]*$/.test(text);

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', minLength: 20, maxLength: 200 }),
  fc.constantFrom('\u007f', '\u0080', 'ÿ', 'Ā', '\u07ff', '\u0800', '\uffff', '\u{10000}', '\u{10ffff}'),
  fc.constantFrom('\\', '"', '\\é', '\\\\é', '\\u00e9', 'a'.repeat(47), 'a'.repeat(48)),
);
/** V8 13.6 (Node 24) takes one escape alone for the key "\\" where an object like it had that: in any text, whoever wrote it. */
const key = text.filter((each) => each.length !== 1 || JSON.stringify(each).length === 3);
const value = fc.letrec((tie) => ({
  any: fc.oneof(text, fc.double(), fc.constant(null), tie('list'), tie('object')),
  list: fc.array(tie('any'), { maxLength: 5 }),
  object: fc.dictionary(key, tie('any'), { maxKeys: 5 }),
})).any;

describe('jsonText', () => {
  it('is parsed as the body is, and takes one byte a character', () => {
    fc.assert(
      fc.property(value, (each) => {
        const body = Buffer.from(JSON.stringify(each));
        const got = jsonText(body);
        expect(parsed(got)).toEqual(expected(body));
        expect(parsed(got)).toEqual({ value: JSON.parse(JSON.stringify(each)) });
        if (body.byteOffset % 4 === 0 && !/\\[^\0-\x7f]|"[^\0-\xff]"/u.test(body.toString()))
          expect(isOneByte(got)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is refused where the body is: bytes of any kind, between quotes and outside', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom('"', '\\', '\\"', 'é', '€', '😀', '\ufeff', ' ', '1', '[', ']', ',')
        .map((each) => Buffer.from(each)),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.boolean(), (pieces, quoted) => {
        const quote = Buffer.from(quoted ? '"' : '');
        const body = Buffer.concat([quote, ...pieces, quote]);
        expect(parsed(jsonText(body))).toEqual(expected(body));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ['an escape that is none', '"\\é"', false],
    ['a backslash before a character', '"\\\\é"', true],
    ['a byte order mark', '\ufeff{}', false],
    ['a space that JSON has not', '\u00a0{}', false],
    ['nothing', '', false],
  ])('knows %s', (_, source, isGood) => {
    const body = Buffer.from(source);
    expect('value' in parsed(jsonText(body))).toBe(isGood);
    expect(parsed(jsonText(body))).toEqual(expected(body));
  });

  it('keeps keys of one character, also where an object like it has had a backslash for a key', () => {
    for (const keys of [
      ['日本', 'a', '\\', 'zz'],
      ['日', 'a', 'zz', 'Ж'],
    ])
      for (let round = 0; round < 4_000; round += 1) {
        const some = keys.filter((_, index) => (round >> index) % 2 === 1);
        const of = (round >> 4) % 2 === 1 ? some.toReversed() : some;
        const object = Object.fromEntries(of.map((each, index) => [each, keys[(round >> (5 + index)) % 4]]));
        const body = Buffer.from(JSON.stringify(object));
        expect(Object.keys(JSON.parse(jsonText(body)) as object)).toEqual(of);
      }
  });

  it.each([
    ['as it was where a key is one character', '{"日":1,"日本":2}', '{"日":1,"日本":2}'],
    ['as escapes where keys are longer', '{"日本":"é"}', '{"\\u65e5\\u672c":"é"}'],
  ])('is %s', (_, source, expectedText) => {
    expect(jsonText(Buffer.from(source))).toBe(expectedText);
  });

  it.each([0, 1, 2, 3])('reads a body that lies %i bytes into its memory', (offset) => {
    const source = Buffer.from(JSON.stringify(['Zoë', 'a'.repeat(100), '日本', '😀', 'é']));
    const memory = Buffer.alloc(source.length + 8, 0xff);
    const start = offset + ((4 - (memory.byteOffset % 4)) % 4);
    source.copy(memory, start);
    const body = memory.subarray(start, start + source.length);
    expect(JSON.parse(jsonText(body))).toEqual(JSON.parse(source.toString()));
  });

  it('reads one body after another: what is left of the one before does not show', () => {
    const bodies = ['日'.repeat(5_000), 'é', '😀'.repeat(300_000), 'ü'.repeat(10)].map((each) =>
      JSON.stringify(each),
    );
    for (const each of bodies) expect(JSON.parse(jsonText(Buffer.from(each)))).toBe(JSON.parse(each));
  });
});
