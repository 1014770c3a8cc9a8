/**
 * Container, compose, Kubernetes: nothing of it can run here, so other people's linters read it,
 * and what it names is looked for.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { loadConfig } from '../../src/config/load.js';
import { complaints, linters, ROOT, read, schema, yaml } from '../support/linters.js';

/** Kubernetes as old as its makers still support, and the newest that the linter knows. */
const KUBERNETES = ['1.33', '1.37'];

let bin: string;

beforeAll(async () => {
  bin = await linters();
}, 180_000);

describe('the images', () => {
  it.each(['Dockerfile', 'examples/compose/connect.Dockerfile'])('%s pleases hadolint', async (file) => {
    expect(await complaints(`${bin}/hadolint`, [file])).toBe('');
    const text = read(file);
    expect(text).toMatch(/^USER \d+$/m);
    expect(text).toMatch(/^HEALTHCHECK /m);
    expect(text.match(/^FROM .*:latest/m)).toBeNull();
  });

  it('get every file that they copy', () => {
    const copied = ['Dockerfile', 'examples/compose/connect.Dockerfile'].flatMap((file) =>
      [...read(file).matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => (match[1] ?? '').split(' ')),
    );
    const sent = read('.dockerignore').split('\n');
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((file) => !existsSync(join(ROOT, file)) || !sent.includes(`!${file}`))).toEqual([]);
  });

  it('ask for their health where the publisher answers', () => {
    expect(read('Dockerfile')).toContain('http://127.0.0.1:9464/healthz');
    expect(read('src/observe/routes.ts')).toContain("path: '/healthz'");
  });
});

describe('compose', () => {
  const { services } = yaml('docker-compose.yml') as { services: Record<string, Service> };

  it('is valid', async () => {
    expect(await schema('compose-spec', 'docker-compose.yml')).toBe('');
  });

  it('starts broker and registry alone unless the demo is asked for, on loopback only', () => {
    const usual = Object.entries(services).filter(([, { profiles }]) => profiles === undefined);
    expect(usual.map(([name]) => name)).toEqual(['kafka', 'registry']);
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('mounts files that there are, and depends on services that there are', () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) => volumes);
    expect(mounted.filter((volume) => !existsSync(join(ROOT, volume.split(':')[0] ?? '')))).toEqual([]);
    const needed = Object.values(services).flatMap(({ depends_on = {} }) =>
      Array.isArray(depends_on) ? depends_on : Object.keys(depends_on),
    );
    expect(needed.filter((name) => services[name] === undefined)).toEqual([]);
    const images = Object.values(services).flatMap(({ image, build }) =>
      build === undefined ? [image] : [],
    );
    expect(images.filter((image) => !/:.*\d/.test(image ?? ''))).toEqual([]);
  });

  it('has the same sink as its example, at another address', () => {
    const { config } = JSON.parse(read('examples/connect-postgres/connector.json')) as {
      config: Record<string, string>;
    };
    const sink = JSON.parse(read('examples/compose/connector.json')) as Record<string, string>;
    expect(sink).toEqual({ ...config, 'connection.url': 'jdbc:postgresql://warehouse:5432/warehouse' });
  });

  it('keeps what is ours from writing, and knows of all that stays up whether it is healthy', () => {
    const ours = [services.workspace, services.publisher];
    expect(ours.map((service) => [service?.image, service?.read_only, service?.cap_drop])).toEqual([
      ['intercom-kafka', true, ['ALL']],
      ['intercom-kafka', true, ['ALL']],
    ]);
    const unknown = Object.entries(services).filter(
      ([, { healthcheck, build }]) => healthcheck === undefined && build === undefined,
    );
    expect(unknown.map(([name]) => name)).toEqual(['connector']);
  });

  it('has the Kafka of the tests, which CI tries beside older ones', () => {
    const kafka = /<kafka\.version>(.+)</.exec(read('dev/pom.xml'))?.[1];
    expect(services.kafka?.image).toBe(`apache/kafka:${kafka}`);
    expect(read('examples/compose/connect.Dockerfile')).toContain(`FROM apache/kafka:${kafka}\n`);
    const tried: { kafka: string }[] = yaml('.github/workflows/ci.yml').jobs.test.strategy.matrix.include;
    const minors = new Set(tried.map((each) => each.kafka.split('.').slice(0, 2).join('.')));
    expect(tried.map((each) => each.kafka)).toContain(kafka);
    expect([...minors]).toEqual(expect.arrayContaining(['3.7', '3.9']));
  });

  it('gives Prometheus a configuration that it takes, and the publisher’s port', async () => {
    const file = 'examples/compose/prometheus.yml';
    expect(await complaints('promtool', ['check', 'config', '--syntax-only', file])).toBe('');
    expect(read(file)).toContain('"publisher:9464"');
  });
});

it('commands are called with options that they have', () => {
  const [container] = yaml('examples/kubernetes/deployment.yaml').spec.template.spec.containers;
  const calls: string[][] = [
    JSON.parse(/^CMD (.+)$/m.exec(read('Dockerfile'))?.[1] ?? ''),
    yaml('docker-compose.yml').services.workspace.command,
    container.args,
  ];
  const { commands } = createProgram('0.0.0', () => {});
  for (const [name, ...args] of calls) {
    const has = commands.find((command) => command.name() === name)?.options.map(({ long }) => long);
    expect(has).toEqual(expect.arrayContaining(args.filter((arg) => arg.startsWith('--'))));
  }
});

interface Service {
  readonly image?: string;
  readonly build?: unknown;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly healthcheck?: unknown;
  readonly profiles?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[] | Record<string, unknown>;
}

it.each(['examples/compose/intercom-kafka.yaml', 'examples/kubernetes/intercom-kafka.yaml'])(
  '%s is a configuration that listens beyond its container',
  async (file) => {
    const { http } = await loadConfig(join(ROOT, file), { ACME_INTERCOM_TOKEN: 'token' });
    expect(http).toMatchObject({ host: '0.0.0.0', port: 9464 });
  },
);

describe('Kubernetes', () => {
  it.each(KUBERNETES)('%s takes every manifest', async (version) => {
    const dir = 'examples/kubernetes';
    const { resources } = yaml(`${dir}/kustomization.yaml`) as { resources: string[] };
    const manifests = [...resources, 'secret.example.yaml'].map((file) => `${dir}/${file}`);
    const args = ['-m', 'kubernetes_validate', '--strict', '-k', version];
    expect(await complaints(`${bin}/python`, [...args, ...manifests])).toBe('');
  });

  it('probes what the publisher answers, in a container that may do nothing', () => {
    const { spec } = yaml('examples/kubernetes/deployment.yaml').spec.template;
    const [container] = spec.containers;
    const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'].map(
      (name) => container[name].httpGet.path,
    );
    expect(probes).toEqual(['/healthz', '/healthz', '/readyz']);
    for (const path of probes) expect(read('src/observe/routes.ts')).toContain(`path: '${path}'`);
    expect(container.securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
    });
    expect(spec.securityContext.runAsNonRoot).toBe(true);
    expect(container.ports).toEqual([{ name: 'http', containerPort: 9464 }]);
  });

  it('mounts the file that the arguments name, and the secret has what the file asks for', () => {
    const dir = 'examples/kubernetes';
    const { containers, volumes } = yaml(`${dir}/deployment.yaml`).spec.template.spec;
    const [{ args, volumeMounts, envFrom }] = containers;
    const [{ name, files }] = yaml(`${dir}/kustomization.yaml`).configMapGenerator;
    expect(volumes).toEqual([{ name: volumeMounts[0].name, configMap: { name } }]);
    expect(args[args.indexOf('--config') + 1]).toBe(`${volumeMounts[0].mountPath}/${files[0]}`);
    const secret = yaml(`${dir}/secret.example.yaml`);
    expect(envFrom).toEqual([{ secretRef: { name: secret.metadata.name } }]);
    const asked = [...read(`${dir}/${files[0]}`).matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]);
    expect(Object.keys(secret.stringData)).toEqual(asked);
  });
});
