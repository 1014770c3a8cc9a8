/** The publisher inside another program. */

import { loadConfig, parseConfig } from '../config/load.js';
import type { ConfigInput } from '../config/settings.js';
import { PublisherError } from '../model/errors.js';
import type { EventMap, EventName } from '../model/events.js';
import { fieldRuleProblems } from '../publisher/field-rules.js';
import { Publisher } from '../publisher/publisher.js';
import { Runs } from './runs.js';

/** The path of a configuration file, or the contents of such a file. */
export type ConfigSource = string | ConfigInput;

export interface CreateOptions {
  /** The values of `${NAME}` in the configuration; the process's environment when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Disposable: `await using` closes it at the end of the block. */
export interface EmbeddedPublisher extends AsyncDisposable {
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
  /**
   * Ends what is running, as its signal would, and disconnects. Later calls return the same promise; other
   * methods throw `stopped` from now on.
   */
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
  return embed(await Publisher.open({ ...config, http: null }));
}

function embed(publisher: Publisher): EmbeddedPublisher {
  const runs = new Runs();
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= runs.end().then(() => publisher.close());
    return closed;
  };
  return {
    on: (name, listener) => publisher.events.on(name, listener),
    off: (name, listener) => publisher.events.off(name, listener),
    runOnce: (signal = new AbortController().signal) =>
      runs.during(signal, (end) => completeCycle(publisher, end)),
    run: (signal) => runs.during(signal, (end) => publisher.run(end)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function completeCycle(publisher: Publisher, signal: AbortSignal): Promise<void> {
  const [failure] = await publisher.runOnce(signal);
  if (failure !== undefined) throw failure.error;
  if (signal.aborted) throw new PublisherError('stopped', 'stopped before the cycle was complete');
}
