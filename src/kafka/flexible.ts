/**
 * The wire format of Kafka's flexible requests (KIP-482), which kafkajs does not have: compact strings and
 * arrays, unsigned varints, tagged fields.
 *
 * `exchangeOf` converts a request to the form that a connection of kafkajs sends. Tagged fields are written
 * empty, and skipped in replies.
 */

/** One version of one of Kafka's requests. */
export interface FlexibleRequest<Reply> {
  readonly apiKey: number;
  readonly apiName: string;
  readonly apiVersion: number;
  /** Writes the body, with the tagged fields at its end. */
  write(body: FlexibleWriter): void;
  /** Reads the body of the reply. */
  read(body: FlexibleReader): Reply;
}

/**
 * Request and response as `send` of kafkajs's connections and pools expects them. `send` resolves with the
 * result of `read`.
 */
export function exchangeOf<Reply>(flexible: FlexibleRequest<Reply>) {
  const { apiKey, apiName, apiVersion } = flexible;
  return {
    request: { apiKey, apiName, apiVersion, encode: async () => encode(flexible) },
    response: {
      decode: async (raw: Buffer) => decode(flexible, raw),
      parse: async (reply: Reply) => reply,
    },
  };
}

/** Kafkajs writes the header up to the client ID; header version 2 has tagged fields behind it. */
function encode(flexible: FlexibleRequest<unknown>): { buf: Buffer; buffer: Buffer } {
  const body = new FlexibleWriter().writeTags();
  flexible.write(body);
  const bytes = body.toBuffer();
  return { buf: bytes, buffer: bytes };
}

/** Kafkajs reads the correlation ID; header version 1 has tagged fields behind it. */
function decode<Reply>(flexible: FlexibleRequest<Reply>, raw: Buffer): Reply {
  const body = new FlexibleReader(raw);
  body.skipTags();
  return flexible.read(body);
}

const UUID_BYTES = 16;

/** Writes a body, field by field. */
export class FlexibleWriter {
  readonly #parts: Buffer[] = [];

  writeInt8(value: number): this {
    const bytes = Buffer.alloc(1);
    bytes.writeInt8(value);
    return this.#push(bytes);
  }

  writeInt16(value: number): this {
    const bytes = Buffer.alloc(2);
    bytes.writeInt16BE(value);
    return this.#push(bytes);
  }

  writeInt32(value: number): this {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return this.#push(bytes);
  }

  writeBigInt64(value: bigint): this {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(value);
    return this.#push(bytes);
  }

  writeBoolean(value: boolean): this {
    return this.writeInt8(value ? 1 : 0);
  }

  /** From 0 to 2^32 - 1. */
  writeUnsignedVarint(value: number): this {
    const bytes: number[] = [];
    let rest = value;
    while (rest > 0x7f) {
      bytes.push((rest & 0x7f) | 0x80);
      rest = Math.floor(rest / 128);
    }
    return this.#push(Buffer.from([...bytes, rest]));
  }

  /** Null: a null string, where the field may be one. */
  writeString(value: string | null): this {
    if (value === null) return this.writeUnsignedVarint(0);
    const bytes = Buffer.from(value, 'utf8');
    return this.writeUnsignedVarint(bytes.length + 1).#push(bytes);
  }

  /** Null: a null array, where the field may be one. Elements that are structures end with tagged fields. */
  writeArray<T>(elements: readonly T[] | null, write: (element: T) => void): this {
    if (elements === null) return this.writeUnsignedVarint(0);
    this.writeUnsignedVarint(elements.length + 1);
    for (const element of elements) write(element);
    return this;
  }

  /** As `readUuid` returns it; null: the UUID of zeros, which stands for none. */
  writeUuid(value: string | null): this {
    return this.#push(value === null ? Buffer.alloc(UUID_BYTES) : Buffer.from(value, 'base64url'));
  }

  /** Writes an empty list of tagged fields, which ends each structure. */
  writeTags(): this {
    return this.writeUnsignedVarint(0);
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.#parts);
  }

  #push(bytes: Buffer): this {
    this.#parts.push(bytes);
    return this;
  }
}

/** Reads a body, field by field. Throws `RangeError` when it ends too early. */
export class FlexibleReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  readInt8(): number {
    return this.#readBytes(1).readInt8();
  }

  readInt16(): number {
    return this.#readBytes(2).readInt16BE();
  }

  readInt32(): number {
    return this.#readBytes(4).readInt32BE();
  }

  /** Exact up to 2^53: offsets and times. */
  readInt64(): number {
    return Number(this.readBigInt64());
  }

  /** Producer IDs and other values that may be larger. */
  readBigInt64(): bigint {
    return this.#readBytes(8).readBigInt64BE();
  }

  readBoolean(): boolean {
    return this.readInt8() !== 0;
  }

  readUnsignedVarint(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#readBytes(1).readUInt8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  readString(): string | null {
    const length = this.readUnsignedVarint();
    return length === 0 ? null : this.#readBytes(length - 1).toString('utf8');
  }

  /** Empty where the array is null. */
  readArray<T>(read: (body: this) => T): T[] {
    const length = this.readUnsignedVarint();
    const elements: T[] = [];
    for (let index = 1; index < length; index += 1) elements.push(read(this));
    return elements;
  }

  /** As Kafka's tools print it: base64url without padding. Null: the UUID of zeros, which stands for none. */
  readUuid(): string | null {
    const bytes = this.#readBytes(UUID_BYTES);
    return bytes.every((byte) => byte === 0) ? null : bytes.toString('base64url');
  }

  skipTags(): void {
    const count = this.readUnsignedVarint();
    for (let tag = 0; tag < count; tag += 1) {
      this.readUnsignedVarint();
      this.#readBytes(this.readUnsignedVarint());
    }
  }

  #readBytes(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length)
      throw new RangeError(`the reply ends at byte ${this.#bytes.length} of ${end}`);
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}
