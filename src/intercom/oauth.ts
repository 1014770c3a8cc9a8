/**
 * The OAuth of an Intercom app: the page where a person authorizes it, and the exchange of the resulting code
 * for an access token.
 */

import { ProxyAgent, request } from 'undici';
import { messageOf, PublisherError } from '../model/errors.js';

export interface OAuthApp {
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * The URL where a person authorizes the app. `appUrl`: where people sign in. `state`: Intercom returns it
 * with the code, which shows that the code answers this request.
 */
export function authorizationUrl(
  appUrl: string,
  { clientId, state, redirectUri }: { clientId: string; state: string; redirectUri: string },
): string {
  const url = new URL('/oauth', appUrl);
  url.searchParams.set('client_id', clientId);
  url.searchParams.set('state', state);
  url.searchParams.set('redirect_uri', redirectUri);
  return url.toString();
}

/** What a person pastes: the address that the browser was sent to, or the code alone. */
export function readRedirect(pasted: string): {
  code: string | null;
  state: string | null;
  error: string | null;
} {
  const text = pasted.trim();
  const query = text.includes('?') ? text.slice(text.indexOf('?') + 1) : text.includes('code=') ? text : null;
  if (query === null) return { code: text === '' ? null : text, state: null, error: null };
  const parameters = new URLSearchParams(query.split('#')[0]);
  return { code: parameters.get('code'), state: parameters.get('state'), error: parameters.get('error') };
}

const TIMEOUT_MS = 30_000;

/**
 * The access token for a code. Throws `credentials-refused` for a code or an app that Intercom does not
 * accept, `api-unreachable` without an answer.
 */
export async function exchangeCode(
  baseUrl: string,
  gateway: string | null,
  app: OAuthApp,
  code: string,
): Promise<string> {
  const dispatcher = gateway === null ? undefined : new ProxyAgent(gateway);
  try {
    const { status, json } = await post(`${baseUrl}/auth/eagle/token`, dispatcher, {
      code,
      client_id: app.clientId,
      client_secret: app.clientSecret,
    });
    const token = json.access_token ?? json.token;
    if (status === 200 && typeof token === 'string' && token !== '') return token;
    throw refused(status);
  } finally {
    await dispatcher?.close();
  }
}

async function post(url: string, dispatcher: ProxyAgent | undefined, form: Record<string, string>) {
  try {
    const response = await request(url, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
      headersTimeout: TIMEOUT_MS,
      bodyTimeout: TIMEOUT_MS,
      ...(dispatcher === undefined ? {} : { dispatcher }),
    });
    const json = (await response.body.json().catch(() => ({}))) as Record<string, unknown> | null;
    return { status: response.statusCode, json: json ?? {} };
  } catch (cause) {
    throw new PublisherError(
      'api-unreachable',
      `no answer from ${new URL(url).origin}${dispatcher === undefined ? '' : ' through the gateway'} (${messageOf(cause)}); check the network, the region and the gateway`,
      { cause },
    );
  }
}

function refused(status: number): PublisherError {
  if (status >= 500)
    return new PublisherError(
      'api-error',
      `Intercom could not exchange the code (${status}): try again in a minute`,
    );
  return new PublisherError(
    'credentials-refused',
    `Intercom refused to exchange the code (${status}): a code can be used once and lives five minutes, and it belongs to one client ID and secret; ` +
      'check both, and authorize again',
  );
}
