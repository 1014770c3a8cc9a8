/** The JSON Schema for editors, by another validator: it accepts what the publisher accepts. */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { configJsonSchema } from '../../../src/config/json-schema.js';
import { connectionYaml, message } from './parse.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const validate = new Ajv({ allErrors: true, strict: false }).compile(configJsonSchema());

/** Where the file is wrong, by JSON pointer. */
function places(yaml: string): string[] {
  if (validate(parseYaml(yaml))) return [];
  return [...new Set((validate.errors ?? []).map(({ instancePath }) => instancePath))];
}

/** Every YAML block of the documents that is a whole configuration, and every example. */
async function published(): Promise<[string, string][]> {
  const documents = ['README.md', ...(await readdir(join(ROOT, 'docs'))).map((name) => `docs/${name}`)];
  const blocks = documents
    .filter((name) => name.endsWith('.md'))
    .map(async (name): Promise<[string, string][]> => {
      const text = await readFile(join(ROOT, name), 'utf8');
      const found = [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, yaml = '']) => yaml);
      return found
        .filter((yaml) => /^connections:/m.test(yaml))
        .map((yaml, index) => [`${name} ${index}`, yaml]);
    });
  const example = await readFile(join(ROOT, 'intercom-kafka.example.yaml'), 'utf8');
  return [['the example', example], ...(await Promise.all(blocks)).flat()];
}

it('accepts what the documents show', async () => {
  const files = await published();
  expect(files.length).toBeGreaterThan(2);
  for (const [name, yaml] of files) expect([name, places(yaml)]).toEqual([name, []]);
});

describe('what the publisher accepts', () => {
  it.each([
    [
      'references in place of any single value',
      `gateway: \${PROXY:-}\nrateLimit: \${RATE}\nregion: \${file:region}`,
    ],
    ['null for what can be turned off', 'gateway: null\nschedule: null\ndeletes: {reconcile: null}'],
    ['tables without settings', 'tables: {contacts: , tags: {schedule: "0 * * * *"}}'],
    ['durations as text and seconds', 'lookback: 15m\nretry: {timeout: 30}'],
  ])('%s', (_, keys) => {
    expect(places(connectionYaml(keys))).toEqual([]);
  });

  it('credentials that only the defaults have', () => {
    expect(places('defaults: {credentials: {accessToken: t}}\nconnections: [{name: acme}]')).toEqual([]);
  });
});

describe('what the publisher refuses', () => {
  it.each([
    ['an unknown key', connectionYaml('regoin: us'), '/connections/0'],
    ['a wrong word', connectionYaml('region: mars'), '/connections/0/region'],
    ['a number that is too large', `http: {port: 70000}\n${connectionYaml('')}`, '/http/port'],
    ['text for a number', `state: {partitions: many}\n${connectionYaml('')}`, '/state/partitions'],
    [
      'an unknown level',
      `schemaRegistry: {compatibility: backward}\n${connectionYaml('')}`,
      '/schemaRegistry/compatibility',
    ],
    ['an unknown table', connectionYaml('tables: {people: {}}'), '/connections/0/tables'],
    ['a name that no topic can have', 'connections: [{name: "Acme Inc"}]', '/connections/0/name'],
    ['no connection', 'kafka: {brokers: [localhost:9092]}', ''],
    ['a list for a mapping', `kafka: [localhost:9092]\n${connectionYaml('')}`, '/kafka'],
  ])('%s', (_, yaml, place) => {
    expect(places(yaml)).toContain(place);
    expect(message(yaml)).not.toBe('no problem');
  });
});
