/** Fetches tokens by the OAuth 2 client-credentials grant. */

import { request } from 'undici';
import { type ErrorCode, messageOf, PublisherError } from '../model/errors.js';
import type { ClientCredentials } from '../model/registry.js';

/** What its errors name. */
export interface TokenUse {
  readonly code: ErrorCode;
  /** The setting with the credentials. */
  readonly setting: string;
}

interface Token {
  readonly value: string;
  /** When it is replaced, in epoch milliseconds. */
  readonly until: number;
}

const TIMEOUT_MS = 5_000;
/** Of a token whose endpoint does not return its lifetime. */
const DEFAULT_LIFETIME_S = 300;
/** The share of a token's lifetime after which it is replaced. */
const USED_SHARE = 0.8;

/** The token of one client. It is replaced before it expires. */
export class ClientToken {
  readonly #credentials: ClientCredentials;
  readonly #use: TokenUse;
  #token: Token | null = null;
  #fetching: Promise<Token> | null = null;

  constructor(credentials: ClientCredentials, use: TokenUse) {
    this.#credentials = credentials;
    this.#use = use;
  }

  /** A valid token. Throws the code of `TokenUse` when the endpoint does not answer or returns none. */
  async value(): Promise<string> {
    if (this.#token === null || Date.now() >= this.#token.until) this.#token = await this.#fetch();
    return this.#token.value;
  }

  /** Makes the next call of `value` fetch a new token. */
  forget(): void {
    this.#token = null;
  }

  /** Callers that need a token at the same time share one request. */
  #fetch(): Promise<Token> {
    this.#fetching ??= fetchToken(this.#credentials, this.#use).finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }
}

async function fetchToken(credentials: ClientCredentials, { code, setting }: TokenUse): Promise<Token> {
  const { statusCode, body } = await requestToken(credentials).catch((cause: unknown) => {
    const message = `${setting}: no answer from ${credentials.tokenEndpoint} (${messageOf(cause)}); check tokenEndpoint`;
    throw new PublisherError(code, message, { cause });
  });
  const reply = (await body.json().catch(() => null)) as {
    access_token?: unknown;
    expires_in?: unknown;
  } | null;
  if (statusCode !== 200 || typeof reply?.access_token !== 'string') {
    throw new PublisherError(
      code,
      `${setting}: ${credentials.tokenEndpoint} answered ${statusCode} without an access_token; check clientId, clientSecret and scope`,
    );
  }
  const given = Number(reply.expires_in ?? DEFAULT_LIFETIME_S);
  const seconds = Number.isFinite(given) ? given : DEFAULT_LIFETIME_S;
  return { value: reply.access_token, until: Date.now() + seconds * 1_000 * USED_SHARE };
}

function requestToken({ tokenEndpoint, clientId, clientSecret, scope }: ClientCredentials) {
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scope !== null) form.set('scope', scope);
  const login = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
  return request(tokenEndpoint, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(login).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
    body: form.toString(),
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  });
}
