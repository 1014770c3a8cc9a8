/** Measures how time and memory grow with the workspace, and how long a restart takes. */

import { type Addresses, type Cycle, median, rounded, type Say, Stage } from './stage.js';

/** The time of garbage collections changes a peak by some tens of megabytes. */
const RESTARTS = 3;

/**
 * Prints wall time and peak memory for workspaces of ten, hundred and thousand thousand rows, and the time of
 * a restart.
 */
export async function benchSize(addresses: Addresses, say: Say): Promise<void> {
  const measured: { rows: number; seconds: number; megabytes: number }[] = [];
  for (const rows of [10_000, 100_000, 1_000_000]) {
    const stage = await Stage.open(addresses, { contacts: rows, tables: ['contacts'] });
    try {
      const { seconds, megabytes } = await stage.cycle();
      measured.push({ rows, seconds, megabytes });
      const each = (seconds * 1e6) / rows;
      say(
        `size: ${rounded(rows)} contacts: ${seconds.toFixed(1)} s (${each.toFixed(0)} µs a row), ${megabytes.toFixed(0)} MB at its peak`,
      );
    } finally {
      await stage.close();
    }
  }
  printGrowth(measured, say);
  await benchWhole(addresses, say, measured.at(-1)?.megabytes ?? 0);
}

/** The cost of one more row, without the fixed cost of a start. */
function printGrowth(measured: readonly { rows: number; seconds: number }[], say: Say): void {
  const further = measured.slice(1).map(({ rows, seconds }, index) => {
    const before = measured[index] ?? { rows: 0, seconds: 0 };
    return ((seconds - before.seconds) * 1e6) / (rows - before.rows);
  });
  const [first = 0, second = 0] = further;
  say(
    `growth: a further row takes ${further.map((each) => `${each.toFixed(0)} µs`).join(', then ')}: ${(second / first).toFixed(2)}`,
  );
}

/**
 * A table that is read whole is kept in memory row by row. `searched` is the peak, in megabytes, of as many
 * rows of a table that is not.
 */
async function benchWhole(addresses: Addresses, say: Say, searched: number): Promise<void> {
  const few = 100_000;
  const many = 1_000_000;
  const peaks = new Map<number, number>();
  for (const rows of [few, many]) {
    const stage = await Stage.open(addresses, { companies: rows, tables: ['companies'] });
    try {
      const first = await stage.cycle();
      const again: Cycle[] = [];
      while (again.length < RESTARTS) again.push(await stage.cycle());
      const of = (what: 'seconds' | 'megabytes' | 'untilFirstRequest') =>
        median(again.map((each) => each[what]));
      peaks.set(rows, Math.max(first.megabytes, of('megabytes')));
      const all = again.map(({ megabytes }) => megabytes.toFixed(0)).join(', ');
      say(
        `whole: ${rounded(rows)} companies: ${first.seconds.toFixed(1)} s, read again ${of('seconds').toFixed(1)} s, ` +
          `${first.megabytes.toFixed(0)} MB, and ${all} MB behind a restart; from a start to its first request ${of('untilFirstRequest').toFixed(1)} s`,
      );
    } finally {
      await stage.close();
    }
  }
  const peak = (rows: number) => peaks.get(rows) ?? 0;
  const each = (megabytes: number, rows: number) => ((megabytes * 1024 * 1024) / rows).toFixed(0);
  say(
    `whole: ${each(peak(many) - searched, many)} bytes a row on top of what as many contacts take; ` +
      `from ${rounded(few)} to ${rounded(many)} companies ${each(peak(many) - peak(few), many - few)} a row`,
  );
}
