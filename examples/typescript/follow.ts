// Every change of a contact as it is published, deletions included: `npx tsx follow.ts localhost:9092
// http://localhost:8081/apis/ccompat/v7 acme intercom`
import { readTable } from 'intercom-kafka';

const [
  broker = 'localhost:9092',
  url = 'http://localhost:8081/apis/ccompat/v7',
  connection = 'acme',
  prefix,
] = process.argv.slice(2);
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
const changes = readTable('contacts', {
  kafka: { brokers: [broker] },
  schemaRegistry: { url },
  connection,
  mode: 'history',
  follow: true,
  signal: stop.signal,
  ...(prefix && { prefix }),
});
for await (const { key, op, value, publishedAt } of changes)
  console.log(publishedAt.toISOString(), op, key, value?.email ?? '');
