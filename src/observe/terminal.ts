/** A terminal whose last lines are rewritten in place while other lines scroll above them. */

/** The required parts of a terminal; `process.stderr` has them. */
export interface TerminalStream {
  write(text: string): unknown;
  readonly columns?: number;
}

export class Terminal {
  readonly #out: TerminalStream;
  #shown = 0;
  #block: readonly string[] = [];

  constructor(out: TerminalStream) {
    this.#out = out;
  }

  /** Prints text (whole lines) above the block. */
  print(text: string): void {
    this.#clear();
    this.#out.write(text.endsWith('\n') ? text : `${text}\n`);
    this.#draw();
  }

  /** Replaces the block. */
  show(lines: readonly string[]): void {
    this.#clear();
    this.#block = lines;
    this.#draw();
  }

  #clear(): void {
    if (this.#shown > 0) this.#out.write(`\u001b[${this.#shown}A\u001b[0J`);
    this.#shown = 0;
  }

  /** A line wider than the terminal would wrap, and the cursor would then return to the wrong line. */
  #draw(): void {
    const width = (this.#out.columns || 80) - 1;
    for (const line of this.#block) this.#out.write(`${line.slice(0, width)}\n`);
    this.#shown = this.#block.length;
  }
}
