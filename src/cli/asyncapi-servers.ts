/** The brokers and the registry as an AsyncAPI document has them: addresses and mechanisms, no credentials. */

import type { KafkaSettings, SaslConfig } from '../model/kafka.js';
import type { RegistrySettings } from '../model/registry.js';

/** The version of the Kafka bindings whose keys may be Avro. */
export const BINDING_VERSION = '0.4.0';

/** One server for each broker: any of them leads to the cluster. The registry's URL can't carry a password. */
export function serversOf(kafka: KafkaSettings, registry: Pick<RegistrySettings, 'url'>): object {
  const security = Object.keys(securityOf(kafka)).map((name) => ({
    $ref: `#/components/securitySchemes/${name}`,
  }));
  const servers = kafka.brokers.map((host, index) => [
    `broker-${index + 1}`,
    {
      host,
      protocol: kafka.ssl === false ? 'kafka' : 'kafka-secure',
      ...(security.length > 0 ? { security } : {}),
      bindings: {
        kafka: {
          schemaRegistryUrl: registry.url,
          schemaRegistryVendor: 'confluent',
          bindingVersion: BINDING_VERSION,
        },
      },
    },
  ]);
  return Object.fromEntries(servers);
}

/** How the publisher signs in at the brokers; a consumer may do it in another way. */
export function securityOf({ ssl, sasl }: KafkaSettings): Record<string, object> {
  const hasCertificate = typeof ssl === 'object' && ssl.cert !== null;
  return {
    ...(sasl === null ? {} : { sasl: saslScheme(sasl) }),
    ...(hasCertificate ? { certificate: { type: 'X509' } } : {}),
  };
}

const PASSWORD_TYPES = {
  plain: 'plain',
  'scram-sha-256': 'scramSha256',
  'scram-sha-512': 'scramSha512',
} as const;

function saslScheme(sasl: SaslConfig): object {
  if (sasl.mechanism !== 'oauthbearer') return { type: PASSWORD_TYPES[sasl.mechanism] };
  const scopes = sasl.scope === null ? [] : sasl.scope.split(' ');
  const availableScopes = Object.fromEntries(scopes.map((scope) => [scope, 'As the publisher requests it.']));
  return {
    type: 'oauth2',
    flows: { clientCredentials: { tokenUrl: sasl.tokenEndpoint, availableScopes } },
  };
}
