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
  readonly lifetimeMs: number;
  readonly requestedAt: Moment;
}

/**
 * A moment by two clocks: the wall clock may be set back, and the monotonic one stands still while the machine
 * is suspended.
 */
interface Moment {
  readonly wall: number;
  readonly monotonic: number;
}

const TIMEOUT_MS = 5_000;
/** Of a token whose endpoint does not return its lifetime. */
const DEFAULT_LIFETIME_S = 300;
/** The share of a token's lifetime after which it is replaced. */
const USED_SHARE = 0.8;
/** While the endpoint fails, a token that is still valid is used for so long until the next request. */
const RETRY_MS = 10_000;

/**
 * The token of one client. It is replaced before it expires. An endpoint that fails meanwhile matters only
 * once it has expired.
 */
export class ClientToken {
  readonly #credentials: ClientCredentials;
  readonly #use: TokenUse;
  #token: Token | null = null;
  #fetching: Promise<Token> | null = null;
  /** When the endpoint last failed. */
  #failedAt: Moment | null = null;

  constructor(credentials: ClientCredentials, use: TokenUse) {
    this.#credentials = credentials;
    this.#use = use;
  }

  /** A valid token. Throws the code of `TokenUse` when the endpoint does not answer or returns none. */
  async value(): Promise<string> {
    const token = this.#token;
    if (token !== null && !this.#isDue(token)) return token.value;
    try {
      this.#token = await this.#fetch();
      this.#failedAt = null;
      return this.#token.value;
    } catch (error) {
      // A token that was forgotten meanwhile is not used again.
      if (token === null || token !== this.#token || isExpired(token)) throw error;
      this.#failedAt = now();
      return token.value;
    }
  }

  /** Makes the next call of `value` fetch a new token. */
  forget(): void {
    this.#token = null;
  }

  /** Whether another token must be requested now. */
  #isDue(token: Token): boolean {
    if (isExpired(token)) return true;
    const isOld = msSince(token.requestedAt) >= token.lifetimeMs * USED_SHARE;
    return isOld && (this.#failedAt === null || msSince(this.#failedAt) >= RETRY_MS);
  }

  /** Callers that need a token at the same time share one request. */
  #fetch(): Promise<Token> {
    this.#fetching ??= fetchToken(this.#credentials, this.#use).finally(() => {
      this.#fetching = null;
    });
    return this.#fetching;
  }
}

function now(): Moment {
  return { wall: Date.now(), monotonic: performance.now() };
}

/** The larger one by both clocks. */
function msSince({ wall, monotonic }: Moment): number {
  return Math.max(Date.now() - wall, performance.now() - monotonic);
}

function isExpired({ requestedAt, lifetimeMs }: Token): boolean {
  return msSince(requestedAt) >= lifetimeMs;
}

async function fetchToken(credentials: ClientCredentials, { code, setting }: TokenUse): Promise<Token> {
  const requestedAt = now();
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
  return { value: reply.access_token, lifetimeMs: seconds * 1_000, requestedAt };
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
