import { expect, it } from 'vitest';
import { rowShaper, valueSchema } from '../../../src/avro/codec.js';
import { readable } from '../../../src/cli/readable.js';

const ROW = {
  id: '1',
  updated_at: 1_700_000_000,
  custom_attributes: { plan: 'gold' },
  tags: { type: 'list', data: [{ id: '2' }], total_count: 14, has_more: false },
  location: { city: 'Dublin' },
  zzz: 1,
};

it.each(['flat', 'nested'] as const)('shows JSON as JSON and times as ISO texts (%s)', (form) => {
  const shaped = rowShaper('contacts', 'id', form)(ROW, 0);
  if (!shaped.ok) return expect.fail(shaped.letter.reason);
  const shown = readable(valueSchema('contacts', form), { ...shaped.value, later: 5 });
  expect(shown).toMatchObject({
    id: '1',
    updated_at: '2023-11-14T22:13:20.000Z',
    custom_attributes: { plan: 'gold' },
    tags: [{ id: '2' }],
    tags_total_count: 14,
    ...(form === 'flat' ? { location_city: 'Dublin' } : { location: { city: 'Dublin' } }),
    _extra: { zzz: 1 },
    later: 5,
  });
});

it.each(['{"n":12345678901234567890}', '{"n":1e999}', '[0.1234567890123456]', 'no JSON'])(
  'shows numbers that a double does not hold, and what is no JSON, as they are: %s',
  (custom_attributes) => {
    const value = { id: '1', custom_attributes, updated_at: null };
    expect(readable(valueSchema('contacts', 'flat'), value)).toEqual(value);
  },
);

it('shows texts with many digits as JSON', () => {
  const attributes = { '1234567890123456789': 'https://example.com/1234567890123456789?a=\\"1e999' };
  const shown = readable(valueSchema('contacts', 'flat'), { custom_attributes: JSON.stringify(attributes) });
  expect(shown).toEqual({ custom_attributes: attributes });
});
