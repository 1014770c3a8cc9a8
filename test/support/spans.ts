/** Spans as trees, whether the SDK keeps them in memory or a collector has written them to a file. */

/** What both have of a span. */
export interface SeenSpan {
  readonly name: string;
  readonly id: string;
  /** Null: it begins a trace. */
  readonly parent: string | null;
}

/** Each tree with two blanks before each level; spans that start one after the other are in this order. */
export function treesOf(spans: readonly SeenSpan[]): string[] {
  const ids = new Set(spans.map(({ id }) => id));
  const linesOf = (span: SeenSpan): string[] => [
    span.name,
    ...spans
      .filter(({ parent }) => parent === span.id)
      .flatMap((child) => linesOf(child).map((line) => `  ${line}`)),
  ];
  const isTop = ({ parent }: SeenSpan) => parent === null || !ids.has(parent);
  return spans.filter(isTop).map((span) => linesOf(span).join('\n'));
}
