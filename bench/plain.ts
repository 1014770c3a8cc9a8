/**
 * The programs that the publisher is compared with: kafkajs alone, and the simplest pipe. They run in their
 * own processes with an unchanged kafkajs. Each prints its time in seconds.
 */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import avsc from 'avsc';
import kafkajs, { type Message } from 'kafkajs';
import { request } from 'undici';

export interface PlainTask {
  readonly brokers: readonly string[];
  readonly topic: string;
  /** A file with one record a line to send, or the table to pull and the schema of its values. */
  readonly work:
    | { readonly records: string; readonly perSend: number }
    | { readonly url: string; readonly token: string; readonly schema: string };
}

/** A record in the file: buffers are base64. */
export interface PlainRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function sendAll(producer: kafkajs.Producer, topic: string, file: string, perSend: number) {
  const records = readFileSync(file, 'utf8').trimEnd().split('\n');
  const messages = records.map((line): Message => {
    const { key, value, headers } = JSON.parse(line) as PlainRecord;
    return { key: Buffer.from(key, 'base64'), value: Buffer.from(value, 'base64'), headers };
  });
  const startedAt = performance.now();
  for (let start = 0; start < messages.length; start += perSend) {
    await producer.send({ topic, messages: messages.slice(start, start + perSend) });
  }
  return (performance.now() - startedAt) / 1000;
}

/**
 * Reads one page after another: no windows, no hash, no transaction, no state. Values that do not fit the
 * schema are lost.
 */
async function pipe(producer: kafkajs.Producer, topic: string, url: string, token: string, schema: string) {
  const type = avsc.Type.forSchema(JSON.parse(schema));
  const { fields } = JSON.parse(schema) as { fields: { name: string; type: unknown }[] };
  const kinds = fields.map(({ name, type }) => ({ name, kind: JSON.stringify(type) }));
  const query = { field: 'updated_at', operator: '>', value: 0 };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const startedAt = performance.now();
  for (let after: string | undefined; ; ) {
    const body = JSON.stringify({ query, pagination: { per_page: 150, starting_after: after } });
    const response = await request(`${url}/contacts/search?include_merge_history=true`, {
      method: 'POST',
      headers,
      body,
    });
    const page = (await response.body.json()) as Page;
    const messages = page.data.map((row) => {
      const value: Record<string, unknown> = {};
      for (const { name, kind } of kinds) value[name] = plainValue(row[name], kind);
      const encoded = type.toBuffer(value);
      const framed = Buffer.alloc(5 + encoded.length);
      framed.writeInt32BE(1, 1);
      encoded.copy(framed, 5);
      return { key: String(row.id), value: framed };
    });
    await producer.send({ topic, messages });
    after = page.pages?.next?.starting_after;
    if (after === undefined) break;
  }
  return (performance.now() - startedAt) / 1000;
}

interface Page {
  readonly data: readonly Record<string, unknown>[];
  readonly pages?: { readonly next?: { readonly starting_after: string } | null };
}

function plainValue(value: unknown, kind: string): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'object') return JSON.stringify(value);
  if (typeof value === 'number' && kind.includes('timestamp-millis')) return value * 1000;
  return kind.includes('"string"') ? String(value) : value;
}

const { brokers, topic, work } = JSON.parse(process.argv[2] ?? '') as PlainTask;
const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner });
await producer.connect();
const seconds = await ('records' in work
  ? sendAll(producer, topic, work.records, work.perSend)
  : pipe(producer, topic, work.url, work.token, work.schema));
await producer.disconnect();
process.stdout.write(`${seconds}\n`);
if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
