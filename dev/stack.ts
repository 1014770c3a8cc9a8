/**
 * The local stack: a real Kafka broker, or a cluster of them, and a real schema registry from Maven Central,
 * without containers.
 *
 * The entry point of this folder for tests, demo and benchmarks. Needs Java 17, Maven for the first fetch,
 * and a POSIX shell.
 */

export { type ConnectOptions, type ConnectServer, filledIn, startConnect } from './connect.js';
export {
  type ClusterOptions,
  type KafkaCluster,
  type KafkaOptions,
  type KafkaServer,
  startKafka,
  startKafkaCluster,
} from './kafka.js';
export { type PostgresServer, startPostgres } from './postgres.js';
export {
  type RegistryOptions,
  type RegistryServer,
  type RegistryVersion,
  startRegistry,
} from './registry.js';
