/** A token that a secret store keeps in a file, and replaces while the publisher runs. */

import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, inject, it, onTestFinished } from 'vitest';
import { endCommand, startCommand } from '../support/command.js';
import { Project } from '../support/project.js';
import { problemsOf } from '../support/verify.js';

const PATIENT = { timeout: 60_000, interval: 100 };

it('is read again when the old one is refused, without a restart', async () => {
  const project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 0, companies: 0, conversations: 0 } },
    connection: {
      credentials: { accessToken: `\${file:token}` },
      schedule: '* * * * * *',
      tables: { tags: {} },
    },
  });
  onTestFinished(() => project.close());
  const { simulator } = project;
  const store = (token: string) => writeFile(join(dirname(project.config), 'token'), `${token}\n`);
  await store(simulator.options.accessToken);
  const running = startCommand(['run', '--config', project.config, '--log-format', 'json']);
  onTestFinished(() => endCommand(running, 'SIGTERM'));
  await running.until('"table finished"');

  simulator.rotate('another-token');
  simulator.workspace.create('tags');
  await running.until('unauthorized');
  await store('another-token');
  await running.until('credentials read again from their files');
  await expect.poll(() => problemsOf(project, { tables: ['tags'] }), PATIENT).toEqual([]);
  expect(running.stderr()).not.toMatch(/another-token|simulated-token/);
});
