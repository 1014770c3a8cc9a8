/** The clients that a session opens before it restores its tables. */

import type { TopicFacts } from '../kafka/topics.js';
import type { Writer } from '../kafka/writer.js';
import type { TableName } from '../model/table-names.js';
import type { ConnectionApi } from './api.js';
import type { PublishedTable } from './published-table.js';
import type { SessionContext } from './session-context.js';
import type { TableSchema } from './table-schema.js';

export interface SessionParts extends ConnectionApi {
  readonly context: SessionContext;
  /** What the connection replicates. */
  readonly tables: readonly PublishedTable[];
  readonly topics: ReadonlyMap<string, TopicFacts>;
  readonly schemas: ReadonlyMap<TableName, TableSchema>;
  readonly writer: Writer;
  /** Warns of something that concerns the connection. */
  readonly warn: (message: string) => void;
  /** Aborts at the end of the session. */
  readonly end: AbortSignal;
}
