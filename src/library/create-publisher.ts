/** The publisher inside another program. */

import { loadConfig, parseConfig } from '../config/load.js';
import type { ConfigInput } from '../config/settings.js';
import { PublisherError } from '../model/errors.js';
import type { EventMap, EventName } from '../model/events.js';
import { fieldRuleProblems } from '../publisher/field-rules.js';
import { Publisher } from '../publisher/publisher.js';

/** The path of a configuration file, or the contents of such a file. */
export type ConfigSource = string | ConfigInput;

export interface CreateOptions {
  /** The values of `${NAME}` in the configuration; the process's environment when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface EmbeddedPublisher {
  /**
   * Adds a listener for an event of the publisher. An error in a listener emits `listener:failed` and does
   * not stop the publisher.
   */
  on<Name extends EventName>(name: Name, listener: (event: EventMap[Name]) => void): void;
  /** Removes a listener that `on` added. */
  off<Name extends EventName>(name: Name, listener: (event: EventMap[Name]) => void): void;
  /**
   * One complete cycle of every table. Throws the first failure as a `PublisherError`; all other tables are
   * published.
   */
  runOnce(signal?: AbortSignal): Promise<void>;
  /**
   * Follows the schedules, sharing the connections with other instances of the group, until the signal
   * aborts.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Disconnects. Call it when no method is running any more. */
  close(): Promise<void>;
}

/**
 * Connects to Kafka and returns a publisher that works as `intercom-kafka run`, but without the HTTP server:
 * only the command serves metrics, health and notifications. Throws `config-invalid` with all problems of the
 * configuration, and `kafka-unreachable` within seconds.
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
