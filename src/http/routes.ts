/** The routes of an HTTP server, found by method and path. */

import type { IncomingMessage } from 'node:http';

export interface Reply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Route {
  /** `GET` answers `HEAD` too, unless another route does. */
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** A path; `{name}` stands for one segment. */
  readonly path: string;
  /** Answers without basic authentication: for probes, and for routes with their own check. */
  readonly open?: boolean;
  readonly handle: (request: IncomingMessage, segments: Readonly<Record<string, string>>) => Promise<Reply>;
}

export interface FoundRoute {
  readonly route: Route;
  readonly segments: Readonly<Record<string, string>>;
}

/** The route, or the methods that the path accepts: none when there is no such path. */
export function findRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): FoundRoute | { readonly allowed: readonly string[] } {
  const allowed = new Set<string>();
  for (const route of routes) {
    const segments = match(route.path, path);
    if (segments === null) continue;
    if (route.method === method || (route.method === 'GET' && method === 'HEAD')) return { route, segments };
    allowed.add(route.method);
    if (route.method === 'GET') allowed.add('HEAD');
  }
  return { allowed: [...allowed] };
}

export function textReply(status: number, text: string): Reply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: `${text}\n` };
}

export function jsonReply(status: number, value: unknown): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify(value),
  };
}

function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return null;
  const segments: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined ? part !== value : value === '') return null;
    if (name !== undefined) segments[name] = value;
  }
  return segments;
}
