/**
 * The Kafka broker and the registry that all tests of the project `real` share: started once, stopped at the
 * end. Those of the project `cluster` share three brokers.
 *
 * `INTERCOM_KAFKA_TEST_BROKERS` (a comma between brokers) and `INTERCOM_KAFKA_TEST_REGISTRY` (the URL of a
 * Confluent-compatible API) name others to use instead, each on its own.
 */

import type { TestProject } from 'vitest/node';
import { startKafkaCluster, startRegistry } from '../../dev/stack.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** host:port of each broker; it creates no topics by itself. */
    brokers: string[];
    /** Base URL of the registry's Confluent-compatible API. */
    registryUrl: string;
  }
}

type Stop = () => Promise<void>;

async function provideKafka(project: TestProject, size: number): Promise<Stop> {
  const given = process.env.INTERCOM_KAFKA_TEST_BROKERS;
  if (given) {
    project.provide('brokers', given.split(','));
    return leaveRunning;
  }
  const cluster = await startKafkaCluster({ size });
  project.provide('brokers', cluster.brokers);
  return () => cluster.stop();
}

async function provideRegistry(project: TestProject): Promise<Stop> {
  const given = process.env.INTERCOM_KAFKA_TEST_REGISTRY;
  if (given) {
    project.provide('registryUrl', given);
    return leaveRunning;
  }
  const server = await startRegistry();
  project.provide('registryUrl', server.url);
  return () => server.stop();
}

async function leaveRunning(): Promise<void> {}

/** Starts a cluster of so many brokers and a registry; what it returns stops both. */
export async function startStack(project: TestProject, size: number): Promise<Stop> {
  const stops = await Promise.all([provideKafka(project, size), provideRegistry(project)]);
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

/** Vitest calls it before the first test and what it returns after the last. */
export default function setup(project: TestProject): Promise<Stop> {
  return startStack(project, 1);
}
