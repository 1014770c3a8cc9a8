/** The API's endpoints over a workspace. */

import type { Row } from './collection.js';
import { ApiError } from './errors.js';
import type { Api, ApiCall } from './routes/call.js';
import { COMPANY_ROUTES } from './routes/companies.js';
import { CONTACT_ROUTES } from './routes/contacts.js';
import { CONVERSATION_ROUTES } from './routes/conversations.js';
import { LIST_ROUTES } from './routes/lists.js';
import { isBefore, isKnownVersion } from './version.js';

/** The first that matches answers. */
const ROUTES = [...LIST_ROUTES, ...CONTACT_ROUTES, ...COMPANY_ROUTES, ...CONVERSATION_ROUTES].map(
  ([pattern, handler, since = '1.0']) => ({
    pattern,
    regex: new RegExp(`^${pattern.replaceAll('*', '([^/]+)')}$`),
    handler,
    since,
  }),
);

/** The endpoint's name, for counters; null for a path that there is none for. */
export function routeOf(method: string, path: string): string | null {
  return ROUTES.find(({ regex }) => regex.test(`${method} ${path}`))?.pattern ?? null;
}

/** Answers a call, or throws the API's error. */
export function answer(api: Api, call: ApiCall): Row {
  if (!isKnownVersion(call.version)) throw wrongVersion();
  for (const { regex, handler, since } of ROUTES) {
    const match = regex.exec(`${call.method} ${call.path}`);
    if (match === null) continue;
    if (isBefore(call.version, since)) throw wrongVersion();
    return handler(api, call, match.slice(1).map(decoded));
  }
  throw new ApiError(404, 'not_found', 'The requested resource was not found');
}

function wrongVersion(): ApiError {
  const message = 'Requested resource is not available in current API version.';
  return new ApiError(400, 'intercom_version_invalid', message);
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    throw new ApiError(400, 'bad_request', 'the path is not valid');
  }
}
