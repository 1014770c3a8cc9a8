/** Options of the simulated workspace and of its API. */

export interface Counts {
  readonly contacts: number;
  readonly companies: number;
  readonly conversations: number;
  /** Mean number of parts of a conversation. */
  readonly parts: number;
  readonly segments: number;
  readonly companySegments: number;
  readonly tags: number;
  readonly admins: number;
  readonly teams: number;
  /** Custom attributes of contacts, and as many of companies. */
  readonly customAttributes: number;
}

export type Latency = number | readonly [number, number];

export interface SimulatorOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** The same seed and counts make the same workspace. */
  readonly seed: number;
  /** Epoch seconds. */
  readonly now: () => number;
  readonly counts: Counts;
  /** Epoch seconds of the oldest `updated_at`. */
  readonly from: number;
  /** IANA name; contacts are searched by its days. */
  readonly timeZone: string;
  readonly region: string;
  readonly accessToken: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Whether `>` and `<` of conversation searches include their bound; it is not documented. */
  readonly inclusive: boolean;
  /** The meaning of a search cursor: a place after a row, or a number of rows. */
  readonly cursors: 'keyset' | 'position';
  /**
   * Whether conversation searches sort as asked; it is not documented. Else they come newest conversation
   * first.
   */
  readonly conversationSort: boolean;
  /** Milliseconds before each reply: always as many, or between two bounds. */
  readonly latency: Latency;
  /** Requests per window; null: no limit. */
  readonly budget: { readonly limit: number; readonly windowSeconds: number } | null;
  readonly scrollPageSize: number;
  readonly scrollExpirySeconds: number;
  readonly scrollEnd: 'empty' | '404';
  /** Seconds until the search shows a change of a contact; it shows the old version until then. */
  readonly indexDelay: number;
  /** Parts that a conversation's detail holds at most. */
  readonly partsLimit: number;
  /** Entries that a list inside a contact holds at most. */
  readonly sublistLimit: number;
  /**
   * Keeps the rendered text of each contact that a search has returned, some 2.4 KB each, so that returning
   * it again costs hardly any time.
   */
  readonly keepTexts: boolean;
  /**
   * Deviations of the API from its description: null sources, numbers for IDs, `teammates.admins`, empty
   * plans, missing keys.
   */
  readonly quirks: boolean;
  /** Texts, attribute names and times as a hostile or careless writer leaves them. */
  readonly hostile: boolean;
}

const DAY = 86_400;

const DEFAULT_COUNTS: Counts = {
  contacts: 2_000,
  companies: 500,
  conversations: 2_000,
  parts: 10,
  segments: 12,
  companySegments: 6,
  tags: 40,
  admins: 15,
  teams: 5,
  customAttributes: 8,
};

/** The options of callers: any subset, also of the counts. */
export type SimulatorSettings = Partial<Omit<SimulatorOptions, 'counts'>> & {
  readonly counts?: Partial<Counts>;
};

export function withDefaults(settings: SimulatorSettings): SimulatorOptions {
  const now = settings.now ?? (() => Math.floor(Date.now() / 1000));
  return {
    host: '127.0.0.1',
    port: 0,
    seed: 1,
    from: now() - 365 * DAY,
    timeZone: 'America/Los_Angeles',
    region: 'US',
    accessToken: 'simulated-token',
    clientId: 'simulated-client',
    clientSecret: 'simulated-secret',
    inclusive: false,
    cursors: 'keyset',
    conversationSort: true,
    latency: 0,
    budget: { limit: 1_666, windowSeconds: 10 },
    scrollPageSize: 100,
    scrollExpirySeconds: 60,
    scrollEnd: 'empty',
    indexDelay: 0,
    partsLimit: 500,
    sublistLimit: 10,
    keepTexts: false,
    quirks: true,
    hostile: false,
    ...settings,
    now,
    counts: { ...DEFAULT_COUNTS, ...settings.counts },
  };
}
