/** Opens a connection's API: its token, its budget, its transport. */

import { setMaxListeners } from 'node:events';
import type { ConnectionConfig } from '../config/config.js';
import { tokenOf } from '../config/credentials.js';
import { IntercomApi } from '../intercom/api.js';
import { Budget } from '../intercom/budget.js';
import { Transport } from '../intercom/transport.js';
import type { Events } from '../model/events.js';

/** For commands that ask once and report. */
export const PROMPT_ATTEMPTS = 3;
/** Requests in flight at once. */
const MAX_IN_FLIGHT = 24;

/** The API of a connection, for work that is waited for and for work that can wait, and the transport to close afterwards. Throws `credentials-missing`. */
export async function openApi(
  connection: ConnectionConfig,
  events: Events,
  signal: AbortSignal,
  attempts = connection.retry.attempts,
): Promise<{ api: IntercomApi; background: IntercomApi; transport: Transport }> {
  // Every request and every wait listens to it.
  setMaxListeners(0, signal);
  const { name, baseUrl, apiVersion, gateway, rateLimit, retry } = connection;
  const transport = new Transport({
    baseUrl,
    apiVersion,
    gateway,
    attempts,
    timeoutMs: retry.timeout * 1000,
    signal,
    token: await tokenOf(connection.credentials, name),
    budget: new Budget({ share: rateLimit, maxInFlight: MAX_IN_FLIGHT }),
    onAttempt: (attempt) => events.emit('api:attempt', { connection: name, ...attempt }),
  });
  const background = new IntercomApi(transport.background, signal);
  return { api: new IntercomApi(transport, signal), background, transport };
}
