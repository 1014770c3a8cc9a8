/**
 * The checked configuration: all defaults are filled in, units are converted, paths are absolute.
 *
 * Texts of the file such as `eu`, `15m` or a date are converted; `settings.ts` declares them.
 */

import type { KafkaConfig, TopicSettings } from '../model/kafka.js';
import type { RegistrySettings } from '../model/registry.js';
import type { TableName } from '../model/table-names.js';

/** The whole configuration of a publisher. */
export interface Config {
  readonly kafka: KafkaConfig;
  readonly schemaRegistry: RegistrySettings;
  readonly topics: TopicsConfig;
  readonly state: StateConfig;
  /** Null: no HTTP server. */
  readonly http: HttpConfig | null;
  /** At least one; their names differ. */
  readonly connections: readonly ConnectionConfig[];
}

export interface BasicAuth {
  readonly username: string;
  readonly password: string;
}

export interface TopicsConfig extends TopicSettings {
  /** Of a topic whose partitions were added to. */
  readonly onPartitionsAdded: 'refuse' | 'move';
}

export interface StateConfig {
  readonly topic: string;
  readonly partitions: number;
  /** The consumer group through which instances share the connections. */
  readonly group: string;
}

export interface HttpConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Basic authentication for everything but the health checks; null: none. */
  readonly auth: BasicAuth | null;
}

export const REGIONS = ['us', 'eu', 'au'] as const;
export type Region = (typeof REGIONS)[number];

/** The version of the API that the schemas were made for. */
export const DEFAULT_API_VERSION = '2.16';

/** One Intercom workspace to replicate. */
export interface ConnectionConfig {
  readonly name: string;
  /** Null when `baseUrl` is configured instead. */
  readonly region: Region | null;
  /** The URL of the API, without a slash at its end. */
  readonly baseUrl: string;
  /** The `Intercom-Version` header. */
  readonly apiVersion: string;
  readonly credentials: Credentials;
  /** Forward proxy for all requests to Intercom. */
  readonly gateway: string | null;
  /** Epoch seconds; older records of incremental tables are not replicated. */
  readonly startDate: number;
  /** Cron expression in UTC; null: back to back. */
  readonly schedule: string | null;
  /** Seconds to re-read behind the bookmark. */
  readonly lookback: number;
  /** Share of the app's request budget, above 0 and up to 1. */
  readonly rateLimit: number;
  readonly retry: RetryConfig;
  readonly deletes: DeletesConfig;
  readonly values: ValueForm;
  readonly customAttributes: 'columns' | 'json';
  /** Key of the hashes that replace fields; null: the connection's name. */
  readonly hashKey: string | null;
  /** The tables to replicate, in the order of `TABLE_NAMES`. */
  readonly tables: readonly TableConfig[];
}

export type ValueForm = 'flat' | 'nested';

export type Credentials =
  | {
      readonly accessToken: string;
      /** Only for the signatures of notifications. */
      readonly clientSecret?: string | undefined;
    }
  | {
      readonly clientId: string;
      readonly clientSecret: string;
      /** Absolute path of the file that `connect` writes the token to. */
      readonly tokenFile: string;
    };

export interface RetryConfig {
  /** Attempts of one request, not counting those that the budget refused. */
  readonly attempts: number;
  /** Seconds without any byte of the answer. */
  readonly timeout: number;
}

export interface DeletesConfig {
  /** Cron expression in UTC of reconcile; null: never. */
  readonly reconcile: string | null;
  readonly webhooks: boolean;
}

export interface TableConfig {
  readonly name: TableName;
  /** The table's own cron expression, or the connection's; null: back to back. */
  readonly schedule: string | null;
  /** Dotted paths of fields that are not published. */
  readonly exclude: readonly string[];
  /** Dotted paths of fields that are published as a hash. */
  readonly hash: readonly string[];
}
