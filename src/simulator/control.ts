/** Changes the workspace over HTTP, for programs in other processes. */

import type { Row } from './collection.js';
import { ApiError } from './errors.js';
import type { Fault, Faults } from './faults.js';
import { LARGE_TABLES, LIST_TABLES, type SimulatedTable, type Workspace } from './workspace.js';

export interface Controlled {
  readonly workspace: Workspace;
  readonly faults: Faults;
  /** Ends the token: every request is refused from then on. */
  revoke(): void;
}

const PREFIX = '/_simulator/';

export function isControl(path: string): boolean {
  return path.startsWith(PREFIX);
}

/** Carries out `POST /_simulator/{create|update|remove|part|redact|merge|faults|revoke}`. */
export function control(simulator: Controlled, path: string, body: Readonly<Record<string, unknown>>): Row {
  const { workspace, faults } = simulator;
  const table = body.table as SimulatedTable;
  const id = String(body.id ?? '');
  const patch = (body.patch ?? {}) as Row;
  switch (path.slice(PREFIX.length)) {
    case 'create':
      return { id: workspace.create(table, patch) };
    case 'update':
      workspace.update(table, id, patch);
      return { id };
    case 'remove':
      workspace.remove(table, id);
      return { id };
    case 'part':
      return { id: workspace.addPart(id, patch) };
    case 'redact':
      workspace.redactPart(id, String(body.part));
      return { id };
    case 'merge':
      workspace.mergeContacts(id, String(body.into));
      return { id };
    case 'faults':
      if (body.clear === true) faults.clear();
      else faults.inject(body as unknown as Fault);
      return {};
    case 'revoke':
      simulator.revoke();
      return {};
    default:
      throw new ApiError(404, 'not_found', `there is no ${path}`);
  }
}

const READABLE = [...LIST_TABLES, ...LARGE_TABLES, 'conversation_parts'] as const;

/** The table named by `GET /_simulator/rows/{table}`, or null. */
export function askedRows(path: string): (typeof READABLE)[number] | null {
  return READABLE.find((table) => path === `${PREFIX}rows/${table}`) ?? null;
}
