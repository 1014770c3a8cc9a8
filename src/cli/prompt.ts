/** Asks the operator at the terminal. */

import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** Whether an operator can be asked: standard input and error are a terminal. */
export function isTerminal(): boolean {
  return process.stdin.isTTY === true;
}

/** Reads one line; an empty one returns `fallback`. Rejects with an `AbortError` when the signal aborts. */
export async function ask(
  question: string,
  {
    fallback = '',
    hidden = false,
    signal,
  }: { fallback?: string; hidden?: boolean; signal?: AbortSignal } = {},
): Promise<string> {
  const output = hidden ? new Muted(process.stderr) : process.stderr;
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const shown = fallback === '' ? `${question}: ` : `${question} [${fallback}]: `;
  try {
    if (hidden) process.stderr.write(shown);
    const answer = await terminal.question(hidden ? '' : shown, signal === undefined ? {} : { signal });
    return answer.trim() === '' ? fallback : answer.trim();
  } finally {
    if (hidden) process.stderr.write('\n');
    terminal.close();
  }
}

/** Reads a line without showing the typed characters. */
class Muted extends Writable {
  readonly #terminal: NodeJS.WriteStream;

  constructor(terminal: NodeJS.WriteStream) {
    super();
    this.#terminal = terminal;
  }

  get columns(): number {
    return this.#terminal.columns;
  }

  override _write(_chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    done();
  }
}
