/** An Intercom workspace on loopback: HTTP in front of the workspace, with its budget, latency and faults. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SimulatedBudget } from './budget.js';
import type { Row } from './collection.js';
import { askedRows, control, isControl } from './control.js';
import { ApiError } from './errors.js';
import { type Fault, Faults, isCarriedOut } from './faults.js';
import { OAuth } from './oauth.js';
import { type SimulatorOptions, type SimulatorSettings, withDefaults } from './options.js';
import { answer, routeOf } from './routes.js';
import { CompaniesScroll } from './scroll.js';
import { Workspace } from './workspace.js';

export interface LoggedRequest {
  readonly method: string;
  readonly path: string;
  /** Method and pattern, for example `GET /conversations/*`. */
  readonly route: string;
  readonly status: number;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Runs the simulator in this process until `close`. */
export async function startSimulator(settings: SimulatorSettings = {}): Promise<Simulator> {
  const options = withDefaults(settings);
  const simulator = new Simulator(options);
  await simulator.listen();
  return simulator;
}

export class Simulator {
  readonly options: SimulatorOptions;
  readonly workspace: Workspace;
  readonly faults: Faults;
  readonly scroll: CompaniesScroll;
  /** What was asked, oldest first; control requests are left out. */
  readonly requests: LoggedRequest[] = [];
  /** Called before each request is answered, so that the workspace can change between two pages. */
  onRequest: ((request: { readonly method: string; readonly path: string }) => void) | null = null;
  /** Milliseconds before each reply. */
  latency: number;
  #budget: SimulatedBudget | null;
  readonly #oauth: OAuth;
  readonly #server: Server;
  #revoked = false;

  constructor(options: SimulatorOptions) {
    this.options = options;
    this.workspace = new Workspace(options);
    this.faults = new Faults(options.seed);
    this.scroll = new CompaniesScroll(this.workspace, options);
    this.latency = options.latency;
    this.#budget =
      options.budget === null
        ? null
        : new SimulatedBudget(options.budget.limit, options.budget.windowSeconds);
    this.#oauth = new OAuth(options);
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(this.options.port, this.options.host);
    await once(this.#server, 'listening');
  }

  get url(): string {
    return `http://${this.options.host}:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Replaces the budget; null: no limit. */
  setBudget(budget: SimulatorOptions['budget']): void {
    this.#budget = budget === null ? null : new SimulatedBudget(budget.limit, budget.windowSeconds);
  }

  /** Ends the access token. */
  revoke(): void {
    this.#revoked = true;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET' } = request;
    const url = new URL(request.url ?? '/', 'http://simulator');
    const text = await readText(request);
    if (isControl(url.pathname)) return this.#control(method, url.pathname, text, response);
    if (url.pathname === '/oauth') return this.#authorize(url.searchParams, response);
    this.onRequest?.({ method, path: url.pathname });
    const fault = this.faults.meet(method, url.pathname);
    const spent = this.#budget?.spend(Date.now());
    const reply =
      fault !== null && !isCarriedOut(fault)
        ? errorReply(failure(500))
        : this.#answer(request, method, url, text, spent?.refused ?? false);
    await wait(this.latency + (fault?.kind === 'slow' ? fault.ms : 0));
    const status = fault !== null && 'status' in fault ? (fault.status ?? 200) : reply.status;
    this.requests.push({
      method,
      path: url.pathname,
      route: routeOf(method, url.pathname) ?? 'unknown',
      status,
      at: Date.now(),
    });
    const headers = { ...spent?.headers, ...reply.headers, 'Intercom-Version': versionOf(request) };
    if (fault === null || fault.kind === 'slow')
      send(response, reply.status, headers, JSON.stringify(reply.body));
    else spoil(fault, response, headers, JSON.stringify(reply.body));
  }

  #answer(request: IncomingMessage, method: string, url: URL, text: string, refused: boolean): Reply {
    try {
      if (method === 'POST' && url.pathname === '/auth/eagle/token')
        return { status: 200, headers: {}, body: this.#oauth.exchange(readForm(request, text)) };
      if (this.#revoked || request.headers.authorization !== `Bearer ${this.options.accessToken}`)
        throw new ApiError(401, 'unauthorized', 'Access Token Invalid');
      if (refused) throw new ApiError(429, 'rate_limit_exceeded', 'You have exceeded the rate limit');
      const call = {
        method,
        path: url.pathname,
        query: url.searchParams,
        body: text === '' ? undefined : parseJson(text),
        version: versionOf(request),
      };
      return { status: 200, headers: {}, body: answer(this, call) };
    } catch (error) {
      if (error instanceof ApiError) return errorReply(error);
      throw error;
    }
  }

  #control(method: string, path: string, text: string, response: ServerResponse): void {
    try {
      const table = askedRows(path);
      if (method === 'GET' && table !== null) {
        response.writeHead(200, { 'content-type': 'application/x-ndjson' });
        for (const row of this.workspace.rows(table)) response.write(`${JSON.stringify(row)}\n`);
        response.end();
      } else if (method === 'GET' && path.endsWith('/requests')) {
        send(response, 200, {}, JSON.stringify(this.requests));
      } else {
        send(response, 200, {}, JSON.stringify(control(this, path, parseJson(text) as Row)));
      }
    } catch (error) {
      send(
        response,
        400,
        {},
        JSON.stringify({ error: error instanceof Error ? error.message : String(error) }),
      );
    }
  }

  #authorize(query: URLSearchParams, response: ServerResponse): void {
    try {
      response.writeHead(302, { location: this.#oauth.authorize(query) }).end();
    } catch (error) {
      send(response, 401, {}, JSON.stringify({ error: String(error) }));
    }
  }
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

function errorReply(error: ApiError): Reply {
  const body = {
    type: 'error.list',
    request_id: 'b68959ea-6328-4f70-83cb-e7913dba1542',
    errors: [{ code: error.code, message: error.message }],
  };
  return { status: error.status, headers: error.headers, body };
}

/** What the API says with a status that no request of this kind should get. */
const FAILURES: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  429: 'rate_limit_exceeded',
  503: 'service_unavailable',
};

function failure(status: number): ApiError {
  return new ApiError(status, FAILURES[status] ?? 'server_error', 'Something went wrong');
}

function versionOf(request: IncomingMessage): string {
  const version = request.headers['intercom-version'];
  return typeof version === 'string' ? version : '2.16';
}

function readForm(request: IncomingMessage, text: string): Record<string, unknown> {
  if (request.headers['content-type']?.includes('json') === true)
    return parseJson(text) as Record<string, unknown>;
  return Object.fromEntries(new URLSearchParams(text));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text);
  } catch {
    throw new ApiError(400, 'bad_request', 'the body is not JSON');
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string,
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers }).end(text);
}

/** Sends what a fault makes of a reply. */
function spoil(
  fault: Fault,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
  text: string,
): void {
  const half = text.slice(0, Math.floor(text.length / 2));
  const errorList = (status: number) => JSON.stringify(errorReply(failure(status)).body);
  switch (fault.kind) {
    case 'status':
      send(response, fault.status, { ...headers, ...retryAfter(fault.retryAfter) }, errorList(fault.status));
      break;
    case 'reset':
      response.destroy();
      break;
    case 'reset-mid-body':
      response.writeHead(200, { ...headers, 'content-length': String(Buffer.byteLength(text)) });
      response.write(half, () => response.destroy());
      break;
    case 'empty-200':
      send(response, 200, headers, '');
      break;
    case 'html':
      send(
        response,
        fault.status ?? 200,
        { ...headers, 'content-type': 'text/html' },
        '<html><body>502 Bad Gateway</body></html>',
      );
      break;
    case 'truncated-json':
      send(response, 200, headers, half);
      break;
    case 'error-list-200':
      send(response, 200, headers, errorList(200));
      break;
    default:
    // Nothing is sent, and the connection stays open.
  }
}

function retryAfter(seconds: number | undefined): Record<string, string> {
  return seconds === undefined ? {} : { 'Retry-After': String(seconds) };
}

function wait(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
