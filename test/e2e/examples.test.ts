/** The examples in other languages, as their documents say to run them. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TopicReader } from '../../src/kafka/reader.js';
import { Project } from '../support/project.js';
import { python } from '../support/python.js';

const run = promisify(execFile);
const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));

let project: Project;

beforeAll(async () => {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 120, companies: 10, conversations: 90, parts: 2 } },
    connection: { tables: { contacts: {}, conversations: {} } },
  });
  await project.cycle();
}, 120_000);
afterAll(() => project.close());

it('reads the latest version of each row with Python', async () => {
  const { workspace } = project.simulator;
  const [gone] = [...workspace.rows('conversations')].slice(-1);
  workspace.remove('conversations', String(gone?.id));
  await project.cycle();
  const script = join(EXAMPLES, 'python/latest.py');
  const source = [inject('brokers').join(), inject('registryUrl'), project.topic('conversations')];
  const { stdout } = await run(await python(), [script, ...source], { maxBuffer: 64 * 1024 * 1024 });
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  expect(rows.sort()).toEqual([...workspace.rows('conversations')].map(({ id }) => String(id)).sort());
}, 180_000);

describe('the join in Kafka Streams', () => {
  let dir: string;
  let streams: ChildProcess;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-test-streams-'));
    await cp(join(EXAMPLES, 'streams-join'), dir, {
      recursive: true,
      filter: (path) => !path.endsWith('target'),
    });
    await run('mvn', ['--batch-mode', '--quiet', '--no-transfer-progress', 'package'], { cwd: dir });
    const classes = ['target/conversations-with-contacts-1.jar', 'target/lib/*'].join(':');
    const java = [`-Dstate.dir=${join(dir, 'state')}`, '-Xmx256m', '-cp', classes];
    const source = [inject('brokers').join(), inject('registryUrl'), project.prefix, 'acme'];
    streams = spawn('java', [...java, 'example.ConversationsWithContacts', ...source], {
      cwd: dir,
      stdio: 'ignore',
    });
  }, 240_000);
  afterAll(async () => {
    if (streams.exitCode === null) {
      const ended = new Promise((resolve) => streams.once('exit', resolve));
      streams.kill('SIGTERM');
      await ended;
    }
    await rm(dir, { recursive: true, force: true });
    expect(existsSync(dir)).toBe(false);
  });

  it('holds every conversation with its contact, follows a contact, and buries what is deleted', async () => {
    const { workspace } = project.simulator;
    const joined = new Joined(project);
    try {
      const ids = [...workspace.rows('conversations')].map(({ id }) => String(id));
      await joined.until((rows) => ids.every((id) => rows.get(id) != null));
      const [id = ''] = ids;
      const contact = JSON.parse(joined.rows.get(id) ?? 'null').contact as { id: string };
      workspace.update('contacts', contact.id, { email: 'changed@example.com' });
      await project.cycle();
      await joined.until((rows) => rows.get(id)?.includes('changed@example.com') === true);
      workspace.remove('conversations', id);
      await project.cycle();
      await joined.until((rows) => rows.get(id) === null);
    } finally {
      await joined.close();
    }
  }, 120_000);
});

/** What the join's topic holds, as it grows. */
class Joined {
  readonly rows = new Map<string, string | null>();
  readonly #topic: string;
  readonly #reader: TopicReader;

  constructor({ kafka, prefix }: Project) {
    this.#topic = `${prefix}.acme.conversations_with_contacts`;
    this.#reader = new TopicReader(kafka);
  }

  /** Follows the topic until the condition holds. */
  async until(condition: (rows: ReadonlyMap<string, string | null>) => boolean): Promise<void> {
    while (!condition(this.rows)) {
      const stop = new AbortController();
      const deadline = setTimeout(() => stop.abort(), 5_000);
      try {
        const options = { from: 'earliest', until: 'never', signal: stop.signal } as const;
        for await (const records of this.#reader.read(this.#topic, options)) {
          for (const { key, value } of records) this.rows.set(String(key), value?.toString('utf8') ?? null);
          if (condition(this.rows)) return;
        }
      } catch {
        // The topic is made when the join starts.
      } finally {
        clearTimeout(deadline);
      }
    }
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }
}
