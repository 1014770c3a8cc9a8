/** How Kafka is reached: what the configuration says once it is checked, and what the client is made of. */

/** What a connection to Kafka needs. */
export interface KafkaSettings {
  /** `host:port` each; at least one. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** True: TLS with the certificate authorities that Node trusts. */
  readonly ssl: boolean | TlsFiles;
  readonly sasl: SaslConfig | null;
}

export interface KafkaConfig extends KafkaSettings {
  /** Of what is published. */
  readonly compression: Compression;
}

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/** PEM files, as absolute paths. `cert` and `key` come together. */
export interface TlsFiles {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

export type SaslConfig =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    }
  | {
      readonly mechanism: 'oauthbearer';
      readonly tokenEndpoint: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope: string | null;
    };

/** How topics are named and created. */
export interface TopicSettings {
  /** A topic is called `{prefix}.{connection}.{table}`. */
  readonly prefix: string;
  readonly partitions: number;
  /** -1: the broker's default. */
  readonly replicationFactor: number;
  /** Extra topic settings, as texts, which Kafka expects. */
  readonly config: Readonly<Record<string, string>>;
  /** False: a missing topic is an error. */
  readonly create: boolean;
}
