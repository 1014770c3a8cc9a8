/** `${NAME}` and `${file:PATH}` in values: what is replaced, what it is read as, and that it is never shown. */

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { loadSource, parseConfig } from '../../../src/config/load.js';
import { connectionYaml, message, parse, parseConnection, problems } from './parse.js';

const topic = (text: string, env: Record<string, string>): string | undefined =>
  parse(`topics: {config: {x: ${JSON.stringify(text)}}}\n${connectionYaml('')}`, env).topics.config.x;

describe('replacement', () => {
  const env = { A: 'one', B: 'two', EMPTY: '', NUMBER: '1.50' };

  it.each([
    [`\${A}`, 'one'],
    [`\${A}-\${B}`, 'one-two'],
    [`x\${A}y`, 'xoney'],
    [`\${NONE:-three}`, 'three'],
    [`\${NONE:-}`, ''],
    [`\${EMPTY}`, ''],
    [`\${EMPTY:-three}`, 'three'],
    [`\${A:-three}`, 'one'],
    [`\${NONE:-a:-b}`, 'a:-b'],
    [`$\${A}`, `\${A}`],
    [`$$\${A}`, `$\${A}`],
    [`\${NUMBER}`, '1.50'],
    ['$A {A} $', '$A {A} $'],
  ])('%s', (text, expected) => {
    expect(topic(text, env)).toBe(expected);
  });

  it('leaves keys alone', () => {
    const { config } = parse(`topics: {config: {"\${A}": v}}\n${connectionYaml('')}`, env).topics;
    expect(Object.keys(config)).toEqual([`\${A}`]);
  });

  it('can add no keys and no references, whatever the variable holds', () => {
    const seed = 20_240_101;
    process.stdout.write(`seed ${seed}\n`);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => topic(`<\${V}>`, { V: value }) === `<${value}>`),
      { seed },
    );
    expect(topic(`\${V}`, { V: `\${A}\nname: "x"` })).toBe(`\${A}\nname: "x"`);
  });
});

describe('a file', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'intercom-kafka-files-'));
    await writeFile(join(folder, 'token'), 's3cret\n');
    await writeFile(join(folder, 'lines'), 'a\nb\r\n');
    await writeFile(join(folder, 'empty'), '\n');
    await mkdir(join(folder, 'deep'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const read = (text: string) => {
    const yaml = `topics: {config: {x: ${JSON.stringify(text)}}}\n${connectionYaml('')}`;
    return parseConfig(yaml, join(folder, 'intercom-kafka.yaml'), { A: 'one' }).topics.config.x;
  };

  it.each([
    [`\${file:token}`, 's3cret'],
    [`<\${A}:\${file:./deep/../token}>`, '<one:s3cret>'],
    [`\${file:lines}`, 'a\nb'],
    [`\${file:empty}`, ''],
    [`$\${file:token}`, `\${file:token}`],
  ])('%s', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it('may be named by an absolute path', () => {
    expect(read(`\${file:${join(folder, 'token')}}`)).toBe('s3cret');
  });

  it('is named where it can’t be read, or where its text is wrong, and its text is not shown', () => {
    const file = join(folder, 'intercom-kafka.yaml');
    const parsed = (keys: string) => () => parseConfig(connectionYaml(keys), file, {});
    expect(parsed(`region: \${file:none}`)).toThrow('connections[0].region: file none does not exist');
    expect(parsed(`region: \${file:deep}`)).toThrow(
      "connections[0].region: file deep can't be read (EISDIR)",
    );
    expect(parsed(`region: \${file:token}`)).toThrow(`got the value of \${file:token}`);
    expect(parsed(`region: \${file:token}`)).not.toThrow('s3cret');
  });

  it('is read anew with the same text', async () => {
    const file = join(folder, 'intercom-kafka.yaml');
    await writeFile(file, `connections: [{name: acme, credentials: {accessToken: "\${file:rotated}"}}]`);
    await writeFile(join(folder, 'rotated'), 'first');
    const { config, again } = await loadSource(file, {});
    await writeFile(file, 'no longer YAML: [');
    await writeFile(join(folder, 'rotated'), 'second');
    const tokens = [config, again()].map(({ connections }) => connections[0]?.credentials);
    expect(tokens).toEqual([{ accessToken: 'first' }, { accessToken: 'second' }]);
  });
});

describe('types', () => {
  it('reads a variable as what belongs there', () => {
    const yaml = `
http: {host: "\${HOST}", port: "\${PORT}"}
topics: {create: "\${CREATE}", replicationFactor: "\${FACTOR:--1}"}
kafka: {sasl: "\${SASL:-}", ssl: "\${SSL:-true}"}
${connectionYaml(`gateway: \${PROXY:-}\nschedule: \${CRON:-null}\nlookback: \${LOOKBACK}\nrateLimit: \${RATE}\napiVersion: \${V}\nstartDate: \${START}`)}`;
    const config = parse(yaml, {
      HOST: '0',
      PORT: '9465',
      CREATE: 'false',
      LOOKBACK: '60',
      RATE: '0.5',
      V: '2.10',
      START: '2024-01-01',
    });
    expect(config.http).toEqual({ host: '0', port: 9465, auth: null });
    expect(config.topics).toMatchObject({ create: false, replicationFactor: -1 });
    expect(config.kafka).toMatchObject({ sasl: null, ssl: true });
    expect(config.connections[0]).toMatchObject({
      gateway: null,
      schedule: null,
      lookback: 60,
      rateLimit: 0.5,
      apiVersion: '2.10',
      startDate: 1_704_067_200,
    });
  });

  it(`reads http: \${OFF} as off`, () => {
    expect(parse(`http: \${OFF}\n${connectionYaml('')}`, { OFF: 'null' }).http).toBeNull();
  });

  it('keeps text where text belongs', () => {
    const { credentials } = parse(`connections: [{name: "\${N}", credentials: {accessToken: "\${T}"}}]`, {
      N: '123',
      T: 'true',
    }).connections[0] ?? { credentials: null };
    expect(credentials).toEqual({ accessToken: 'true' });
  });

  it('does not read a quoted number of the file as a number', () => {
    expect(problems(`http: {port: "9464"}\n${connectionYaml('')}`)).toEqual([
      'http.port: expected a port from 0 to 65535, got "9464" (line 1:14)',
    ]);
  });
});

describe('problems', () => {
  it('names path and variable, once each', () => {
    const yaml = `http: {port: "\${PORT}"}\n${connectionYaml(`region: \${REGION}-\${ZONE}`)}`;
    expect(problems(yaml)).toEqual([
      'http.port: environment variable PORT is not set and has no default (line 1:14)',
      'connections[0].region: environment variable REGION is not set and has no default (line 5:13)',
      'connections[0].region: environment variable ZONE is not set and has no default (line 5:13)',
    ]);
  });

  it.each([`\${}`, `\${1A}`, `\${A`, `\${A B}`, `\${A-x}`, `\${A:-\${B}}`, `\${file:}`, `\${file:\${B}}`])(
    'refuses %s',
    (text) => {
      const yaml = connectionYaml(`gateway: ${JSON.stringify(text)}`);
      expect(problems(yaml, { A: 'http://a', B: 'http://b' })).toEqual([
        `connections[0].gateway: expected \${NAME}, \${NAME:-default} or \${file:PATH}, or $\${ for the characters \${ themselves (line 4:14)`,
      ]);
    },
  );

  it('says that a variable is empty', () => {
    expect(problems(`connections: [{name: a, credentials: {accessToken: "\${T}"}}]`, { T: '' })).toEqual([
      `connections[0].credentials.accessToken: expected text, got \${T}, which is empty (line 1:52)`,
    ]);
  });

  it('never shows what a variable holds', () => {
    const secret = 'S3CR3T';
    const everywhere = `
kafka: {brokers: ["\${S}"], clientId: "\${S}", ssl: "\${S}", sasl: "\${S}", compression: "\${S}"}
schemaRegistry: {url: "http://x:\${S}@y", auth: "\${S}"}
topics: {prefix: "\${S}!", partitions: "\${S}", config: {cleanup.policy: "\${S}"}}
state: "\${S}"
defaults: {region: "\${S}", startDate: "\${S}", credentials: "\${S}"}
connections:
  - {name: "\${S}", gateway: "\${S}", lookback: "\${S}", tables: {tags: {exclude: ["\${S}."]}}}
  - {name: "\${L}"}
  - {name: "\${L}"}
  - "\${S}"`;
    const text = message(everywhere, { S: secret, L: secret.toLowerCase() });
    expect(text).toContain('19 problems');
    expect(text.toLowerCase()).not.toContain(secret.toLowerCase());
  });
});

it('keeps what a connection has around a variable', () => {
  expect(parseConnection(`baseUrl: http://\${HOST}:\${PORT:-80}/`, { HOST: 'h' }).baseUrl).toBe(
    'http://h:80',
  );
});
