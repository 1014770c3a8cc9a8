/**
 * Measures the time from a change in the workspace to its record, polling every five seconds while the
 * workspace keeps changing.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { createKafka } from '../src/kafka/client.js';
import { headerText, TopicReader } from '../src/kafka/reader.js';
import { type Addresses, quantile, type Say, Stage } from './stage.js';

const POLL_SECONDS = 5;
/** Every change is to another contact. */
const CHANGES_A_SECOND = 20;
const SECONDS = 60;

const TABLES = ['contacts', 'conversations', 'conversation_parts', 'companies'];

function hasFinished(log: string, table: string): boolean {
  return log
    .split('\n')
    .some((line) => line.includes('"table finished"') && line.includes(`"table":"${table}"`));
}

/** Prints and returns the 99th percentile in seconds; `share` of the workspace and of the time. */
export async function benchFreshness(addresses: Addresses, say: Say, share = 1): Promise<number> {
  const seconds = SECONDS * share;
  const stage = await Stage.open(addresses, {
    contacts: 20_000 * share,
    conversations: 2_000 * share,
    companies: 500 * share,
    latency: 50,
    budget: 1_666,
    tables: TABLES,
    connection: { schedule: `*/${POLL_SECONDS} * * * * *` },
  });
  const running = stage.start();
  const stop = new AbortController();
  const seen = new Map<string, number>();
  const kafka = createKafka({ brokers: [...addresses.brokers], clientId: 'bench', ssl: false, sasl: null });
  const reader = new TopicReader(kafka);
  try {
    // The first reading is not measured.
    while (!TABLES.every((table) => hasFinished(running.stderr(), table))) await delay(100);
    const follow = async () => {
      const read = reader.read(stage.topic('contacts'), {
        from: Date.now(),
        until: 'never',
        signal: stop.signal,
      });
      for await (const records of read)
        for (const record of records) {
          const email =
            headerText(record, 'hash') === null
              ? null
              : /bench-\d+@example\.com/.exec(record.value?.toString('latin1') ?? '');
          if (email !== null && !seen.has(email[0])) seen.set(email[0], Date.now());
        }
    };
    // Stopping ends it with an error.
    const following = follow().catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    const changed = new Map<string, number>();
    for (let change = 0; change < CHANGES_A_SECOND * seconds; change += 1) {
      const email = `bench-${change}@example.com`;
      changed.set(email, Date.now());
      await stage.act('create', { table: 'contacts', patch: { email } });
      await delay(1000 / CHANGES_A_SECOND);
    }
    const deadline = Date.now() + 60_000;
    while (seen.size < changed.size && Date.now() < deadline) await delay(100);
    stop.abort();
    await following;
    const waits = [...changed].map(
      ([email, at]) => ((seen.get(email) ?? Number.POSITIVE_INFINITY) - at) / 1000,
    );
    const p99 = quantile(waits, 0.99);
    say(
      `freshness: ${changed.size} changes in ${seconds} s, polled every ${POLL_SECONDS} s: half of them in the topic after ` +
        `${quantile(waits, 0.5).toFixed(1)} s, 99% after ${p99.toFixed(1)} s`,
    );
    return p99;
  } finally {
    stop.abort();
    running.process.kill('SIGTERM');
    await running.finished;
    await reader.close();
    await stage.close();
  }
}
