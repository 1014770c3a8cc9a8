/**
 * Every way in which this program fails, with what the caller should do about it.
 *
 * The loop has one switch over `advice`; nobody decides by a pattern on a message. A message says what failed,
 * for which table or file, and what to do: it is written for the person who runs the publisher.
 */

/** What a caller does with a failure: `fail-table` and `fail-connection` say how far it reaches, `stop` ends the process. */
export type Advice = 'retry' | 'fail-table' | 'fail-connection' | 'stop';

const ADVICE = {
  /** The configuration file or the command line is wrong. */
  'usage-invalid': 'stop',
  'config-invalid': 'stop',
  /** Intercom could not be reached, or answered with a server error, until the retries ran out. */
  'api-unreachable': 'fail-table',
  'api-error': 'fail-table',
  /** A reply that can't be read: empty, HTML, truncated, or without the list it should carry. */
  'api-unreadable': 'fail-table',
  /** A request that Intercom rejects and that would be rejected again. */
  'api-rejected': 'fail-table',
  'api-forbidden': 'fail-table',
  'api-not-found': 'fail-table',
  /** Intercom serves nothing of the workspace, whose subscription is not active. */
  'plan-restricted': 'fail-connection',
  'credentials-refused': 'fail-connection',
  'credentials-missing': 'fail-connection',
  /** The one companies scroll of the app is held by somebody else. */
  'scroll-busy': 'fail-table',
  /** The scroll expired or broke: it can only be started again. */
  'scroll-broken': 'retry',
  /** Rows left the result of a search while it was paged: what was read may have a gap. */
  'walk-unclean': 'retry',
  'kafka-unreachable': 'stop',
  'kafka-error': 'fail-table',
  /** The broker ended a transaction that was open for too long, and this instance may have lost the connection meanwhile. */
  'kafka-transaction-timeout': 'fail-table',
  /** Another instance owns the connection now. */
  fenced: 'fail-connection',
  'topic-invalid': 'stop',
  'topic-missing': 'stop',
  'registry-unreachable': 'stop',
  'schema-rejected': 'fail-table',
  /** An instance of the group runs, or owns the connection. */
  'group-busy': 'stop',
  'state-unreadable': 'fail-connection',
  /** The address of the HTTP server can't be listened on. */
  'http-unavailable': 'stop',
  /** The run was asked to stop. */
  stopped: 'stop',
  /** A defect of this program. */
  internal: 'fail-table',
} as const satisfies Record<string, Advice>;

export type ErrorCode = keyof typeof ADVICE;

/** All of them. */
export const ERROR_CODES = Object.keys(ADVICE) as ErrorCode[];

/** What Intercom said, for the few callers that tell its answers apart. */
export interface ApiAnswer {
  /** HTTP status. */
  readonly status: number;
  /** The `code` of each entry in the error list; empty when the body was not one. */
  readonly codes: readonly string[];
  /** Intercom's own id of the request, for its support. */
  readonly requestId: string | null;
}

/** The one error class: a closed set of codes, the cause kept, and a message for people. */
export class PublisherError extends Error {
  readonly code: ErrorCode;
  readonly answer: ApiAnswer | null;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; answer?: ApiAnswer } = {}) {
    super(message, options);
    this.name = 'PublisherError';
    this.code = code;
    this.answer = options.answer ?? null;
  }

  get advice(): Advice {
    return ADVICE[this.code];
  }
}

/** The error as one of ours: anything else is a defect and is called so. */
export function asPublisherError(error: unknown): PublisherError {
  if (error instanceof PublisherError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new PublisherError('internal', `unexpected error: ${text}`, { cause: error });
}
