import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exchangeOf, FlexibleReader, FlexibleWriter } from '../../../src/kafka/flexible.js';

it('writes unsigned varints as Kafka does', () => {
  const known: [number, string][] = [
    [0, '00'],
    [1, '01'],
    [127, '7f'],
    [128, '8001'],
    [300, 'ac02'],
    [16_384, '808001'],
    [0xffffffff, 'ffffffff0f'],
  ];
  for (const [value, hex] of known)
    expect(new FlexibleWriter().writeUnsignedVarint(value).toBuffer().toString('hex')).toBe(hex);
});

it('writes strings, arrays and UUIDs in their compact forms', () => {
  const body = new FlexibleWriter()
    .writeString('ab')
    .writeString(null)
    .writeString('')
    .writeArray(['c'], () => undefined)
    .writeArray(null, () => undefined)
    .writeUuid(null)
    .writeTags();
  expect(body.toBuffer().toString('hex')).toBe(`036162${'00'}${'01'}${'02'}${'00'}${'00'.repeat(16)}${'00'}`);
});

it('reads back what it writes', () => {
  const field = fc.record({
    int8: fc.integer({ min: -128, max: 127 }),
    int16: fc.integer({ min: -32_768, max: 32_767 }),
    int32: fc.integer(),
    flag: fc.boolean(),
    varint: fc.nat({ max: 0xffffffff }),
    text: fc.option(fc.string({ maxLength: 300, unit: 'grapheme' })),
    list: fc.array(fc.integer(), { maxLength: 200 }),
    uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }).filter((bytes) => bytes.some((byte) => byte > 0)),
  });
  fc.assert(
    fc.property(field, ({ int8, int16, int32, flag, varint, text, list, uuid }) => {
      const id = Buffer.from(uuid).toString('base64url');
      const writer = new FlexibleWriter()
        .writeInt8(int8)
        .writeInt16(int16)
        .writeInt32(int32)
        .writeBoolean(flag);
      writer.writeUnsignedVarint(varint).writeString(text).writeUuid(id).writeTags();
      writer.writeArray(list, (each) => writer.writeInt32(each));
      const reader = new FlexibleReader(writer.toBuffer());
      expect([reader.readInt8(), reader.readInt16(), reader.readInt32()]).toEqual([int8, int16, int32]);
      expect(reader.readBoolean()).toBe(flag);
      expect(reader.readUnsignedVarint()).toBe(varint);
      expect(reader.readString()).toBe(text);
      expect(reader.readUuid()).toBe(id);
      reader.skipTags();
      expect(reader.readArray((each) => each.readInt32())).toEqual(list);
      expect(() => reader.readInt8()).toThrow(RangeError);
    }),
  );
});

it('skips the tagged fields of a reply, in its header and behind its structures', async () => {
  const { response } = exchangeOf({
    apiKey: 3,
    apiName: 'Metadata',
    apiVersion: 12,
    write: () => undefined,
    read: (body) => {
      const value = body.readInt64();
      body.skipTags();
      return [value, body.readInt16()];
    },
  });
  const header = '0101020000'; // one field, tag 1, two bytes
  const reply = Buffer.from(`${header}00000000000000ff020001aa05000007`, 'hex');
  const decoded = await response.decode(reply);
  expect(await response.parse(decoded)).toEqual([255, 7]);
});

it('begins a request with the tagged fields of its header', async () => {
  const { request } = exchangeOf({
    apiKey: 61,
    apiName: 'DescribeProducers',
    apiVersion: 0,
    write: (body) => void body.writeString('t').writeTags(),
    read: () => null,
  });
  const { buf, buffer } = await request.encode();
  expect(buf.equals(buffer)).toBe(true);
  expect(buffer.toString('hex')).toBe('00027400');
});
