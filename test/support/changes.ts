/** What people do to a workspace while it is replicated: seeded, a few changes at a time. */

import { Dice } from '../../src/simulator/random.js';
import type { Workspace } from '../../src/simulator/workspace.js';

/** What Intercom tells of a change: a notification's topic, and the thing in it. */
export interface Told {
  readonly topic: string;
  readonly item: Readonly<Record<string, unknown>>;
}

type Change = Told | 'untold' | null;

export class Changes {
  readonly #workspace: Workspace;
  readonly #dice: Dice;
  /** Changes made so far, by kind. */
  readonly counts = new Map<string, number>();

  constructor(workspace: Workspace, seed: number, name: string) {
    this.#workspace = workspace;
    this.#dice = new Dice(seed, name, 0);
  }

  /** Makes one change. Returns what Intercom notifies of it; null where it notifies of nothing. */
  next(): Told | null {
    const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];
    const kind = this.#dice.pick(kinds);
    const change: Change = KINDS[kind](this.#workspace, this.#dice);
    if (change === null) return null;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    return change === 'untold' ? null : change;
  }
}

type Table = 'contacts' | 'conversations' | 'companies' | 'tags' | 'segments';
type Verb = 'created' | 'updated' | 'deleted';

/** Beginnings of topics, and the type of the thing. */
const TOLD: Partial<Record<Table, readonly [prefix: string, type: string]>> = {
  contacts: ['contact', 'contact'],
  conversations: ['conversation', 'conversation'],
  companies: ['company', 'company'],
};

function told(table: Table, verb: Verb, id: string): Change {
  const [prefix, type] = TOLD[table] ?? [];
  return prefix === undefined ? 'untold' : { topic: `${prefix}.${verb}`, item: { type, id } };
}

function pick(workspace: Workspace, dice: Dice, table: Table): string | null {
  const ids = [...workspace.rows(table)].map(({ id }) => String(id));
  return ids.length < 20 ? null : dice.pick(ids);
}

function update(table: Table, field: string) {
  return (workspace: Workspace, dice: Dice): Change => {
    const id = pick(workspace, dice, table);
    if (id === null) return null;
    workspace.update(table, id, { [field]: `changed ${dice.below(1_000_000)}` });
    return told(table, 'updated', id);
  };
}

function remove(table: Table) {
  return (workspace: Workspace, dice: Dice): Change => {
    const id = pick(workspace, dice, table);
    if (id === null) return null;
    workspace.remove(table, id);
    return told(table, 'deleted', id);
  };
}

const create =
  (table: Table) =>
  (workspace: Workspace): Change =>
    told(table, 'created', workspace.create(table));

/** Null when there was nothing to change. */
const KINDS = {
  'contact updated': update('contacts', 'name'),
  'contact updated again': update('contacts', 'phone'),
  'contact created': create('contacts'),
  'contact deleted': remove('contacts'),
  'contacts merged': (workspace: Workspace, dice: Dice): Change => {
    const [source, target] = [pick(workspace, dice, 'contacts'), pick(workspace, dice, 'contacts')];
    if (source === null || target === null || source === target) return null;
    workspace.mergeContacts(source, target);
    const merged = { type: 'contact', id: target, merged_from: { type: 'contact', id: source } };
    return { topic: 'contact.merged', item: merged };
  },
  'conversation updated': update('conversations', 'title'),
  'conversation created': create('conversations'),
  'conversation deleted': remove('conversations'),
  'part added': (workspace: Workspace, dice: Dice): Change => {
    const id = pick(workspace, dice, 'conversations');
    if (id === null) return null;
    workspace.addPart(id);
    return told('conversations', 'updated', id);
  },
  'company updated': update('companies', 'name'),
  'company created': create('companies'),
  'company deleted': remove('companies'),
  'tag created': create('tags'),
  'tag updated': update('tags', 'name'),
  'tag deleted': remove('tags'),
} satisfies Record<string, (workspace: Workspace, dice: Dice) => Change>;
