/** Exit codes, and what a person sees of an error. */

import { PublisherError } from '../model/errors.js';

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  credentials: 3,
  interrupted: 130,
  terminated: 143,
} as const;

/** The exit code that a failure of the whole command means. */
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

/** The exit code of a command of which parts failed: the credentials' own only when nothing else is wrong. */
export function exitCodeOfAll(errors: readonly unknown[]): number {
  const codes = new Set(errors.map(exitCodeOf));
  if (codes.size === 0) return EXIT.done;
  const [only] = codes;
  return codes.size === 1 && only !== undefined ? only : EXIT.failed;
}

/**
 * What to print of an error: no stack for a mistake of the user's or the world's, but one for a defect of
 * ours.
 */
export function explain(error: unknown): string {
  if (error instanceof PublisherError && error.code !== 'internal') return error.message;
  const cause = error instanceof PublisherError && error.cause !== undefined ? error.cause : error;
  const stack = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return `this is a defect of intercom-kafka, please report it:\n${stack}`;
}
