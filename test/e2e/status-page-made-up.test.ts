/** The page with connections that are made up, in a browser: many of them, and in every state. */

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startServer } from '../../src/http/server.js';
import { PublisherError } from '../../src/model/errors.js';
import { Events } from '../../src/model/events.js';
import { observerRoutes } from '../../src/observe/routes.js';
import { launchBrowser, openPage, overflowOf, takePicture } from '../support/browser.js';
import { commit, emitHour, madeUpConnections } from '../support/made-up.js';

const HOSTILE = '<img src=x onerror="document.title=\'broken\'"><script>document.title="broken"</script>';

/** The page requests changes every two seconds. */
const EVENTUALLY = { timeout: 30_000 };

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

interface Served {
  readonly url: string;
  readonly events: Events;
  readonly kafka: { isThere: boolean };
}

/** A page of so many connections, an hour after the start. */
async function serve(count: number, options: { name?: string; isNew?: boolean } = {}): Promise<Served> {
  const events = new Events();
  const clock: { now: number | null } = { now: null };
  const kafka = { isThere: true };
  const connections = madeUpConnections(
    count,
    options.name === undefined ? undefined : () => options.name ?? '',
  );
  const routes = observerRoutes({
    events,
    version: '1.2.3',
    connections: () => connections,
    ping: async () => {
      if (!kafka.isThere) throw new Error('no broker');
    },
    nextTime: () => Date.now() + 150_000,
    now: () => clock.now ?? Date.now(),
  });
  const setClock = (now: number) => {
    clock.now = now;
  };
  if (options.isNew !== true) emitHour(events, connections, { end: Date.now(), setClock });
  clock.now = null;
  const server = await startServer({ host: '127.0.0.1', port: 0, auth: null }, routes);
  onTestFinished(() => server.close());
  return { url: server.url, events, kafka };
}

const namesOf = (page: Page) => page.locator('h2').allTextContents();
const cardOf = (page: Page, name: string) =>
  page.locator('.card', { has: page.locator('h2', { hasText: name }) });
/** Resolves with the next answer that has only changes. */
const nextChange = (page: Page) => page.waitForResponse(/\/api\/status\?since=/);

describe.each([1_280, 390])('%d pixels wide', (width) => {
  it.each([
    [1, 'light'],
    [1, 'dark'],
    [12, 'light'],
    [12, 'dark'],
    [60, 'light'],
    [60, 'dark'],
  ] as const)('shows %d connections, %s', async (count, colorScheme) => {
    const { url } = await serve(count);
    const { page, complaints } = await openPage(browser, url, {
      viewport: { width, height: 900 },
      colorScheme,
    });
    await page
      .locator('.card')
      .nth(count - 1)
      .waitFor();
    expect(await page.locator('.card[open]').count()).toBe(count === 1 ? 1 : 0);
    expect(await page.locator('#search').isVisible()).toBe(count > 3);
    await takePicture(page, `made-up-${count}-${width}-${colorScheme}`);
    for (const name of count === 1 ? [] : ['002', '003', '004', '005', '006', '007', '008'])
      await cardOf(page, name).locator('summary').click();
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    await takePicture(page, `made-up-${count}-${width}-${colorScheme}-open`);
    expect(complaints).toEqual([]);
  });
});

it('puts the failing connections first, with their reasons, and finds by name, state and error', async () => {
  const { url } = await serve(12);
  const { page } = await openPage(browser, url);
  await page.locator('.card').nth(11).waitFor();
  expect((await namesOf(page)).slice(0, 4)).toEqual(
    ['002', '003', '011', '004'].map((each) => `workspace_${each}`),
  );
  expect(await cardOf(page, '002').locator('.reason').textContent()).toContain('401 unauthorized');
  await page.fill('#search', '_01');
  expect(await namesOf(page)).toEqual(['workspace_011', 'workspace_010', 'workspace_012']);
  await page.fill('#search', 'gateway');
  expect(await namesOf(page)).toEqual(['workspace_003']);
  await page.fill('#search', 'no such thing');
  expect(await page.locator('#nothing').textContent()).toBe('No connection matches.');
  await page.fill('#search', '');
  await page.locator('.chip', { hasText: 'paused' }).click();
  expect(await namesOf(page)).toEqual(['workspace_004']);
});

it('shows of each table what an operator asks', async () => {
  const { url } = await serve(12);
  const { page } = await openPage(browser, url);
  const open = async (name: string) => {
    await cardOf(page, name).locator('summary').click();
    return cardOf(page, name).locator('.body');
  };
  const failing = await open('003');
  expect(await failing.locator('.advice').allTextContents()).toEqual([
    'What to do: Usually an error page of a proxy: check gateway.',
    "What to do: Wait; see Intercom's status.",
  ]);
  expect(await (await open('004')).locator('.badge.held').allTextContents()).toEqual([
    'paused',
    'paused',
    'paused',
  ]);
  const letters = await open('005');
  expect(await letters.locator('.note li').count()).toBe(5);
  expect(await letters.locator('.note').textContent()).toMatch(
    /7 dead letters written.*65f0c2a7b16 the row takes/,
  );
  expect(await (await open('006')).locator('.note').textContent()).toMatch(/2 set aside.*ID 7.*updated_at/);
  expect(await (await open('007')).locator('.badge.busy').locator('xpath=..').textContent()).toContain(
    '22% of',
  );
  const figures = await cardOf(page, '001')
    .locator('summary')
    .click()
    .then(() => cardOf(page, '001').locator('figure'));
  expect(await figures.nth(1).textContent()).toMatch(/now \d+ of 1,666 · peak \d+ at/);
});

it('shows the progress of a resync, of whatever fields it knows', async () => {
  const { url } = await serve(1);
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  const full = { since: '2024-01-01T00:00:00Z', republish: true, reached: 1_709_251_200, rows: 1_234 };
  const before = (ms: number) => new Date(Date.now() - ms).toISOString();
  const failing = { phase: 'reading', share: 0.426, records: 4, republished: 3, error: { message: '502' } };
  const resyncs = [
    { ...full, startedAt: before(600_000) },
    {},
    failing,
    { ...full, phase: 'finished', finishedAt: before(300_000), startedAt: before(600_000) },
    { ...full, phase: 'finished', finishedAt: before(90_000_000) },
    null,
    undefined,
    'x',
  ];
  await page.route(/\/api\/status/, async (route) => {
    const status = (await (await fetch(`${url}/api/status`)).json()) as {
      connections: { tables: object[] }[];
    };
    const connections = status.connections.map((each) => ({
      ...each,
      tables: each.tables.map((table, index) => ({ ...table, resync: resyncs[index] })),
    }));
    await route.fulfill({ json: { ...status, connections } });
  });
  await page.goto(url);
  await page.locator('.note').first().waitFor();
  expect(await page.locator('.note').allTextContents()).toEqual([
    'resync, republishing · 1,234 rows · from 2024-01-01 00:00 UTC · reached 2024-03-01 00:00 UTC · started 10m ago',
    'resync · from the start',
    'resync · reading · 42% · 7 rows · from the start502',
    'resync, republishing · finished · 1,234 rows · from 2024-01-01 00:00 UTC · reached 2024-03-01 00:00 UTC · started 10m ago · ended 5m ago',
  ]);
});

it('names the minute under the pointer and its number, also after an update', async () => {
  const { url, events } = await serve(1);
  const { page } = await openPage(browser, url, { viewport: { width: 1_280, height: 900 } });
  const plot = page.locator('.large .plot').first();
  const box = await plot.boundingBox();
  if (box === null) throw new Error('no chart');
  expect(await page.locator('#tip').isVisible()).toBe(false);
  await page.mouse.move(box.x + box.width * 0.125, box.y + 5);
  const before = await page.locator('#tip').textContent();
  expect(before).toMatch(/^\d\d:\d\d.*: [\d,]+ published$/);
  commit(events, { connection: 'workspace_001', table: 'contacts' }, 40_000);
  await expect
    .poll(() => cardOf(page, '001').locator('figcaption').first().textContent(), EVENTUALLY)
    .toContain('peak 40,');
  expect(await page.locator('#tip').isVisible()).toBe(true);
  expect(await page.locator('.mark[visibility=visible]').count()).toBe(1);
  await page.mouse.move(1, 1);
  expect(await page.locator('#tip').isVisible()).toBe(false);
});

it('updates 500 connections by what changed, and leaves open what is open', async () => {
  const { url, events } = await serve(500);
  const { page, complaints } = await openPage(browser, url, { viewport: { width: 1_280, height: 900 } });
  await page.locator('.card').nth(499).waitFor({ state: 'attached' });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  // Processor time, since other tests run beside this one. A second on a machine of its own is far more.
  expect(metrics.find(({ name }) => name === 'ScriptDuration')?.value).toBeLessThan(1);
  await page.fill('#search', '_077');
  await cardOf(page, '077').locator('summary').click();
  await page.locator('.chart.large').first().waitFor();
  await nextChange(page);
  commit(events, { connection: 'workspace_077', table: 'contacts' }, 5_000);
  const changes = await nextChange(page);
  expect((await changes.body()).length).toBeLessThan(3_000);
  await expect
    .poll(() => cardOf(page, '077').locator('.head').textContent(), EVENTUALLY)
    .toContain('per minute');
  await expect
    .poll(() => cardOf(page, '077').locator('figcaption').first().textContent(), EVENTUALLY)
    .toContain('peak 5,0');
  expect(await page.locator('.card[open]').count()).toBe(1);
  expect(complaints).toEqual([]);
});

it('moves a connection to the top when it fails, and back', async () => {
  const { url, events } = await serve(5);
  const { page } = await openPage(browser, url);
  await page.locator('.card').nth(4).waitFor();
  const at = { connection: 'workspace_001', table: 'contacts' } as const;
  const positionOf = async () => (await namesOf(page)).indexOf(at.connection);
  const before = await positionOf();
  events.emit('table:failed', { ...at, error: new PublisherError('api-error', 'broken') });
  await expect.poll(positionOf, EVENTUALLY).toBe(0);
  const now = new Date().toISOString();
  const summary = { number: 1, startedAt: now, finishedAt: now, records: 0, deletes: 0, notShown: 0 };
  events.emit('table:finished', { ...at, summary, bookmark: null, ms: 1, rowsRead: 0 });
  await expect.poll(positionOf, EVENTUALLY).toBe(before);
});

it('shows what there is before anything was polled', async () => {
  const { url, events } = await serve(2, { isNew: true });
  const { page, complaints } = await openPage(browser, url);
  await page.getByText('not ready: no connections assigned yet').waitFor();
  expect(await page.locator('.badge.idle', { hasText: 'served elsewhere' }).count()).toBe(2);
  events.emit('instance:assigned', { connections: ['workspace_001'] });
  events.emit('connection:owned', { connection: 'workspace_001', tables: ['contacts'] });
  const card = cardOf(page, '001');
  await expect.poll(() => card.locator('tbody tr').count(), EVENTUALLY).toBe(11);
  expect(await card.locator('td[data-label="fresh as of"]').first().textContent()).toBe('never');
  expect(await card.locator('td[data-label="last hour"]').first().textContent()).toBe(
    'none in the last hour',
  );
  expect(await card.locator('.chart').count()).toBe(0);
  expect(complaints).toEqual([]);
});

it('says that Kafka does not answer, and goes on showing what it knows', async () => {
  const { url, kafka } = await serve(1);
  kafka.isThere = false;
  const { page } = await openPage(browser, url);
  await page.getByText('not ready: Kafka does not answer').waitFor();
  expect(await page.locator('tbody tr').count()).toBe(11);
});

it('shows hostile names as texts, and long ones within the window', async () => {
  const { url, events } = await serve(1, { name: HOSTILE });
  const at = { connection: HOSTILE, table: 'contacts' } as const;
  events.emit('table:failed', {
    ...at,
    error: new PublisherError('api-error', `${HOSTILE}${'x'.repeat(2_000)}`),
  });
  const letters = { written: [{ key: HOSTILE, reason: 'y'.repeat(2_000) }], removed: [] };
  const counts = { records: 0, deletes: 0, deadLetters: 1, unknownFields: new Map<string, number>() };
  events.emit('hints:committed', { ...at, ...counts, letters });
  const { page, complaints } = await openPage(browser, url, { viewport: { width: 390, height: 740 } });
  expect(await page.locator('h2').first().textContent()).toBe(HOSTILE);
  expect(await page.locator('.note code').last().textContent()).toBe(HOSTILE);
  expect(await page.locator('main img, main script').count()).toBe(0);
  expect(await page.title()).toBe('intercom-kafka');
  expect(await overflowOf(page)).toBeLessThanOrEqual(0);
  expect(complaints).toEqual([]);
});
