import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { CLI, startCommand } from '../support/command.js';
import { Project } from '../support/project.js';

const COUNTS = { contacts: 40, companies: 12, conversations: 9, parts: 2 };
let project: Project;

beforeAll(async () => {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: COUNTS, from: Date.parse('2024-01-01') / 1000, scrollExpirySeconds: 1 },
    connection: { schedule: '* * * * * *', startDate: '2023-01-01' },
  });
  await project.cycle();
});
afterAll(() => project.close());

const reset = (...args: string[]) => project.command('reset', 'acme', ...args);
const seconds = (row: Readonly<Record<string, unknown>>) => Number(row.updated_at);

/** Runs the command on a terminal of its own and answers its question. */
async function resetOnTerminal(answer: string): Promise<{ code: number; shown: string }> {
  const command = `'${process.execPath}' '${CLI}' reset acme contacts --config '${project.config}'`;
  const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    if (shown.includes('[y/N]') && !child.stdin.writableEnded) child.stdin.end(answer);
  });
  const [code] = (await once(child, 'close')) as [number];
  return { code, shown };
}

describe('reset', () => {
  it('asks on a terminal, and only there', async () => {
    expect(await resetOnTerminal('n\n')).toMatchObject({ code: 1 });
    const unasked = await reset('contacts');
    expect(unasked).toMatchObject({ code: 2, stdout: '' });
    expect(unasked.stderr).toContain('--yes');
    await project.cycle();
    expect((await project.counts()).contacts).toBe(COUNTS.contacts);
    const { code, shown } = await resetOnTerminal('y\n');
    expect(code).toBe(0);
    expect(shown).toContain('the next cycle publishes contacts again');
    expect((await project.command('status')).stdout).toMatch(/contacts .* reset/);
    await project.cycle();
    expect((await project.counts()).contacts).toBe(2 * COUNTS.contacts);
  });

  it('publishes one table again and leaves the others alone', async () => {
    const before = await project.counts();
    expect(await reset('tags', 'companies', '--yes')).toMatchObject({ code: 0 });
    await project.cycle();
    const after = await project.counts();
    expect(after.companies).toBe((before.companies ?? 0) + COUNTS.companies);
    expect(after.tags).toBe((before.tags ?? 0) + project.simulator.workspace.list('tags').length);
    expect({ ...after, companies: 0, tags: 0 }).toEqual({ ...before, companies: 0, tags: 0 });
    await project.cycle();
    expect(await project.counts()).toEqual(after);
  });

  it('publishes a table that is read whole again in full, also when its first cycle is killed midway', async () => {
    const before = (await project.counts()).companies ?? 0;
    await reset('companies', '--yes');
    project.simulator.faults.inject({ kind: 'status', status: 403, match: '/companies/scroll', after: 1 });
    expect((await project.command('run', '--once', '--table', 'companies')).code).toBe(1);
    project.simulator.faults.clear();
    await project.cycle();
    expect((await project.counts()).companies).toBe(before + COUNTS.companies);
  });

  it('begins at the given date', async () => {
    const rows = [...project.simulator.workspace.rows('contacts')];
    const times = rows.map(seconds).sort((a, b) => a - b);
    const start = (times.at(-10) ?? 0) + 900;
    const before = (await project.counts()).contacts ?? 0;
    // Also where no bookmark stands, as when a first cycle has not come far.
    await reset('contacts', '--yes');
    const { code, stdout } = await reset(
      'contacts',
      '--yes',
      '--json',
      '--start-date',
      new Date(start * 1000).toISOString(),
    );
    expect({ code, ...JSON.parse(stdout) }).toEqual({ code: 0, connection: 'acme', tables: ['contacts'] });
    await project.cycle();
    // The lookback of 15 minutes reaches behind the date.
    const expected = times.filter((time) => time >= start - 900).length;
    expect((await project.counts()).contacts).toBe(before + expected);
  });

  it('still makes tombstones of what is gone, and of conversations that were deleted before it', async () => {
    const { workspace } = project.simulator;
    const [company] = workspace.rows('companies');
    const [conversation] = workspace.rows('conversations');
    workspace.remove('companies', String(company?.id));
    workspace.remove('conversations', String(conversation?.id));
    await reset('--yes');
    await project.cycle();
    expect((await project.latest('companies')).has(String(company?.id))).toBe(false);
    expect((await project.latest('conversations')).has(String(conversation?.id))).toBe(false);
  });

  it.each([
    [['nobody', '--yes'], 'there is no connection "nobody"'],
    [['acme', 'people', '--yes'], 'connection acme has no table "people"'],
    [['acme', '--yes', '--start-date', 'yesterday'], '--start-date must be a date'],
    [['acme', '--yes', '--start-date', '2999-01-01'], 'not in the future'],
    [
      ['acme', '--yes', '--start-date', '2020-01-01'],
      'lies before the startDate of acme (2023-01-01T00:00:00.000Z)',
    ],
  ])('refuses %s', async (args, message) => {
    const { code, stderr } = await project.command('reset', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('refuses while an instance owns the connection', async () => {
    const running = startCommand(['run', '--config', project.config]);
    await running.until('"table":"contacts"');
    const { code, stderr } = await reset('--yes');
    running.process.kill('SIGTERM');
    await running.finished;
    expect(code).toBe(1);
    expect(stderr).toContain('is owned by a running instance');
    expect((await project.states()).get('contacts')).toMatchObject({
      error: null,
      bookmark: expect.any(Number),
    });
  });

  it('has nothing to forget before anything was published', async () => {
    await project.write({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      file: { state: { topic: `${project.prefix}.other` } },
    });
    expect(await reset('--yes')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing to reset'),
    });
  });
});
