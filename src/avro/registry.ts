/**
 * The schema registry: every schema is registered once per start, so that rows are encoded without a request
 * to it.
 */

import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import { request } from 'undici';
import { messageOf, PublisherError } from '../model/errors.js';

/** The `schemaRegistry` section of the configuration. */
export interface RegistrySettings {
  readonly url: string;
  readonly auth: { readonly username: string; readonly password: string } | null;
}

/**
 * Time limit for a registry that accepts connections and never answers: `check` is an interactive command.
 */
const ANSWER_MS = 10_000;
const RETRIES = 3;
/**
 * The registry sometimes refuses the first registrations of a subject when several instances send them at
 * once.
 */
const REGISTER_ATTEMPTS = 4;

export class Registry {
  readonly #client: SchemaRegistry;
  readonly #url: string;
  readonly #auth: RegistrySettings['auth'];

  constructor(settings: RegistrySettings) {
    this.#url = settings.url;
    this.#auth = settings.auth;
    this.#client = new SchemaRegistry({
      host: settings.url,
      clientId: 'intercom-kafka',
      ...(settings.auth === null ? {} : { auth: settings.auth }),
      retry: { retries: RETRIES, initialRetryTimeInSecs: 0.2, maxRetryTimeInSecs: 2 },
      middlewares: [
        () => ({ prepareRequest: async (next) => (await next()).enhance({ timeout: ANSWER_MS }) }),
      ],
    });
  }

  /**
   * The id of the schema text under the subject, registering it when it is new. Throws
   * `registry-unreachable`, or `schema-rejected` when the registry holds an incompatible schema.
   */
  async register(subject: string, schema: string): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const options = { subject, compatibility: COMPATIBILITY.BACKWARD };
        return (await this.#client.register({ type: SchemaType.AVRO, schema }, options)).id;
      } catch (error) {
        const again = statusOf(error) === 409 && attempt < REGISTER_ATTEMPTS;
        if (!again) throw this.#failure(error, `registering ${subject}`);
      }
    }
  }

  /** The text of the newest schema under the subject, or null when there is none. */
  async latest(subject: string): Promise<string | null> {
    const { status, body } = await this.#ask(
      'GET',
      `/subjects/${encodeURIComponent(subject)}/versions/latest`,
    );
    if (status === 404) return null;
    const { schema } = (body ?? {}) as { schema?: unknown };
    if (status === 200 && typeof schema === 'string') return schema;
    throw this.#failure(Object.assign(new Error(`status ${status}`), { status }), `reading ${subject}`);
  }

  /**
   * Whether `register` would succeed, without registering anything: throws `schema-rejected` when the newest
   * version under the subject is incompatible. A subject that does not exist yet accepts every schema.
   */
  async verify(subject: string, schema: string): Promise<void> {
    const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest`;
    const verdict = await this.#ask('POST', path, { schema });
    if (verdict.status === 404) return;
    const compatible =
      verdict.status === 200 ? (verdict.body as { is_compatible?: unknown }).is_compatible : null;
    if (compatible === true) return;
    const failure = Object.assign(
      new Error(compatible === false ? `${subject} is incompatible` : `status ${verdict.status}`),
      {
        status: compatible === false ? 409 : verdict.status,
      },
    );
    throw this.#failure(failure, `verifying ${subject}`);
  }

  /** The compiled type behind a schema's id. */
  async typeOf(id: number): Promise<{ fromBuffer(bytes: Buffer): unknown }> {
    if (id < 0) throw new PublisherError('schema-rejected', 'a record is not in the Confluent wire format');
    try {
      return (await this.#client.getSchema(id)) as { fromBuffer(bytes: Buffer): unknown };
    } catch (error) {
      throw this.#failure(error, `reading schema ${id}`);
    }
  }

  /** Throws `registry-unreachable` when the registry does not answer. */
  async ping(): Promise<void> {
    try {
      await this.#client.getLatestSchemaId('intercom-kafka-ping');
    } catch (error) {
      // That the subject does not exist is an answer.
      if (statusOf(error) !== 404) throw this.#failure(error, 'asking the registry');
    }
  }

  async #ask(
    method: 'GET' | 'POST',
    path: string,
    body?: object,
  ): Promise<{ status: number; body: unknown }> {
    const basic =
      this.#auth === null
        ? null
        : Buffer.from(`${this.#auth.username}:${this.#auth.password}`).toString('base64');
    try {
      const response = await request(`${this.#url}${path}`, {
        method,
        headers: {
          'content-type': 'application/vnd.schemaregistry.v1+json',
          ...(basic === null ? {} : { authorization: `Basic ${basic}` }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        headersTimeout: ANSWER_MS,
        bodyTimeout: ANSWER_MS,
      });
      return { status: response.statusCode, body: await response.body.json().catch(() => null) };
    } catch (error) {
      throw this.#failure(error, 'asking the registry');
    }
  }

  #failure(error: unknown, doing: string): PublisherError {
    const status = statusOf(error);
    const said = messageOf(error);
    if (error instanceof Error && error.name === 'ConfluentSchemaRegistryCompatibilityError') {
      return new PublisherError(
        'schema-rejected',
        `schema registry: ${doing} failed: ${said}; set the subject's compatibility to BACKWARD`,
        { cause: error },
      );
    }
    if (status === 409 || status === 422) {
      const advice =
        'the registry holds an incompatible schema; use another topics.prefix, or delete the subject if nothing reads it';
      return new PublisherError('schema-rejected', `schema registry: ${doing} failed: ${said}; ${advice}`, {
        cause: error,
      });
    }
    if (status === 401 || status === 403) {
      return new PublisherError(
        'registry-unreachable',
        `schema registry: ${this.#url} refused the credentials (${status}); check schemaRegistry.auth`,
        { cause: error },
      );
    }
    // The client also says 400 when it could not connect.
    if (status !== null && status !== 400 && status < 500) {
      return new PublisherError(
        'registry-unreachable',
        `schema registry: ${doing} failed with ${status} at ${this.#url} (${said}); check schemaRegistry.url`,
        { cause: error },
      );
    }
    const trust = this.#url.startsWith('https:')
      ? '; an authority that Node.js does not know is trusted through the environment variable NODE_EXTRA_CA_CERTS'
      : '';
    return new PublisherError(
      'registry-unreachable',
      `schema registry: no usable answer from ${this.#url} while ${doing} (${said}); check schemaRegistry.url, and that it runs${trust}`,
      { cause: error },
    );
  }
}

function statusOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('status' in error)) return null;
  return typeof error.status === 'number' ? error.status : null;
}
