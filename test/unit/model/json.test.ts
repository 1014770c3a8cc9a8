import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, MAX_DEPTH } from '../../../src/model/json.js';

function nestedLists(levels: number): unknown {
  return JSON.parse('['.repeat(levels) + ']'.repeat(levels));
}

describe('canonicalJson', () => {
  it.each([
    [
      'sorts keys at every level',
      '{"b":1,"a":{"d":2,"c":[{"f":1,"e":2}]}}',
      '{"a":{"c":[{"e":2,"f":1}],"d":2},"b":1}',
    ],
    [
      'sorts many keys too',
      `{${[...'zyxwvutsrqponmlkjihg'].map((key) => `"${key}":1`).join()}}`,
      `{${[...'ghijklmnopqrstuvwxyz'].map((key) => `"${key}":1`).join()}}`,
    ],
    [
      'sorts by code unit, integer-like keys included',
      '{"b":1,"10":1,"9":1,"B":1}',
      '{"10":1,"9":1,"B":1,"b":1}',
    ],
    ['leaves out white space', '{ "a" : [ 1 , null , true ] }', '{"a":[1,null,true]}'],
    ['prints numbers as JavaScript does', '[1.0,1e3,-0,0.1,1e21]', '[1,1000,0,0.1,1e+21]'],
    ['keeps a number too large for a double', '[1e999,-1e999]', '[1e999,-1e999]'],
    [
      'treats dangerous keys as any other',
      '{"constructor":1,"__proto__":{"a":1}}',
      '{"__proto__":{"a":1},"constructor":1}',
    ],
    ['escapes what JSON must', '["\\u0000\\n\\"\\\\","\u2028"]', '["\\u0000\\n\\"\\\\","\u2028"]'],
    ['escapes lone surrogates only', '["\\ud800","😀"]', '["\\ud800","😀"]'],
    ['writes scalars', '"x"', '"x"'],
  ])('%s', (_, text, expected) => {
    expect(canonicalJson(JSON.parse(text))).toBe(expected);
  });

  it('is the same for the same data in another order, and parses to that data', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = canonicalJson(value);
        expect(JSON.stringify(JSON.parse(text))).toBe(
          JSON.stringify(JSON.parse(canonicalJson(JSON.parse(text)))),
        );
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text))).toBe(text);
      }),
    );
  });

  it('carries what lies too deep as text, whatever the depth', () => {
    expect(canonicalJson(nestedLists(MAX_DEPTH))).toBe('['.repeat(MAX_DEPTH) + ']'.repeat(MAX_DEPTH));
    expect(canonicalJson(nestedLists(MAX_DEPTH + 2))).toBe(
      `${'['.repeat(MAX_DEPTH)}"[[]]"${']'.repeat(MAX_DEPTH)}`,
    );
    const deep = JSON.parse(canonicalJson(nestedLists(100_000))).flat(MAX_DEPTH);
    expect(deep).toEqual(['['.repeat(100_000 - MAX_DEPTH) + ']'.repeat(100_000 - MAX_DEPTH)]);
  });

  it('keeps the canonical form below the cut', () => {
    const cut = (text: string) =>
      canonicalJson(JSON.parse('['.repeat(MAX_DEPTH) + text + ']'.repeat(MAX_DEPTH)));
    expect(cut('{"b":[1,"x",null],"a":{}}')).toContain('"{\\"a\\":{},\\"b\\":[1,\\"x\\",null]}"');
  });
});
