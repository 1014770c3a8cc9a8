/**
 * Encodes records as kafkajs does, byte for byte, in a fifth of the time.
 *
 * Kafkajs's own encoder encodes all other records.
 */

/** A record as kafkajs hands it to its encoder. */
export interface RecordToEncode {
  readonly offsetDelta?: number;
  readonly timestampDelta?: unknown;
  readonly key?: Buffer | string | null;
  readonly value?: Buffer | string | null;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** The encoder that kafkajs expects. */
export interface EncodedRecord {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

export type RecordEncoder = (record: RecordToEncode) => EncodedRecord;

const MAX_LOOP = 64;
/** Headers of one record at most; more are left to kafkajs. */
const MAX_HEADERS = 63;

/**
 * A record of version 2, or null for an unusual record: values as texts, lists of headers, large timestamps.
 */
export function encodeRecord(record: RecordToEncode): EncodedRecord | null {
  const { offsetDelta = 0, timestampDelta = 0, key, value, headers = {} } = record;
  if (!Buffer.isBuffer(key) || !(value === null || Buffer.isBuffer(value))) return null;
  if (!isSmall(timestampDelta) || !isSmall(offsetDelta)) return null;
  const names = Object.keys(headers);
  if (names.length > MAX_HEADERS) return null;
  let headerBytes = 1;
  for (const name of names) {
    const text = headers[name];
    if (typeof text !== 'string') return null;
    headerBytes += sizedText(name) + sizedText(text);
  }
  const body =
    1 +
    varIntSize(timestampDelta) +
    varIntSize(offsetDelta) +
    varIntSize(key.length) +
    key.length +
    varIntSize(value === null ? -1 : value.length) +
    (value?.length ?? 0) +
    headerBytes;
  const buf = allocate(varIntSize(body) + body);
  let at = writeVarInt(buf, body, 0);
  buf[at] = 0;
  at = writeVarInt(buf, timestampDelta, at + 1);
  at = writeVarInt(buf, offsetDelta, at);
  at = writeBytes(buf, key, at);
  at = value === null ? writeVarInt(buf, -1, at) : writeBytes(buf, value, at);
  at = writeVarInt(buf, names.length, at);
  for (const name of names) at = writeText(buf, headers[name] as string, writeText(buf, name, at));
  return { buf, buffer: buf };
}

/**
 * Bytes of a memory chunk. Records share chunks until all records of their batch are encoded and copied into
 * one buffer.
 */
const CHUNK_BYTES = 64 * 1024;
let chunk = Buffer.alloc(0);
let used = 0;

function allocate(bytes: number): Buffer {
  if (used + bytes > chunk.length) {
    chunk = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, bytes));
    used = 0;
  }
  used += bytes;
  return chunk.subarray(used - bytes, used);
}

/** The range that zigzag coding keeps within 32 bits. */
function isSmall(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 30;
}

function zigZag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

function varIntSize(value: number): number {
  let size = 1;
  for (let rest = zigZag(value) >>> 7; rest !== 0; rest >>>= 7) size += 1;
  return size;
}

function writeVarInt(buf: Buffer, value: number, start: number): number {
  let at = start;
  let rest = zigZag(value);
  for (; rest > 127; rest >>>= 7) {
    buf[at] = (rest & 127) | 128;
    at += 1;
  }
  buf[at] = rest;
  return at + 1;
}

function writeBytes(buf: Buffer, bytes: Buffer, start: number): number {
  const at = writeVarInt(buf, bytes.length, start);
  buf.set(bytes, at);
  return at + bytes.length;
}

/** Names and values of headers are usually short and ASCII: a loop is faster than a call into the runtime. */
function byteLength(text: string): number {
  if (text.length > MAX_LOOP) return Buffer.byteLength(text);
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 127) return Buffer.byteLength(text);
  return text.length;
}

function sizedText(text: string): number {
  const bytes = byteLength(text);
  return varIntSize(bytes) + bytes;
}

function writeText(buf: Buffer, text: string, start: number): number {
  const bytes = byteLength(text);
  const at = writeVarInt(buf, bytes, start);
  if (bytes !== text.length || bytes > MAX_LOOP) return at + buf.write(text, at);
  for (let index = 0; index < bytes; index += 1) buf[at + index] = text.charCodeAt(index);
  return at + bytes;
}
