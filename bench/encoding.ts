/**
 * Measures rows a second of shaping and encoding, relative to `JSON.parse` of the page and avsc's `toBuffer`
 * of the same values.
 */

import { performance } from 'node:perf_hooks';
import avsc from 'avsc';
import { rowShaper, TopicCodec, UNADAPTED, valueSchema } from '../src/avro/codec.js';
import { publishedText } from '../src/avro/published.js';
import { Registry } from '../src/avro/registry.js';
import type { RawRow } from '../src/model/row.js';
import { type Addresses, median, PER_PAGE, rounded, type Say, Stage } from './stage.js';

const ROUNDS = 9;

/** Prints and returns the ratio: the median of some alternating rounds. */
export async function benchEncoding(addresses: Addresses, say: Say, pages = 60): Promise<number> {
  const texts = await pagesOf(addresses, pages);
  const rows = texts.flatMap((text) => (JSON.parse(text) as { data: RawRow[] }).data);
  const shape = rowShaper('contacts', 'id', 'flat');
  const at = {
    topic: 'bench.encoding',
    table: 'contacts',
    key: 'id',
    form: 'flat',
    adaptation: UNADAPTED,
  } as const;
  const codec = await TopicCodec.open(
    new Registry({
      url: addresses.registryUrl,
      auth: null,
      ssl: null,
      register: 'always',
      compatibility: 'keep',
    }),
    at,
  );
  const type = avsc.Type.forSchema(JSON.parse(publishedText(valueSchema('contacts', 'flat'))));
  const values = rows.map((row) => published(shape(row, 0)).value);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(
      timeOf(() => {
        for (const row of rows) codec.valueOf(published(shape(row, 0)).row);
      }),
    );
    theirs.push(
      timeOf(() => {
        for (const text of texts) JSON.parse(text);
        for (const value of values) type.toBuffer(value);
      }),
    );
  }
  const rate = (ms: readonly number[]) => rounded((rows.length * 1000) / median(ms));
  const ratio = median(theirs) / median(ours);
  say(
    `encoding: ${rate(ours)} rows/s shaped, hashed and encoded, ${rate(theirs)} rows/s by JSON.parse and avsc's toBuffer: ${ratio.toFixed(2)}`,
  );
  return ratio;
}

function published(shaped: ReturnType<ReturnType<typeof rowShaper>>) {
  if (!shaped.ok) throw new Error(shaped.letter.reason);
  return shaped;
}

function timeOf(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

/** Pages of contacts as the API sends them. */
async function pagesOf(addresses: Addresses, count: number): Promise<string[]> {
  const stage = await Stage.open(addresses, { contacts: count * PER_PAGE, tables: ['contacts'] });
  try {
    const texts: string[] = [];
    for await (const text of stage.pages()) texts.push(text);
    return texts;
  } finally {
    await stage.close();
  }
}
