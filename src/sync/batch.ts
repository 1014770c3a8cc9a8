/** Decides which rows of a page are to be published, given what was published before. Pure. */

import type { DeadLetter, RawRow, ShapedRow, Upsert } from '../model/row.js';
import type { Page } from '../model/table.js';
import { type ComparableVersion, isTwin, judge, type PublishedVersion } from './published.js';
import type { TableSource } from './source.js';
import { type TwinRule, twinKey } from './twins.js';

/** A version to publish, with the time that decides its window (epoch seconds) and the row it was made of. */
export interface NewVersion {
  readonly row: Upsert;
  readonly versionTime: number | null;
  /** As its schema sees it (`ShapedRow.raw`). */
  readonly raw: RawRow;
  redacted(): RawRow;
}

export interface Batch {
  /** In the order of the page; of one key only versions that follow each other. */
  readonly versions: readonly NewVersion[];
  /** Rows without a usable key. */
  readonly letters: readonly DeadLetter[];
  /** Rows that share their key with a published row: see `TwinRule`. */
  readonly twins: readonly DeadLetter[];
  /** Every key of the page, whether its row is published or not. */
  readonly met: ReadonlySet<string>;
  /** Rows that are unchanged since they were published, with the time that decides their window now. */
  readonly unchanged: readonly { readonly key: string; readonly versionTime: number | null }[];
  /** Rows that are shown although they are gone, as they came. */
  readonly returned: readonly { readonly key: string; readonly raw: RawRow }[];
  /** Paths of what went to `_extra`, with how often. */
  readonly leftovers: ReadonlyMap<string, number>;
}

/** What is known to be in the topic, by key. */
export interface KnownVersions {
  get(key: string): PublishedVersion | undefined;
}

/** What rows are compared with. */
export interface ComparedVersions extends KnownVersions {
  readonly twins: TwinRule;
}

/** A row with a key, and what it is compared by. */
interface Candidate {
  /** The row as it came. */
  readonly raw: RawRow;
  readonly shaped: Extract<ShapedRow, { ok: true }>;
  readonly version: ComparableVersion;
  /** When it was requested by its ID (epoch milliseconds), or null. */
  readonly askedAt: number | null;
}

/**
 * Sorts the rows of a page. `metBefore` says whether earlier pages of the same reading had a key.
 *
 * Of several rows of one key on a page, none newer than the others, the one with the smallest hash counts. On
 * several pages of a whole table the first one counts. Otherwise a key that two rows share would be published
 * again in each cycle.
 */
export function sortOut(
  page: Page,
  source: TableSource,
  published: ComparedVersions,
  metBefore: (key: string) => boolean,
): Batch {
  const sorting = new Sorting(source, published, metBefore);
  const candidates: Candidate[] = [];
  for (const raw of page.rows) {
    const shaped = source.shape(raw, page.fetchedAt);
    sorting.meet(shaped.ok ? shaped.row.key : shaped.letter.key);
    if (shaped.ok) candidates.push(candidateOf(source, page, raw, shaped));
    else sorting.addLetter(shaped.letter);
  }
  const losers = losersAmong(candidates);
  for (const candidate of candidates) {
    if (losers.has(candidate)) sorting.addLoser(candidate);
    else sorting.add(candidate);
  }
  return sorting.batch;
}

function candidateOf(source: TableSource, page: Page, raw: RawRow, shaped: Candidate['shaped']): Candidate {
  const { hash, updatedAt } = shaped.row;
  const version = { hash, updatedAt, versionTime: source.versionTime(raw) };
  return { raw, shaped, version, askedAt: page.askedAt?.(raw) ?? null };
}

/** Of the rows of a page that share a key, those that don't count. */
function losersAmong(candidates: readonly Candidate[]): ReadonlySet<Candidate> {
  const losers = new Set<Candidate>();
  const winners = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const { key } = candidate.shaped.row;
    const before = winners.get(key) ?? [];
    const larger = before.filter(
      ({ version }) => isTwin(version, candidate.version) && version.hash > candidate.version.hash,
    );
    const isLoser = before.some(
      ({ version }) => isTwin(version, candidate.version) && version.hash < candidate.version.hash,
    );
    for (const each of isLoser ? [candidate] : larger) losers.add(each);
    winners.set(
      key,
      [...before, candidate].filter((each) => !losers.has(each)),
    );
  }
  return losers;
}

class Sorting {
  readonly #source: TableSource;
  readonly #published: ComparedVersions;
  readonly #metBefore: (key: string) => boolean;
  readonly #versions: NewVersion[] = [];
  readonly #letters: DeadLetter[] = [];
  readonly #twins: DeadLetter[] = [];
  readonly #met = new Set<string>();
  /** The keys of rows that count. */
  readonly #counted = new Set<string>();
  readonly #unchanged: { key: string; versionTime: number | null }[] = [];
  readonly #returned: { key: string; raw: RawRow }[] = [];
  readonly #leftovers = new Map<string, number>();
  readonly #pending = new Map<string, ComparableVersion>();

  constructor(source: TableSource, published: ComparedVersions, metBefore: (key: string) => boolean) {
    this.#source = source;
    this.#published = published;
    this.#metBefore = metBefore;
  }

  get batch(): Batch {
    return {
      versions: this.#versions,
      letters: this.#letters,
      twins: this.#twins,
      met: this.#met,
      unchanged: this.#unchanged,
      returned: this.#returned,
      leftovers: this.#leftovers,
    };
  }

  meet(key: string): void {
    this.#met.add(key);
  }

  addLetter(letter: DeadLetter): void {
    this.#letters.push(letter);
  }

  /** A row that shares its key with another one of the page, which counts. */
  addLoser(candidate: Candidate): void {
    const { key, hash } = candidate.shaped.row;
    this.#published.twins.hold(key, hash);
    this.#addTwin(candidate);
  }

  #addTwin({ shaped: { row, redacted } }: Candidate): void {
    const { key, hash, fetchedAt } = row;
    const reason = `another row has the same key ${key}: the one with the smaller content hash is published`;
    this.#twins.push({ key: twinKey(key, hash), reason, raw: redacted(), fetchedAt });
  }

  add(candidate: Candidate): void {
    const { raw, shaped, version, askedAt } = candidate;
    const { row } = shaped;
    const { key } = row;
    const again = this.#counted.has(key) || this.#metBefore(key);
    this.#counted.add(key);
    const before = this.#published.get(key);
    if (before === undefined && this.#source.isTooOld(raw)) return;
    const known = this.#pending.get(key) ?? before;
    const { twins } = this.#published;
    if (this.#isHeldBack(candidate, known, again)) {
      this.#addTwin(candidate);
      return;
    }
    if (again && twins.isFirstOnly && !isNewer(version, known)) return;
    twins.meet(key);
    const verdict = judge(known, version, askedAt);
    const { versionTime } = version;
    if (verdict === 'unchanged') this.#unchanged.push({ key, versionTime });
    if (verdict === 'stale' && known?.gone) this.#returned.push({ key, raw });
    if (verdict !== 'publish') return;
    this.#pending.set(key, version);
    this.#versions.push({ row, versionTime, raw: shaped.raw, redacted: shaped.redacted });
    for (const path of shaped.leftovers) this.#leftovers.set(path, (this.#leftovers.get(path) ?? 0) + 1);
  }

  /** Whether another row of its key is published, and stays so. */
  #isHeldBack({ shaped, version }: Candidate, known: ComparableVersion | undefined, isMet: boolean): boolean {
    if (known === undefined || !isTwin(known, version)) return false;
    const { key, hash } = shaped.row;
    const of = { hash: known.hash, isMet, isOfReading: this.#isOfReading(key) };
    return this.#published.twins.isHeldBack(key, hash, of);
  }

  /** Whether the version of a key that is known was published by the reading under way. */
  #isOfReading(key: string): boolean {
    if (this.#pending.has(key)) return true;
    const { publishedAfter } = this.#published.get(key) ?? {};
    return publishedAfter !== undefined && this.#published.twins.isOfReading(publishedAfter);
  }
}

function isNewer(version: ComparableVersion, known: ComparableVersion | undefined): boolean {
  return (
    version.updatedAt !== null &&
    known !== undefined &&
    known.updatedAt !== null &&
    version.updatedAt > known.updatedAt
  );
}
