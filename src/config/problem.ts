/** Problems of a file: collected, sorted by position, and reported together. */

import { PublisherError } from '../model/errors.js';
import type { Place, SourceDocument, SyntaxProblem } from './document.js';
import { formatPath, type Path } from './path.js';

export interface Problem {
  readonly path: Path;
  /** The problem without its path: `expected …, got …`. */
  readonly text: string;
  /** True when the key itself is wrong and not its value. */
  readonly ofKey?: boolean;
}

/** The error with all problems of a file, one a line, each with its path and position. */
export function configError(
  file: string,
  problems: readonly Problem[],
  source: SourceDocument,
): PublisherError {
  const lines = problems.map((problem) => {
    const path = formatPath(problem.path);
    const place = source.placeOf(problem.path, problem.ofKey ? 'key' : 'value');
    return { text: path === '' ? problem.text : `${path}: ${problem.text}`, place };
  });
  return syntaxError(file, lines);
}

/** The same for a text that is not YAML. */
export function syntaxError(file: string, problems: readonly SyntaxProblem[]): PublisherError {
  const inOrder = problems.toSorted(
    (one, other) =>
      rank(one.place, 'line') - rank(other.place, 'line') ||
      rank(one.place, 'column') - rank(other.place, 'column'),
  );
  const lines = new Set(inOrder.map(({ text, place }) => `  ${text}${formatPlace(place)}`));
  const count = lines.size === 1 ? '1 problem' : `${lines.size} problems`;
  return new PublisherError('config-invalid', [`${file}: ${count}`, ...lines].join('\n'));
}

function rank(place: Place | null, part: keyof Place): number {
  return place?.[part] ?? 0;
}

function formatPlace(place: Place | null): string {
  return place === null ? '' : ` (line ${place.line}:${place.column})`;
}
