import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../dev/ports.js';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';
import { CLI, runCommand } from '../support/command.js';
import { startForwardProxy } from '../support/fronts.js';

const FILE = `# who reads this file
kafka:
  brokers: [localhost:9092] # the local one

connections:
  # the first workspace
  - name: first
    credentials: {accessToken: "a-token"} # of a private app
`;

let simulator: Simulator;
let dir: string;
let config: string;

beforeEach(async () => {
  simulator = await startSimulator({ counts: { contacts: 3, companies: 1, conversations: 1 }, region: 'EU' });
  dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-connect-'));
  config = join(dir, 'intercom-kafka.yaml');
});
afterEach(async () => {
  await simulator.close();
  await rm(dir, { recursive: true, force: true });
});

/** What the authorization page sends the browser to. */
async function redirectOf(authorizationUrl: string): Promise<string> {
  const response = await fetch(authorizationUrl, { redirect: 'manual' });
  return response.headers.get('location') ?? '';
}

function authorize(): Promise<string> {
  const query = new URLSearchParams({
    client_id: simulator.options.clientId,
    redirect_uri: 'https://localhost/cb',
  });
  return redirectOf(`${simulator.url}/oauth?${query}`);
}

const connect = (...args: string[]) => connectIn({}, ...args);

const connectIn = (env: Readonly<Record<string, string>>, ...args: string[]) =>
  runCommand(
    [
      'connect',
      'acme',
      '--base-url',
      simulator.url,
      '--client-id',
      simulator.options.clientId,
      '--config',
      config,
      ...args,
    ],
    { INTERCOM_CLIENT_SECRET: simulator.options.clientSecret, ...env },
  );

describe('connect without a terminal', () => {
  it('takes a code, verifies it, and writes the connection beside the others', async () => {
    await writeFile(config, FILE);
    const { code, stdout } = await connect('--code', await authorize(), '--start-date', '2024-01-01');
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^Verified: workspace Simulated workspace, region EU, time zone America\/Los_Angeles/,
      ),
    });
    const written = await readFile(config, 'utf8');
    for (const line of FILE.split('\n')) expect(written.split('\n')).toContain(line);
    expect(written).toContain(`    baseUrl: ${simulator.url}\n    startDate: 2024-01-01\n`);
    expect(written).toContain(`clientSecret: \${INTERCOM_CLIENT_SECRET}`);
    expect(written).not.toContain(simulator.options.clientSecret);
    const token = join(dir, '.intercom-kafka', 'acme.token');
    expect((await readFile(token, 'utf8')).trim()).toBe(simulator.options.accessToken);
    expect((await stat(token)).mode & 0o777).toBe(0o600);
    const preview = await runCommand(['preview', 'acme', 'tags', '--limit', '1', '--config', config], {
      INTERCOM_CLIENT_SECRET: simulator.options.clientSecret,
    });
    expect(preview.code).toBe(0);
  });

  it('signs a connection in again, and keeps the rest of it', async () => {
    await writeFile(config, FILE.replace('first\n', 'acme\n    lookback: 1h # long\n'));
    expect((await connect('--code', await authorize())).code).toBe(0);
    const written = await readFile(config, 'utf8');
    expect(written).toContain('lookback: 1h # long');
    expect(written.match(/name: acme/g)).toHaveLength(1);
    expect(written).not.toContain('a-token');
  });

  it('makes a file where there is none', async () => {
    expect((await connect('--code', await authorize(), '--json')).code).toBe(0);
    expect((await stat(config)).mode & 0o777).toBe(0o600);
  });

  it('takes a proxy with a password from the environment only', async () => {
    const login = { username: 'intercom', password: 'gp-hidden' };
    const proxy = await startForwardProxy(login);
    onTestFinished(() => proxy.close());
    const url = `http://intercom:gp-hidden@127.0.0.1:${proxy.port}`;
    const refused = await connect('--code', await authorize(), '--gateway', url);
    expect({ code: refused.code, stderr: refused.stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('environment variable'),
    });
    expect(refused.stderr).not.toContain('gp-hidden');
    const options = ['--code', await authorize(), '--gateway', `\${PROXY}`];
    const { code, stderr } = await connectIn({ PROXY: url }, ...options);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(proxy.passed).toContain(new URL(simulator.url).host);
    const written = await readFile(config, 'utf8');
    expect(written).toContain(`gateway: \${PROXY}`);
    expect(written).not.toContain('gp-hidden');
  });

  it('says where to go when there is no code', async () => {
    const { code, stderr } = await connect();
    expect(code).toBe(2);
    expect(stderr).toContain(`${simulator.url}/oauth?client_id=${simulator.options.clientId}&state=`);
    expect(stderr).toContain('--code');
  });

  it.each([
    ['a wrong code', async () => ['--code', 'nonsense'], 3, /refused to exchange the code \(401\)/],
    [
      'a code that was denied',
      async () => ['--code', 'https://x/cb?error=access_denied'],
      3,
      /access_denied/,
    ],
    [
      'a code that was used',
      async () => {
        const redirect = await authorize();
        await connect('--code', redirect, '--config', join(dir, 'other.yaml'));
        await rm(join(dir, 'other.yaml'));
        await rm(join(dir, '.intercom-kafka'), { recursive: true });
        return ['--code', redirect];
      },
      3,
      /can be used once/,
    ],
    [
      'another region',
      async () => ['--code', await authorize(), '--region', 'us'],
      2,
      /is in region EU, not US: .*--region eu/,
    ],
    [
      'a missing permission',
      async () => {
        simulator.faults.inject({ kind: 'status', status: 403, match: '/companies/list' });
        return ['--code', await authorize()];
      },
      1,
      /lacks permissions: "Read and list users and companies"; grant them in the Developer Hub/,
    ],
    [
      'no API',
      async () => ['--code', 'x', '--base-url', `http://127.0.0.1:${await freePort()}`],
      1,
      /no answer from/,
    ],
    [
      'a date that is none',
      async () => ['--code', 'x', '--start-date', 'soon'],
      2,
      /start date must be a date/,
    ],
  ] as const)('ends %s with a clear answer, and nothing written', async (_, args, code, message) => {
    const result = await connect(...(await args()));
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toMatch(message);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(result.stderr).not.toContain(simulator.options.clientSecret);
    expect(await readdir(dir)).toEqual([]);
  });

  it('leaves a file alone that is not right', async () => {
    await writeFile(config, 'kafka: {brokers: 5}\n');
    const { code, stderr } = await connect('--code', await authorize());
    expect(code).toBe(2);
    expect(stderr).toContain('kafka.brokers');
    expect(await readFile(config, 'utf8')).toBe('kafka: {brokers: 5}\n');
  });
});

/** Runs the command on a terminal of its own: `answers` are typed when their question shows. */
async function onTerminal(
  args: readonly string[],
  answers: readonly (readonly [question: string, answer: (shown: string) => Promise<string | null>])[],
): Promise<{ code: number; shown: string }> {
  const quoted = [process.execPath, CLI, ...args].map((arg) => `'${arg}'`).join(' ');
  const child = spawn('script', ['-qec', quoted, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let shown = '';
  const pending = [...answers];
  const failures: unknown[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    const [next] = pending;
    if (next === undefined || !shown.includes(next[0])) return;
    pending.shift();
    void next[1](shown).then(
      (answer) => answer !== null && child.stdin.write(`${answer}\r`),
      (error: unknown) => {
        failures.push(error);
        child.kill();
      },
    );
  });
  const [code] = (await once(child, 'close')) as [number];
  if (failures.length > 0) throw failures[0];
  return { code, shown };
}

describe('connect on a terminal', () => {
  const say = (answer: string) => async () => answer;
  const urlIn = (shown: string) => /http\S+\/oauth\?\S+/.exec(shown)?.[0] ?? '';

  it('guides, asks, and goes on by itself when the browser comes back', async () => {
    const redirectUri = `http://localhost:${await freePort()}/callback`;
    const { code, shown } = await onTerminal(
      [
        'connect',
        'acme',
        '--base-url',
        simulator.url,
        '--redirect-uri',
        redirectUri,
        '--no-browser',
        '--config',
        config,
      ],
      [
        ['Start date', say('2024-01-01')],
        ['Forward proxy', say('')],
        ['Client ID:', say(simulator.options.clientId)],
        ['Client secret', say(simulator.options.clientSecret)],
        [
          'Paste the address',
          async (text) => {
            await fetch(await redirectOf(urlIn(text)));
            return null;
          },
        ],
      ],
    );
    expect(shown).toContain('Developer Hub');
    expect(shown).toContain('Verified: workspace Simulated workspace');
    expect(shown).not.toContain(simulator.options.clientSecret);
    expect(code).toBe(0);
    expect(await readFile(config, 'utf8')).toContain('name: acme');
  });

  it('takes the address when it is pasted, but not that of another attempt', async () => {
    const args = [
      'connect',
      'acme',
      '--base-url',
      simulator.url,
      '--client-id',
      simulator.options.clientId,
      '--no-browser',
    ];
    const secret = ['Client secret', say(simulator.options.clientSecret)] as const;
    const questions = [['Start date', say('')], ['Forward proxy', say('')], secret] as const;
    const redirect = ['--redirect-uri', 'https://localhost/callback', '--config', config];
    const wrong = await onTerminal(
      [...args, ...redirect],
      [...questions, ['Paste the address', say('https://localhost/callback?code=x&state=somebody-elses')]],
    );
    expect(wrong.code).toBe(2);
    expect(wrong.shown).toContain('belongs to another attempt');
    const right = await onTerminal(
      [...args, ...redirect],
      [...questions, ['Paste the address', (shown) => redirectOf(urlIn(shown))]],
    );
    expect(right.shown).toContain('Verified');
    expect(right.code).toBe(0);
  });
});
