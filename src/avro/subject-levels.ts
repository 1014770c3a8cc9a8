/**
 * The compatibility levels of subjects.
 *
 * A level protects the consumers of a topic, and no record depends on it. So what the registry refuses here
 * is a warning.
 */

import type { CompatibilityLevel, RegistrySettings } from '../model/registry.js';
import type { Answer, RegistryApi } from './registry-api.js';
import { failureOf, reasonIn } from './registry-errors.js';

/** What a subject gets that has no level, in a registry that has none. */
const DEFAULT_LEVEL: CompatibilityLevel = 'BACKWARD';

/** What a registry answers that has no level, or none that this user may see. */
const NO_LEVEL = new Set(['unset', 'refused', 'NONE']);

export class SubjectLevels {
  readonly #api: RegistryApi;
  readonly #wanted: RegistrySettings['compatibility'];
  readonly #warn: (message: string) => void;
  /** One warning for all subjects. */
  #hasWarned = false;
  /** Levels whose request failed. Apicurio returns `NONE` for a subject without a level. */
  readonly #owed = new Map<string, CompatibilityLevel>();

  constructor(
    api: RegistryApi,
    wanted: RegistrySettings['compatibility'],
    warn: (message: string) => void = () => undefined,
  ) {
    this.#api = api;
    this.#wanted = wanted;
    this.#warn = warn;
  }

  /** The level that the subject must get, or null when it stays as it is. Throws `registry-unreachable`. */
  async toSet(subject: string): Promise<CompatibilityLevel | null> {
    const owed = this.#owed.get(subject);
    if (owed !== undefined) return owed;
    const answer = await this.#read(subject, pathOf(subject));
    const own = levelIn(answer);
    if (own === 'refused') {
      this.#refused(`reading the compatibility of ${subject}`, answer);
      return null;
    }
    if (this.#wanted !== 'keep')
      return (await this.#isInForce(subject, own, this.#wanted)) ? null : this.#wanted;
    if (own !== 'unset') return null;
    return NO_LEVEL.has(await this.#inherited(subject)) ? DEFAULT_LEVEL : null;
  }

  /** Sets the level. A refusal is a warning. Throws `registry-unreachable`. */
  async set(subject: string, level: CompatibilityLevel): Promise<void> {
    this.#owed.set(subject, level);
    const answer = await this.#api.change('PUT', pathOf(subject), { compatibility: level });
    if (answer.status >= 500)
      throw failureOf(answer, { url: this.#api.url, doing: `setting the compatibility of ${subject}` });
    this.#owed.delete(subject);
    if (answer.status !== 200) this.#refused(`setting the compatibility of ${subject} to ${level}`, answer);
  }

  /** Apicurio 3 shows `NONE` for a subject without a level, also when the registry has another one. */
  async #isInForce(subject: string, own: string, wanted: CompatibilityLevel): Promise<boolean> {
    if (own !== 'NONE' || wanted !== 'NONE') return own === wanted;
    return levelIn(await this.#read(subject, `${pathOf(subject)}?defaultToGlobal=true`)) === wanted;
  }

  /** Confluent returns it to a user of this subject alone; others only have the registry's own level. */
  async #inherited(subject: string): Promise<string> {
    const effective = levelIn(await this.#read(subject, `${pathOf(subject)}?defaultToGlobal=true`));
    return NO_LEVEL.has(effective) ? levelIn(await this.#read(subject, '/config')) : effective;
  }

  async #read(subject: string, path: string): Promise<Answer> {
    const answer = await this.#api.ask('GET', path);
    if (answer.status !== 401 && answer.status < 500) return answer;
    throw failureOf(answer, { url: this.#api.url, doing: `reading the compatibility of ${subject}` });
  }

  #refused(doing: string, answer: Answer): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#warn(
      `schema registry: ${doing} was refused: ${reasonIn(answer)}; schemas are registered and used without it. ` +
        'Permit it for this and the other subjects, or set their level yourself with schemaRegistry.compatibility: keep',
    );
  }
}

function pathOf(subject: string): string {
  return `/config/${encodeURIComponent(subject)}`;
}

/** The level's name; `unset` when there is none; `refused` when it is not shown. */
function levelIn({ status, body }: Answer): string {
  if (status === 404) return 'unset';
  if (status !== 200) return 'refused';
  const level = body.compatibilityLevel ?? body.compatibility;
  return typeof level === 'string' && level !== '' ? level.toUpperCase() : 'unset';
}
