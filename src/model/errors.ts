/**
 * Every way in which the publisher fails, how far each failure reaches, and what causes it.
 *
 * All loops decide by `REACH` and `ORIGIN`; none matches a message. A message says what failed, on which
 * object, why, and what to do: it is written for the operator.
 */

/**
 * What a failure ends. `table`: the table's cycle; its next one tries again. `connection`: the session, which
 * begins anew after a wait. `process`: the command. `nothing`: the publisher tries again by itself. At the
 * start of a command some reach further (docs/operations.md).
 */
export type Reach = 'nothing' | 'table' | 'connection' | 'process';

export const REACH = {
  /** The configuration file or the command line is wrong. */
  'usage-invalid': 'process',
  'config-invalid': 'process',
  /** Intercom could not be reached, or answered with a server error, until the retries ran out. */
  'api-unreachable': 'table',
  'api-error': 'table',
  /** A reply that can't be read: empty, HTML, truncated, or without the list it should carry. */
  'api-unreadable': 'table',
  /** A request that Intercom rejects and that would be rejected again. */
  'api-rejected': 'table',
  'api-forbidden': 'table',
  'api-not-found': 'table',
  /** Intercom serves nothing of the workspace, whose subscription is not active. */
  'plan-restricted': 'connection',
  'credentials-refused': 'connection',
  'credentials-missing': 'connection',
  /** Another program holds the one companies scroll of the app. */
  'scroll-busy': 'table',
  /** The scroll expired or broke more often than it is started again. */
  'scroll-broken': 'table',
  /** Rows left the result of a search while it was paged: what was read may have a gap. */
  'walk-unclean': 'table',
  'kafka-unreachable': 'connection',
  'kafka-error': 'connection',
  /**
   * The broker ended a transaction that was open for too long, and this instance may have lost the connection
   * meanwhile.
   */
  'kafka-transaction-timeout': 'connection',
  /** Another instance owns the connection now. */
  fenced: 'connection',
  'topic-invalid': 'connection',
  'topic-missing': 'connection',
  'registry-unreachable': 'table',
  'schema-rejected': 'table',
  /** An instance of the group runs, or owns the connection. */
  'group-busy': 'process',
  'state-unreadable': 'connection',
  /** The address of the HTTP server can't be listened on. */
  'http-unavailable': 'nothing',
  /** The run was asked to stop. */
  stopped: 'process',
  /** A defect of this program. */
  internal: 'table',
} as const satisfies Record<string, Reach>;

export type ErrorCode = keyof typeof REACH;

/** All of them. */
export const ERROR_CODES = Object.keys(REACH) as ErrorCode[];

/** What causes a failure. `group`: another instance. `setup`: the file, the credentials, topics, the host. */
export type Origin = 'intercom' | 'kafka' | 'registry' | 'group' | 'setup' | 'program';

const ORIGIN: Record<ErrorCode, Origin> = {
  'usage-invalid': 'setup',
  'config-invalid': 'setup',
  'api-unreachable': 'intercom',
  'api-error': 'intercom',
  'api-unreadable': 'intercom',
  'api-rejected': 'intercom',
  'api-forbidden': 'intercom',
  'api-not-found': 'intercom',
  'plan-restricted': 'intercom',
  'credentials-refused': 'setup',
  'credentials-missing': 'setup',
  'scroll-busy': 'intercom',
  'scroll-broken': 'intercom',
  'walk-unclean': 'intercom',
  'kafka-unreachable': 'kafka',
  'kafka-error': 'kafka',
  'kafka-transaction-timeout': 'kafka',
  fenced: 'group',
  'topic-invalid': 'setup',
  'topic-missing': 'setup',
  'registry-unreachable': 'registry',
  'schema-rejected': 'registry',
  'group-busy': 'group',
  'state-unreadable': 'setup',
  'http-unavailable': 'setup',
  stopped: 'program',
  internal: 'program',
};

/** What Intercom answered, for the few callers that distinguish its answers. */
export interface ApiAnswer {
  /** HTTP status. */
  readonly status: number;
  /** The `code` of each entry in the error list; empty when the body was not one. */
  readonly codes: readonly string[];
  /** Intercom's own id of the request, for its support. */
  readonly requestId: string | null;
  /** The permission that the app lacks, as the Developer Hub calls it; null where it is not known. */
  readonly permission?: string | null;
  /** The rows of a page arrived; only its next page can't be requested. */
  readonly hasRows?: boolean;
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

  get reach(): Reach {
    return REACH[this.code];
  }

  get origin(): Origin {
    return ORIGIN[this.code];
  }
}

/** What an error says; of a thrown value that is no error, the value as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The error as a `PublisherError`: any other error is a defect, whose stack the cause has. */
export function asPublisherError(error: unknown): PublisherError {
  if (error instanceof PublisherError) return error;
  return new PublisherError('internal', `unexpected error: ${messageOf(error)}`, { cause: error });
}
