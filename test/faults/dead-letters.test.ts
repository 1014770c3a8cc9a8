import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Row } from '../../src/simulator/collection.js';
import { completeCycles, startCommand } from '../support/command.js';
import { createTopics } from '../support/create-topics.js';
import { startRewritingProxy } from '../support/hostile-servers.js';
import { Project, type ProjectOptions } from '../support/project.js';
import { readRecords } from '../support/topics.js';

const CONTACTS = 120;
const LIMIT = 12_000;
/** Without patterns, so that compression does not make it fit, and still the same in each run. */
const LARGE = Array.from({ length: 2_000 }, (_, index) => Math.sin(index).toString(36).slice(3)).join(' ');

let options: ProjectOptions;
let project: Project;

beforeEach(async () => {
  options = {
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: CONTACTS, companies: 0, conversations: 0, tags: 30 }, seed: 12 },
    connection: { tables: { contacts: { exclude: ['phone'] }, tags: {} } },
  };
  project = await Project.open(options);
});
afterEach(() => project.close());

/** The topics of the tables take small rows only. */
async function createSmallTopics(limit = LIMIT): Promise<void> {
  const config = { 'cleanup.policy': 'compact', 'max.message.bytes': String(limit) };
  const topics = ['contacts', 'tags'].map((table) => project.topic(table));
  await createTopics(
    project.kafka,
    topics.map((topic) => ({ topic, partitions: 3, config })),
  );
}

interface Letter {
  readonly key: string;
  /** Null is a tombstone. */
  readonly value: Row | null;
}

/** Every version of every letter, by the order of the topic. */
async function letters(): Promise<Letter[]> {
  const records = await readRecords(project.kafka, project.topic('dead_letters'));
  return records.map(({ key, value }) => ({
    key: String(key),
    value: value === null ? null : (JSON.parse(value.toString('utf8')) as Row),
  }));
}

interface Status {
  readonly table: string;
  readonly deadLetters: number;
  readonly state: string;
}

async function statusOf(table: string): Promise<Status | undefined> {
  const { stdout } = await project.command('status', '--json');
  return (JSON.parse(stdout) as Status[]).find((each) => each.table === table);
}

const keysOf = (table: 'contacts' | 'tags') =>
  [...project.simulator.workspace.rows(table)].map(({ id }) => String(id));

describe('a row that is larger than its topic takes', () => {
  it('goes to the dead-letter topic, is counted, and leaves it when a smaller version succeeds', async () => {
    await createSmallTopics();
    const { workspace } = project.simulator;
    const [id = '', ...others] = keysOf('contacts');
    workspace.update('contacts', id, { name: LARGE, phone: 'a secret' });
    await project.cycle();
    expect([...(await project.latest('contacts')).keys()].sort()).toEqual(others.sort());
    expect(await letters()).toEqual([
      {
        key: `contacts/${id}`,
        value: {
          table: 'contacts',
          key: id,
          reason: expect.stringMatching(
            /takes \d+ bytes, topic .*contacts takes 12000 \(max.message.bytes\)/,
          ),
          fetchedAt: expect.stringMatching(/^\d{4}-.*Z$/),
          raw: expect.objectContaining({ id, name: LARGE }),
        },
      },
    ]);
    expect(JSON.stringify(await letters())).not.toContain('a secret');
    expect(await statusOf('contacts')).toMatchObject({ deadLetters: 1, state: 'ok', records: CONTACTS - 1 });
    const { stdout } = await project.command('status');
    expect(stdout).toMatch(/contacts .*\b1\b/);
    const newest = Math.floor(Number(workspace.contacts.get(id)?.updated_at));
    expect((await project.states()).get('contacts')?.bookmark).toBe(newest);

    workspace.update('contacts', id, { name: 'small again' });
    await project.cycle();
    expect((await project.latest('contacts')).get(id)?.value?.name).toBe('small again');
    expect((await letters()).map(({ key, value }) => [key, value === null])).toEqual([
      [`contacts/${id}`, false],
      [`contacts/${id}`, true],
    ]);
    expect(await project.versions('contacts')).toHaveLength(CONTACTS);
  });

  it('is written there once, however often it is read again unchanged, by whichever instance', async () => {
    await createSmallTopics();
    const { workspace } = project.simulator;
    const [contact = ''] = keysOf('contacts');
    const [tag = ''] = keysOf('tags');
    workspace.update('contacts', contact, { name: LARGE });
    workspace.update('tags', tag, { name: LARGE });
    for (let cycle = 0; cycle < 3; cycle += 1) await project.cycle();
    expect((await letters()).map(({ key }) => key).sort()).toEqual([`contacts/${contact}`, `tags/${tag}`]);
    expect(await statusOf('tags')).toMatchObject({ deadLetters: 1 });
    workspace.update('tags', tag, { name: `${LARGE} and more` });
    await project.cycle();
    expect((await letters()).filter(({ key }) => key === `tags/${tag}`)).toHaveLength(2);
  });

  it('leaves no letter behind when it becomes what was published before, or is deleted', async () => {
    await createSmallTopics();
    const { workspace } = project.simulator;
    const [back = '', gone = ''] = keysOf('tags');
    const { name } = workspace.get('tags', back) ?? {};
    workspace.update('tags', gone, { name: LARGE });
    await project.cycle();
    workspace.update('tags', back, { name: LARGE });
    await project.cycle();
    workspace.update('tags', back, { name });
    workspace.remove('tags', gone);
    await project.cycle();
    const latest = new Map((await letters()).map(({ key, value }) => [key, value]));
    expect(latest).toEqual(
      new Map([
        [`tags/${back}`, null],
        [`tags/${gone}`, null],
      ]),
    );
    expect([...(await project.latest('tags')).keys()].sort()).toEqual(keysOf('tags').sort());
  });

  it('is kept without its content where the dead-letter topic is small, too', async () => {
    await createSmallTopics();
    const config = { 'cleanup.policy': 'compact', 'max.message.bytes': String(LIMIT) };
    await createTopics(project.kafka, [{ topic: project.topic('dead_letters'), partitions: 3, config }]);
    const [id = ''] = keysOf('tags');
    project.simulator.workspace.update('tags', id, { name: LARGE });
    await project.cycle();
    const [letter] = await letters();
    expect(letter?.value).toMatchObject({ key: id, raw: null, rawBytes: expect.any(Number) });
  });
});

describe('rows that fit into a small topic', () => {
  it('are published though they would not fit together', async () => {
    await createSmallTopics(6_000);
    await project.cycle();
    expect((await project.latest('contacts')).size).toBe(CONTACTS);
    expect(await letters()).toEqual([]);
  });
});

describe('a row without a usable ID', () => {
  /** What the first tags have for an ID instead. */
  const BROKEN = [null, '', '\ud800', {}, 1.5];

  beforeEach(async () => {
    const baseUrl = await startRewritingProxy(project.simulator.url, (reply, { path }) => {
      if (!path.startsWith('/tags')) return reply;
      const json = JSON.parse(reply.text) as { data: Row[] };
      const data = json.data.map((row, index) =>
        index < BROKEN.length ? { ...row, id: BROKEN[index] } : row,
      );
      return { ...reply, text: JSON.stringify({ ...json, data }) };
    });
    await project.write({
      ...options,
      connection: { ...options.connection, baseUrl, schedule: '* * * * * *' },
    });
  });

  it('goes to the dead-letter topic once, and the rest of its page is published', async () => {
    const running = startCommand(['run', '--config', project.config]);
    try {
      await expect
        .poll(() => completeCycles(running, 'tags'), { timeout: 20_000, interval: 300 })
        .toBeGreaterThan(3);
    } finally {
      running.process.kill('SIGTERM');
      await running.finished;
    }
    await project.cycle();
    const expected = keysOf('tags').slice(BROKEN.length);
    expect([...(await project.latest('tags')).keys()].sort()).toEqual(expected.sort());
    const all = await letters();
    expect(all).toHaveLength(BROKEN.length);
    for (const { value } of all)
      expect(value).toMatchObject({ table: 'tags', reason: 'the row has no usable id' });
    expect(await statusOf('tags')).toMatchObject({ deadLetters: BROKEN.length, state: 'ok' });
  });
});
