/** The library inside a program, while a publisher works. */

import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createPublisher, readTable } from '../../src/index.js';
import { Project } from '../support/project.js';

const ROUNDS = 6;

let project: Project;

beforeAll(async () => {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 400 } },
    connection: { tables: { contacts: {} } },
  });
  await project.cycle();
});
afterAll(() => project.close());

const where = () => ({
  kafka: { brokers: inject('brokers') },
  schemaRegistry: { url: inject('registryUrl') },
  connection: 'acme',
  prefix: project.prefix,
});

it('goes on right behind the latest versions: none is missed, none comes twice', async () => {
  const stop = new AbortController();
  const seen = new Map<string, number>();
  let last = '';
  const changes = (async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [id = ''] = project.simulator.workspace.touchMany('contacts', 40, { name: `round ${round}` });
      last = id;
      await project.cycle();
    }
  })();
  const options = { ...where(), follow: true, signal: stop.signal };
  const names = new Map<string, string | null>();
  for await (const { key, value, partition, offset } of readTable('contacts', options)) {
    const at = `${partition}/${offset}`;
    seen.set(at, (seen.get(at) ?? 0) + 1);
    names.set(key, value?.name ?? null);
    if (key === last && names.get(last) === `round ${ROUNDS - 1}`) stop.abort();
  }
  await changes;
  expect([...seen].filter(([, times]) => times > 1)).toEqual([]);
  const isSeen = ({ partition, offset }: { partition: number; offset: number }) =>
    seen.has(`${partition}/${offset}`);
  const records = await project.versions('contacts');
  // What an earlier version of a key was, the latest one says no more.
  const missed = records.filter(
    (record) =>
      !isSeen(record) &&
      !records.some((each) => each.key === record.key && each.offset > record.offset && isSeen(each)),
  );
  expect(records.length).toBe(400 + ROUNDS * 40);
  expect(missed).toEqual([]);
}, 60_000);

it('follows from a time on, and shows nothing that is older', async () => {
  const stop = new AbortController();
  const times = (await project.versions('contacts')).map(({ timestamp }) => timestamp);
  const from = new Date(Math.max(...times) + 1);
  const options = { ...where(), from, follow: true, signal: stop.signal };
  const following = (async () => {
    const keys: string[] = [];
    for await (const { key } of readTable('contacts', options)) {
      keys.push(key);
      if (keys.length === 3) stop.abort();
    }
    return keys.sort();
  })();
  const touched = project.simulator.workspace.touchMany('contacts', 3, { name: 'late' });
  await project.cycle();
  expect(await following).toEqual([...touched].sort());
});

it('takes no part for the whole where it is stopped, and ends where it was to be', async () => {
  const stop = new AbortController();
  const read = async (options: { follow: boolean; signal: AbortSignal; mode: 'latest' | 'history' }) => {
    let count = 0;
    for await (const _ of readTable('contacts', { ...where(), ...options })) count += 1;
    return count;
  };
  stop.abort();
  for (const mode of ['latest', 'history'] as const) {
    await expect(read({ mode, follow: false, signal: stop.signal })).rejects.toMatchObject({
      code: 'stopped',
    });
    expect(await read({ mode, follow: true, signal: stop.signal })).toBe(0);
  }
});

it('a reading that is disposed ends, also while it waits for the next version', async () => {
  const pending: Promise<unknown>[] = [];
  const options = { ...where(), follow: true } as const;
  {
    await using reading = readTable('contacts', options);
    for (let read = 0; read < 400; read += 1) expect((await reading.next()).done).toBe(false);
    pending.push(reading.next());
  }
  expect(await Promise.all(pending)).toEqual([{ value: undefined, done: true }]);
});

it('a publisher that is disposed ends what runs, and can do nothing any more', async () => {
  const publisher = await createPublisher(project.config);
  const owned = new Promise<void>((resolve) => publisher.on('connection:owned', () => resolve()));
  const running: Promise<void>[] = [];
  {
    await using embedded = publisher;
    running.push(embedded.run(new AbortController().signal));
    await owned;
  }
  await Promise.all(running);
  await expect(publisher.runOnce()).rejects.toMatchObject({ code: 'stopped' });
  await publisher.close();
  // The group is free: a new publisher has its cycle at once.
  await project.cycle();
});
