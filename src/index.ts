/**
 * The public API for programs: a publisher, typed reading of topics, and the list of tables. Everything else
 * in this package may change with any release.
 */

export type { ConfigInput } from './config/settings.js';
export {
  type ConfigSource,
  type CreateOptions,
  createPublisher,
  type EmbeddedPublisher,
} from './library/create-publisher.js';
export {
  type ReadTableOptions,
  type Rows,
  readTable,
  type TableReading,
  type TableVersion,
} from './library/read-table.js';
export type * from './library/rows.js';
export { type TableInfo, tables } from './library/tables.js';
export { type ErrorCode, PublisherError } from './model/errors.js';
export type { EventMap, EventName } from './model/events.js';
export type { TableName } from './model/table-names.js';
