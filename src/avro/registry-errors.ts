/**
 * What the registry's answers mean, as errors for the operator.
 *
 * Codes: https://docs.confluent.io/platform/current/schema-registry/develop/api.html
 */

import { messageOf, PublisherError } from '../model/errors.js';
import type { Answer } from './registry-api.js';

/** Under this subject no version has the schema, or no schema has this ID. Other 404s are 40401, 40402 and 40408. */
export const SCHEMA_NOT_FOUND = 40403;
/** The schema is incompatible with an earlier one of the subject. */
export const INCOMPATIBLE = 409;
/** The registry or the subject is in mode READONLY. */
export const READ_ONLY = 42205;

/** An incompatible schema is reported with all schemas that it differs from. */
const MAX_WORDS = 600;

/** What failed: `doing` completes "schema registry: … failed". */
export interface Attempt {
  readonly url: string;
  readonly doing: string;
  /** The request concerns one schema: a refusal is that schema's own. */
  readonly isOfSchema?: boolean;
}

/**
 * The registry does not have the subject, version, schema or level (404xx). A 404 with another code or none is
 * about the address: Apicurio 2 has code 0 there, Confluent 404.
 */
export function isMissing({ status, code }: Answer): boolean {
  return status === 404 && code !== null && Math.floor(code / 100) === 404;
}

/** The registry refuses a change for another reason than an incompatible schema. */
export function isConflict({ status, code }: Answer): boolean {
  return status === 409 && code !== null && code !== INCOMPATIBLE;
}

/**
 * The error for an answer. `schema-rejected` when the registry refuses this schema and would refuse it again;
 * otherwise `registry-unreachable`.
 */
export function failureOf(answer: Answer, attempt: Attempt): PublisherError {
  const { status, code } = answer;
  const { url, doing, isOfSchema = false } = attempt;
  const because = `schema registry: ${doing} failed: ${reasonIn(answer)}`;
  if (status === 401)
    return unreachable(
      `schema registry: ${url} refused the credentials: ${reasonIn(answer)}; check schemaRegistry.auth`,
    );
  if (status === 403) {
    const advice = 'check schemaRegistry.auth, and which subjects this user may read and write';
    return isOfSchema
      ? rejected(`${because}; ${advice}, or ${REGISTER_ELSEWHERE}`)
      : unreachable(`${because}; ${advice}`);
  }
  if (code === READ_ONLY)
    return rejected(
      `${because}; the registry is locked: set its mode to READWRITE, or ${REGISTER_ELSEWHERE}`,
    );
  if (isConflict(answer))
    return rejected(
      `${because}; the registry is locked, or another client changes the subject at the same time: try again`,
    );
  if (status === 409)
    return rejected(
      `${because}; the registry holds an incompatible schema; use another topics.prefix, or delete the subject if nothing reads it`,
    );
  if (status === 422)
    return rejected(
      `${because}; the registry does not accept this schema; use another topics.prefix if the subject holds something else`,
    );
  if (code === SCHEMA_NOT_FOUND)
    return unreachable(
      `${because}; check that schemaRegistry.url is the registry with which the topic was written`,
    );
  if (status < 500) return unreachable(`${because} at ${url}; check schemaRegistry.url`);
  return unreachable(
    `schema registry: no usable answer from ${url} while ${doing} (${reasonIn(answer)}); check schemaRegistry.url, and that it runs`,
  );
}

/** The error for a request without an answer. */
export function unanswered(url: string, cause: unknown, doing: string): PublisherError {
  if (cause instanceof PublisherError) return cause;
  const trust = url.startsWith('https:')
    ? '; an authority that Node.js does not know is trusted through schemaRegistry.ssl.ca, or through the environment variable NODE_EXTRA_CA_CERTS'
    : '';
  return unreachable(
    `schema registry: no usable answer from ${url} while ${doing} (${messageOf(cause)}); check schemaRegistry.url, and that it runs${trust}`,
    cause,
  );
}

/** A schema that is looked up only, and is missing. */
export function notRegistered(subject: string, schema: string): PublisherError {
  return rejected(
    `schema registry: ${subject} has no version with this table's schema, and schemaRegistry.register is never; ` +
      `register it with \`${REGISTER_COMMAND}\`. The schema: ${schema}`,
  );
}

/** The status, the registry's code where it says more, and the registry's own words. */
export function reasonIn({ status, code, words }: Answer): string {
  const number = code === null || code === status ? String(status) : `${status}, code ${code}`;
  const text = words.length > MAX_WORDS ? `${words.slice(0, MAX_WORDS)}…` : words;
  return `${text} (${number})`;
}

const REGISTER_COMMAND = 'intercom-kafka schemas --register';
const REGISTER_ELSEWHERE = `register the schema with \`${REGISTER_COMMAND}\` and credentials that may do so`;

function rejected(message: string): PublisherError {
  return new PublisherError('schema-rejected', message);
}

function unreachable(message: string, cause?: unknown): PublisherError {
  return new PublisherError('registry-unreachable', message, { cause });
}
