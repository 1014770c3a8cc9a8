/**
 * The JSON Schema of the chart's values. `config` has the schema of the configuration file, so Helm rejects a mistake
 * in it before anything is installed.
 */

import { configJsonSchema } from '../../src/config/json-schema.js';

interface Schema {
  readonly [key: string]: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
}

const text = { type: 'string' };
const flag = { type: 'boolean' };
const list = { type: 'array' };
const map = { type: 'object' };
const texts = { type: 'object', additionalProperties: text };
const port = { type: 'integer', minimum: 1, maximum: 65535 };

export function chartSchema(): object {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'The values of the chart of intercom-kafka',
    ...exactly({
      // Helm passes it to charts that another chart contains.
      global: map,
      config: configuration(),
      existingConfigMap: text,
      existingSecret: text,
      env: { type: 'array', items: { type: 'object', required: ['name'] } },
      envFrom: { type: 'array', items: map },
      replicaCount: { type: 'integer', minimum: 0 },
      image: exactly({
        repository: { type: 'string', minLength: 1 },
        tag: text,
        digest: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
        pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
      }),
      imagePullSecrets: { type: 'array', items: { type: 'object', required: ['name'] } },
      nameOverride: text,
      fullnameOverride: text,
      extraArgs: { type: 'array', items: text },
      extraVolumes: list,
      extraVolumeMounts: list,
      resources: map,
      podSecurityContext: map,
      securityContext: map,
      serviceAccountName: text,
      terminationGracePeriodSeconds: { type: 'integer', minimum: 0 },
      podAnnotations: texts,
      podLabels: texts,
      priorityClassName: text,
      nodeSelector: texts,
      tolerations: list,
      affinity: map,
      topologySpreadConstraints: list,
      service: exactly({
        type: { enum: ['ClusterIP', 'NodePort', 'LoadBalancer'] },
        port,
        annotations: texts,
      }),
      podDisruptionBudget: exactly({
        enabled: flag,
        maxUnavailable: {
          anyOf: [
            { type: 'integer', minimum: 0 },
            { type: 'string', pattern: '^\\d+%$' },
          ],
        },
      }),
      serviceMonitor: exactly({ enabled: flag, labels: texts, interval: text, endpoint: map }),
    }),
    required: ['config', 'image', 'service'],
    // A configuration of the chart's own is complete.
    if: { properties: { existingConfigMap: { const: '' } } },
    // biome-ignore lint/suspicious/noThenProperty: JSON Schema calls it so
    then: { properties: { config: { required: ['http', 'connections'] } } },
  };
}

/** A mapping with these keys and no other. */
function exactly(properties: Readonly<Record<string, object>>) {
  return { type: 'object', properties, additionalProperties: false };
}

/** The configuration file's schema. Probes and service need `http`, with a port that is known. */
function configuration(): object {
  const { $schema: _, title: __, required: ___, properties = {}, ...rest } = configJsonSchema() as Schema;
  const served = properties.http?.anyOf?.[0];
  const http = {
    ...served,
    properties: { ...served?.properties, port },
    required: ['host', 'port'],
  };
  return { ...rest, properties: { ...properties, http } };
}
