/**
 * The parts of kafkajs's protocol code that the requests of this folder use. They are internal to kafkajs,
 * whose version is pinned.
 */

import { kafkajsModule } from './kafkajs.js';
import { errorFromCode } from './protocol-error.js';

export interface WireDecoder {
  readInt16(): number;
  readInt32(): number;
  readInt64(): { toString(): string };
  readString(): string;
  readBoolean(): boolean;
  readBytes(length: number): Buffer;
  readArray<T>(read: (decoder: WireDecoder) => T): T[];
  readArrayAsync<T>(read: (decoder: WireDecoder) => Promise<T>): Promise<T[]>;
}

export interface WireEncoder {
  writeInt8(value: number): this;
  writeInt32(value: number): this;
  writeInt64(value: number | string): this;
  writeString(value: string): this;
  writeBoolean(value: boolean): this;
  writeArray(elements: readonly (string | WireEncoder)[]): this;
}

export const Decoder = kafkajsModule('src/protocol/decoder') as new (buffer: Buffer) => WireDecoder;
export const Encoder = kafkajsModule('src/protocol/encoder') as new () => WireEncoder;

/** A record as kafkajs decodes it. */
export interface FetchedRecord {
  readonly offset: string;
  /** Epoch milliseconds. */
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | Buffer[] | string | undefined>>;
}

export interface RecordBatch {
  readonly firstOffset: string;
  readonly lastOffsetDelta: number;
  readonly producerId: string;
  readonly inTransaction: boolean;
  readonly isControlBatch: boolean;
  readonly records: readonly FetchedRecord[];
}

export const decodeBatch = kafkajsModule('src/protocol/recordBatch/v0/decoder') as (
  decoder: WireDecoder,
) => Promise<RecordBatch>;

export const encodeFetch = kafkajsModule('src/protocol/requests/fetch/v11/request') as (
  request: object,
) => object;

/** The decoded metadata reply of kafkajs, with the error codes of single topics. */
export interface KafkajsMetadata {
  readonly topicMetadata: readonly {
    readonly topic: string;
    readonly topicErrorCode: number;
    readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[];
  }[];
}

export const metadataRequest = kafkajsModule('src/protocol/requests/metadata/v6/request') as (
  request: object,
) => object;

export const metadataResponse = kafkajsModule('src/protocol/requests/metadata/v6/response') as {
  decode(raw: Buffer): Promise<KafkajsMetadata>;
};

/**
 * A request and its response as kafkajs's connections expect them. `send` resolves with the result of
 * `parse`.
 */
export interface Exchange<Reply> {
  readonly request: object;
  readonly response: {
    decode(raw: Buffer): Promise<Reply>;
    parse(reply: Reply): Promise<Reply>;
  };
}

export function exchange<Reply>(
  request: object,
  decode: (raw: Buffer) => Reply | Promise<Reply>,
): Exchange<Reply> {
  return {
    request,
    response: { decode: async (raw) => decode(raw), parse: async (reply) => reply },
  };
}

/** The broker's error, or null for the code 0. */
export function errorOfCode(code: number): Error | null {
  return code === 0 ? null : errorFromCode(code);
}

export function failOnCode(code: number): void {
  const error = errorOfCode(code);
  if (error !== null) throw error;
}
