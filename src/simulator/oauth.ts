/**
 * The OAuth of the Developer Hub: an authorization page that agrees at once, and the exchange of its code for
 * the token.
 */

import { randomUUID } from 'node:crypto';
import type { Row } from './collection.js';
import { ApiError } from './errors.js';
import type { SimulatorOptions } from './options.js';

const CODE_LIFE_SECONDS = 5 * 60;

export class OAuth {
  readonly #options: SimulatorOptions;
  /** Codes that were not used yet, with the epoch seconds at which they end. */
  readonly #codes = new Map<string, number>();

  constructor(options: SimulatorOptions) {
    this.#options = options;
  }

  /** Where the authorization page sends the browser. Throws for a client that does not exist. */
  authorize(query: URLSearchParams): string {
    if (query.get('client_id') !== this.#options.clientId)
      throw new ApiError(401, 'unauthorized', 'unknown client_id');
    const code = randomUUID();
    this.#codes.set(code, this.#options.now() + CODE_LIFE_SECONDS);
    const target = new URL(query.get('redirect_uri') ?? 'http://127.0.0.1/');
    target.searchParams.set('code', code);
    const state = query.get('state');
    if (state !== null) target.searchParams.set('state', state);
    return target.toString();
  }

  /** The token for a code, once. */
  exchange(body: Readonly<Record<string, unknown>>): Row {
    const { code, client_id: clientId, client_secret: clientSecret } = body;
    const ends = this.#codes.get(String(code)) ?? Number.NEGATIVE_INFINITY;
    this.#codes.delete(String(code));
    const known = clientId === this.#options.clientId && clientSecret === this.#options.clientSecret;
    if (!known || this.#options.now() > ends)
      throw new ApiError(401, 'unauthorized', 'code, client_id or client_secret is wrong');
    return {
      token_type: 'Bearer',
      token: this.#options.accessToken,
      access_token: this.#options.accessToken,
    };
  }
}
