/** Encodes records into buffers that many records share. */

import avsc from 'avsc';
import { HEADER_BYTES } from './decoder.js';
import { publishedText } from './published.js';
import type { RecordSchema } from './schema.js';
import { encodeValue } from './text-encoding.js';

/**
 * Records are written one after another into buffers, each twice as large as the one before, up to this size.
 */
const MAX_CHUNK = 64 * 1024;
const FIRST_CHUNK = 1024;

export interface Encoded {
  /** The record, after space for its header. */
  readonly bytes: Buffer;
  /** The part of it that the first schema wrote. */
  readonly first: Buffer;
}

/** The bytes of an encoded record with its header filled in: in place. */
export function framed(bytes: Buffer, id: number): Buffer {
  bytes[0] = 0;
  bytes.writeUInt32BE(id, 1);
  return bytes;
}

export class Encoder {
  readonly #types: readonly avsc.Type[];
  #chunk = Buffer.alloc(0);
  #used = 0;

  /**
   * The schemas read their fields from the same value. In Avro, the fields of one schema followed by those of
   * the next are a record with all of them.
   */
  constructor(schemas: readonly RecordSchema[]) {
    this.#types = schemas.map((schema) => avsc.Type.forSchema(JSON.parse(publishedText(schema))));
  }

  /** Throws when the value does not fit the schemas. */
  encode(value: Readonly<Record<string, unknown>>): Encoded {
    const start = this.#used;
    const body = start + HEADER_BYTES;
    const ends: number[] = [];
    for (const type of this.#types) {
      const written = encodeValue(type, value, this.#chunk, ends.at(-1) ?? body);
      // Where there is not enough space, avsc returns the missing bytes as a negative number.
      ends.push(written < 0 ? this.#chunk.length - written : written);
    }
    const end = ends.at(-1) ?? body;
    if (end > this.#chunk.length) {
      this.#grow(end - start);
      return this.encode(value);
    }
    this.#used = end;
    return { bytes: this.#chunk.subarray(start, end), first: this.#chunk.subarray(body, ends[0]) };
  }

  /** Allocates the next buffer. A record that is larger than a buffer gets one of its own. */
  #grow(bytes: number): void {
    const next = Math.min(MAX_CHUNK, Math.max(FIRST_CHUNK, 2 * this.#chunk.length));
    this.#chunk = Buffer.allocUnsafeSlow(Math.max(next, bytes));
    this.#used = 0;
  }

  /** What one schema wrote, after space for the header. */
  decode(bytes: Buffer): Record<string, unknown> {
    return this.#types[0]?.fromBuffer(bytes.subarray(HEADER_BYTES)) as Record<string, unknown>;
  }
}
