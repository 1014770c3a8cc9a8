/** Requests to the registry's REST API: authorization, TLS, time limits and retries. */

import { Agent as TlsAgent } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { type Authorization, authorizationOf } from '../auth/authorization.js';
import { readTlsFiles } from '../auth/tls-files.js';
import type { RegistrySettings } from '../model/registry.js';
import { unanswered } from './registry-errors.js';

/** What the registry answered. */
export interface Answer {
  readonly status: number;
  /** Confluent's `error_code`; null when the body has none. */
  readonly code: number | null;
  /** The registry's own words about a failure. */
  readonly words: string;
  /** Empty when the body was no JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Time limit for a registry that accepts connections and never answers: `check` is an interactive command.
 */
export const ANSWER_MS = 10_000;
/** Waits before a request that was answered with a 5xx is sent again. */
const RETRY_WAITS_MS = [200, 400, 800];
/** The registry sometimes refuses changes of one subject when several instances send them at once. */
const CHANGE_ATTEMPTS = 4;
const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json';

export class RegistryApi {
  readonly url: string;
  readonly authorization: Authorization;
  /** For a client that uses Node's own `https`; undefined without TLS files. */
  readonly tlsAgent: TlsAgent | undefined;
  readonly #dispatcher: Dispatcher | undefined;

  /** Throws `config-invalid` when a TLS file can't be read. */
  constructor({ url, auth, ssl }: Pick<RegistrySettings, 'url' | 'auth' | 'ssl'>) {
    this.url = url;
    this.authorization = authorizationOf(auth);
    if (ssl === null) return;
    const tls = readTlsFiles(ssl, 'schemaRegistry.ssl');
    this.tlsAgent = new TlsAgent({ ...tls, keepAlive: true });
    this.#dispatcher = new Agent({ connect: tls });
  }

  /** The answer, whatever its status. Throws `registry-unreachable` when there is none. */
  async ask(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Answer> {
    let answer = await this.#ask(method, path, body);
    if (answer.status === 401 && this.authorization.renew()) answer = await this.#ask(method, path, body);
    for (const wait of RETRY_WAITS_MS) {
      if (answer.status < 500) break;
      await pause(wait);
      answer = await this.#ask(method, path, body);
    }
    return answer;
  }

  /** The answer to a change. A conflict with another instance's change (409) is retried. */
  async change(method: 'POST' | 'PUT', path: string, body: object): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.ask(method, path, body);
      if (answer.status !== 409 || attempt === CHANGE_ATTEMPTS) return answer;
    }
  }

  async #ask(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Answer> {
    const authorization = await this.authorization.header();
    try {
      const response = await request(`${this.url}${path}`, {
        method,
        headers: {
          accept: `${CONTENT_TYPE}, application/json`,
          'content-type': CONTENT_TYPE,
          ...(authorization === null ? {} : { authorization }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        headersTimeout: ANSWER_MS,
        bodyTimeout: ANSWER_MS,
        ...(this.#dispatcher === undefined ? {} : { dispatcher: this.#dispatcher }),
      });
      return answerOf(response.statusCode, await response.body.text());
    } catch (error) {
      throw unanswered(this.url, error, `${method} ${path}`);
    }
  }
}

function answerOf(status: number, text: string): Answer {
  const body = objectIn(text);
  const { error_code: code, message } = body;
  const words = typeof message === 'string' && message !== '' ? message : `status ${status}`;
  return { status, code: typeof code === 'number' ? code : null, words, body };
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
