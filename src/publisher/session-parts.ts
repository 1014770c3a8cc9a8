/** What a session has opened before it restores its tables. */

import type { TopicFacts } from '../kafka/topics.js';
import type { Writer } from '../kafka/writer.js';
import type { TableName } from '../model/table-names.js';
import type { ConnectionApi } from './api.js';
import type { SessionContext } from './session-context.js';
import type { TableSchema } from './table-schema.js';

export interface SessionParts extends ConnectionApi {
  readonly context: SessionContext;
  readonly topics: ReadonlyMap<string, TopicFacts>;
  readonly schemas: ReadonlyMap<TableName, TableSchema>;
  readonly writer: Writer;
  /** Aborts at the end of the session. */
  readonly end: AbortSignal;
}
