import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type RunningCommand, startCommand } from '../support/command.js';
import { addressOf } from '../support/http.js';
import { Project } from '../support/project.js';

/** Debian's. */
const CHROMIUM = '/usr/bin/chromium';
const PICTURES = fileURLToPath(new URL('../../.dev/pictures', import.meta.url));
const HOSTILE = '<img src=x onerror="document.title=\'broken\'"><script>document.title="broken"</script>';

describe('the status page in a browser', () => {
  let project: Project;
  let running: RunningCommand;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    await mkdir(PICTURES, { recursive: true });
    project = await Project.open({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      simulator: { counts: { contacts: 400, companies: 20, conversations: 40 } },
    });
    const { simulator } = project;
    const credentials = { accessToken: simulator.options.accessToken };
    await project.write({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      file: {
        http: { port: 0 },
        connections: [
          { name: 'acme', baseUrl: simulator.url, credentials, schedule: '*/2 * * * * *' },
          {
            name: 'refused',
            baseUrl: simulator.url,
            credentials: { accessToken: 'wrong' },
            tables: { tags: {} },
          },
        ],
      },
    });
    running = startCommand(['run', '--config', project.config]);
    url = await addressOf(running);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    running?.process.kill('SIGTERM');
    await running?.finished;
    await project?.close();
  });

  /** The page in a window of this kind, and what its console complained about. */
  async function open(
    options: Parameters<Browser['newPage']>[0],
  ): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage(options);
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    return { page, complaints };
  }

  it('shows every table, the reason of a failure and no complaint of the browser', async () => {
    const { page, complaints } = await open({ viewport: { width: 1280, height: 900 } });
    await page.getByText('ready', { exact: true }).waitFor();
    const contacts = page.locator('tr', { has: page.locator('td', { hasText: /^contacts$/ }) });
    await expect.poll(() => contacts.textContent(), { timeout: 30_000 }).toContain('400');
    await expect.poll(() => page.locator('tbody').first().locator('tr:not(.reason)').count()).toBe(11);
    await expect
      .poll(() => page.locator('.error').first().textContent(), { timeout: 30_000 })
      .toMatch(/401|token/i);
    await page.screenshot({ path: `${PICTURES}/status-wide.png`, fullPage: true });
    expect(complaints).toEqual([]);
  });

  it('goes on by itself', async () => {
    const { page } = await open({});
    const contacts = page.locator('tr', { has: page.locator('td', { hasText: /^contacts$/ }) });
    await expect.poll(() => contacts.locator('td').nth(3).textContent(), { timeout: 30_000 }).toBe('400');
    project.simulator.workspace.touchMany('contacts', 7, { name: 'changed' });
    await expect.poll(() => contacts.locator('td').nth(3).textContent(), { timeout: 30_000 }).toBe('407');
  });

  it.each(['light', 'dark'] as const)('fits a phone, %s', async (colorScheme) => {
    const { page, complaints } = await open({ viewport: { width: 360, height: 740 }, colorScheme });
    await page.getByText('contacts', { exact: true }).first().waitFor();
    const wider = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(wider).toBeLessThanOrEqual(0);
    await page.screenshot({ path: `${PICTURES}/status-phone-${colorScheme}.png`, fullPage: true });
    expect(complaints).toEqual([]);
  });

  it('shows hostile names and messages as texts', async () => {
    const page = await browser.newPage();
    const error = { code: HOSTILE, message: HOSTILE, at: new Date().toISOString(), retryAt: null };
    await page.route('**/api/status', async (route) => {
      const status = (await (await fetch(`${url}/api/status`)).json()) as { connections: object[] };
      const connections = status.connections.map((each) => ({ ...each, name: HOSTILE, error }));
      await route.fulfill({ json: { ...status, ready: false, reasons: [HOSTILE], connections } });
    });
    await page.goto(url);
    await expect.poll(() => page.locator('h2').first().textContent()).toBe(HOSTILE);
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.title()).toBe('intercom-kafka');
  });

  it('says when the publisher does not answer', async () => {
    const page = await browser.newPage();
    await page.goto(url);
    await page.locator('h2').first().waitFor();
    await page.route('**/api/status', (route) => route.abort());
    await page.getByText('no answer').waitFor();
    expect(await page.locator('h2').count()).toBeGreaterThan(0);
  });
});
