/** The tables. */

import type { IntercomApi } from '../intercom/api.js';
import type { Table } from '../model/table.js';
import { ALL_TABLE_NAMES, type TableName } from '../model/table-names.js';
import { admins } from './admins.js';
import { companyAttributes, contactAttributes } from './attributes.js';
import { companies } from './companies.js';
import { companySegments } from './company-segments.js';
import { contacts } from './contacts.js';
import { conversationParts } from './conversation-parts.js';
import { conversations } from './conversations.js';
import { MORE_TABLES } from './more.js';
import { segments } from './segments.js';
import { tags } from './tags.js';
import { teams } from './teams.js';

export type IntercomTable = Table<IntercomApi>;

/**
 * Every table, by its name: those that are replicated by default, and those that the configuration must name.
 */
export const TABLES: Readonly<Record<TableName, IntercomTable>> = {
  admins,
  companies,
  company_attributes: companyAttributes,
  company_segments: companySegments,
  contact_attributes: contactAttributes,
  contacts,
  conversation_parts: conversationParts,
  conversations,
  segments,
  tags,
  teams,
  ...MORE_TABLES,
};

/** All tables, in the order in which they are listed everywhere. */
export const ALL_TABLES: readonly IntercomTable[] = ALL_TABLE_NAMES.map((name) => TABLES[name]);

/** The definitions of the tables that a connection replicates. */
export function tablesOf(connection: {
  readonly tables: readonly { readonly name: TableName }[];
}): IntercomTable[] {
  const named = new Set(connection.tables.map(({ name }) => name));
  return ALL_TABLES.filter(({ name }) => named.has(name));
}
