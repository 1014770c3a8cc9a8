/** OAUTHBEARER tokens for kafkajs. */

import { ClientToken } from '../auth/client-credentials.js';
import type { ClientCredentials } from '../model/registry.js';

/** Kafkajs calls this before it authenticates. */
export function oauthBearerProvider(credentials: ClientCredentials): () => Promise<{ value: string }> {
  const token = new ClientToken(credentials, { code: 'kafka-unreachable', setting: 'kafka.sasl' });
  return async () => ({ value: await token.value() });
}
