import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { type RunningCommand, startCommand } from '../support/command.js';
import { addressOf, statusAt } from '../support/http.js';
import { Project } from '../support/project.js';
import { type Exposition, readExposition, sampleValue } from '../unit/observe/exposition.js';

const COUNTS = { contacts: 60, companies: 5, conversations: 4, tags: 6 };
const example = (file: string) =>
  fileURLToPath(new URL(`../../examples/prometheus/${file}`, import.meta.url));
const WAIT = { timeout: 30_000 };

let project: Project;

async function open(http: unknown, latency = 0): Promise<Project> {
  return Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: COUNTS, latency },
    connection: { schedule: '* * * * * *', tables: { contacts: {}, tags: {} } },
    file: { http },
  });
}

/** A port that is taken until the test is over. */
async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('a running publisher', () => {
  let running: RunningCommand;
  let url: string;

  const metrics = async (): Promise<Exposition> =>
    readExposition(await (await fetch(`${url}/metrics`)).text());
  const metric = async (name: string, labels = {}) =>
    sampleValue(await metrics(), `intercom_kafka_${name}`, { connection: 'acme', ...labels });
  const health = async (path: string) => (await fetch(`${url}${path}`)).status;

  beforeAll(async () => {
    project = await open({ port: 0 });
    running = startCommand(['run', '--config', project.config]);
    url = await addressOf(running);
  });
  afterAll(async () => {
    running.process.kill('SIGTERM');
    await running.finished;
    await project.close();
  });

  it('listens on loopback unless told otherwise', () => {
    expect(new URL(url).hostname).toBe('127.0.0.1');
  });

  it('is alive before it is ready, and becomes ready', async () => {
    expect(await health('/healthz')).toBe(200);
    await expect.poll(() => health('/readyz'), WAIT).toBe(200);
  });

  it('counts what is in the topics', async () => {
    await expect.poll(() => metric('rows_published_total', { table: 'contacts' }), WAIT).toBe(60);
    await expect.poll(() => metric('rows_published_total', { table: 'tags' }), WAIT).toBe(6);
    const all = await metrics();
    expect(all.problems).toEqual([]);
    for (const name of ['committed_bytes_total', 'committed_records_total', 'bookmark_lag_seconds']) {
      expect(sampleValue(all, `intercom_kafka_${name}`, { table: 'contacts' })).toBeGreaterThan(0);
    }
    for (const name of [
      'commit_duration_seconds_count',
      'cycle_duration_seconds_count',
      'connection_owned',
    ]) {
      expect(sampleValue(all, `intercom_kafka_${name}`, { connection: 'acme' })).toBeGreaterThan(0);
    }
    const route = { route: '/contacts/search', status: '200' };
    expect(sampleValue(all, 'intercom_kafka_api_requests_total', route)).toBeGreaterThan(0);
    expect(sampleValue(all, 'process_resident_memory_bytes')).toBeGreaterThan(0);
  });

  it('pleases promtool, with the alert rules too', async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const promtool = (args: readonly string[], input = '') => {
      const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
      return { status, said: status === 0 && args.includes('rules') ? '' : stdout + stderr };
    };
    expect(promtool(['check', 'metrics'], text)).toEqual({ status: 0, said: '' });
    expect(promtool(['check', 'rules', example('alerts.yml')])).toEqual({ status: 0, said: '' });
    expect(promtool(['test', 'rules', example('alerts.test.yml')])).toEqual({ status: 0, said: '' });
  });

  it.each(['alerts.yml', 'dashboard.json'])('has every metric that %s asks for', async (file) => {
    const families = new Set(
      (await (await fetch(`${url}/metrics`)).text()).match(/(?<=^# TYPE )\w+/gm) ?? [],
    );
    const asked = (await readFile(example(file), 'utf8')).match(/\bintercom_kafka_\w+/g) ?? [];
    expect(asked.length).toBeGreaterThan(5);
    const names = asked.map((name) => name.replace(/_(?:bucket|sum|count)$/, ''));
    expect(names.filter((name) => !families.has(name))).toEqual([]);
  });

  it('counts a change and a tombstone', async () => {
    const { workspace } = project.simulator;
    workspace.touchMany('contacts', 1, { name: 'changed' });
    workspace.remove('tags', String(workspace.list('tags')[0]?.id));
    await expect.poll(() => metric('rows_published_total', { table: 'contacts' }), WAIT).toBe(61);
    await expect.poll(() => metric('tombstones_published_total', { table: 'tags' }), WAIT).toBe(1);
    const status = await statusAt(url);
    expect(status).toMatchObject({
      ready: true,
      connections: [{ name: 'acme', state: 'owned', error: null }],
    });
    expect(status.connections[0]?.tables.find(({ name }) => name === 'contacts')).toMatchObject({
      records: 61,
    });
  });

  it('leaves the port to whoever has it, and takes it once that one ends', async () => {
    const port = Number(new URL(url).port);
    const other = await open({ port });
    onTestFinished(() => other.close());
    const second = startCommand(['run', '--config', other.config]);
    onTestFinished(async () => {
      second.process.kill('SIGTERM');
      await second.finished;
    });
    await second.until('something else listens there; set http.host and http.port');
    await expect.poll(async () => (await other.states()).get('contacts')?.records, WAIT).toBe(60);
    running.process.kill('SIGTERM');
    await running.finished;
    expect(await addressOf(second)).toBe(url);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
});

describe('a publisher that was started again', () => {
  it('goes on from where its tables stand', async () => {
    project = await open({ port: 0 });
    onTestFinished(() => project.close());
    await project.cycle();
    const states = await project.states();
    await project.write({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      connection: { schedule: '0 0 1 1 *', tables: { contacts: {}, tags: {} } },
      file: { http: { port: 0 } },
    });
    const running = startCommand(['run', '--config', project.config]);
    onTestFinished(async () => {
      running.process.kill('SIGTERM');
      await running.finished;
    });
    const url = await addressOf(running);
    const contacts = async () =>
      (await statusAt(url)).connections[0]?.tables.find(({ name }) => name === 'contacts');
    await expect.poll(async () => (await contacts())?.records, WAIT).toBe(60);
    expect(Date.parse((await contacts())?.bookmark ?? '') / 1_000).toBe(states.get('contacts')?.bookmark);
  });
});

describe('a single pass', () => {
  it('does its work and says so when the port is taken', async () => {
    project = await open({ port: await takenPort() });
    onTestFinished(() => project.close());
    const { code, stderr } = await project.command('run', '--once');
    expect(stderr).toContain('no status page, metrics or health for now');
    expect(code).toBe(0);
    expect((await project.latest('contacts')).size).toBe(60);
  });

  it('can be watched while it runs', async () => {
    project = await open({ port: 0 }, 500);
    onTestFinished(() => project.close());
    const running = startCommand(['run', '--once', '--config', project.config]);
    const url = await addressOf(running);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await running.finished).code).toBe(0);
  });
});
