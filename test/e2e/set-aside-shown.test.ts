/** What is set aside shows wherever an operator may look, by its ID, until it is read. */

import { chromium } from 'playwright-core';
import { afterEach, expect, inject, it } from 'vitest';
import type { Fault } from '../../src/simulator/faults.js';
import { type RunningCommand, startCommand } from '../support/command.js';
import { addressOf, statusAt } from '../support/http.js';
import { notification, notify } from '../support/notify.js';
import { Project } from '../support/project.js';

/** Debian's. */
const CHROMIUM = '/usr/bin/chromium';
const SECRET = 'the client secret';
const WAIT = { timeout: 40_000, interval: 300 };
/** More than the page has whole messages for. */
const BROKEN = ['3', '5', '7', '11', '13', '17', '19'];
const CONTACT = 'named';

let project: Project;
let running: RunningCommand | null = null;
afterEach(async () => {
  running?.process.kill('SIGTERM');
  await running?.finished;
  await project.close();
});

async function open(): Promise<string> {
  const servers = { brokers: inject('brokers'), registryUrl: inject('registryUrl') };
  const counts = { contacts: 0, companies: 0, conversations: 0 };
  project = await Project.open({ ...servers, simulator: { seed: 21, counts } });
  const { accessToken } = project.simulator.options;
  await project.write({
    ...servers,
    connection: {
      credentials: { accessToken, clientSecret: SECRET },
      schedule: '* * * * * *',
      retry: { attempts: 1, timeout: '5s' },
      tables: { conversation_parts: {}, contacts: {} },
    },
    file: { http: { port: 0 } },
  });
  const { workspace, faults } = project.simulator;
  for (let id = 1; id <= 30; id += 1)
    workspace.addPart(workspace.create('conversations', { id: String(id) }));
  for (const id of [CONTACT, 'other']) workspace.create('contacts', { id });
  faults.inject({
    kind: 'status',
    status: 500,
    match: new RegExp(`^GET /(conversations/(${BROKEN.join('|')})|contacts/${CONTACT})$`),
  } as Fault);
  running = startCommand(['run', '--config', project.config, '--log-format', 'json']);
  return addressOf(running);
}

/** The lines of a metric, without its prefix. */
async function metric(url: string, name: string): Promise<string[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text.split('\n').filter((line) => line.startsWith(`intercom_kafka_${name}{`));
}

it('is on the page, in the API, in the metrics, in `status` and in the log, until it is read', async () => {
  const url = await open();
  const inApi = async (table = 'conversation_parts') => {
    const { connections } = await statusAt(url);
    const { setAside } = connections[0]?.tables.find(({ name }) => name === table) ?? { setAside: [] };
    return setAside.map(({ id }) => id).sort((a, b) => Number(a) - Number(b));
  };
  await expect.poll(() => inApi(), WAIT).toEqual(BROKEN);
  // So is what a notification names and can't be fetched, while another contact can.
  await expect.poll(async () => (await project.latest('contacts')).size, WAIT).toBe(2);
  const name = async (id: string) => {
    const body = notification('contact.user.updated', { type: 'contact', id });
    expect((await notify(url, SECRET, body)).status).toBe(200);
    return inApi('contacts');
  };
  await name(CONTACT);
  await expect.poll(() => name('other'), WAIT).toEqual([CONTACT]);

  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    const shown = async () => {
      const text = (await page.locator('main').textContent()) ?? '';
      return [...BROKEN, CONTACT].filter((id) => new RegExp(`ID ${id}\\b`).test(text));
    };
    await expect.poll(shown, WAIT).toEqual([...BROKEN, CONTACT]);
    expect(await page.locator('.message').first().textContent()).toMatch(/GET .*: 500 server_error/);

    const subjects = async () =>
      (await metric(url, 'set_aside_since_timestamp_seconds')).map(
        (line) => /subject="ID (\w+)"/.exec(line)?.[1],
      );
    expect((await subjects()).sort()).toEqual([...BROKEN, CONTACT].sort());
    expect(await metric(url, 'set_aside')).toEqual(
      expect.arrayContaining([expect.stringMatching(/table="conversation_parts"} 7$/)]),
    );
    const inStatus = async () => (await project.command('status')).stdout;
    const wanted = [...BROKEN.map((id) => `/conversations/${id}`), `/contacts/${CONTACT}`];
    const missing = async () => {
      const text = await inStatus();
      return wanted.filter((path) => !text.includes(`GET ${path}: 500`));
    };
    await expect.poll(missing, WAIT).toEqual([]);
    for (const path of wanted) {
      const id = path.split('/')[2];
      expect(running?.stderr()).toMatch(new RegExp(`set aside: ID ${id}: GET ${path}: 500`));
    }

    project.simulator.faults.clear();
    await expect.poll(shown, WAIT).toEqual([]);
    await expect.poll(async () => [...(await inApi()), ...(await subjects())], WAIT).toEqual([]);
    await expect.poll(inStatus, WAIT).not.toContain('set aside');
    expect((await project.latest('conversation_parts')).size).toBe(30);
    for (const id of [...BROKEN, CONTACT])
      expect(running?.stderr()).toMatch(new RegExp(`recovered: ID ${id}\\b`));
  } finally {
    await browser.close();
  }
}, 120_000);
