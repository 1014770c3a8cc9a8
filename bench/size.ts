/** How time and memory grow with the workspace, and how long a restart takes. */

import { type Addresses, rounded, type Say, Stage } from './stage.js';

/** Prints wall time and peak memory for workspaces of ten, hundred and thousand thousand rows, and the time of a restart. */
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
  await benchWhole(addresses, say);
}

/** A table that is read whole is remembered row by row. */
async function benchWhole(addresses: Addresses, say: Say): Promise<void> {
  // Enough rows for the memory that does not depend on them to have come to rest.
  const few = 100_000;
  const many = 1_000_000;
  const peaks = new Map<number, number>();
  for (const rows of [few, many]) {
    const stage = await Stage.open(addresses, { companies: rows, tables: ['companies'] });
    try {
      const first = await stage.cycle();
      const again = await stage.cycle();
      peaks.set(rows, Math.max(first.megabytes, again.megabytes));
      say(
        `whole: ${rounded(rows)} companies: ${first.seconds.toFixed(1)} s, read again ${again.seconds.toFixed(1)} s, ` +
          `${first.megabytes.toFixed(0)} and ${again.megabytes.toFixed(0)} MB; from a start to its first request ${again.untilFirstRequest.toFixed(1)} s`,
      );
    } finally {
      await stage.close();
    }
  }
  const bytes = (((peaks.get(many) ?? 0) - (peaks.get(few) ?? 0)) * 1024 * 1024) / (many - few);
  say(`whole: ${bytes.toFixed(0)} bytes a row on top`);
}
