/** `run`: the publisher. */

import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import type { Logger } from 'pino';
import type { Config, ConnectionConfig } from '../../config/config.js';
import type { Source } from '../../config/load.js';
import { serveHttp } from '../../http/serve.js';
import { PublisherError } from '../../model/errors.js';
import { Lock } from '../../model/lock.js';
import { showProgress } from '../../observe/progress.js';
import { observerRoutes } from '../../observe/routes.js';
import { type Failure, Publisher } from '../../publisher/publisher.js';
import { nextTime } from '../../sync/schedule.js';
import {
  type CommonOptions,
  onHangup,
  onInterruption,
  readSource,
  watch,
  withCommonOptions,
} from '../context.js';
import { EXIT, exitCodeOfAll, explain } from '../exit.js';

interface RunOptions extends CommonOptions {
  readonly once?: boolean;
  readonly connection: readonly string[];
  readonly table: readonly string[];
}

export function runCommand(program: Command, finish: (code: number) => void): void {
  withCommonOptions(program.command('run'))
    .description('publish what changes in the workspaces to Kafka')
    .option('--once', 'one complete cycle of everything selected, whatever the schedule, then exit')
    .option('--connection <name>', 'only this connection (repeatable)', collect, [])
    .option('--table <name>', 'only this table (repeatable)', collect, [])
    .action(async (options: RunOptions) => finish(await run(options, program.version() ?? '')));
}

async function run(options: RunOptions, version: string): Promise<number> {
  let source = await readSource(options);
  const config = select(source.config, options);
  const interruption = onInterruption('stopping after the commit under way; once more stops at once');
  const { events, log, terminal } = watch(options);
  const publisher = await Publisher.open(config, events);
  const hide = terminal === null ? () => undefined : showProgress(events, terminal);
  let http: { close(): Promise<void> } | null = null;
  try {
    http = await serve(config, { publisher, version, log });
    if (options.once !== true) {
      const lock = new Lock();
      const stopReloading = onHangup(() =>
        lock.run(async () => {
          source = await reload(publisher, { source, options, log });
        }),
      );
      events.on('connection:failed', ({ error: { code } }) => {
        if (code === 'credentials-refused')
          void lock.run(() => renewCredentials(publisher, { source, options, log }));
      });
      const alone = options.connection.length > 0 || options.table.length > 0;
      await publisher.run(interruption.signal, { alone });
      stopReloading();
      return interruption.code() ?? EXIT.done;
    }
    const failures = await publisher.runOnce(interruption.signal);
    if (interruption.code() !== null) return interruption.code() ?? EXIT.done;
    if (failures.length > 0) log.error(`failed: ${failures.map(nameOf).join(', ')} (reasons above)`);
    return exitCodeOfAll(failures.map(({ error }) => error));
  } finally {
    hide();
    await http?.close();
    await publisher.close();
  }
}

/** Serves health, metrics and status, if the configuration has an HTTP server. */
async function serve(
  { http }: Config,
  { publisher, version, log }: { publisher: Publisher; version: string; log: Logger },
): Promise<{ close(): Promise<void> } | null> {
  if (http === null) return null;
  const { events } = publisher;
  const connections = () => publisher.connections;
  const ping = () => publisher.ping();
  const routes = observerRoutes({ events, version, connections, ping, nextTime });
  return serveHttp(http, [...routes, ...publisher.webhooks], {
    onListening: (url) => log.info(`status page, metrics and health: ${url}`),
    onTrouble: (error) => log.warn(`no status page, metrics or health for now: ${explain(error)}`),
  });
}

interface Reloading {
  /** The configuration that was loaded last. */
  readonly source: Source;
  readonly options: RunOptions;
  readonly log: Logger;
}

/** Loads the present file, and returns the configuration. A file with an error changes nothing. */
async function reload(publisher: Publisher, { source, options, log }: Reloading): Promise<Source> {
  try {
    const next = await readSource(options);
    await publisher.reload(select(next.config, options));
    log.info('configuration reloaded');
    return next;
  } catch (error) {
    log.error(`reload failed; still running with the previous configuration: ${explain(error)}`);
    return source;
  }
}

/**
 * Restarts connections whose credential files have changed, with the new credentials. All other settings stay
 * as they were loaded.
 */
async function renewCredentials(publisher: Publisher, { source, options, log }: Reloading): Promise<void> {
  try {
    const { connections } = select(source.again(), options);
    const renewed = publisher.connections.map((connection) => {
      const { credentials } = connections.find(({ name }) => name === connection.name) ?? connection;
      return { ...connection, credentials };
    });
    if (isDeepStrictEqual(renewed, publisher.connections)) return;
    await publisher.reload({ ...publisher.config, connections: renewed });
    log.info('credentials read again from their files');
  } catch (error) {
    log.error(`credentials can't be read again: ${explain(error)}`);
  }
}

function nameOf({ connection, table }: Failure): string {
  return table === null ? connection : `${connection}/${table}`;
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

/** The configuration with only the connections and tables that the options select. */
function select(config: Config, options: Pick<RunOptions, 'connection' | 'table'>): Config {
  const names = config.connections.map(({ name }) => name);
  const unknown = options.connection.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new PublisherError(
      'usage-invalid',
      `there is no connection "${unknown}"; the file has ${names.join(', ')}`,
    );
  }
  const chosen = config.connections.filter(
    ({ name }) => options.connection.length === 0 || options.connection.includes(name),
  );
  return { ...config, connections: chosen.map((connection) => selectTables(connection, options.table)) };
}

function selectTables(connection: ConnectionConfig, tables: readonly string[]): ConnectionConfig {
  if (tables.length === 0) return connection;
  const unknown = tables.find((table) => !connection.tables.some(({ name }) => name === table));
  if (unknown !== undefined) {
    const known = connection.tables.map(({ name }) => name).join(', ');
    throw new PublisherError(
      'usage-invalid',
      `connection ${connection.name} has no table "${unknown}"; it has ${known}`,
    );
  }
  return { ...connection, tables: connection.tables.filter(({ name }) => tables.includes(name)) };
}
