import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Project } from '../support/project.js';
import { readRecords } from '../support/topics.js';

interface Line {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>> | null;
}

const COMPACT_AT_ONCE = {
  'segment.ms': '100',
  'min.cleanable.dirty.ratio': '0.001',
  'min.compaction.lag.ms': '0',
  'delete.retention.ms': '0',
};

let project: Project;

beforeAll(async () => {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 40, companies: 0, conversations: 0 } },
    connection: { tables: { contacts: {}, tags: {} } },
  });
  await project.write({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    connection: { tables: { contacts: {}, tags: {} } },
    file: { topics: { prefix: project.prefix, partitions: 1, config: COMPACT_AT_ONCE } },
  });
  await project.cycle();
});
afterAll(() => project.close());

async function replay(...args: string[]): Promise<Line[]> {
  const { code, stdout, stderr } = await project.command('replay', 'acme', ...args);
  if (code !== 0) throw new Error(stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

const rows = (lines: readonly Line[]) => new Map(lines.map(({ key, value }) => [key, value]));

describe('replay', () => {
  it('gives the same rows before and after the broker has compacted the topic', async () => {
    const { workspace } = project.simulator;
    const tags = [...workspace.rows('tags')].map(({ id }) => String(id));
    for (let round = 0; round < 6; round += 1) {
      for (const id of tags.slice(0, 20)) workspace.update('tags', id, { name: `round ${round}` });
      if (round === 3) for (const id of tags.slice(20, 25)) workspace.remove('tags', id);
      await project.cycle('--table', 'tags');
    }
    const before = rows(await replay('tags'));
    expect([...before.keys()].sort()).toEqual([...workspace.rows('tags')].map(({ id }) => String(id)).sort());
    expect(before.get(tags[0] ?? '')).toMatchObject({ name: 'round 5' });
    // The rows at first, the updates of each round, the tombstones: some of it may be compacted already.
    const written = tags.length + 6 * 20 + 5;
    const isCompacted = async () => {
      // A segment is only cleaned once another one has begun.
      workspace.update('tags', tags[0] ?? '', { name: `again ${Date.now()}` });
      await project.cycle('--table', 'tags');
      return (await readRecords(project.kafka, project.topic('tags'))).length;
    };
    await expect.poll(isCompacted, { timeout: 120_000, interval: 500 }).toBeLessThan(written - 60);
    const after = rows(await replay('tags'));
    after.set(tags[0] ?? '', before.get(tags[0] ?? '') ?? null);
    expect(after).toEqual(before);
  }, 180_000);

  it('begins at a time, and gives one key', async () => {
    const { workspace } = project.simulator;
    const since = new Date().toISOString();
    const [contact] = workspace.rows('contacts');
    const id = String(contact?.id);
    workspace.update('contacts', id, { name: 'since then' });
    await project.cycle();
    expect((await replay('contacts', '--from', since)).map(({ key }) => key)).toEqual([id]);
    expect(await replay('contacts', '--key', id)).toMatchObject([{ key: id, value: { name: 'since then' } }]);
    expect(await replay('contacts', '--key', id, '--history')).toHaveLength(2);
  });
});
