/** The schema of the chart's values, and the values that the chart comes with. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { chartSchema } from '../../../dev/generate/chart-schema.js';
import { parseConfig } from '../../../src/config/load.js';
import { mergeValues, type Values } from '../../support/chart-values.js';

const CHART = fileURLToPath(new URL('../../../charts/intercom-kafka/', import.meta.url));
const yaml = (file: string): Values => parse(readFileSync(CHART + file, 'utf8'));
const examples = readdirSync(`${CHART}ci`).map((file) => `ci/${file}`);
const validate = new Ajv({ allErrors: true, strict: false }).compile(chartSchema());

/** Where the values are wrong, by JSON pointer, when they are laid over the chart's own. */
function places(values: Values): string[] {
  if (validate(mergeValues(yaml('values.yaml'), values))) return [];
  return [...new Set((validate.errors ?? []).map(({ instancePath }) => instancePath))];
}

it('values.schema.json is up to date', async () => {
  const text = `${JSON.stringify(chartSchema(), null, 1)}\n`;
  await expect(text).toMatchFileSnapshot('../../../charts/intercom-kafka/values.schema.json');
});

it('has every value that values.yaml has, and no other', () => {
  const { properties } = chartSchema() as { properties: object };
  const { global: _, ...own } = properties as Record<string, unknown>;
  expect(Object.keys(own)).toEqual(Object.keys(yaml('values.yaml')));
});

describe('accepts', () => {
  it.each(examples)('%s', (file) => expect(places(yaml(file))).toEqual([]));
});

describe('rejects', () => {
  const minimal = yaml('ci/minimal-values.yaml');
  const config = minimal.config as Values;

  it.each<[string, Values, string[]]>([
    ['no configuration at all', {}, ['/config']],
    ['a value that does not exist', { ...minimal, replicas: 3 }, ['']],
    ['a setting that does not exist', { ...minimal, config: { ...config, kafkaa: {} } }, ['/config']],
    [
      'a setting of the wrong type',
      { ...minimal, config: { ...config, topics: { partitions: 'many' } } },
      ['/config/topics/partitions'],
    ],
    ['no server', { ...minimal, config: { ...config, http: null } }, ['/config']],
    ['a port by chance', { ...minimal, config: { ...config, http: { port: 0 } } }, ['/config/http/port']],
    ['a digest that is none', { ...minimal, image: { digest: 'latest' } }, ['/image/digest']],
    ['half a replica', { ...minimal, replicaCount: 1.5 }, ['/replicaCount']],
  ])('%s', (_, values, expected) => {
    expect(places(values)).toEqual(expect.arrayContaining(expected));
  });
});

it.each(examples.filter((file) => yaml(file).config !== undefined))(
  '%s has a configuration that the publisher accepts',
  (file) => {
    const { config } = mergeValues(yaml('values.yaml'), yaml(file));
    const text = JSON.stringify(config).replaceAll(/\$\{[^}]*\}/g, 'a secret');
    expect(parseConfig(text, file, {}).http).toMatchObject({ host: '0.0.0.0' });
  },
);

it('has the version of the package, twice', () => {
  const manifest = JSON.parse(readFileSync(`${CHART}../../package.json`, 'utf8'));
  const address = manifest.repository.url.replace(/^git\+(.+)\.git$/, '$1');
  expect(yaml('Chart.yaml')).toMatchObject({
    version: manifest.version,
    appVersion: manifest.version,
    home: address,
    sources: [address],
  });
});
