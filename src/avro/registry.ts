/**
 * The schema registry: every schema is looked up or registered once per start, so that rows are encoded
 * without a request to it.
 */

import { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import { messageOf, PublisherError } from '../model/errors.js';
import type { RegistrySettings } from '../model/registry.js';
import { ANSWER_MS, type Answer, RegistryApi } from './registry-api.js';
import {
  type Attempt,
  failureOf,
  INCOMPATIBLE,
  isConflict,
  isMissing,
  notRegistered,
  READ_ONLY,
  SCHEMA_NOT_FOUND,
  unanswered,
} from './registry-errors.js';
import { SubjectLevels } from './subject-levels.js';

const RETRIES = 3;

/** A schema that was looked up under a subject. */
interface Found {
  /** Null: no version of the subject has this schema. */
  readonly id: number | null;
  readonly hasSubject: boolean;
}

export class Registry {
  readonly #api: RegistryApi;
  readonly #levels: SubjectLevels;
  readonly #register: RegistrySettings['register'];
  /** Reads schemas by ID, with those that they refer to. */
  readonly #client: SchemaRegistry;
  #header: string | null = null;

  /** `warn` is called with what the registry refused and no record depends on. Throws `config-invalid`. */
  constructor(settings: RegistrySettings, warn?: (message: string) => void) {
    this.#api = new RegistryApi(settings);
    this.#levels = new SubjectLevels(this.#api, settings.compatibility, warn);
    this.#register = settings.register;
    const { tlsAgent } = this.#api;
    this.#client = new SchemaRegistry({
      host: settings.url,
      clientId: 'intercom-kafka',
      retry: { retries: RETRIES, initialRetryTimeInSecs: 0.2, maxRetryTimeInSecs: 2 },
      ...(tlsAgent === undefined ? {} : { agent: tlsAgent }),
      middlewares: [
        () => ({
          prepareRequest: async (next) =>
            (await next()).enhance({
              timeout: ANSWER_MS,
              ...(this.#header === null ? {} : { headers: { authorization: this.#header } }),
            }),
        }),
      ],
    });
  }

  /**
   * The ID of the schema text under the subject. A new schema is registered, unless `schemaRegistry.register`
   * is `never`. Throws `registry-unreachable`, or `schema-rejected` when the registry does not have the schema
   * and does not accept it.
   */
  async ensure(subject: string, schema: string): Promise<number> {
    if (this.#register === 'always') return this.register(subject, schema);
    const { id } = await this.#lookUp(subject, schema);
    if (id === null) throw notRegistered(subject, schema);
    return id;
  }

  /** The same, and registers a new schema whatever the setting. */
  async register(subject: string, schema: string): Promise<number> {
    const found = await this.#lookUp(subject, schema);
    const level = await this.#levels.toSet(subject);
    // A level applies to the versions that follow. Apicurio accepts none for a subject without versions.
    if (found.hasSubject && level !== null) await this.#levels.set(subject, level);
    const id = found.id ?? (await this.#post(subject, schema));
    if (!found.hasSubject && level !== null) await this.#levels.set(subject, level);
    return id;
  }

  /** The text of the newest schema under the subject, or null when there is none. */
  async latest(subject: string): Promise<string | null> {
    const answer = await this.#api.ask('GET', `${pathOf(subject)}/versions/latest`);
    if (answer.status === 404) return null;
    const { schema } = answer.body;
    if (answer.status === 200 && typeof schema === 'string') return schema;
    throw this.#failure(answer, { doing: `reading ${subject}`, isOfSchema: true });
  }

  /**
   * Whether `ensure` would succeed, without registering anything. Throws what it would throw, as far as the
   * registry reports.
   */
  async verify(subject: string, schema: string): Promise<void> {
    const { id, hasSubject } = await this.#lookUp(subject, schema);
    if (id !== null) return;
    if (this.#register === 'never') throw notRegistered(subject, schema);
    const doing = `verifying ${subject}`;
    if (hasSubject) await this.#verifyCompatible(subject, schema, doing);
    await this.#verifyWritable(subject, doing);
  }

  /** The compiled type behind a schema's id. */
  async typeOf(id: number): Promise<{ fromBuffer(bytes: Buffer): unknown }> {
    if (id < 0) throw new PublisherError('schema-rejected', 'a record is not in the Confluent wire format');
    const doing = `reading schema ${id}`;
    try {
      return await this.#read(id);
    } catch (error) {
      if (error instanceof PublisherError) throw error;
      const status = statusOf(error);
      // The client also says 400 when it could not connect.
      if (status === null || status === 400) throw unanswered(this.#api.url, error, doing);
      const code = status === 404 ? SCHEMA_NOT_FOUND : null;
      throw this.#failure({ status, code, words: messageOf(error), body: {} }, { doing });
    }
  }

  /** Throws `registry-unreachable` when the registry does not answer. */
  async ping(): Promise<void> {
    const answer = await this.#api.ask('GET', `${pathOf('intercom-kafka-ping')}/versions/latest`);
    // A subject that does not exist, or that this user must not see, is an answer.
    if ([200, 403, 404].includes(answer.status)) return;
    throw this.#failure(answer, { doing: 'asking the registry' });
  }

  async #lookUp(subject: string, schema: string): Promise<Found> {
    const answer = await this.#api.ask('POST', pathOf(subject), { schema });
    const { status, code, body } = answer;
    if (status === 200 && typeof body.id === 'number') return { id: body.id, hasSubject: true };
    if (isMissing(answer)) return { id: null, hasSubject: code === SCHEMA_NOT_FOUND };
    throw this.#failure(answer, { doing: `looking up the schema of ${subject}`, isOfSchema: true });
  }

  async #post(subject: string, schema: string): Promise<number> {
    const doing = `registering ${subject}`;
    const answer = await this.#api.change('POST', `${pathOf(subject)}/versions`, { schema });
    const { id } = answer.body;
    if (answer.status === 200 && typeof id === 'number') return id;
    // Apicurio 3 refuses changes with 409 and code 0 while it is locked.
    if (isConflict(answer)) await this.#verifyWritable(subject, doing);
    throw this.#failure(answer, { doing, isOfSchema: true });
  }

  async #verifyCompatible(subject: string, schema: string, doing: string): Promise<void> {
    const path = `/compatibility${pathOf(subject)}/versions/latest`;
    const answer = await this.#api.ask('POST', path, { schema });
    // Registering needs no right to ask for this.
    if (answer.status === 404 || answer.status === 403) return;
    if (answer.status !== 200) throw this.#failure(answer, { doing, isOfSchema: true });
    if (answer.body.is_compatible === true) return;
    const refused = { ...answer, status: 409, code: INCOMPATIBLE, words: `${subject} is incompatible` };
    throw this.#failure(refused, { doing, isOfSchema: true });
  }

  /** Registries without modes, and those that do not show them, pass. */
  async #verifyWritable(subject: string, doing: string): Promise<void> {
    const answer = await this.#api.ask('GET', `/mode/${encodeURIComponent(subject)}?defaultToGlobal=true`);
    const { mode } = answer.body;
    if (answer.status !== 200 || (mode !== 'READONLY' && mode !== 'READONLY_OVERRIDE')) return;
    const locked = { ...answer, status: 422, code: READ_ONLY, words: `${subject} is in mode ${mode}` };
    throw this.#failure(locked, { doing, isOfSchema: true });
  }

  /** The client gets the header in advance: it hangs when a token can't be fetched within a request. */
  async #read(id: number): Promise<{ fromBuffer(bytes: Buffer): unknown }> {
    const { authorization } = this.#api;
    this.#header = await authorization.header();
    try {
      return (await this.#client.getSchema(id)) as { fromBuffer(bytes: Buffer): unknown };
    } catch (error) {
      if (statusOf(error) !== 401 || !authorization.renew()) throw error;
      this.#header = await authorization.header();
      return (await this.#client.getSchema(id)) as { fromBuffer(bytes: Buffer): unknown };
    }
  }

  #failure(answer: Answer, attempt: Omit<Attempt, 'url'>): PublisherError {
    return failureOf(answer, { url: this.#api.url, ...attempt });
  }
}

function pathOf(subject: string): string {
  return `/subjects/${encodeURIComponent(subject)}`;
}

function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('status' in error)) return null;
  return typeof error.status === 'number' ? error.status : null;
}
