/** Changes and reads the workspace over HTTP, for programs in other processes. */

import type { ServerResponse } from 'node:http';
import { messageOf } from '../model/errors.js';
import type { Row } from './collection.js';
import type { Fault, Faults } from './faults.js';
import { isList } from './lists.js';
import type { Latency, SimulatorOptions } from './options.js';
import { send } from './replies.js';
import type { CompaniesScroll } from './scroll.js';
import type { Traffic } from './traffic.js';
import type { LargeTable, ReplicatedTable, SimulatedTable, Workspace } from './workspace.js';

export interface Controlled {
  readonly options: SimulatorOptions;
  readonly workspace: Workspace;
  readonly faults: Faults;
  readonly scroll: CompaniesScroll;
  readonly traffic: Traffic;
  latency: Latency;
  setBudget(budget: SimulatorOptions['budget']): void;
  /** Ends the token: every request is refused from then on. */
  revoke(): void;
}

type Body = Readonly<Record<string, unknown>>;

const PREFIX = '/_simulator/';
const LARGE = new Set<string>(['contacts', 'companies', 'conversations']);

export function isControl(path: string): boolean {
  return path.startsWith(PREFIX);
}

/**
 * Answers `GET /_simulator/{rows/TABLE|requests|traffic}` and `POST /_simulator/{create|update|…}`; a wrong
 * one with 400.
 */
export async function answerControl(
  controlled: Controlled,
  { method, path, text }: { readonly method: string; readonly path: string; readonly text: string },
  response: ServerResponse,
): Promise<void> {
  const name = path.slice(PREFIX.length);
  try {
    if (method === 'GET' && name.startsWith('rows/'))
      return await sendRows(controlled.workspace, name.slice('rows/'.length), response);
    const body = method === 'GET' ? read(controlled.traffic, name) : act(controlled, name, text);
    send(response, { status: 200, headers: {}, body });
  } catch (error) {
    const message = messageOf(error);
    send(response, { status: 400, headers: {}, body: { error: message } });
  }
}

function read({ counters, mostInFlight, log }: Traffic, name: string): unknown {
  if (name === 'requests') return log;
  if (name === 'traffic') return { counters, mostInFlight };
  throw new Error(`there is no ${PREFIX}${name} to get`);
}

/** Rows as lines of JSON. */
async function sendRows(workspace: Workspace, table: string, response: ServerResponse): Promise<void> {
  if (!isTable(table) && table !== 'conversation_parts') throw new Error(`there is no table ${table}`);
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  for (const row of workspace.rows(table as ReplicatedTable)) {
    const more = response.write(`${JSON.stringify(row)}\n`);
    if (!more) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  response.end();
}

function act(controlled: Controlled, name: string, text: string): Row {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) throw new Error(`there is no ${PREFIX}${name}`);
  return (action(controlled, JSON.parse(text === '' ? '{}' : text) as Body) ?? {}) as Row;
}

/** The actions. The result of an action is the reply. */
const ACTIONS: Readonly<Record<string, (controlled: Controlled, body: Body) => unknown>> = {
  create: ({ workspace }, body) => ({ id: workspace.create(tableIn(body), patchIn(body)) }),
  update: ({ workspace }, body) => workspace.update(tableIn(body), String(body.id), patchIn(body)),
  touch: ({ workspace }, body) => ({
    ids: workspace.touchMany(largeIn(body), Number(body.count), patchIn(body)),
  }),
  remove: ({ workspace }, body) => workspace.remove(tableIn(body), String(body.id)),
  part: ({ workspace }, body) => ({ id: workspace.addPart(String(body.id), patchIn(body)) }),
  redact: ({ workspace }, body) => workspace.redactPart(String(body.id), String(body.part)),
  merge: ({ workspace }, body) => workspace.mergeContacts(String(body.id), String(body.into)),
  faults: ({ faults }, body) => (body.clear === true ? faults.clear() : faults.inject(faultIn(body))),
  latency: (controlled, body) => {
    controlled.latency = latencyIn(body);
  },
  budget: (controlled, body) =>
    controlled.setBudget(
      typeof body.limit === 'number'
        ? { limit: body.limit, windowSeconds: Number(body.windowSeconds ?? 10) }
        : null,
    ),
  hold: ({ scroll, options }, body) => {
    scroll.heldUntil = options.now() + Number(body.seconds ?? 0);
  },
  revoke: (controlled) => controlled.revoke(),
};

function tableIn({ table }: Body): SimulatedTable {
  if (typeof table !== 'string' || !isTable(table)) throw new Error(`there is no table ${String(table)}`);
  return table;
}

function largeIn(body: Body): LargeTable {
  const table = tableIn(body);
  if (isList(table)) throw new Error(`${table} is a short list`);
  return table;
}

function isTable(table: string): table is SimulatedTable {
  return isList(table) || LARGE.has(table);
}

function patchIn({ patch }: Body): Row {
  return (patch ?? {}) as Row;
}

function faultIn(body: Body): Fault {
  if (typeof body.kind !== 'string') throw new Error('a fault has a kind');
  return body as unknown as Fault;
}

function latencyIn({ ms }: Body): Latency {
  const isNumber = (value: unknown) => typeof value === 'number' && value >= 0;
  if (isNumber(ms)) return ms as number;
  if (Array.isArray(ms) && ms.length === 2 && ms.every(isNumber)) return ms as unknown as Latency;
  throw new Error('ms is a number, or a pair of them');
}
