/** Exit codes, and the texts of errors for users. */

import { PublisherError } from '../model/errors.js';

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  credentials: 3,
  interrupted: 130,
  terminated: 143,
} as const;

/** The exit code for a failure of the whole command. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof PublisherError)) return EXIT.failed;
  switch (error.code) {
    case 'config-invalid':
    case 'usage-invalid':
      return EXIT.usage;
    case 'credentials-refused':
    case 'credentials-missing':
      return EXIT.credentials;
    default:
      return EXIT.failed;
  }
}

/**
 * The exit code of a command with failed parts. It is the code for credentials only when nothing else failed.
 */
export function exitCodeOfAll(errors: readonly unknown[]): number {
  const codes = new Set(errors.map(exitCodeOf));
  if (codes.size === 0) return EXIT.done;
  const [only] = codes;
  return codes.size === 1 && only !== undefined ? only : EXIT.failed;
}

/** The text to print for an error. Only a defect of this program has its stack. */
export function explain(error: unknown): string {
  if (error instanceof PublisherError && error.code !== 'internal') return error.message;
  const cause = error instanceof PublisherError && error.cause !== undefined ? error.cause : error;
  const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return `this is a defect of intercom-kafka, please report it:\n${stack}`;
}
