/** Fetches OAUTHBEARER tokens for Kafka by the OAuth 2 client-credentials grant. */

import { request } from 'undici';
import { messageOf, PublisherError } from '../model/errors.js';

export interface ClientCredentials {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | null;
}

const TIMEOUT_MS = 5_000;

/**
 * Kafkajs calls this before it authenticates. A new token is fetched once 80% of the old one's lifetime is
 * over.
 */
export function oauthBearerProvider(credentials: ClientCredentials): () => Promise<{ value: string }> {
  let token: { value: string; until: number } | null = null;
  return async () => {
    if (token === null || Date.now() >= token.until) token = await fetchToken(credentials);
    return { value: token.value };
  };
}

async function fetchToken(credentials: ClientCredentials): Promise<{ value: string; until: number }> {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (credentials.scope !== null) form.set('scope', credentials.scope);
  const basic = Buffer.from(
    `${encodeURIComponent(credentials.clientId)}:${encodeURIComponent(credentials.clientSecret)}`,
  ).toString('base64');
  const { statusCode, body } = await request(credentials.tokenEndpoint, {
    method: 'POST',
    headers: {
      authorization: `Basic ${basic}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
    body: form.toString(),
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  }).catch((cause: unknown) => {
    const why = messageOf(cause);
    throw new PublisherError(
      'kafka-unreachable',
      `kafka.sasl: no answer from ${credentials.tokenEndpoint} (${why}); check tokenEndpoint`,
      { cause },
    );
  });
  const reply = (await body.json().catch(() => null)) as {
    access_token?: unknown;
    expires_in?: unknown;
  } | null;
  if (statusCode !== 200 || typeof reply?.access_token !== 'string') {
    throw new PublisherError(
      'kafka-unreachable',
      `kafka.sasl: ${credentials.tokenEndpoint} answered ${statusCode} without an access_token; check clientId, clientSecret and scope`,
    );
  }
  const seconds = Number(reply.expires_in ?? 300);
  return { value: reply.access_token, until: Date.now() + seconds * 800 };
}
