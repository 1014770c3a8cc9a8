/**
 * A schema registry that answers as Confluent documents its REST API, or as Apicurio answers where that
 * differs. It holds its state in memory, and checks compatibility with avsc.
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import avro from 'avsc';
import type { Certificate } from './certificates.js';

interface Version {
  readonly id: number;
  readonly schema: string;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

type Level = string;

const LEVELS = /^(NONE|(BACKWARD|FORWARD|FULL)(_TRANSITIVE)?)$/;

/** `apicurio` is 2.6. */
export type Flavour = 'confluent' | 'apicurio' | 'apicurio-3';

export interface FakeOptions {
  readonly flavour?: Flavour;
  /** TLS, with clients that one authority has signed. */
  readonly tls?: { readonly server: Certificate; readonly clientCa: string };
}

export class FakeRegistry {
  readonly url: string;
  /** `METHOD path` of each request, in order. */
  readonly requests: string[] = [];
  readonly levels = new Map<string, Level>();
  globalLevel: Level;
  mode: 'READWRITE' | 'READONLY' = 'READWRITE';
  /** The accepted `Authorization` header, or null for any. */
  accepts: ((header: string | undefined) => boolean) | null = null;
  /** Requests that this user may not send. */
  forbids: (request: string) => boolean = () => false;
  /** Answers in place of its own; null: its own. */
  intercept: (request: string) => Reply | null = () => null;
  readonly #flavour: Flavour;
  readonly #server: Server;
  readonly #subjects = new Map<string, Version[]>();
  readonly #schemas: string[] = [];

  private constructor(server: Server, { flavour = 'confluent', tls }: FakeOptions) {
    this.#server = server;
    this.#flavour = flavour;
    this.globalLevel = flavour === 'confluent' ? 'BACKWARD' : 'NONE';
    const { port } = server.address() as AddressInfo;
    this.url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
    server.on('request', async (request: IncomingMessage, response) => {
      const { status, body } = this.#answer(request, await textOf(request));
      response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' });
      response.end(JSON.stringify(body));
    });
  }

  static async start(options: FakeOptions = {}): Promise<FakeRegistry> {
    const server = options.tls === undefined ? createServer() : await tlsServer(options.tls);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new FakeRegistry(server, options);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Registers a schema as another client would, whatever the level. */
  add(subject: string, schema: object | string): number {
    const text = canonical(schema);
    const versions = this.#subjects.get(subject) ?? [];
    const known = this.#schemas.indexOf(text);
    const id = known < 0 ? this.#schemas.push(text) : known + 1;
    this.#subjects.set(subject, [...versions, { id, schema: text }]);
    return id;
  }

  /** The texts of a subject's versions, oldest first. */
  versions(subject: string): string[] {
    return (this.#subjects.get(subject) ?? []).map(({ schema }) => schema);
  }

  /** Requests of that method, in order. */
  sent(method: string): string[] {
    return this.requests.filter((request) => request.startsWith(`${method} `));
  }

  #answer(request: IncomingMessage, text: string): Reply {
    const name = `${request.method} ${request.url}`;
    this.requests.push(name);
    const instead = this.intercept(name);
    if (instead !== null) return instead;
    if (this.accepts !== null && !this.accepts(request.headers.authorization))
      return failure(401, 40101, 'Unauthorized');
    if (this.forbids(name)) return failure(403, 40301, `User is denied operation: ${name}`);
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    const [, ...path] = pathname.split('/').map(decodeURIComponent);
    const body = text === '' ? {} : (JSON.parse(text) as { schema?: string; compatibility?: string });
    return this.#route(`${request.method}`, path, body, searchParams.get('defaultToGlobal') === 'true');
  }

  #route(
    method: string,
    path: readonly string[],
    body: { schema?: string; compatibility?: string },
    defaultToGlobal: boolean,
  ): Reply {
    const [first = '', subject = '', third] = path;
    const shape = [method, first, path.length].join(' ');
    if (shape === 'POST subjects 2') return this.#lookUp(subject, body.schema);
    if (shape === 'POST subjects 3') return this.#register(subject, body.schema);
    if (shape === 'GET subjects 4') return this.#latest(subject);
    if (shape === 'GET schemas 3') return this.#schema(Number(third));
    if (shape === 'GET config 1') return { status: 200, body: { compatibilityLevel: this.globalLevel } };
    if (shape === 'GET config 2') return this.#level(subject, defaultToGlobal);
    if (shape === 'PUT config 2') return this.#setLevel(subject, body.compatibility);
    if (shape === 'GET mode 2') return { status: 200, body: { mode: this.mode } };
    if (shape === 'POST compatibility 5') return this.#compatible(third ?? '', body.schema);
    return {
      status: 404,
      body: this.#flavour === 'apicurio' ? { error_code: 0 } : { error: 'no such page' },
    };
  }

  #lookUp(subject: string, schema = ''): Reply {
    const versions = this.#subjects.get(subject);
    if (versions === undefined) return notFound(40401, `Subject '${subject}' not found.`);
    const index = versions.findIndex((version) => version.schema === canonical(schema));
    const found = versions[index];
    if (found === undefined) return notFound(40403, 'Schema not found');
    return { status: 200, body: { subject, version: index + 1, ...found } };
  }

  #register(subject: string, schema = ''): Reply {
    const found = this.#lookUp(subject, schema);
    const isLocked = this.mode === 'READONLY';
    // Apicurio 3 answers for what it has, also while it is locked.
    if (isLocked && (this.#flavour !== 'apicurio-3' || found.status !== 200)) return this.#locked(subject);
    if (found.status === 200) return { status: 200, body: { id: (found.body as Version).id } };
    if (!this.#fits(subject, schema)) {
      const message = `Schema being registered is incompatible with an earlier schema for subject "${subject}"`;
      return failure(409, 409, message);
    }
    return { status: 200, body: { id: this.add(subject, schema) } };
  }

  #locked(subject: string): Reply {
    return this.#flavour === 'apicurio-3'
      ? failure(409, 0, 'Unsupported write operation. Storage is in read-only mode.')
      : failure(422, 42205, `Subject ${subject} is in read-only mode`);
  }

  #latest(subject: string): Reply {
    const versions = this.#subjects.get(subject);
    const newest = versions?.at(-1);
    if (versions === undefined || newest === undefined)
      return notFound(40401, `Subject '${subject}' not found.`);
    return { status: 200, body: { subject, version: versions.length, ...newest } };
  }

  #schema(id: number): Reply {
    const schema = this.#schemas[id - 1];
    return schema === undefined
      ? notFound(40403, `Schema ${id} not found`)
      : { status: 200, body: { schema } };
  }

  #level(subject: string, defaultToGlobal: boolean): Reply {
    if (this.#isUnknown(subject)) return notFound(40401, `No artifact with ID '${subject}' was found.`);
    const inherits = defaultToGlobal && this.#flavour !== 'apicurio';
    const inherited = inherits ? this.globalLevel : this.#flavour === 'confluent' ? undefined : 'NONE';
    const level = this.levels.get(subject) ?? inherited;
    if (level !== undefined) return { status: 200, body: { compatibilityLevel: level } };
    return notFound(40408, `Subject '${subject}' does not have subject-level compatibility configured`);
  }

  #setLevel(subject: string, level = ''): Reply {
    if (!LEVELS.test(level)) return failure(422, 42203, `Invalid compatibility level: ${level}`);
    if (this.mode === 'READONLY') return this.#locked(subject);
    if (this.#flavour === 'apicurio' && this.#isUnknown(subject))
      return notFound(40401, `No artifact with ID '${subject}' was found.`);
    this.levels.set(subject, level);
    return { status: 200, body: { compatibility: level } };
  }

  /** Confluent's registry has levels of subjects that do not exist. */
  #isUnknown(subject: string): boolean {
    return this.#flavour !== 'confluent' && !this.#subjects.has(subject) && !this.levels.has(subject);
  }

  #compatible(subject: string, schema = ''): Reply {
    if (!this.#subjects.has(subject)) return notFound(40401, `Subject '${subject}' not found.`);
    return { status: 200, body: { is_compatible: this.#fits(subject, schema) } };
  }

  #fits(subject: string, schema: string): boolean {
    const [direction = 'NONE', transitive] = (this.levels.get(subject) ?? this.globalLevel).split('_');
    const all = this.versions(subject);
    const earlier = transitive === undefined ? all.slice(-1) : all;
    return earlier.every(
      (old) =>
        (!/BACKWARD|FULL/.test(direction) || canRead(schema, old)) &&
        (!/FORWARD|FULL/.test(direction) || canRead(old, schema)),
    );
  }
}

function canRead(reader: string, writer: string): boolean {
  const [read, written] = [reader, writer].map((text) =>
    avro.Type.forSchema(JSON.parse(text), { wrapUnions: true, registry: {} }),
  );
  try {
    return read !== undefined && written !== undefined && read.createResolver(written) !== null;
  } catch {
    return false;
  }
}

function canonical(schema: object | string): string {
  return JSON.stringify(typeof schema === 'string' ? JSON.parse(schema) : schema);
}

function failure(status: number, code: number, message: string): Reply {
  return { status, body: { error_code: code, message } };
}

function notFound(code: number, message: string): Reply {
  return failure(404, code, message);
}

async function tlsServer({ server, clientCa }: NonNullable<FakeOptions['tls']>): Promise<Server> {
  const [cert, key, ca] = await Promise.all(
    [server.cert, server.key, clientCa].map((path) => readFile(path)),
  );
  return createTlsServer({ cert, key, ca, requestCert: true, rejectUnauthorized: true });
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
