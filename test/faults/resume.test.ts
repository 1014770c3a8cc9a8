/**
 * A back-fill that is killed goes on where it was: windows that were read are not read again, whichever of
 * them the bookmark had not reached.
 */

import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startCommand } from '../support/command.js';
import { Project } from '../support/project.js';
import { readRecords } from '../support/topics.js';

const ROWS = 60_000;
const PAGES = ROWS / 150;
/**
 * Windows that are read at once at most, and the pages of one: 1,500 rows, some of them on a page that others
 * share.
 */
const AT_ONCE = 24;
const PAGES_A_WINDOW = 12;

let project: Project;

beforeAll(async () => {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: ROWS }, budget: null, sublistLimit: 1_000 },
    connection: { tables: { contacts: {} } },
    keepsReplies: false,
  });
});
afterAll(() => project.close());

it('repeats no more than the windows that were under way', async () => {
  const { simulator } = project;
  const pages = () => simulator.traffic.count('POST /contacts/search');
  const killAt = Math.round(PAGES * 0.9);
  const running = startCommand(['run', '--once', '--config', project.config]);
  await new Promise<void>((resolve) => {
    simulator.onRequest = () => {
      if (pages() >= killAt) resolve();
    };
  });
  running.process.kill('SIGKILL');
  await running.finished;
  simulator.onRequest = null;
  const before = pages();
  expect((await project.states()).get('contacts')?.bookmark).not.toBeNull();

  await project.cycle();

  const again = pages() - PAGES;
  expect(pages() - before).toBeLessThan(PAGES);
  expect(again).toBeLessThanOrEqual(AT_ONCE * PAGES_A_WINDOW);
  // Of the rows that others replaced before the first reading none is in the topic, so none is asked for.
  expect(simulator.traffic.count('GET /contacts/*')).toBe(0);
  const records = await readRecords(project.kafka, project.topic('contacts'));
  expect(records.length).toBe(ROWS);
  expect(new Set(records.map(({ key }) => key?.toString('hex'))).size).toBe(ROWS);
}, 120_000);
