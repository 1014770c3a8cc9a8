import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../src/intercom/parse.js';

describe('parseJson', () => {
  it.each([
    ['{"a":9007199254740993}', { a: 9007199254740993n }],
    ['{"a": -90071992547409931234}', { a: -90071992547409931234n }],
    ['[1,9007199254740991,9007199254740992]', [1, 9007199254740991, 9007199254740992n]],
    [
      '{"a":"9007199254740993","b":": 9007199254740993","c":[9007199254740993]}',
      {
        a: '9007199254740993',
        b: ': 9007199254740993',
        c: [9007199254740993n],
      },
    ],
    [
      '{"a":"quoted \\": 9007199254740993","b":900719925474099.25}',
      {
        a: 'quoted ": 9007199254740993',
        b: 900719925474099.25,
      },
    ],
    ['{"a":90071992547409930000e2}', { a: 90071992547409930000e2 }],
  ])('%s', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  it('finds a large number wherever in the text it stands, also behind many digits that are none', () => {
    for (let pad = 0; pad < 40; pad += 1) {
      const text = `{"${'x'.repeat(pad)}":9007199254740993,"digits":"${'7'.repeat(40 + pad)}","b":9007199254740995}`;
      expect(Object.values(parseJson(text) as object)).toEqual([
        9007199254740993n,
        '7'.repeat(40 + pad),
        9007199254740995n,
      ]);
      const late = `{"digits":"x${'7'.repeat(40 + pad)}","b":9007199254740995}`;
      expect(parseJson(late)).toMatchObject({ b: 9007199254740995n });
    }
  });

  it('keeps keys that are names of prototypes', () => {
    const value = parseJson('{"__proto__":{"x":9007199254740993}}') as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getOwnPropertyDescriptor(value, '__proto__')?.value).toEqual({ x: 9007199254740993n });
  });

  it('gives what JSON.parse gives for everything else, and every digit of what it would round', () => {
    const number = fc.oneof(fc.double({ min: -1e15, max: 1e15, noNaN: true }), fc.maxSafeInteger());
    const leaf = fc.oneof(number, fc.string({ unit: 'binary' }), fc.boolean(), fc.constant(null));
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.array(tie('node')),
        fc.dictionary(fc.string(), tie('node')),
      ),
    })).node;
    fc.assert(
      fc.property(tree, fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }), (value, large) => {
        const text = `{"large":${large},"value":${JSON.stringify(value)}}`;
        expect(parseJson(text)).toEqual({ large, value: JSON.parse(JSON.stringify(value)) });
      }),
    );
  });

  it('refuses what is no JSON, also behind a large number', () => {
    expect(() => parseJson('{"a":9007199254740993')).toThrow(SyntaxError);
    expect(() => parseJson('[0009007199254740993]')).toThrow(SyntaxError);
  });
});
