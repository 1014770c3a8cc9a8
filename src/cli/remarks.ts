/**
 * Remarks of a command on standard error: plain text, or log lines when the log is JSON, so that a program
 * that parses the log finds nothing else.
 */

import type { Logger } from 'pino';
import { createLogger } from '../observe/log.js';

export type RemarkLevel = 'info' | 'warn' | 'error';

/** Where remarks go; null: plain text. */
let json: Logger | null = null;
/** Where warnings of Node and of libraries go. */
let warn = (text: string) => printRemark(text, 'warn');

/** Makes remarks log lines from now on, if the log of this command line is JSON. */
export function chooseRemarkFormat(argv: readonly string[], isTerminal: boolean): void {
  const isJson = remarkFormat(argv, isTerminal) === 'json';
  json = isJson ? createLogger('json', 'info', { write: (line) => process.stderr.write(line) }, false) : null;
}

/**
 * `run` always has a log: without `--log-format` it is JSON when standard error is no terminal. This reads
 * the arguments themselves, because invalid ones are reported in the same format.
 */
export function remarkFormat(argv: readonly string[], isTerminal: boolean): 'text' | 'json' {
  const given = argv.flatMap((each, index) => {
    if (each === '--log-format') return argv[index + 1] ?? [];
    return each.startsWith('--log-format=') ? each.slice('--log-format='.length) : [];
  });
  const format = given.at(-1) ?? (argv.includes('run') && !isTerminal ? 'json' : 'text');
  return format === 'json' ? 'json' : 'text';
}

export function printRemark(text: string, level: RemarkLevel = 'info'): void {
  if (json === null) process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
  else json[level](text.trimEnd());
}

/** Warnings go to this log from now on. */
export function logWarnings(log: Logger): void {
  warn = (text) => log.warn(text);
}

/** Reports each warning of Node and of libraries once, in place of Node's own report. */
export function reportWarnings(): void {
  const seen = new Set<string>();
  process.removeAllListeners('warning');
  process.on('warning', (warning: Error & { readonly code?: string }) => {
    const { name, message, code } = warning;
    const key = code ?? `${name}: ${message}`;
    if (seen.has(key)) return;
    seen.add(key);
    warn(`${name}: ${message}`);
  });
}
