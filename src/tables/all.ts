/** The tables. */

import type { IntercomApi } from '../intercom/api.js';
import type { Table } from '../model/table.js';
import { ALL_TABLE_NAMES, type TableName } from '../model/table-names.js';
import { activityLogs } from './activity-logs.js';
import { companyAttributes, contactAttributes } from './attributes.js';
import { companies } from './companies.js';
import { contacts } from './contacts.js';
import { conversationParts } from './conversation-parts.js';
import { conversations } from './conversations.js';
import * as lists from './lists.js';
import { tickets } from './tickets.js';

export type IntercomTable = Table<IntercomApi>;

/**
 * Every table, by its name: those that are replicated by default, and those that the configuration must name.
 */
export const TABLES: Readonly<Record<TableName, IntercomTable>> = {
  admins: lists.admins,
  companies,
  company_attributes: companyAttributes,
  company_segments: lists.companySegments,
  contact_attributes: contactAttributes,
  contacts,
  conversation_parts: conversationParts,
  conversations,
  segments: lists.segments,
  tags: lists.tags,
  teams: lists.teams,
  activity_logs: activityLogs,
  articles: lists.articles,
  conversation_attributes: lists.conversationAttributes,
  help_center_collections: lists.helpCenterCollections,
  macros: lists.macros,
  subscription_types: lists.subscriptionTypes,
  ticket_types: lists.ticketTypes,
  tickets,
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
