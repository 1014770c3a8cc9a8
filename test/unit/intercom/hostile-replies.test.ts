import { describe, expect, it } from 'vitest';
import { parseJson } from '../../../src/intercom/parse.js';

/** What sends a reply the way of those that hold large numbers. */
const LARGE = '"large":12345678901234567890';

describe('a reply with a large number is parsed', () => {
  it.each(['\\uDFFF#17', '\\uDFFF#x', '\\udfff#17', '\\udfff\\u0023x'])(
    'with its text %s as it is',
    (text) => {
      expect(parseJson(`{${LARGE},"text":"${text}"}`)).toEqual({
        large: 12345678901234567890n,
        text: JSON.parse(`"${text}"`),
      });
    },
  );

  it('however many characters of a text are escaped', () => {
    const text = '\\n'.repeat(5_000_000);
    expect(parseJson(`{${LARGE},"text":"${text}"}`)).toMatchObject({ large: 12345678901234567890n });
  });

  it('in time, or refused in time when it is cut amid a long text', () => {
    const text = `{${LARGE},"text":"${'<a href=\\"x\\">'.repeat(10_000)}`;
    const startedAt = performance.now();
    expect(() => parseJson(text)).toThrow(SyntaxError);
    expect(parseJson(`${text}"}`)).toMatchObject({ large: 12345678901234567890n });
    expect(parseJson(`{${LARGE},"huge":${'1'.repeat(100_000)}}`)).toMatchObject({
      huge: Number.POSITIVE_INFINITY,
    });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});
