import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type RunningCommand, startCommand } from '../support/command.js';
import { Project } from '../support/project.js';
import { readRecords } from '../support/topics.js';

let project: Project;
let running: RunningCommand;

const connection = (name: string, tables: object) => ({
  name,
  baseUrl: project.simulator.url,
  credentials: { accessToken: project.simulator.options.accessToken },
  schedule: '* * * * * *',
  tables,
});

/** Writes the file anew and says so to the running publisher. */
async function reload(...connections: object[]): Promise<void> {
  await project.write({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    file: { connections },
  });
  running.process.kill('SIGHUP');
}

const occurrences = (text: string) => running.stderr().split(text).length - 1;
const owned = (name: string) => occurrences(`"connection":"${name}","tables"`);

/** Number of records of a table, 0 for one without a topic. */
async function records(name: string, table: string): Promise<number> {
  try {
    return (await readRecords(project.kafka, `${project.prefix}.${name}.${table}`)).length;
  } catch {
    return 0;
  }
}

beforeAll(async () => {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 20, companies: 3, conversations: 2 } },
  });
  await project.write({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    file: { connections: [connection('alpha', { tags: {} })] },
  });
  running = startCommand(['run', '--config', project.config]);
  await running.until('"table":"tags"');
});
afterAll(async () => {
  running.process.kill('SIGTERM');
  await running.finished;
  await project.close();
});

describe('SIGHUP', () => {
  it('begins a connection that was added, and leaves the others alone', async () => {
    await reload(connection('alpha', { tags: {} }), connection('beta', { tags: {} }));
    await expect.poll(() => records('beta', 'tags'), { timeout: 20_000 }).toBeGreaterThan(0);
    expect(owned('alpha')).toBe(1);
  });

  it('adds a table to a connection', async () => {
    await reload(connection('alpha', { tags: {}, contacts: {} }), connection('beta', { tags: {} }));
    await expect.poll(() => records('alpha', 'contacts'), { timeout: 20_000 }).toBe(20);
    expect({ alpha: owned('alpha'), beta: owned('beta') }).toEqual({ alpha: 2, beta: 1 });
  });

  it('changes nothing for a file with an error, and says where it is', async () => {
    const good = await readFile(project.config, 'utf8');
    await appendFile(project.config, '\nnonsense: 5\n');
    running.process.kill('SIGHUP');
    await running.until('nonsense: unknown key');
    expect(running.stderr()).toContain('still running with the previous configuration');
    await writeFile(project.config, good);
    const cycles = occurrences('"connection":"beta","table":"tags"');
    await expect.poll(() => occurrences('"connection":"beta","table":"tags"')).toBeGreaterThan(cycles);
  });

  it('refuses what needs a restart', async () => {
    const good = await readFile(project.config, 'utf8');
    await writeFile(project.config, good.replace('http: null', 'http: {port: 0}'));
    running.process.kill('SIGHUP');
    await running.until('http changed, which needs a restart');
    await writeFile(project.config, good);
  });

  it('ends a connection that was dropped', async () => {
    await reload(connection('alpha', { tags: {}, contacts: {} }));
    await expect.poll(() => occurrences('configuration reloaded')).toBe(3);
    const cycles = occurrences('"connection":"beta","table":"tags"');
    const others = occurrences('"connection":"alpha","table":"tags"');
    await expect
      .poll(() => occurrences('"connection":"alpha","table":"tags"'), { timeout: 10_000 })
      .toBeGreaterThan(others + 2);
    expect(occurrences('"connection":"beta","table":"tags"')).toBe(cycles);
    expect(owned('alpha')).toBe(2);
  });
});
