/** What people do to a workspace while it is replicated: seeded, a few changes at a time. */

import { Dice } from '../../src/simulator/random.js';
import type { Workspace } from '../../src/simulator/workspace.js';

export class Changes {
  readonly #workspace: Workspace;
  readonly #dice: Dice;
  /** Changes made so far, by kind. */
  readonly counts = new Map<string, number>();

  constructor(workspace: Workspace, seed: number, name: string) {
    this.#workspace = workspace;
    this.#dice = new Dice(seed, name, 0);
  }

  /** Makes one change. */
  next(): void {
    const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];
    const kind = this.#dice.pick(kinds);
    if (!KINDS[kind](this.#workspace, this.#dice)) return;
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }
}

type Table = 'contacts' | 'conversations' | 'companies' | 'tags' | 'segments';

function pick(workspace: Workspace, dice: Dice, table: Table): string | null {
  const ids = [...workspace.rows(table)].map(({ id }) => String(id));
  return ids.length < 20 ? null : dice.pick(ids);
}

function update(table: Table, field: string) {
  return (workspace: Workspace, dice: Dice): boolean => {
    const id = pick(workspace, dice, table);
    if (id !== null) workspace.update(table, id, { [field]: `changed ${dice.below(1_000_000)}` });
    return id !== null;
  };
}

function remove(table: Table) {
  return (workspace: Workspace, dice: Dice): boolean => {
    const id = pick(workspace, dice, table);
    if (id !== null) workspace.remove(table, id);
    return id !== null;
  };
}

const create = (table: Table) => (workspace: Workspace) => workspace.create(table) !== '';

/** True when there was something to change. */
const KINDS = {
  'contact updated': update('contacts', 'name'),
  'contact updated again': update('contacts', 'phone'),
  'contact created': create('contacts'),
  'contact deleted': remove('contacts'),
  'contacts merged': (workspace: Workspace, dice: Dice) => {
    const [source, target] = [pick(workspace, dice, 'contacts'), pick(workspace, dice, 'contacts')];
    if (source === null || target === null || source === target) return false;
    workspace.mergeContacts(source, target);
    return true;
  },
  'conversation updated': update('conversations', 'title'),
  'conversation created': create('conversations'),
  'conversation deleted': remove('conversations'),
  'part added': (workspace: Workspace, dice: Dice) => {
    const id = pick(workspace, dice, 'conversations');
    if (id !== null) workspace.addPart(id);
    return id !== null;
  },
  'company updated': update('companies', 'name'),
  'company created': create('companies'),
  'company deleted': remove('companies'),
  'tag created': create('tags'),
  'tag updated': update('tags', 'name'),
  'tag deleted': remove('tags'),
} satisfies Record<string, (workspace: Workspace, dice: Dice) => boolean>;
