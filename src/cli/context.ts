/** Shared by all commands: common options, output, and stopping on signals. */

import type { Command } from 'commander';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { loadSource, type Source } from '../config/load.js';
import { PublisherError } from '../model/errors.js';
import { Events } from '../model/events.js';
import { createLogger, LOG_LEVELS, type LogFormat, type LogLevel, logEvents } from '../observe/log.js';
import { Terminal } from '../observe/terminal.js';
import { fieldRuleProblems } from '../publisher/field-rules.js';
import { EXIT } from './exit.js';
import { logWarnings, printRemark } from './remarks.js';

/** Options of every command. */
export interface CommonOptions {
  readonly config: string;
  readonly logLevel: LogLevel;
  readonly logFormat?: LogFormat;
  readonly json?: boolean;
}

/** Adds the options that every command has. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--config <file>', 'the configuration file', 'intercom-kafka.yaml')
    .option(
      '--log-level <level>',
      `what to log: ${LOG_LEVELS.join(', ')}`,
      oneOf(LOG_LEVELS, '--log-level'),
      'info',
    )
    .option(
      '--log-format <format>',
      'pretty or json (default: pretty on a terminal)',
      oneOf(['pretty', 'json'], '--log-format'),
    )
    .option('--json', 'write results as JSON');
}

/** Adds the option that shows values as the topics hold them. */
export function withRawOption(command: Command): Command {
  return command.option(
    '--raw',
    'show values as the topics hold them: JSON as text, times as epoch milliseconds',
  );
}

/** A parser for an option with a fixed set of values. */
export function oneOf<T extends string>(words: readonly T[], option: string): (value: string) => T {
  return (value) => {
    const word = words.find((each) => each === value);
    if (word === undefined)
      throw new PublisherError(
        'usage-invalid',
        `${option} must be one of ${words.join(', ')}, not "${value}"`,
      );
    return word;
  };
}

export async function readConfig(options: CommonOptions): Promise<Config> {
  return (await readSource(options)).config;
}

export function readSource(options: CommonOptions): Promise<Source> {
  return loadSource(options.config, environment(), fieldRuleProblems);
}

/** The environment. Only this function reads it. */
export function environment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}

/** Writes results to standard output, as whole lines. */
export function printResult(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

export interface Watching {
  readonly events: Events;
  readonly log: Logger;
  /** The terminal to draw on, or null when standard error is none. */
  readonly terminal: Terminal | null;
}

/** Events that are logged to standard error. On a terminal the log scrolls above the progress lines. */
export function watch(options: CommonOptions): Watching {
  const isTerminal = process.stderr.isTTY === true;
  const format = options.logFormat ?? (isTerminal ? 'pretty' : 'json');
  const terminal = isTerminal && format === 'pretty' ? new Terminal(process.stderr) : null;
  const write = (line: string) => (terminal === null ? process.stderr.write(line) : terminal.print(line));
  const log = createLogger(format, options.logLevel, { write }, isTerminal);
  logWarnings(log);
  const events = new Events();
  logEvents(events, log, terminal === null ? 'all' : 'problems');
  return { events, log, terminal };
}

export interface Interruption {
  readonly signal: AbortSignal;
  /** The exit code for the received signal, or null when none was received. */
  code(): number | null;
}

/**
 * SIGINT and SIGTERM request a clean stop, which `remark` announces. A second signal ends the process at
 * once.
 */
export function onInterruption(remark: string | null = null): Interruption {
  const controller = new AbortController();
  let code: number | null = null;
  const stop = (exitCode: number) => () => {
    if (code !== null) process.exit(exitCode);
    code = exitCode;
    if (remark !== null) printRemark(remark);
    controller.abort();
  };
  process.on('SIGINT', stop(EXIT.interrupted));
  process.on('SIGTERM', stop(EXIT.terminated));
  return { signal: controller.signal, code: () => code };
}

/** Runs one piece of work after another. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** `work` must not throw. */
  run(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(work);
    return this.#last;
  }
}

/** Calls back for each SIGHUP until the returned function is called. */
export function onHangup(callback: () => Promise<void>): () => void {
  const next = () => void callback();
  process.on('SIGHUP', next);
  return () => process.off('SIGHUP', next);
}
