/**
 * Looks through a whole log, not only at what stands in it last: no version twice, none older behind a newer one, no row that came back from
 * the dead without a newer version, and at the end exactly the rows of the workspace.
 */

export interface LoggedVersion {
  readonly key: string;
  /** Null is a tombstone. */
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly partition: number;
  readonly offset: number;
}

/** Everything that is wrong with a table's log (versions in offset order within each partition). `expected`: the keys of the workspace's rows. */
export function logProblems(versions: readonly LoggedVersion[], expected: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  const alive = new Set<string>();
  const byKey = new Map<string, LoggedVersion[]>();
  for (const version of versions) byKey.set(version.key, [...(byKey.get(version.key) ?? []), version]);
  for (const [key, history] of byKey) {
    problems.push(...historyProblems(key, history));
    if (history.at(-1)?.value !== null) alive.add(key);
  }
  for (const key of expected) if (!alive.has(key)) problems.push(`${key}: lost`);
  for (const key of alive)
    if (!expected.has(key)) problems.push(`${key}: gone from the workspace, and no tombstone`);
  return problems;
}

function historyProblems(key: string, history: readonly LoggedVersion[]): string[] {
  const problems: string[] = [];
  let newest = Number.NEGATIVE_INFINITY;
  let last: LoggedVersion | null = null;
  for (const version of history) {
    const at = `${key} at ${version.partition}/${version.offset}`;
    const time = Number(version.headers.updated_at ?? newest);
    if (last?.partition !== undefined && last.partition !== version.partition)
      problems.push(`${at}: in another partition than before`);
    if (last !== null && version.value !== null && last.headers.hash === version.headers.hash)
      problems.push(`${at}: the same version twice`);
    if (last?.value === null && version.value === null) problems.push(`${at}: deleted twice`);
    if (version.value !== null && time < newest) problems.push(`${at}: older behind a newer one`);
    if (last?.value === null && version.value !== null && time <= newest)
      problems.push(`${at}: back from the dead`);
    newest = Math.max(newest, time);
    last = version;
  }
  return problems;
}
