/** Opens a connection's API: its token, its budget, its transport. */

import { setMaxListeners } from 'node:events';
import type { ConnectionConfig } from '../config/config.js';
import { tokenOf } from '../config/credentials.js';
import { IntercomApi } from '../intercom/api.js';
import { Budget } from '../intercom/budget.js';
import { type Requester, Transport } from '../intercom/transport.js';
import type { Events } from '../model/events.js';
import type { TableName } from '../model/table-names.js';

/** For commands that ask once and report. */
export const PROMPT_ATTEMPTS = 3;
/** Requests in flight at once, at most. */
const MAX_IN_FLIGHT = 100;

/** A connection's API, and the transport to close afterwards. All of it shares one budget. */
export interface ConnectionApi {
  readonly api: IntercomApi;
  /** For a table's requests. Tables are served in turns. */
  readonly ofTable: (table: TableName, through?: (requester: Requester) => Requester) => IntercomApi;
  /** For background requests. */
  readonly background: IntercomApi;
  /** As `background`, but a failed request is not retried. */
  readonly retrying: IntercomApi;
  /** The number of requests in flight that uses the budget fully at the present latency. */
  readonly requestsAtOnce: () => number;
  readonly transport: Transport;
}

/** Opens a connection's API. Throws `credentials-missing`. */
export async function openApi(
  connection: ConnectionConfig,
  events: Events,
  signal: AbortSignal,
  attempts = connection.retry.attempts,
): Promise<ConnectionApi> {
  // Each request and each wait adds a listener to it.
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
  return {
    api: new IntercomApi(transport, signal),
    ofTable: (table, through = (requester) => requester) =>
      new IntercomApi(through(transport.lane(table)), signal),
    background: new IntercomApi(transport.background, signal),
    retrying: new IntercomApi(
      { request: (request) => transport.background.request({ ...request, attempts: 1 }) },
      signal,
    ),
    requestsAtOnce: () => transport.requestsAtOnce,
    transport,
  };
}
