/** What registries show of the package, and every other place that names its repository. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json'));
const address = manifest.repository.url.replace(/^git\+(.+)\.git$/, '$1');

describe('package.json', () => {
  it('names repository, home page and issues of one repository', () => {
    expect(address).toMatch(/^https:\/\/github\.com\/[a-z0-9-]+\/intercom-kafka$/);
    expect(manifest).toMatchObject({
      repository: { type: 'git', url: `git+${address}.git` },
      homepage: `${address}#readme`,
      bugs: `${address}/issues`,
    });
  });

  it('has keywords, in order and each once', () => {
    expect(manifest.keywords).toEqual([...new Set(manifest.keywords)].toSorted());
    expect(manifest.keywords).toEqual(expect.arrayContaining(['intercom', 'kafka', 'cdc', 'avro']));
  });
});

it.each([
  'README.md',
  'CONTRIBUTING.md',
  'docs/security.md',
  'docs/deployment.md',
  'charts/intercom-kafka/README.md',
  'charts/intercom-kafka/Chart.yaml',
  'charts/intercom-kafka/values.yaml',
  'examples/systemd/intercom-kafka.service',
])('%s names the same repository', (file) => {
  const [owner] = new URL(address).pathname.slice(1).split('/');
  const named = [
    ...read(file).matchAll(/(?:github\.com|ghcr\.io)\/([\w-]+)\/(?:charts\/)?intercom-kafka\b/g),
  ];
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((match) => match[1] !== owner)).toEqual([]);
});
