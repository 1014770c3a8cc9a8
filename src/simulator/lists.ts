/** The tables that are read as one short list. */

import type { Row } from './collection.js';
import { makeAttributes, makeCustomAttribute } from './generate/attributes.js';
import { makeAdmin, makeSegment, makeTag, makeTeam } from './generate/lists.js';
import type { SimulatorOptions } from './options.js';

export const LIST_TABLES = [
  'admins',
  'teams',
  'tags',
  'segments',
  'company_segments',
  'contact_attributes',
  'company_attributes',
] as const;
export type ListTable = (typeof LIST_TABLES)[number];

export function isList(table: string): table is ListTable {
  return (LIST_TABLES as readonly string[]).includes(table);
}

/** Created rows get indexes far above those of generated rows. */
const NEW_FROM = 5_000;

export class Lists {
  readonly #options: SimulatorOptions;
  readonly #rows: Readonly<Record<ListTable, Row[]>>;
  #created = 0;

  constructor(options: SimulatorOptions) {
    const { counts } = options;
    const times = (count: number, make: (options: SimulatorOptions, index: number) => Row) =>
      Array.from({ length: count }, (_, index) => make(options, index));
    this.#options = options;
    this.#rows = {
      admins: times(counts.admins, makeAdmin),
      teams: times(counts.teams, makeTeam),
      tags: times(counts.tags, makeTag),
      segments: times(counts.segments, (_, index) => makeSegment(options, 'segments', index)),
      company_segments: times(counts.companySegments, (_, index) =>
        makeSegment(options, 'companySegments', index),
      ),
      contact_attributes: makeAttributes(options, 'contact'),
      company_attributes: makeAttributes(options, 'company'),
    };
  }

  /** The rows as they are now: a reply that waits before it is sent shows no later change. */
  all(table: ListTable): readonly Row[] {
    return this.#rows[table].map((row) => ({ ...row }));
  }

  find(table: ListTable, id: string): Row | undefined {
    return this.#rows[table].find((row) => idOf(row) === id);
  }

  /** Returns the new row's ID. Throws for an ID in use. */
  create(table: ListTable, patch: Row): string {
    this.#created += 1;
    const row = { ...this.#make(table, NEW_FROM + this.#created), ...this.#times(table), ...patch };
    if (this.find(table, idOf(row)) !== undefined) throw new Error(`there is a row ${idOf(row)} already`);
    this.#rows[table].push(row);
    return idOf(row);
  }

  update(table: ListTable, id: string, patch: Row): void {
    const row = this.#existing(table, id);
    const moved = row.updated_at === undefined ? {} : { updated_at: this.#options.now() };
    Object.assign(row, moved, patch);
  }

  remove(table: ListTable, id: string): void {
    const rows = this.#rows[table];
    rows.splice(rows.indexOf(this.#existing(table, id)), 1);
  }

  #existing(table: ListTable, id: string): Row {
    const row = this.find(table, id);
    if (row === undefined) throw new Error(`there is no row ${id} in ${table}`);
    return row;
  }

  #make(table: ListTable, index: number): Row {
    const attribute = { name: `attribute_${index}`, type: 'string' } as const;
    switch (table) {
      case 'admins':
        return makeAdmin(this.#options, index);
      case 'teams':
        return makeTeam(this.#options, index);
      case 'tags':
        return makeTag(this.#options, index);
      case 'segments':
        return makeSegment(this.#options, 'segments', index);
      case 'company_segments':
        return makeSegment(this.#options, 'companySegments', index);
      case 'contact_attributes':
        return makeCustomAttribute(this.#options, 'contact', index, attribute);
      case 'company_attributes':
        return makeCustomAttribute(this.#options, 'company', index, attribute);
    }
  }

  #times(table: ListTable): Row {
    if (table === 'admins' || table === 'teams' || table === 'tags') return {};
    return { created_at: this.#options.now(), updated_at: this.#options.now() };
  }
}

/** The name by which a row of a list is known: default attributes have no ID. */
function idOf(row: Row): string {
  return String(row.id ?? row.full_name);
}
