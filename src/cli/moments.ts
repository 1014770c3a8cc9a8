/** Options that name a moment from which rows are read. */

import type { ConnectionConfig } from '../config/config.js';
import { parseMoment } from '../config/values.js';
import { PublisherError } from '../model/errors.js';

/** Epoch seconds of an option such as `--start-date`. Throws `usage-invalid` where no row is read from then on. */
export function readFromOption(option: string, text: string, connection: ConnectionConfig): number {
  const start = parseMoment(text);
  if (start === null || start > Date.now() / 1000) {
    throw new PublisherError(
      'usage-invalid',
      `${option} must be a date or date-time that is not in the future, such as 2024-01-01T00:00:00Z, not "${text}"`,
    );
  }
  if (start < connection.startDate) {
    const configured = new Date(connection.startDate * 1000).toISOString();
    throw new PublisherError(
      'usage-invalid',
      `${option} ${text} lies before the startDate of ${connection.name} (${configured}), and older rows are never read: change startDate in the file, then reset without --start-date`,
    );
  }
  return start;
}
