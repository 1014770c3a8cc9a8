/** Checks the credentials of a connection, and that the app may read its tables. */

import type { ConnectionConfig } from '../config/config.js';
import type { IntercomApi } from '../intercom/api.js';
import { asPublisherError, type ErrorCode } from '../model/errors.js';
import { Events } from '../model/events.js';
import { tablesOf } from '../tables/all.js';
import { openApi, PROMPT_ATTEMPTS } from './api.js';
import { type Finding, failed, finding } from './finding.js';
import { probeTables } from './probe-tables.js';

/**
 * Failures of the request for the workspace behind which tables may still be read. Behind all others each
 * table would fail for the same reason.
 */
const OF_ONE_REQUEST = new Set<ErrorCode>(['api-forbidden', 'api-not-found', 'api-rejected']);

/** Yields a finding about the workspace, one about the tables that can be read, and one for each other table. */
export async function* checkConnection(connection: ConnectionConfig): AsyncGenerator<Finding> {
  const what = `connection ${connection.name}`;
  const { signal } = new AbortController();
  try {
    const { api, transport } = await openApi(connection, new Events(), signal, PROMPT_ATTEMPTS);
    try {
      const workspace = await finding(what, () => describeWorkspace(api));
      yield workspace;
      if (workspace.error !== null && !OF_ONE_REQUEST.has(workspace.error.code)) return;
      const answers = await probeTables(tablesOf(connection), transport, signal);
      yield* findingsOf(connection.name, answers);
    } finally {
      await transport.close();
    }
  } catch (thrown) {
    yield failed(what, asPublisherError(thrown));
  }
}

async function describeWorkspace(api: IntercomApi): Promise<string> {
  const { name, id, region, timeZone } = await api.workspace();
  return `workspace ${name ?? id ?? 'without a name'}, region ${region ?? 'unknown'}, time zone ${timeZone ?? 'unknown'}`;
}

function* findingsOf(
  connection: string,
  answers: Awaited<ReturnType<typeof probeTables>>,
): Generator<Finding> {
  const refused = [...answers].flatMap(([table, error]) => (error === null ? [] : [{ table, error }]));
  const readable = answers.size - refused.length;
  const message =
    refused.length === 0 ? `${readable} can be read` : `${readable} of ${answers.size} can be read`;
  if (readable > 0) yield { what: `tables of ${connection}`, message, error: null };
  for (const { table, error } of refused) yield failed(`table ${connection}/${table}`, error);
}
