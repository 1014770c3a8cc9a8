/** The publisher inside another program. */

import { loadConfig, parseConfig } from '../config/load.js';
import type { ConfigInput } from '../config/settings.js';
import { PublisherError } from '../model/errors.js';
import type { EventMap, EventName } from '../model/events.js';
import { fieldRuleProblems } from '../publisher/field-rules.js';
import { Publisher } from '../publisher/publisher.js';

/** A path of a configuration file, or what such a file would say. */
export type ConfigSource = string | ConfigInput;

export interface CreateOptions {
  /** Where `${NAME}` in the configuration is looked up; the process's environment when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface EmbeddedPublisher {
  /**
   * Listens to what the publisher does. An error of a listener is the event `listener:failed`, and stops
   * nothing.
   */
  on<Name extends EventName>(name: Name, listener: (event: EventMap[Name]) => void): void;
  /** Ends what `on` began with the same listener. */
  off<Name extends EventName>(name: Name, listener: (event: EventMap[Name]) => void): void;
  /**
   * One complete cycle of every table. Throws the first failure as a `PublisherError`; everything else is
   * published.
   */
  runOnce(signal?: AbortSignal): Promise<void>;
  /**
   * Follows the schedules, sharing the connections with other instances of the group, until the signal
   * aborts.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Disconnects. To be called when nothing runs any more. */
  close(): Promise<void>;
}

/**
 * Connects to Kafka and gives a publisher that does what `intercom-kafka run` does, without its HTTP server:
 * metrics, health and notifications are the command's. Throws `config-invalid` with everything that is wrong
 * in the configuration, and `kafka-unreachable` within seconds.
 */
export async function createPublisher(
  source: ConfigSource,
  { env = process.env }: CreateOptions = {},
): Promise<EmbeddedPublisher> {
  const config =
    typeof source === 'string'
      ? await loadConfig(source, env, fieldRuleProblems)
      : parseConfig(JSON.stringify(source), 'createPublisher', env, fieldRuleProblems);
  const publisher = await Publisher.open({ ...config, http: null });
  return {
    on: (name, listener) => publisher.events.on(name, listener),
    off: (name, listener) => publisher.events.off(name, listener),
    async runOnce(signal = new AbortController().signal) {
      const [failure] = await publisher.runOnce(signal);
      if (failure !== undefined) throw failure.error;
      if (signal.aborted) throw new PublisherError('stopped', 'stopped before the cycle was complete');
    },
    run: (signal) => publisher.run(signal),
    close: () => publisher.close(),
  };
}
