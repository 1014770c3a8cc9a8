/**
 * Decodes many records in the Confluent wire format: schemas are fetched once each, and no record waits for
 * another one.
 */

import type { Registry } from './registry.js';

type Value = Record<string, unknown>;
interface Type {
  fromBuffer(bytes: Buffer): unknown;
}

/** The header of the Confluent wire format: a zero, and the schema's ID in four bytes. */
export const HEADER_BYTES = 5;

export class Decoder {
  readonly #registry: Registry;
  readonly #types = new Map<number, Type>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Fetches the schemas of these that are not known yet. Throws what `Registry.typeOf` throws. */
  async prepare(texts: Iterable<Buffer | null>): Promise<void> {
    const missing = new Set<number>();
    for (const text of texts) if (text !== null && !this.#types.has(idOf(text))) missing.add(idOf(text));
    for (const id of missing) this.#types.set(id, await this.#registry.typeOf(id));
  }

  /** The key or value in the bytes, which were prepared. */
  decode(bytes: Buffer): Value {
    const type = this.#types.get(idOf(bytes));
    if (type === undefined) throw new Error(`schema ${idOf(bytes)} was not prepared`);
    return type.fromBuffer(bytes.subarray(HEADER_BYTES)) as Value;
  }
}

/** Whether bytes are in the wire format, from any producer. */
export function isFramed(bytes: Buffer): boolean {
  return idOf(bytes) >= 0;
}

function idOf(bytes: Buffer): number {
  return bytes.length < HEADER_BYTES || bytes[0] !== 0 ? -1 : bytes.readUInt32BE(1);
}
