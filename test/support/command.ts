/** Runs the built command line as a user's shell would, in a process of its own. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** What Node is started with: the flags of `#!` in the command's file, and the file. */
export const COMMAND = ['--heap-growing-percent=130', CLI];

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  readonly process: ChildProcess;
  /** Everything on standard error so far. */
  readonly stderr: () => string;
  /** Resolves as soon as standard error holds the text; rejects when the process ends without it. */
  until(text: string): Promise<void>;
  /** The first line on standard output; rejects when the process ends without one. */
  firstLine(): Promise<string>;
  finished: Promise<CommandResult>;
}

/** Starts `intercom-kafka` with these arguments. */
export function startCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  node: string = process.execPath,
): RunningCommand {
  const child = spawn(node, [...COMMAND, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const finished = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }));
  const until = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (stderr.includes(text)) resolve();
      };
      child.stderr.on('data', look);
      look();
      void finished.then(() => reject(new Error(`ended without "${text}":\n${stderr}`)));
    });
  const firstLine = async () => {
    while (!stdout.includes('\n')) {
      const ended = finished.then(() => Promise.reject(new Error(`ended without a line:\n${stderr}`)));
      await Promise.race([once(child.stdout, 'data'), ended]);
    }
    return stdout.slice(0, stdout.indexOf('\n'));
  };
  return { process: child, stderr: () => stderr, until, firstLine, finished };
}

/**
 * How many cycles of a table a publisher has completed, by its log in JSON; its states do not tell, since
 * idle cycles share one.
 */
export function completeCycles({ stderr }: RunningCommand, table: string): number {
  return stderr()
    .split('\n')
    .filter((line) => line.includes('"table finished"') && line.includes(`"table":"${table}"`)).length;
}

/** Ends a command, also one that is paused, and waits for its end. */
export async function endCommand(running: RunningCommand, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  running.process.kill(signal);
  // A paused process takes no other signal.
  running.process.kill('SIGCONT');
  await running.finished;
}

/** Runs `intercom-kafka` with these arguments to its end. */
export function runCommand(
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  return startCommand(args, env).finished;
}
