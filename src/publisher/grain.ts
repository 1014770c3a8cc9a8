import type { IntercomApi } from '../intercom/api.js';
import { isIsolable } from '../model/set-aside.js';
import type { SearchedTable } from '../model/table.js';
import { type Grain, knownTimeZone } from '../sync/windows.js';

export type GrainOf = (table: Pick<SearchedTable<never>, 'grain'>) => Promise<Grain>;

/** Windows of days follow the workspace's time zone. It is requested once, when a window is first split. */
export function grainOf(api: IntercomApi): GrainOf {
  let timeZone: Promise<string> | null = null;
  return async (table) => {
    if (table.grain === 'second') return { unit: 'second' };
    timeZone ??= api.workspace().then(
      (workspace) => knownTimeZone(workspace.timeZone),
      (error: unknown) => {
        // The next table requests it again.
        timeZone = null;
        // Windows in another time zone overlap: some rows are read twice, but none is missed.
        if (isIsolable(error)) return 'UTC';
        throw error;
      },
    );
    return { unit: 'day', timeZone: await timeZone };
  };
}
