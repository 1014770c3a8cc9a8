/**
 * Compares the whole log of a table with what the API's replies showed: every version that a poll saw exactly
 * once, in order, nothing more.
 *
 * A record may stand in the log when
 * - it is an upsert of a version that a reply sent whole showed, no later than the record's `fetched_at`. The content is compared
 * field by field, without the publisher's code;
 * - no record of that version stands before it. Two versions of one `updated_at` (two changes within a second) have no order: there a
 * version may return behind the other one, at most as often as replies showed it. A row without `updated_at`
 * may return to an earlier content when a reply showed it again;
 * - no newer version stands before it, by `updated_at` (of parts, then by that of the conversation);
 * - or it is the one tombstone of a row that is gone, behind the last reply that showed the row.
 *
 * A version must stand in the log when
 * - the workspace, at rest, has it now (the log's last record of its key);
 * - or a test found the topics complete while the row had it (`isConfirmed`);
 * - or a poll showed it before a cycle of the table began, that cycle finished, and a reply showed it afterwards: the row
 * had that version throughout, so that the cycle read it, or one before did. Other versions that replies
 * showed may be missing, since replies may be lost with the publisher that they were for: it may have been
 * killed or fenced, or another window may have shown a newer version first.
 */

import type { Row } from '../../src/simulator/collection.js';
import { addedTo, missingFrom } from './lossless.js';
import type { SeenKey, SeenVersion, VersionTime } from './seen.js';

export interface LoggedRecord {
  readonly key: string;
  /** Null is a tombstone. */
  readonly value: Row | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly partition: number;
  readonly offset: number;
}

/** A complete cycle of a table, in epoch milliseconds. */
export interface FinishedCycle {
  readonly startedAt: number;
  readonly finishedAt: number;
}

export interface Evidence {
  readonly seen: ReadonlyMap<string, SeenKey>;
  readonly cycles: readonly FinishedCycle[];
  /** The rows of the workspace, which rests, by key. */
  readonly rows: ReadonlyMap<string, Row>;
  /** Whether a row that is gone must have a tombstone by now. */
  readonly expectsTombstones: boolean;
}

export type ProblemKind =
  | 'lost'
  | 'doubled'
  | 'stale'
  | 'out of order'
  | 'never shown'
  | 'wrong tombstone'
  | 'no tombstone'
  | 'wrong partition';

export interface Problem {
  readonly kind: ProblemKind;
  readonly key: string;
  readonly text: string;
}

export interface Check {
  readonly problems: readonly Problem[];
  /** The versions that the workspace has now and the log has last. */
  readonly current: readonly SeenVersion[];
}

/**
 * Everything that is wrong with a table's log: committed records of all partitions, in offset order within
 * each.
 */
export function checkLog(records: readonly LoggedRecord[], evidence: Evidence): Check {
  const histories = new Map<string, LoggedRecord[]>();
  for (const record of records) {
    const history = histories.get(record.key) ?? [];
    history.push(record);
    histories.set(record.key, history);
  }
  const keys = new Set([...histories.keys(), ...evidence.rows.keys(), ...evidence.seen.keys()]);
  const checks = [...keys].map((key) => new KeyCheck(key, histories.get(key) ?? [], evidence).run());
  return {
    problems: checks.flatMap(({ problems }) => problems),
    current: checks.flatMap(({ current }) => current),
  };
}

const NEVER: VersionTime = { updatedAt: null, parentUpdatedAt: null };

class KeyCheck {
  readonly #key: string;
  readonly #history: readonly LoggedRecord[];
  readonly #evidence: Evidence;
  readonly #seen: SeenKey;
  readonly #problems: Problem[] = [];
  /** The records of each version so far, by their place in the history. */
  readonly #published = new Map<SeenVersion, number[]>();
  #newest = NEVER;
  #last: LoggedRecord | null = null;
  #matching: readonly SeenVersion[] = [];

  constructor(key: string, history: readonly LoggedRecord[], evidence: Evidence) {
    this.#key = key;
    this.#history = history;
    this.#evidence = evidence;
    this.#seen = evidence.seen.get(key) ?? { versions: [], currentAt: null };
  }

  run(): Check {
    for (const [place, record] of this.#history.entries()) {
      if (this.#last !== null && this.#last.partition !== record.partition)
        this.#report('wrong partition', record, `its key was in partition ${this.#last.partition} before`);
      if (record.value === null) this.#tombstone(record);
      else this.#upsert(record, record.value, place);
      this.#last = record;
    }
    const current = this.#end();
    this.#mustHave(current);
    return { problems: this.#problems, current };
  }

  #tombstone(record: LoggedRecord): void {
    if (this.#last?.value === null) this.#report('doubled', record, 'deleted twice');
    this.#matching = [];
    const isTimed = this.#seen.versions.some(({ time }) => time.updatedAt !== null);
    const isLast = record === this.#history.at(-1);
    const at = Number(record.headers.fetched_at);
    const { currentAt } = this.#seen;
    if (this.#evidence.rows.has(this.#key) ? isTimed || isLast : false)
      this.#report('wrong tombstone', record, 'the row still exists');
    else if ((isTimed || isLast) && currentAt !== null && currentAt > at)
      this.#report('wrong tombstone', record, `a reply showed the row ${currentAt - at} ms later`);
  }

  #upsert(record: LoggedRecord, value: Row, place: number): void {
    const time = timeOfRecord(record, value);
    const sameTime = this.#seen.versions.filter((version) => compareTimes(version.time, time) === 0);
    const shown = sameTime.filter(({ firstAt }) => firstAt <= Number(record.headers.fetched_at));
    this.#matching = shown.filter((version) => isShapedFrom(version.row(), value));
    if (compareTimes(time, this.#newest) < 0)
      this.#report('out of order', record, 'older behind a newer version');
    else if (this.#last?.value === null && time.updatedAt !== null && compareTimes(time, this.#newest) === 0)
      this.#report('wrong tombstone', record, 'back from the dead as it was');
    else if (this.#matching.length === 0) this.#report('never shown', record, whyUnlike(shown, value, time));
    else if (time.updatedAt === null) this.#returning(record, place);
    else this.#once(record, place, sameTime);
    this.#newest = compareTimes(time, this.#newest) > 0 ? time : this.#newest;
  }

  /** A row with `updated_at`: each version once, but for several versions of one time. */
  #once(record: LoggedRecord, place: number, sameTime: readonly SeenVersion[]): void {
    const isRepeated = this.#last !== null && hasSameHash(this.#last, record);
    const version =
      this.#matching.find((each) => !this.#published.has(each)) ??
      this.#matching.find((each) => this.#mayReturn(each, sameTime));
    if (version === undefined || isRepeated) this.#report('doubled', record, 'the same version twice');
    else this.#publish(version, place);
  }

  /**
   * Whether another version of the same time was published behind this one, and replies showed this one often
   * enough.
   */
  #mayReturn(version: SeenVersion, sameTime: readonly SeenVersion[]): boolean {
    const places = this.#placesOf(version);
    const since = places.at(-1) ?? 0;
    const others = sameTime.filter((other) => !this.#matching.includes(other));
    return (
      places.length < version.shows && others.some((other) => (this.#placesOf(other).at(-1) ?? -1) > since)
    );
  }

  /** A row without `updated_at`: versions in the order in which they were shown. */
  #returning(record: LoggedRecord, place: number): void {
    const { versions } = this.#seen;
    const last = versions.findLastIndex((version) => this.#published.has(version));
    const next = this.#matching.find((version) => versions.indexOf(version) > last);
    const again = this.#matching.find(
      (version) => versions.indexOf(version) === last && this.#wasShownAfterTombstone(version),
    );
    const version = next ?? again;
    if (version !== undefined) this.#publish(version, place);
    else if (this.#matching.some((each) => versions.indexOf(each) === last))
      this.#report('doubled', record, 'the same version twice');
    else this.#report('out of order', record, 'older behind a newer version');
  }

  #wasShownAfterTombstone({ lastAt }: SeenVersion): boolean {
    return this.#last?.value === null && lastAt > Number(this.#last.headers.fetched_at);
  }

  /** Compares the end of the log with the workspace; the versions that both have. */
  #end(): readonly SeenVersion[] {
    const row = this.#evidence.rows.get(this.#key);
    const last = this.#last;
    const isAlive = last !== null && last.value !== null;
    if (row === undefined) {
      if (isAlive && this.#evidence.expectsTombstones)
        this.#report('no tombstone', last, 'the row is gone from the workspace');
      return [];
    }
    if (last === null) {
      this.#problems.push({ kind: 'lost', key: this.#key, text: `${this.#key}: lost, no record of the row` });
      return [];
    }
    if (last.value === null) return [];
    const missing = missingFrom(row, last.value);
    if (missing.length > 0)
      this.#report('stale', last, `the log ends with it, the row is newer: ${missing[0]}`);
    return missing.length === 0 ? this.#matching : [];
  }

  #mustHave(current: readonly SeenVersion[]): void {
    if (this.#history.length === 0 && this.#evidence.rows.has(this.#key)) return;
    for (const version of this.#seen.versions) {
      const why = this.#published.has(version) || current.includes(version) ? null : this.#whyMust(version);
      if (why === null || this.#isInLog(version)) continue;
      const when = `shown from ${iso(version.firstAt)} to ${iso(version.lastAt)}, updated_at ${iso(version.time.updatedAt)}`;
      const text = `${this.#key}: lost, a version ${when} was never published, though ${why}`;
      this.#problems.push({ kind: 'lost', key: this.#key, text });
    }
  }

  #whyMust({ isConfirmed, firstPolledAt, lastAt }: SeenVersion): string | null {
    if (isConfirmed) return 'the topics were complete while the row had it';
    const cycle = this.#evidence.cycles.find(
      ({ startedAt, finishedAt }) =>
        firstPolledAt !== null && firstPolledAt < startedAt && finishedAt < lastAt,
    );
    return cycle === undefined
      ? null
      : `a cycle read the table from ${iso(cycle.startedAt)} to ${iso(cycle.finishedAt)}`;
  }

  #isInLog(version: SeenVersion): boolean {
    const row = version.row();
    return this.#history.some(
      (record) =>
        record.value !== null &&
        compareTimes(timeOfRecord(record, record.value), version.time) === 0 &&
        isShapedFrom(row, record.value),
    );
  }

  #placesOf(version: SeenVersion): readonly number[] {
    return this.#published.get(version) ?? [];
  }

  #publish(version: SeenVersion, place: number): void {
    this.#published.set(version, [...this.#placesOf(version), place]);
  }

  #report(kind: ProblemKind, record: LoggedRecord, what: string): void {
    const { partition, offset, headers } = record;
    const about = `updated_at ${iso(Number(headers.updated_at ?? Number.NaN))}, fetched_at ${iso(Number(headers.fetched_at))}`;
    const text = `${this.#key} at ${partition}/${offset}: ${kind}, ${what} (${about})`;
    this.#problems.push({ kind, key: this.#key, text });
  }
}

/** Whether a published value is what the API sent, no less and no more. */
function isShapedFrom(row: Row, value: Row): boolean {
  return missingFrom(row, value).length === 0 && addedTo(row, value).length === 0;
}

function whyUnlike(shown: readonly SeenVersion[], value: Row, time: VersionTime): string {
  const [nearest] = shown;
  if (nearest === undefined) return `no reply showed a version of ${iso(time.updatedAt)} by then`;
  const row = nearest.row();
  return `unlike the version that was shown: ${[...missingFrom(row, value), ...addedTo(row, value)][0]}`;
}

function hasSameHash(one: LoggedRecord, other: LoggedRecord): boolean {
  return one.headers.hash !== undefined && one.headers.hash === other.headers.hash;
}

function timeOfRecord({ headers }: LoggedRecord, value: Row): VersionTime {
  const parent = value.conversation_updated_at;
  return {
    updatedAt: headers.updated_at === undefined ? null : Number(headers.updated_at),
    parentUpdatedAt: typeof parent === 'number' ? parent : null,
  };
}

/** A time that is missing comes first. */
function compareTimes(a: VersionTime, b: VersionTime): number {
  return (a.updatedAt ?? -1) - (b.updatedAt ?? -1) || (a.parentUpdatedAt ?? -1) - (b.parentUpdatedAt ?? -1);
}

function iso(millis: number | null): string {
  return millis === null || Number.isNaN(millis) ? 'none' : new Date(millis).toISOString();
}
