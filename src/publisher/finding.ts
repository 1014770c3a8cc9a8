import { asPublisherError, type PublisherError } from '../model/errors.js';

/** One line of the report of `check`. `error` is null when the check passed, or when it only `warns`. */
export interface Finding {
  readonly what: string;
  readonly message: string;
  readonly error: PublisherError | null;
  readonly warns?: boolean;
}

/** What a check returns as its message, or what it throws. */
export async function finding(what: string, check: () => Promise<string>): Promise<Finding> {
  try {
    return { what, message: await check(), error: null };
  } catch (thrown) {
    return failed(what, asPublisherError(thrown));
  }
}

export function failed(what: string, error: PublisherError): Finding {
  return { what, message: error.message, error };
}
