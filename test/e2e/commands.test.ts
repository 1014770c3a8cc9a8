import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ALL_TABLE_NAMES, TABLE_NAMES } from '../../src/model/table-names.js';
import { runCommand, startCommand } from '../support/command.js';
import { Project } from '../support/project.js';

async function partitionsOf(project: Project, topic: string): Promise<number> {
  const admin = project.kafka.admin();
  try {
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions.length ?? 0;
  } finally {
    await admin.disconnect();
  }
}

describe('the commands', () => {
  let project: Project;

  beforeAll(async () => {
    project = await Project.open({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      simulator: { counts: { contacts: 30, companies: 12, conversations: 8, parts: 2 } },
      connection: { schedule: '* * * * * *' },
    });
  });
  afterAll(() => project.close());

  it('check says what it found, before there is anything and after', async () => {
    const before = await project.command('check');
    expect(before).toMatchObject({ code: 0, stderr: '' });
    expect(before.stdout).toMatch(
      /connection acme: workspace Simulated workspace, region US, time zone America\/Los_Angeles/,
    );
    expect(before.stdout).toMatch(/topics of acme: 0 topics, 13 more will be created/);
    expect((await project.command('status')).stdout).toMatch(/contacts .* never read/);
    await project.cycle();
    const after = await project.command('check', '--json');
    const findings = JSON.parse(after.stdout) as { what: string; ok: boolean; message: string }[];
    expect(findings.every(({ ok }) => ok)).toBe(true);
    expect(findings.find(({ what }) => what === 'topics of acme')?.message).toBe('13 topics');
  });

  it('catalog names every table with key, method, topic, fields, and the workspace’s custom attributes', async () => {
    const { code, stdout } = await project.command('catalog', 'acme', '--json');
    expect(code).toBe(0);
    const tables = JSON.parse(stdout) as {
      table: string;
      key: string;
      topic: string;
      method: string;
      fields: { name: string; type: string }[];
    }[];
    expect(tables.map(({ table }) => table)).toEqual([...TABLE_NAMES]);
    const contacts = tables.find(({ table }) => table === 'contacts');
    expect(contacts).toMatchObject({
      key: 'id',
      method: 'incremental',
      replicationKey: 'updated_at',
      topic: project.topic('contacts'),
    });
    expect(contacts?.fields).toContainEqual(
      expect.objectContaining({ name: 'location_city', type: 'string' }),
    );
    expect(contacts?.fields).toContainEqual(
      expect.objectContaining({ name: 'custom_attributes_plan_tier', type: 'string' }),
    );
    expect(tables.find(({ table }) => table === 'contact_attributes')?.key).toBe('_sdc_record_hash');
  });

  it('preview prints shaped rows and writes nothing', async () => {
    const before = await project.counts();
    for (const table of TABLE_NAMES) {
      const { code, stdout } = await project.command('preview', 'acme', table, '--limit', '2', '--json');
      expect(code, table).toBe(0);
      const rows = JSON.parse(stdout) as Record<string, unknown>[];
      expect(rows, table).toHaveLength(2);
      expect(
        Object.values(rows[0] ?? {}).every((value) => typeof value !== 'object' || Array.isArray(value)),
        table,
      ).toBe(true);
    }
    expect(await project.counts()).toEqual(before);
  });

  it('status tells every table’s state from the state topic', async () => {
    const { code, stdout } = await project.command('status', '--json');
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as {
      table: string;
      state: string;
      records: number;
      bookmark: number | null;
    }[];
    expect(rows.map(({ table }) => table)).toEqual([...TABLE_NAMES]);
    expect(rows.every(({ state }) => state === 'ok')).toBe(true);
    expect(rows.find(({ table }) => table === 'contacts')).toMatchObject({
      records: 30,
      bookmark: expect.any(Number),
    });
    expect(rows.find(({ table }) => table === 'tags')?.bookmark).toBeNull();
  });

  it('replay gives the latest version of each key, or all of them', async () => {
    const [tag] = project.simulator.workspace.list('tags');
    project.simulator.workspace.update('tags', String(tag?.id), { name: 'renamed' });
    await project.cycle('--table', 'tags');
    const read = async (...args: string[]) => {
      const { stdout } = await project.command('replay', 'acme', 'tags', ...args);
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { key: string; value: { name: string } });
    };
    const all = project.simulator.workspace.list('tags').length;
    expect(await read()).toHaveLength(all);
    expect(await read('--history')).toHaveLength(all + 1);
    const [one, ...others] = await read('--key', String(tag?.id));
    expect(one?.value.name).toBe('renamed');
    expect(others).toEqual([]);
  });

  it('preview, replay and catalog show JSON as JSON and times as texts to people, and what is published with --raw', async () => {
    const shownBy = async (...args: string[]) => {
      const { stdout } = await project.command(...args);
      const shown = JSON.parse(args[0] === 'replay' ? (stdout.split('\n')[0] ?? '') : stdout);
      return (args[0] === 'replay' ? shown.value : shown) as Record<string, unknown>;
    };
    for (const command of [
      ['preview', 'acme', 'contacts', '--limit', '1'],
      ['replay', 'acme', 'contacts'],
    ]) {
      const [forPeople, raw] = [await shownBy(...command), await shownBy(...command, '--raw')];
      expect(forPeople.updated_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      expect(raw.updated_at).toBe(Date.parse(String(forPeople.updated_at)));
      expect(forPeople.custom_attributes).toBeTypeOf('object');
      expect(JSON.parse(String(raw.custom_attributes))).toEqual(forPeople.custom_attributes);
      expect(forPeople.custom_attributes_plan_tier).toEqual(raw.custom_attributes_plan_tier);
    }
    const json = await project.command('replay', 'acme', 'contacts', '--json');
    expect(json.stdout).toBe((await project.command('replay', 'acme', 'contacts', '--raw')).stdout);
    const types = async (...args: string[]) => {
      const { stdout } = await project.command('catalog', 'acme', ...args);
      return ['custom_attributes', 'updated_at'].map(
        (name) => new RegExp(`^  ${name} +(.*)$`, 'm').exec(stdout)?.[1],
      );
    };
    expect(await types()).toEqual(['JSON', 'time (ISO 8601)']);
    expect(await types('--raw')).toEqual(['JSON text', 'time (ms)']);
  });

  it('schemas exports both forms of every table', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'schemas-'));
    expect((await project.command('schemas', '--export', dir)).code).toBe(0);
    for (const form of ['flat', 'nested', 'key'])
      expect(await readdir(join(dir, form))).toHaveLength(ALL_TABLE_NAMES.length);
    expect(JSON.parse(await readFile(join(dir, 'flat', 'contacts.avsc'), 'utf8'))).toMatchObject({
      type: 'record',
      name: 'Contact',
    });
    await rm(dir, { recursive: true });
  });

  it('schemas registers what a first run would', async () => {
    const { code, stdout } = await project.command('schemas', '--register', '--json');
    expect(code).toBe(0);
    const lines = stdout.trim().split('\n');
    const registered = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(registered.map(({ topic }) => topic)).toEqual(TABLE_NAMES.map((table) => project.topic(table)));
    for (const { keyId, valueId } of registered) expect([keyId, valueId].every(Number.isInteger)).toBe(true);
    // Registered again they keep their ids.
    const again = await project.command('schemas', '--register');
    expect(again.stdout).toContain(
      `${registered[0]?.topic}  key ${registered[0]?.keyId}  value ${registered[0]?.valueId}`,
    );
  });

  it('catalog shows tables and fields as text, also where the workspace can’t be asked', async () => {
    const { code, stdout, stderr } = await project.command('catalog');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^CONNECTION +TABLE +METHOD +KEY/);
    expect(stdout).toMatch(
      new RegExp(`^acme +contacts +incremental +id +updated_at +${project.topic('contacts')}`, 'm'),
    );
    expect(stdout).toMatch(/^ {2}custom_attributes_plan_tier +string$/m);
    project.simulator.faults.inject({ kind: 'status', status: 500, match: '/data_attributes' });
    const blind = await project.command('catalog');
    project.simulator.faults.clear();
    expect(blind.code).toBe(0);
    expect(blind.stderr).toMatch(/^acme: custom attributes are left out: .*500/);
    expect(blind.stdout).toMatch(/^acme +contacts /m);
  });

  it('run follows its schedule, keeps a single pass out, publishes what changes, and stops on SIGTERM with 143', async () => {
    const running = startCommand(['run', '--config', project.config, '--log-format', 'json']);
    try {
      await running.until('"table":"teams"');
      const refused = await project.command('run', '--once');
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.stderr).toMatch(/has 1 running instance/);
      const id = project.simulator.workspace.create('contacts', { email: 'live@example.com' });
      await expect
        .poll(async () => (await project.latest('contacts')).has(id), { timeout: 15_000, interval: 250 })
        .toBe(true);
    } finally {
      running.process.kill('SIGTERM');
    }
    const { code, stderr } = await running.finished;
    expect(code).toBe(143);
    expect(stderr).not.toMatch(/"level":[56]0/);
  });

  it('cycles of a connection never overlap', async () => {
    const { requests } = project.simulator;
    project.simulator.latency = 700;
    const running = startCommand(['run', '--config', project.config, '--table', 'admins']);
    const from = requests.length;
    await expect.poll(() => requests.length - from, { timeout: 20_000, interval: 50 }).toBeGreaterThan(3);
    running.process.kill('SIGINT');
    expect((await running.finished).code).toBe(130);
    project.simulator.latency = 0;
    const times = requests.slice(from).map(({ at }) => at);
    for (const [index, at] of times.slice(1).entries())
      expect(at - (times[index] ?? 0)).toBeGreaterThanOrEqual(650);
  });

  it('catalog --asyncapi says of each topic what it contains', async () => {
    const { code, stdout, stderr } = await project.command('catalog', 'acme', '--asyncapi');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { channels, components } = JSON.parse(stdout);
    const [deleted = ''] = (await project.latest('tags')).keys();
    project.simulator.workspace.remove('tags', deleted);
    await project.cycle();
    const registered = async (subject: string) => {
      const response = await fetch(`${inject('registryUrl')}/subjects/${subject}/versions/latest`);
      return JSON.parse(((await response.json()) as { schema: string }).schema);
    };
    const ajv = new Ajv();
    for (const table of TABLE_NAMES) {
      const { address, bindings } = channels[`acme.${table}`];
      expect(address).toBe(project.topic(table));
      expect(bindings.kafka.partitions).toBe(await partitionsOf(project, address));
      expect(components.schemas[table].schema, table).toEqual(await registered(`${address}-value`));
      const { key } = components.messages[`acme.${table}`].bindings.kafka;
      expect(key, table).toEqual(await registered(`${address}-key`));
      const versions = await project.versions(table);
      expect(versions, table).not.toEqual([]);
      for (const { value, headers } of versions) {
        const kind = value === null ? 'tombstone_headers' : 'row_headers';
        expect(ajv.validate(components.schemas[kind], headers), ajv.errorsText()).toBe(true);
      }
    }
  });
});

describe('simulate', () => {
  it('serves a workspace until it is stopped, and says how it was used', async () => {
    const running = startCommand(['simulate', '--port', '0', '--json', '--contacts', '3', '--token', 'mine']);
    const { url, token } = JSON.parse(await running.firstLine()) as { url: string; token: string };
    expect(token).toBe('mine');
    const asked = (authorization: string) => fetch(`${url}/contacts`, { headers: { authorization } });
    expect((await asked('Bearer other')).status).toBe(401);
    const contacts = (await (await asked('Bearer mine')).json()) as { total_count: number };
    expect(contacts.total_count).toBe(3);
    running.process.kill('SIGINT');
    const { code, stderr } = await running.finished;
    expect({ code, stderr }).toEqual({ code: 130, stderr: 'answered 2 requests\n' });
  });

  it.each([
    [['--port', '70000'], 2, 'it must be a port from 0 to 65535'],
    [['--port', 'http'], 2, 'it must be a whole number from 0'],
    [['--cursors', 'none'], 2, '--cursors must be one of keyset, position, not "none"'],
    [['--time-zone', 'Berlin'], 2, 'it must be a time zone such as Europe/Berlin'],
    [['--host', '192.0.2.1', '--port', '0'], 1, 'choose another --port (0: any free one) or --host'],
  ])('refuses %s', async (args, code, message) => {
    const result = await runCommand(['simulate', ...args]);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toMatch(/\n\s+at |defect/);
  });
});
