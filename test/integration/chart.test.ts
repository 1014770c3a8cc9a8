/** The chart: what it renders, and how that compares with the plain manifests of `examples/kubernetes`. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createProgram } from '../../src/cli/program.js';
import { parseConfig } from '../../src/config/load.js';
import { CHART, canRender, helm, type Manifest, manifestsIn, render } from '../support/chart.js';
import { complaints, linters, yaml } from '../support/linters.js';

const FILES = ['ci/minimal-values.yaml', 'ci/full-values.yaml', 'ci/existing-values.yaml'];
/** Kubernetes as old as its makers still support, and the newest that the linter knows. */
const KUBERNETES = ['1.33', '1.37'];

describe.skipIf(helm === null)('Helm (needs helm: set HELM, or see CONTRIBUTING.md)', () => {
  it.each(FILES)('accepts the chart with %s', async (file) => {
    expect(await complaints(helm ?? '', ['lint', '--strict', CHART, '--values', `${CHART}/${file}`])).toBe(
      '',
    );
  });

  it('rejects a setting that does not exist', async () => {
    const args = ['template', CHART, '--values', `${CHART}/${FILES[0]}`, '--set', 'config.kafkaa=1'];
    expect(await complaints(helm ?? '', args)).toMatch(/additional propert\w+ '?kafkaa/i);
  });
});

describe.skipIf(!canRender)('the chart (needs helm, or Go 1.21 or newer)', () => {
  let bin: string;
  let dir: string;
  const rendered = new Map<string, Manifest[]>();

  beforeAll(async () => {
    bin = await linters();
    dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-test-chart-'));
    for (const file of FILES) rendered.set(file, manifestsIn(await render(file)));
  }, 300_000);
  afterAll(() => rm(dir, { recursive: true }));

  const manifests = (name: string) => rendered.get(`ci/${name}-values.yaml`) ?? [];
  const find = (name: string, kind: string): Manifest =>
    manifests(name).find((manifest) => manifest.kind === kind);
  const pod = (name: string): Manifest => find(name, 'Deployment').spec.template;

  describe.each(KUBERNETES)('Kubernetes %s', (version) => {
    it.each(FILES)('accepts what %s makes', async (file) => {
      // A resource of an operator is not Kubernetes' own.
      const own = (rendered.get(file) ?? []).filter(({ kind }) => kind !== 'ServiceMonitor');
      expect(own.length).toBeGreaterThan(1);
      const paths = own.map((_, index) => join(dir, `${index}.json`));
      await Promise.all(paths.map((path, index) => writeFile(path, JSON.stringify(own[index]))));
      const args = ['-m', 'kubernetes_validate', '--strict', '-k', version, ...paths];
      expect(await complaints(`${bin}/python`, args)).toBe('');
    });
  });

  it('makes the objects that the values ask for', () => {
    const kinds = (name: string) => manifests(name).map(({ kind }) => kind);
    const always = ['Deployment', 'Service'];
    expect(kinds('minimal').toSorted()).toEqual(['ConfigMap', ...always, 'PodDisruptionBudget'].toSorted());
    expect(kinds('full').toSorted()).toEqual([...kinds('minimal'), 'ServiceMonitor'].toSorted());
    expect(kinds('existing').toSorted()).toEqual(always);
  });

  it('runs the pods of the plain manifests', () => {
    const plain = yaml('examples/kubernetes/deployment.yaml').spec;
    const { spec } = find('minimal', 'Deployment');
    expect([spec.replicas, spec.strategy]).toEqual([plain.replicas, plain.strategy]);
    const { image: _, imagePullPolicy: __, volumeMounts, ...container } = pod('minimal').spec.containers[0];
    const { image: ___, envFrom, volumeMounts: mounts, ...expected } = plain.template.spec.containers[0];
    expect(container).toEqual(expected);
    expect(volumeMounts).toEqual([...mounts, expect.objectContaining({ name: 'secrets' })]);
    expect(envFrom).toHaveLength(1);
    const { containers: _c, volumes: _v, topologySpreadConstraints: _t, ...shared } = plain.template.spec;
    expect(pod('minimal').spec).toMatchObject({
      ...shared,
      securityContext: { ...shared.securityContext, fsGroup: 1000 },
    });
  });

  it('selects its own pods only', () => {
    for (const name of ['minimal', 'full', 'existing']) {
      const { selector } = find(name, 'Deployment').spec;
      expect(Object.keys(selector.matchLabels)).toHaveLength(2);
      expect(pod(name).metadata.labels).toMatchObject(selector.matchLabels);
      expect(find(name, 'Service').spec.selector).toEqual(selector.matchLabels);
    }
    const selector = find('full', 'Deployment').spec.selector;
    expect(find('full', 'PodDisruptionBudget').spec).toEqual({ maxUnavailable: '50%', selector });
    expect(find('full', 'ServiceMonitor').spec.selector).toEqual(selector);
    const [constraint] = pod('minimal').spec.topologySpreadConstraints;
    expect(constraint.labelSelector).toEqual(find('minimal', 'Deployment').spec.selector);
  });

  it('calls the publisher with options that it has', () => {
    const [name, ...args] = pod('full').spec.containers[0].args as string[];
    const command = createProgram('0.0.0', () => {}).commands.find((each) => each.name() === name);
    const options = command?.options.map(({ long }) => long);
    expect(options).toEqual(expect.arrayContaining(args.filter((arg) => arg.startsWith('--'))));
    expect(args).toEqual(expect.arrayContaining(['--log-level', 'debug']));
  });

  it('gives the publisher its configuration as a file, with the port of the container', () => {
    for (const name of ['minimal', 'full']) {
      const map = find(name, 'ConfigMap');
      const { args, ports, volumeMounts } = pod(name).spec.containers[0];
      const [volume] = pod(name).spec.volumes;
      expect(volume.configMap.name).toBe(map.metadata.name);
      expect(args).toContain(`${volumeMounts[0].mountPath}/${Object.keys(map.data)[0]}`);
      const text = map.data['intercom-kafka.yaml'].replaceAll(/\$\{[^}]*\}/g, 'secret');
      const { http, topics } = parseConfig(text, 'intercom-kafka.yaml', {});
      expect(http).toMatchObject({ host: '0.0.0.0', port: ports[0].containerPort });
      if (name === 'full') expect(topics.config).toMatchObject({ 'max.compaction.lag.ms': '604800000' });
    }
    expect(pod('full').spec.containers[0].ports[0].containerPort).toBe(9000);
    expect(pod('existing').spec.volumes).toEqual([{ name: 'config', configMap: { name: 'replication' } }]);
  });

  it('mounts the secret where the configuration looks for it', () => {
    const { containers, volumes } = pod('minimal').spec;
    const { mountPath } = containers[0].volumeMounts.find(({ name }: Manifest) => name === 'secrets');
    const config = parse(find('minimal', 'ConfigMap').data['intercom-kafka.yaml']);
    expect(config.connections[0].credentials.accessToken).toBe(`\${file:${mountPath}/ACME_INTERCOM_TOKEN}`);
    expect(volumes[1].secret).toEqual({ secretName: 'intercom-kafka', defaultMode: 0o440 });
  });

  it('makes a rollout when the configuration changes', () => {
    const checksum = (name: string) => pod(name).metadata.annotations['checksum/config'];
    expect(checksum('minimal')).toMatch(/^[0-9a-f]{64}$/);
    expect(checksum('minimal')).not.toBe(checksum('full'));
  });

  it('names objects after the release, and the image after the chart', () => {
    const names = manifests('minimal').map(({ metadata }) => metadata.name);
    expect(new Set(names)).toEqual(new Set(['prod-intercom-kafka']));
    expect(new Set(manifests('full').map(({ metadata }) => metadata.name))).toEqual(new Set(['publisher']));
    const { appVersion } = yaml(`${CHART}/Chart.yaml`);
    const { repository } = yaml(`${CHART}/values.yaml`).image;
    expect(pod('minimal').spec.containers[0].image).toBe(`${repository}:${appVersion}`);
    const { image } = yaml(`${CHART}/ci/full-values.yaml`);
    expect(pod('full').spec.containers[0].image).toBe(`${image.repository}@${image.digest}`);
  });

  it('uses every value', () => {
    const values = yaml(`${CHART}/ci/full-values.yaml`);
    const { spec, metadata } = pod('full');
    const [container] = spec.containers;
    expect(metadata.annotations).toMatchObject(values.podAnnotations);
    expect(metadata.labels).toMatchObject(values.podLabels);
    for (const key of ['serviceAccountName', 'terminationGracePeriodSeconds', 'priorityClassName'])
      expect(spec[key]).toBe(values[key]);
    for (const key of ['imagePullSecrets', 'nodeSelector', 'tolerations', 'affinity'])
      expect(spec[key]).toEqual(values[key]);
    expect(spec.topologySpreadConstraints).toEqual(values.topologySpreadConstraints);
    expect(spec.securityContext).toMatchObject(values.podSecurityContext);
    for (const key of ['env', 'envFrom']) expect(container[key]).toEqual(values[key]);
    expect(container.resources.limits).toEqual(values.resources.limits);
    expect(container.securityContext).toMatchObject(values.securityContext);
    expect(container.imagePullPolicy).toBe('Always');
    expect(container.volumeMounts).toEqual(expect.arrayContaining(values.extraVolumeMounts));
    expect(spec.volumes).toEqual(expect.arrayContaining(values.extraVolumes));
    const { spec: service, metadata: of } = find('full', 'Service');
    expect([service.type, service.ports[0].port]).toEqual(['LoadBalancer', 80]);
    expect(of.annotations).toEqual(values.service.annotations);
    const monitor = find('full', 'ServiceMonitor');
    expect(monitor.metadata.labels).toMatchObject(values.serviceMonitor.labels);
    expect(monitor.spec.endpoints).toEqual([
      { port: 'http', path: '/metrics', interval: '1m', ...values.serviceMonitor.endpoint },
    ]);
  });
});
