/** The chart, rendered by Helm, or by Go's templates where Helm is missing. */

import { execFile, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { mergeValues, type Values } from './chart-values.js';
import { hasGo } from './go.js';
import { ROOT, read } from './linters.js';

const run = promisify(execFile);
export const CHART = 'charts/intercom-kafka';
const RENDERER = fileURLToPath(new URL('chart-renderer', import.meta.url));
const RELEASE = { Name: 'prod', Namespace: 'default', Service: 'Helm' };

/** The `helm` of the environment variable HELM, or of the PATH; null where there is none. */
export const helm = [process.env.HELM, 'helm'].find((each) => each && runs(each)) ?? null;
export const canRender = helm !== null || hasGo;

function runs(program: string): boolean {
  return spawnSync(program, ['version'], { stdio: 'ignore' }).status === 0;
}

/** An object of Kubernetes. */
// biome-ignore lint/suspicious/noExplicitAny: manifests are compared as they are
export type Manifest = any;

/** The objects of a release with the values of a file below `charts/intercom-kafka`, as one YAML text. */
export async function render(values: string): Promise<string> {
  return helm === null ? renderWithGo(values) : renderWithHelm(helm, values);
}

export function manifestsIn(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter((manifest) => manifest !== null);
}

async function renderWithHelm(program: string, values: string): Promise<string> {
  const args = ['template', RELEASE.Name, CHART, '--values', `${CHART}/${values}`, '--kube-version', '1.33'];
  return (await run(program, args, { cwd: ROOT })).stdout;
}

async function renderWithGo(file: string): Promise<string> {
  const names = readdirSync(join(ROOT, CHART, 'templates'));
  const texts = names.map((name) => [name, read(`${CHART}/templates/${name}`)]);
  const chart = parse(read(`${CHART}/Chart.yaml`));
  const data = {
    Values: mergeValues(valuesOf('values.yaml'), valuesOf(file)),
    Chart: { Name: chart.name, Version: chart.version, AppVersion: chart.appVersion },
    Release: RELEASE,
  };
  const rendered = await goTemplates({ templates: Object.fromEntries(texts), data });
  const manifests = names.filter((name) => name.endsWith('.yaml')).map((name) => rendered[name] ?? '');
  return manifests.join('\n---\n');
}

function valuesOf(file: string): Values {
  return parse(read(`${CHART}/${file}`));
}

async function goTemplates(input: object): Promise<Record<string, string>> {
  const child = run('go', ['run', '.'], { cwd: RENDERER, env: { ...process.env, GOFLAGS: '' } });
  child.child.stdin?.end(JSON.stringify(input));
  return JSON.parse((await child).stdout);
}
