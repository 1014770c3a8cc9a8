#!/usr/bin/env -S node --heap-growing-percent=130
/** The command line: parses the arguments, runs a command, and sets the exit code. */

import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { flushSpans } from '../model/tracing.js';
import { EXIT, exitCodeOf, explain } from './exit.js';
import { createProgram } from './program.js';
import { chooseRemarkFormat, printRemark, reportWarnings } from './remarks.js';

/** How long an exporter of spans may delay the end of the process, in milliseconds. */
const MAX_FLUSH_MS = 5_000;

async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  const program = createProgram(version(), (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv]);
    return code;
  } catch (error) {
    // Commander has printed its own message. Help and version are no errors.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    printRemark(explain(error), 'error');
    return exitCodeOf(error);
  }
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

// A reader that closes the pipe (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed),
);
chooseRemarkFormat(process.argv.slice(2), process.stderr.isTTY === true);
reportWarnings();
const code = await main(process.argv);
await flushSpans(MAX_FLUSH_MS);
const flushed = (stream: NodeJS.WriteStream) =>
  new Promise<void>((resolve) => stream.write('', () => resolve()));
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
// Handles that a library keeps open must not delay the end of the process.
process.exit(code);
