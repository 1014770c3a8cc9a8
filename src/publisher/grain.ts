import type { IntercomApi } from '../intercom/api.js';
import { isIsolable } from '../model/set-aside.js';
import type { SearchedTable } from '../model/table.js';
import { type Grain, knownTimeZone } from '../sync/windows.js';

export type GrainOf = (table: Pick<SearchedTable<never>, 'grain'>) => Promise<Grain>;

/** Windows of days follow the workspace's calendar, which is asked for once, when a window is first split. */
export function grainOf(api: IntercomApi): GrainOf {
  let timeZone: Promise<string> | null = null;
  return async (table) => {
    if (table.grain === 'second') return { unit: 'second' };
    timeZone ??= api.workspace().then(
      (workspace) => knownTimeZone(workspace.timeZone),
      (error: unknown) => {
        // The next table asks again.
        timeZone = null;
        // Pieces that follow another calendar are read twice in part, and completely all the same.
        if (isIsolable(error)) return 'UTC';
        throw error;
      },
    );
    return { unit: 'day', timeZone: await timeZone };
  };
}
