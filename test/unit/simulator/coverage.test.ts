/** Whether the rows show every field that the API's description names, and the oddities that it does not. */

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Row } from '../../../src/simulator/collection.js';
import { withDefaults } from '../../../src/simulator/options.js';
import { type ReplicatedTable, Workspace } from '../../../src/simulator/workspace.js';
import { NOW } from '../../support/simulator.js';

/** The fields of the description, where it is at hand. */
const FIELDS = new URL('../../../../shared/intercom/fields-2.16.json', import.meta.url);

interface Described {
  readonly tables: Readonly<Record<ReplicatedTable, readonly { readonly path: string }[]>>;
}

/** Only on tags that hang on something, and the name of a variant. */
const NOT_IN_ROWS = /^applied_|«/;

const workspaceOf = (settings = {}) =>
  new Workspace(
    withDefaults({
      now: () => NOW,
      counts: { contacts: 1_000, companies: 200, conversations: 500, parts: 6, customAttributes: 20 },
      ...settings,
    }),
  );

/** Every path below a value that leads to something else than null, with `[]` for the entries of a list. */
function pathsIn(value: unknown, prefix: string, found: Set<string>): void {
  if (value === null || value === undefined) return;
  if (prefix !== '') found.add(prefix);
  if (Array.isArray(value)) {
    for (const each of value) pathsIn(each, `${prefix}[]`, found);
  } else if (typeof value === 'object') {
    for (const [key, each] of Object.entries(value))
      pathsIn(each, prefix === '' ? key : `${prefix}.${key}`, found);
  }
}

describe.skipIf(!existsSync(FIELDS))('the fields of the description', () => {
  const { tables } = existsSync(FIELDS)
    ? (JSON.parse(readFileSync(FIELDS, 'utf8')) as Described)
    : { tables: {} as Described['tables'] };
  const tidy = workspaceOf({ quirks: false });

  it.each(Object.keys(tables) as ReplicatedTable[])('are all in some row of %s', (table) => {
    const found = new Set<string>();
    for (const row of tidy.rows(table, true)) pathsIn(row, '', found);
    // Conversations come without their parts.
    found.add('conversation_parts');
    const missing = tables[table].map(({ path }) => path).filter((path) => !NOT_IN_ROWS.test(path));
    expect(missing.filter((path) => !found.has(path))).toEqual([]);
  });
});

describe('the oddities that the description does not name', () => {
  const anyOf = (workspace: Workspace, table: ReplicatedTable, is: (row: Row) => boolean) => {
    for (const row of workspace.rows(table)) if (is(row)) return true;
    return false;
  };
  const ODDITIES: readonly [string, ReplicatedTable, (row: Row) => boolean][] = [
    ['a null source', 'conversations', ({ source }) => source === null],
    [
      'teammates under admins',
      'conversations',
      ({ teammates }) => Array.isArray((teammates as Row | null)?.admins),
    ],
    ['a number for the ID of a part', 'conversation_parts', ({ id }) => typeof id === 'number'],
    [
      'more parts than a detail shows',
      'conversation_parts',
      ({ conversation_total_parts: n }) => Number(n) > 500,
    ],
    ['a number for an owner', 'contacts', ({ owner_id: id }) => typeof id === 'number'],
    ['null for a list of tags', 'contacts', ({ tags }) => tags === null],
    ['a text for a count', 'companies', ({ session_count: n }) => typeof n === 'string'],
    ['a number for a company’s own key', 'companies', ({ company_id: id }) => typeof id === 'number'],
    ['a number for the ID of a team', 'teams', ({ id }) => typeof id === 'number'],
  ];

  it.each(ODDITIES)('show %s in %s, and not where they are turned off', (_, table, is) => {
    expect(anyOf(workspaceOf(), table, is)).toBe(true);
    expect(anyOf(workspaceOf({ quirks: false }), table, is)).toBe(false);
  });

  it('show rows that lists hold more of than is sent at once, whatever is turned off', () => {
    const cut = ({ companies }: Row) => Number((companies as Row).total_count) > 10;
    expect(anyOf(workspaceOf({ quirks: false }), 'contacts', cut)).toBe(true);
  });

  it('show times that no clock ever showed to who asks for hostile rows', () => {
    const times = new Set(
      [...workspaceOf({ hostile: true }).rows('contacts')].map((row) => row.signed_up_at),
    );
    expect(times).toEqual(
      new Set([0, null, -86_400, 253_402_300_799, '1969-12-31T23:59:59Z', 1_000_000_000_000]),
    );
  });
});
