/** An Intercom workspace on loopback: HTTP in front of the workspace, with its budget, latency and faults. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SimulatedBudget } from './budget.js';
import { answerControl, isControl } from './control.js';
import { ApiError } from './errors.js';
import { type Fault, Faults, isCarriedOut, isSentWhole } from './faults.js';
import { OAuth } from './oauth.js';
import { type Latency, type SimulatorOptions, type SimulatorSettings, withDefaults } from './options.js';
import { Dice } from './random.js';
import { errorReply, type Reply, send, serverError, spoil, spoiltStatus, wait } from './replies.js';
import { answer, routeOf } from './routes.js';
import { CompaniesScroll } from './scroll.js';
import { type LoggedRequest, Traffic } from './traffic.js';
import { Workspace } from './workspace.js';

export type { LoggedRequest } from './traffic.js';

/** A request, passed to tests before it is answered. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  /** Method and pattern, for example `GET /conversations/*`. */
  readonly route: string;
}

/** A reply with status 200 that is sent whole, passed to tests when it is created. */
export interface SeenReply extends SeenRequest {
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** Milliseconds that a fault holds a reply back. */
function delayOf(fault: Fault | null): number {
  if (fault?.kind === 'slow') return fault.ms;
  return fault?.kind === 'status' ? (fault.delay ?? 0) : 0;
}

/** The IDs of the rows in a reply. */
function idsIn({ body }: Reply): ReadonlySet<string> {
  const lists = Object.values((body ?? {}) as Record<string, unknown>).filter(Array.isArray);
  return new Set(lists.flat().map((row: { id?: unknown } | null) => String(row?.id)));
}

/** The facts of a request before its answer. */
interface Incoming extends SeenRequest {
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
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
  readonly traffic = new Traffic();
  /** Called before each request is answered, so that the workspace can change between two pages. */
  onRequest: ((request: SeenRequest) => void) | null = null;
  /**
   * Called with each reply that is sent whole, when it is created: it contains the workspace of that moment.
   */
  onReply: ((reply: SeenReply) => void) | null = null;
  /** Milliseconds before each reply. */
  latency: Latency;
  #budget: SimulatedBudget | null = null;
  readonly #dice: Dice;
  readonly #oauth: OAuth;
  readonly #server: Server;
  /** The valid token; null: none. */
  #token: string | null;
  #port = 0;

  constructor(options: SimulatorOptions) {
    this.options = options;
    this.#token = options.accessToken;
    this.workspace = new Workspace(options);
    this.faults = new Faults(options.seed);
    this.scroll = new CompaniesScroll(this.workspace, options);
    this.latency = options.latency;
    this.setBudget(options.budget);
    this.#dice = new Dice(options.seed, 'latency', 0);
    this.#oauth = new OAuth(options);
    this.#server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(this.options.port, this.options.host);
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://${this.options.host}:${this.port}`;
  }

  /** 0 until it listens. */
  get port(): number {
    return this.#port;
  }

  /** The last requests, oldest first; control requests are left out. */
  get requests(): readonly LoggedRequest[] {
    return this.traffic.log;
  }

  /** Replaces the budget; null: no limit. */
  setBudget(budget: SimulatorOptions['budget']): void {
    this.#budget = budget === null ? null : new SimulatedBudget(budget.limit, budget.windowSeconds);
  }

  /** Ends the access token, until a code is exchanged for it again. */
  revoke(): void {
    this.#token = null;
  }

  /** Replaces the access token: the one before is refused from now on. */
  rotate(token: string): void {
    this.#token = token;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', headers } = request;
    const url = new URL(request.url ?? '/', `http://${headers.host ?? 'simulator'}`);
    const path = url.pathname;
    const text = await readText(request);
    if (isControl(path)) return answerControl(this, { method, path, text }, response);
    if (path === '/oauth') return this.#authorize(url.searchParams, response);
    const route = routeOf(method, path) ?? 'unknown';
    this.traffic.begin();
    try {
      await this.#reply({ method, path, route, url, headers, text }, response);
    } finally {
      this.traffic.end();
    }
  }

  async #reply(incoming: Incoming, response: ServerResponse): Promise<void> {
    const { method, path, route, url, headers } = incoming;
    const at = Date.now();
    this.onRequest?.({ method, path, route });
    const fault = this.faults.meet(incoming, () => idsIn(this.#answer(incoming, false)));
    const spent = this.#budget?.spend(this.options.now() * 1000);
    const reply =
      fault !== null && !isCarriedOut(fault)
        ? serverError()
        : this.#answer(incoming, spent?.refused ?? false);
    if (reply.status === 200 && (fault === null || isSentWhole(fault)))
      this.onReply?.({ method, path, route, query: url.searchParams, body: reply.body });
    await wait(this.#delay() + delayOf(fault));
    const status = fault === null ? reply.status : spoiltStatus(fault, reply);
    this.traffic.record({ method, path, route, status, at });
    const everywhere = {
      Date: new Date(this.options.now() * 1000).toUTCString(),
      'Intercom-Version': versionOf(headers),
    };
    const whole = { ...reply, headers: { ...everywhere, ...spent?.headers, ...reply.headers } };
    if (fault === null) send(response, whole);
    else await spoil(fault, response, whole);
  }

  #delay(): number {
    if (typeof this.latency === 'number') return this.latency;
    const [low, high] = this.latency;
    return low + this.#dice.next() * (high - low);
  }

  #answer({ method, path, url, headers, text }: Incoming, refused: boolean): Reply {
    try {
      if (method === 'POST' && path === '/auth/eagle/token') return this.#exchange(headers, text);
      if (this.#token === null || headers.authorization !== `Bearer ${this.#token}`)
        throw new ApiError(401, 'unauthorized', 'Access Token Invalid');
      if (refused) throw new ApiError(429, 'rate_limit_exceeded', 'You have exceeded the rate limit');
      if (!acceptsJson(headers.accept)) throw new ApiError(406, 'not_acceptable', 'Only JSON can be had');
      const call = {
        method,
        path,
        query: url.searchParams,
        body: text === '' ? undefined : parseJson(text),
        version: versionOf(headers),
      };
      return { status: 200, headers: {}, body: answer(this, call) };
    } catch (error) {
      if (error instanceof ApiError) return errorReply(error);
      throw error;
    }
  }

  #exchange(headers: IncomingMessage['headers'], text: string): Reply {
    const isJson = headers['content-type']?.includes('json') === true;
    const form = isJson ? parseJson(text) : Object.fromEntries(new URLSearchParams(text));
    const body = this.#oauth.exchange(form as Record<string, unknown>);
    this.#token = this.options.accessToken;
    return { status: 200, headers: {}, body };
  }

  #authorize(query: URLSearchParams, response: ServerResponse): void {
    try {
      response.writeHead(302, { location: this.#oauth.authorize(query) }).end();
    } catch (error) {
      send(response, error instanceof ApiError ? errorReply(error) : serverError(400));
    }
  }
}

function versionOf(headers: IncomingMessage['headers']): string {
  const version = headers['intercom-version'];
  return typeof version === 'string' ? version : '2.16';
}

function acceptsJson(accept: string | undefined): boolean {
  return accept === undefined || /json|\*\/\*|application\/\*/.test(accept);
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
