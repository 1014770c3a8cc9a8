import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { launchBrowser, openPage, overflowOf, takePicture } from '../support/browser.js';
import { type RunningCommand, startCommand } from '../support/command.js';
import { addressOf } from '../support/http.js';
import { Project } from '../support/project.js';

const HOSTILE = '<img src=x onerror="document.title=\'broken\'"><script>document.title="broken"</script>';

describe('the status page in a browser', () => {
  let project: Project;
  let running: RunningCommand;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
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
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    running?.process.kill('SIGTERM');
    await running?.finished;
    await project?.close();
  });

  const open = (options: Parameters<Browser['newPage']>[0]) => openPage(browser, url, options);
  /** The row of a table of the connection that works. */
  const rowOf = (page: Page, table: RegExp): Locator =>
    page
      .locator('.card', { has: page.locator('h2', { hasText: 'acme' }) })
      .locator('tr', { has: page.locator('td', { hasText: table }) });
  const cellOf = (page: Page, label: string) =>
    rowOf(page, /^contacts$/)
      .locator(`td[data-label="${label}"]`)
      .textContent();

  it('shows every table, the reason of a failure and no complaint of the browser', async () => {
    const { page, complaints } = await open({ viewport: { width: 1280, height: 900 } });
    await page.getByText('ready', { exact: true }).waitFor();
    await expect.poll(() => cellOf(page, 'rows'), { timeout: 30_000 }).toBe('400');
    await expect.poll(() => rowOf(page, /_|s$/).locator('xpath=self::*[not(@class)]').count()).toBe(11);
    await expect.poll(() => cellOf(page, 'fresh as of')).toMatch(/^\d+s ago$/);
    await expect.poll(() => cellOf(page, 'next poll')).toMatch(/^(due|in \ds)$/);
    const chart = rowOf(page, /^contacts$/).locator('.chart');
    await expect
      .poll(() => chart.getAttribute('aria-label'))
      .toMatch(/^published in the last hour.*peak \d+ at/);
    await expect
      .poll(() => page.locator('.message.bad').first().textContent(), { timeout: 30_000 })
      .toMatch(/401|token/i);
    expect(await page.locator('h2').first().textContent()).toBe('refused');
    expect(await page.locator('.advice').first().textContent()).toContain('Run intercom-kafka connect NAME');
    await takePicture(page, 'status-wide');
    expect(complaints).toEqual([]);
  });

  it('goes on by itself', async () => {
    const { page } = await open({});
    await expect.poll(() => cellOf(page, 'rows'), { timeout: 30_000 }).toBe('400');
    project.simulator.workspace.touchMany('contacts', 7, { name: 'changed' });
    await expect.poll(() => cellOf(page, 'rows'), { timeout: 30_000 }).toBe('407');
  });

  it.each(['light', 'dark'] as const)('fits a phone, %s', async (colorScheme) => {
    const { page, complaints } = await open({ viewport: { width: 360, height: 740 }, colorScheme });
    await page.getByText('contacts', { exact: true }).first().waitFor();
    expect(await overflowOf(page)).toBeLessThanOrEqual(0);
    await takePicture(page, `status-phone-${colorScheme}`);
    expect(complaints).toEqual([]);
  });

  it('shows hostile names and messages as texts', async () => {
    const page = await browser.newPage();
    const error = { code: HOSTILE, message: HOSTILE, at: new Date().toISOString(), retryAt: null };
    await page.route(/\/api\/status/, async (route) => {
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
    await page.route(/\/api\/status/, (route) => route.abort());
    await page.getByText('no answer').waitFor();
    expect(await page.locator('h2').count()).toBeGreaterThan(0);
  });
});
