/**
 * Compression codecs that kafkajs leaves to its users. All of them are registered, independent of the
 * configuration: a topic may contain batches that were written with another codec.
 */

import { Decoder, Encoder } from '@toondepauw/node-zstd';
import { compressFrame, decompressFrame } from 'lz4-napi';
import snappy from 'snappy';
import kafkajs from './kafkajs.js';

interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

const { CompressionCodecs, CompressionTypes } = kafkajs;

/** The names of the configuration and kafkajs's numbers for them. */
export const COMPRESSION_TYPES = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
} as const;

let registered = false;

/** Registers every codec with kafkajs. Safe to call more than once. */
export function registerCodecs(): void {
  if (registered) return;
  registered = true;
  CompressionCodecs[CompressionTypes.Snappy] = () => snappyCodec;
  CompressionCodecs[CompressionTypes.LZ4] = () => lz4Codec;
  CompressionCodecs[CompressionTypes.ZSTD] = () => zstdCodec;
}

const lz4Codec: Codec = {
  compress: ({ buffer }) => compressFrame(buffer),
  decompress: (buffer) => decompressFrame(buffer),
};

/**
 * Java's snappy streams come in frames behind this magic, two ints for versions, and a length before each
 * block.
 */
const XERIAL_MAGIC = Buffer.from([130, 83, 78, 65, 80, 80, 89, 0]);
const XERIAL_HEADER = Buffer.concat([XERIAL_MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);

const snappyCodec: Codec = {
  async compress({ buffer }) {
    const block = await snappy.compress(buffer);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(block.length);
    return Buffer.concat([XERIAL_HEADER, size, block]);
  },
  async decompress(buffer) {
    if (!buffer.subarray(0, 8).equals(XERIAL_MAGIC)) return snappy.uncompress(buffer) as Promise<Buffer>;
    const blocks: Buffer[] = [];
    for (let at = XERIAL_HEADER.length; at < buffer.length; ) {
      const size = buffer.readUInt32BE(at);
      blocks.push((await snappy.uncompress(buffer.subarray(at + 4, at + 4 + size))) as Buffer);
      at += 4 + size;
    }
    return Buffer.concat(blocks);
  },
};

/** The library's default. Higher levels hardly make batches smaller and need much more time. */
const ZSTD_LEVEL = 3;
const zstdEncoder = new Encoder(ZSTD_LEVEL);
const zstdDecoder = new Decoder();

const zstdCodec: Codec = {
  compress: ({ buffer }) => zstdEncoder.encode(buffer),
  decompress: (buffer) => zstdDecoder.decode(buffer),
};
