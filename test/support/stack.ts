/**
 * The Kafka broker and the registry that all tests of the project `real` share: started once, stopped at the end.
 *
 * `INTERCOM_KAFKA_TEST_BROKERS` (a comma between brokers) and `INTERCOM_KAFKA_TEST_REGISTRY` (the URL of a
 * Confluent-compatible API) name others to use instead, each on its own.
 */

import type { TestProject } from 'vitest/node';
import { startKafka, startRegistry } from '../../dev/stack.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** host:port of each broker; it creates no topics by itself. */
    brokers: string[];
    /** Base URL of the registry's Confluent-compatible API. */
    registryUrl: string;
  }
}

type Stop = () => Promise<void>;

async function provideKafka(project: TestProject): Promise<Stop> {
  const given = process.env.INTERCOM_KAFKA_TEST_BROKERS;
  if (given) {
    project.provide('brokers', given.split(','));
    return leaveRunning;
  }
  const server = await startKafka();
  project.provide('brokers', server.brokers);
  return () => server.stop();
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

/** Vitest calls it before the first test and what it returns after the last. */
export default async function setup(project: TestProject): Promise<Stop> {
  const stops = await Promise.all([provideKafka(project), provideRegistry(project)]);
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}
