/** Asks Intercom whether the app may read tables, with as few requests as show it. */

import { IntercomApi } from '../intercom/api.js';
import type { ApiReply, ApiRequest, Requester } from '../intercom/transport.js';
import { asPublisherError, type ErrorCode, PublisherError } from '../model/errors.js';
import type { TableName } from '../model/table-names.js';
import type { IntercomTable } from '../tables/all.js';

/** What of a refusal only holds once Intercom has answered for the workspace itself. */
const ADVICE: Partial<Record<ErrorCode, string>> = {
  'plan-restricted':
    'Intercom answers for the workspace itself, so its plan does not include this table: leave the table out',
  'api-not-found':
    'neither the workspace nor the API version has such a list: compare apiVersion, or leave the table out',
};

/**
 * Why each table can't be read; null: it can. To be called once Intercom has answered for the workspace
 * itself. Tables that read the same list share one request.
 */
export async function probeTables(
  tables: readonly IntercomTable[],
  requester: Requester,
  signal: AbortSignal,
): Promise<Map<TableName, PublisherError | null>> {
  const api = new IntercomApi(sharing(requester), signal);
  const answers = tables.map(async (table) => [table.name, await refusalOf(table, api)] as const);
  return new Map(await Promise.all(answers));
}

async function refusalOf(table: IntercomTable, api: IntercomApi): Promise<PublisherError | null> {
  try {
    await table.probe(api);
    return null;
  } catch (thrown) {
    return advised(asPublisherError(thrown));
  }
}

function advised(error: PublisherError): PublisherError {
  const advice = ADVICE[error.code];
  if (advice === undefined) return error;
  const { code, message, answer } = error;
  return new PublisherError(code, `${message}; ${advice}`, {
    cause: error,
    ...(answer === null ? {} : { answer }),
  });
}

/** Sends each request once: whoever sends an equal one gets the same answer. */
function sharing(requester: Requester): Requester {
  const sent = new Map<string, Promise<ApiReply>>();
  return {
    request: (request) => {
      const key = keyOf(request);
      const reply = sent.get(key) ?? requester.request(request);
      sent.set(key, reply);
      return reply;
    },
  };
}

function keyOf({ method, path, body }: ApiRequest): string {
  return `${method} ${path} ${JSON.stringify(body)}`;
}
