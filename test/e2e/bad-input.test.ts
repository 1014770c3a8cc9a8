import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { freePort } from '../../dev/ports.js';
import { createTopics } from '../support/create-topics.js';
import { Project, type ProjectOptions } from '../support/project.js';

const FEW = { contacts: 5, companies: 2, conversations: 2, parts: 1 };

/** No stack, no defect: a message for a person. */
function expectAdvice(stderr: string, ...parts: (string | RegExp)[]): void {
  expect(stderr).not.toMatch(/^\s+at .*:\d+/m);
  expect(stderr).not.toContain('defect');
  for (const part of parts) expect(stderr).toMatch(part);
}

describe('bad input', () => {
  let project: Project;
  let options: ProjectOptions;
  let down: string;

  beforeAll(async () => {
    options = { brokers: inject('brokers'), registryUrl: inject('registryUrl'), simulator: { counts: FEW } };
    project = await Project.open(options);
    down = `127.0.0.1:${await freePort()}`;
  });
  afterAll(() => project.close());

  it.each(['run --once', 'check', 'preview acme tags'])('a wrong token ends %s with 3', async (command) => {
    await project.write({ ...options, connection: { credentials: { accessToken: 'wrong-token' } } });
    const { code, stdout, stderr } = await project.command(...command.split(' '));
    expect(code).toBe(3);
    expectAdvice(stdout + stderr, /401 unauthorized/, /credentials\.accessToken/);
    expect(stdout + stderr).not.toContain('wrong-token');
  });

  it('a missing permission fails check, which names it, its table and what can be read', async () => {
    await project.write(options);
    project.simulator.faults.inject({ kind: 'status', status: 403, match: 'GET /tags' });
    onTestFinished(() => project.simulator.faults.clear());
    const { code, stdout } = await project.command('check');
    expect(code).toBe(1);
    expectAdvice(
      stdout,
      /^ok {4}connection acme: workspace/m,
      /^ok {4}tables of acme: 10 of 11 can be read$/m,
      /^FAIL {2}table acme\/tags: GET \/tags: 403 forbidden .*the permission "Read tags": grant it in the Developer Hub/m,
      /^ok {4}topics of acme/m,
    );
    const { stderr } = await project.command('run', '--once', '--table', 'tags');
    expectAdvice(stderr, /the permission \\"Read tags\\": grant it/);
  });

  it('a token that is revoked midway fails the connection and keeps what was committed', async () => {
    await project.write(options);
    await project.cycle();
    project.simulator.revoke();
    const { code, stdout } = await project.command('run', '--once');
    expect(code).toBe(3);
    expect(stdout).toBe('');
    const states = await project.states();
    expect(states.get('contacts')).toMatchObject({
      records: FEW.contacts,
      error: { code: 'credentials-refused' },
    });
    await project.simulator.close();
    project = await Project.open(options);
  });

  it.each(['run --once', 'check', 'status'])('an unreachable broker ends %s with 1', async (command) => {
    await project.write({ ...options, brokers: [down] });
    const { code, stdout, stderr } = await project.command(...command.split(' '));
    expect(code).toBe(1);
    expectAdvice(stdout + stderr, down, /kafka\.brokers/);
  });

  it.each(['run --once', 'check'])('an unreachable registry ends %s with 1', async (command) => {
    await project.write({ ...options, registryUrl: `http://${down}/apis/ccompat/v7` });
    const { code, stdout, stderr } = await project.command(...command.split(' '));
    expect(code).toBe(1);
    expectAdvice(stdout + stderr, down, /schemaRegistry\.url/);
  });

  /** The port of somebody who takes connections and says nothing. */
  async function mutePort(): Promise<number> {
    const mute = createServer(() => undefined).listen(0, '127.0.0.1');
    onTestFinished(() => void mute.close());
    await once(mute, 'listening');
    return (mute.address() as AddressInfo).port;
  }

  it('a broker that never answers ends run with 1', async () => {
    const broker = `127.0.0.1:${await mutePort()}`;
    await project.write({ ...options, brokers: [broker] });
    const { code, stderr } = await project.command('run');
    expect(code).toBe(1);
    expectAdvice(stderr, new RegExp(`no connection at ${broker}`), /kafka\.brokers/);
  });

  it.each(['run --once', 'check'])('a registry that never answers ends %s with 1', async (command) => {
    const port = await mutePort();
    await project.write({ ...options, registryUrl: `http://127.0.0.1:${port}` });
    const { code, stdout, stderr } = await project.command(...command.split(' '));
    expect(code).toBe(1);
    expectAdvice(
      stdout + stderr,
      new RegExp(`no usable answer from http://127.0.0.1:${port}`),
      /schemaRegistry\.url/,
    );
  });

  it.each(['run --once --table tags', 'check'])('an unreachable API ends %s with 1', async (command) => {
    await project.write({ ...options, connection: { baseUrl: `http://${down}` } });
    const { code, stdout, stderr } = await project.command(...command.split(' '));
    expect(code).toBe(1);
    expectAdvice(stdout + stderr, down, /baseUrl/);
  });

  it.each<[string, Partial<ProjectOptions>, RegExp[]]>([
    ['a misspelt key', { file: { kafak: {} } }, [/kafak/, /kafka/]],
    [
      'a start date in the future',
      { connection: { startDate: '2999-01-01' } },
      [/connections\[0\]\.startDate/, /future/],
    ],
    ['an unknown table', { connection: { tables: { contact: {} } } }, [/contact/, /contacts/]],
  ])('%s in the file ends every command with 2', async (_, change, said) => {
    await project.write({ ...options, ...change });
    for (const command of ['run', 'check', 'status', 'catalog']) {
      const { code, stdout, stderr } = await project.command(command);
      expect(code, command).toBe(2);
      expectAdvice(stderr, 'intercom-kafka.yaml', ...said);
      expect(stdout).toBe('');
    }
  });

  it('a missing key ends with 2 and names it', async () => {
    await project.write(options);
    const text = await readFile(project.config, 'utf8');
    await writeFile(
      project.config,
      text
        .replace(/schemaRegistry:\n {2}url: .*\n/, 'schemaRegistry: {}\n')
        .replace(/accessToken: .*/, ['accessToken: $', '{NOT_SET_ANYWHERE}'].join('')),
    );
    const { code, stderr } = await project.command('run', '--once');
    expect(code).toBe(2);
    expectAdvice(stderr, /NOT_SET_ANYWHERE/);
  });

  it.each([
    ['an unknown command', ['bogus'], /unknown command/],
    ['an unknown option', ['run', '--twice'], /unknown option/],
    ['an unknown connection', ['run', '--once', '--connection', 'nobody'], /no connection "nobody".*acme/],
    ['an unknown table', ['preview', 'acme', 'contact'], /no table "contact".*contacts/],
    ['a limit that is no number', ['preview', 'acme', 'tags', '--limit', 'many'], /whole number/],
  ])('%s on the command line ends with 2', async (_, args, said) => {
    await project.write(options);
    const { code, stderr } =
      args[0] === 'bogus'
        ? await (await import('../support/command.js')).runCommand(args)
        : await project.command(...args);
    expect(code).toBe(2);
    // Off a terminal, `run` reports on standard error as JSON.
    expectAdvice(stderr.replaceAll('\\"', '"'), said);
  });

  describe('topics that exist with other settings', () => {
    beforeAll(async () => {
      await project.simulator.close();
      project = await Project.open(options);
      await createTopics(project.kafka, [
        { topic: project.topic('tags'), partitions: 3, config: { 'cleanup.policy': 'delete' } },
        { topic: project.topic('teams'), partitions: 1, config: { 'cleanup.policy': 'compact' } },
      ]);
    });

    it('fail check, each with what to do', async () => {
      await project.write(options);
      const { code, stdout } = await project.command('check');
      expect(code).toBe(1);
      expectAdvice(
        stdout,
        /acme\.tags has cleanup\.policy=delete.*set it to compact/,
        /acme\.teams has 1 partitions.*topics\.partitions/,
      );
    });

    it('keep run from publishing where old rows would be dropped', async () => {
      await project.write(options);
      const { code, stderr } = await project.command('run', '--once', '--table', 'tags');
      expect(code).toBe(1);
      expectAdvice(stderr, /acme\.tags has cleanup\.policy=delete/);
    });

    it('are missing where nobody may create them', async () => {
      await project.write({ ...options, file: { topics: { prefix: `${project.prefix}x`, create: false } } });
      const { code, stderr } = await project.command('run', '--once');
      expect(code).toBe(1);
      expectAdvice(stderr, /does not exist: create it/);
    });
  });

  describe('what somebody else put into the topics', () => {
    const put = async (topic: string, key: string | null, value: string | null) => {
      const producer = project.kafka.producer();
      await producer.connect();
      await producer.send({ topic, messages: [{ key, value }] });
      await producer.disconnect();
    };

    beforeAll(async () => {
      await project.simulator.close();
      project = await Project.open(options);
      await project.cycle();
    });

    it('is left alone and told of: every row goes on', async () => {
      const before = await project.counts();
      await put(project.topic('contacts'), 'hello', '{}');
      await put(project.topic('companies'), 'hello', '{}');
      await put(project.topic('companies'), '\u0000\u0001', null);
      await put(`${project.prefix}.state`, 'other/tags', 'not ours');
      const { code, stderr } = await project.command('run', '--once');
      expect(code).toBe(0);
      expectAdvice(
        stderr,
        /acme\.companies contains records not written by this publisher \(first: partition \d/,
      );
      expect(stderr.match(/contains records not written by this publisher/g)).toHaveLength(2);
      expect(await project.counts()).toMatchObject({
        contacts: (before.contacts ?? 0) + 1,
        companies: (before.companies ?? 0) + 2,
      });
    });

    it('is left out of what is read back, and told of', async () => {
      const { code, stdout, stderr } = await project.command('replay', 'acme', 'companies');
      expect(code).toBe(0);
      expect(stdout.trim().split('\n')).toHaveLength(FEW.companies);
      expectAdvice(
        stderr,
        /companies: skipped records that are not in the format of this table \(first at partition \d/,
      );
    });

    it('keeps a table from being published over where it is its state, and every other one is shown', async () => {
      await put(`${project.prefix}.state`, 'acme/teams', '{"version":2}');
      const { code, stdout, stderr } = await project.command('run', '--once');
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expectAdvice(stderr, /the state of acme\/teams can't be read: its version is 2.*Repair/);
      const status = await project.command('status');
      expect(status.code).toBe(0);
      expectAdvice(
        status.stdout,
        /teams .* failed/,
        /contacts .* ok/,
        /acme\/teams: the state of acme\/teams/,
      );
      await put(`${project.prefix}.state`, 'acme/teams', null);
      await project.cycle();
    });
  });
});
