/** The tables, in the order in which people read them. */

import type { IntercomApi } from '../intercom/api.js';
import type { Table } from '../model/table.js';
import type { TableName } from '../model/table-names.js';
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

/** The eleven, and those that are replicated only where they are named. */
export const TABLES: readonly IntercomTable[] = [
  admins,
  companies,
  companyAttributes,
  companySegments,
  contactAttributes,
  contacts,
  conversationParts,
  conversations,
  segments,
  tags,
  teams,
  ...MORE_TABLES,
];

/** The definitions of the tables that a connection replicates. */
export function tablesOf(connection: {
  readonly tables: readonly { readonly name: TableName }[];
}): IntercomTable[] {
  const named = new Set(connection.tables.map(({ name }) => name));
  return TABLES.filter(({ name }) => named.has(name));
}
