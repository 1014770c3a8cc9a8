/**
 * `npm run demo`: a complete replication with a real Kafka and registry. Starts both and a simulated
 * workspace, replicates it, changes some rows, replicates again, and shows the contents of the topics. On a
 * terminal all servers keep running until Ctrl-C.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { layOut } from '../src/cli/table.js';
import { createKafka } from '../src/kafka/client.js';
import { TopicReader } from '../src/kafka/reader.js';
import { TABLE_NAMES, type TableName } from '../src/model/table-names.js';
import { startSimulator } from '../src/simulator/server.js';
import type { Workspace } from '../src/simulator/workspace.js';
import { startKafka, startRegistry } from './stack.js';

const CLI = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
/** The latency of a typical API. */
const LATENCY_MS = 30;

const startedAt = Date.now();

function say(text: string): void {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1).padStart(5);
  process.stdout.write(`\n[${seconds} s] ${text}\n`);
}

async function demo(): Promise<void> {
  say('Starting Kafka and the schema registry (the first time they are fetched, some 60 MB)');
  const [kafka, registry] = await Promise.all([startKafka(), startRegistry()]);
  const simulator = await startSimulator({
    latency: LATENCY_MS,
    budget: { limit: 5_000, windowSeconds: 10 },
  });
  const dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-demo-'));
  const config = join(dir, 'intercom-kafka.yaml');
  await writeFile(config, configText(kafka.brokers, registry.url, simulator.url));
  try {
    say(
      `A simulated workspace answers at ${simulator.url}: 2,000 contacts, 500 companies, 2,000 conversations`,
    );
    say('First cycle: everything');
    await publish(config);
    const changes = changeSomeRows(simulator.workspace);
    say(`Changed ${changes} rows in the workspace. Second cycle: only those`);
    await publish(config);
    say('What the topics hold');
    process.stdout.write(`${await describeTopics(kafka.brokers)}\n`);
    process.stdout.write(whatNext(config, kafka.brokers, registry.url));
    say('Done');
    if (process.stdout.isTTY) await untilInterrupted();
  } finally {
    await simulator.close();
    await Promise.all([kafka.stop(), registry.stop()]);
    await rm(dir, { recursive: true, force: true });
  }
}

function configText(brokers: readonly string[], registryUrl: string, apiUrl: string): string {
  return stringify({
    kafka: { brokers },
    schemaRegistry: { url: registryUrl },
    connections: [
      {
        name: 'demo',
        baseUrl: apiUrl,
        credentials: { accessToken: 'simulated-token' },
        startDate: '2020-01-01',
      },
    ],
  });
}

async function publish(config: string): Promise<void> {
  const child = spawn(
    process.execPath,
    [CLI, 'run', '--once', '--config', config, '--log-format', 'pretty'],
    { stdio: 'inherit' },
  );
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`run --once ended with ${String(code)}`);
}

/** Updates, creations and deletions, some of each. Returns how many. */
function changeSomeRows(workspace: Workspace): number {
  const ids = (table: 'contacts' | 'companies' | 'conversations', count: number) => {
    const rows = workspace.rows(table);
    return Array.from({ length: count }, () => String(rows.next().value?.id));
  };
  const [gone, ...companies] = ids('companies', 6);
  for (const id of ids('contacts', 25)) workspace.update('contacts', id, { name: 'Zoë Ångström' });
  for (const id of companies) workspace.update('companies', id, { size: 1_000 });
  for (const id of ids('conversations', 10)) workspace.addPart(id, { body: '<p>One more thing…</p>' });
  workspace.create('contacts', { email: 'new@example.com' });
  workspace.remove('companies', gone ?? '');
  workspace.remove('tags', String(workspace.list('tags')[0]?.id));
  return 25 + 5 + 10 + 3;
}

async function describeTopics(brokers: readonly string[]): Promise<string> {
  const reader = new TopicReader(createKafka({ brokers, clientId: 'demo', ssl: false, sasl: null }));
  const rows = await Promise.all(TABLE_NAMES.map((table) => describeTopic(reader, table)));
  await reader.close();
  return layOut(['TOPIC', 'ROWS', 'CHANGES', 'TOMBSTONES', 'BYTES'], rows);
}

async function describeTopic(reader: TopicReader, table: TableName): Promise<(string | number)[]> {
  const topic = `intercom.demo.${table}`;
  const live = new Set<string>();
  const seen = new Set<string>();
  let changes = 0;
  let tombstones = 0;
  let bytes = 0;
  for await (const records of reader.read(topic, { from: 'earliest' })) {
    for (const { key, value } of records) {
      const name = key?.toString('base64') ?? '';
      bytes += (key?.length ?? 0) + (value?.length ?? 0);
      if (value === null) tombstones += 1;
      else if (seen.has(name)) changes += 1;
      if (value === null) live.delete(name);
      else live.add(name);
      seen.add(name);
    }
  }
  return [topic, live.size, changes, tombstones, bytes];
}

function whatNext(config: string, brokers: readonly string[], registryUrl: string): string {
  const run = `node dist/cli/main.js`;
  return `
To explore further${process.stdout.isTTY ? ', in another terminal while this one is open' : ' (run the demo on a terminal: there it stays up until Ctrl-C)'}:

  ${run} status --config ${config}
  ${run} replay demo contacts --config ${config} | head -3
  ${run} replay demo companies --history --config ${config} | tail -3
  ${run} run --config ${config}
  kcat -b ${brokers.join(',')} -C -e -t intercom.demo.contacts -s value=avro -r ${registryUrl} | head -3
`;
}

async function untilInterrupted(): Promise<void> {
  process.stdout.write('\nCtrl-C stops everything.\n');
  const alive = setInterval(() => undefined, 60_000);
  await once(process, 'SIGINT');
  clearInterval(alive);
}

await demo();
