/** The names of the replicated tables: topics, settings and state are keyed by them. */

/** The eleven tables, in the order in which they are listed everywhere. */
export const TABLE_NAMES = [
  'admins',
  'companies',
  'company_attributes',
  'company_segments',
  'contact_attributes',
  'contacts',
  'conversation_parts',
  'conversations',
  'segments',
  'tags',
  'teams',
] as const;

/** Tables beyond them, which are replicated only where the configuration names them. */
export const MORE_TABLE_NAMES = [
  'activity_logs',
  'articles',
  'conversation_attributes',
  'help_center_collections',
  'macros',
  'subscription_types',
  'ticket_types',
  'tickets',
] as const;

export const ALL_TABLE_NAMES = [...TABLE_NAMES, ...MORE_TABLE_NAMES] as const;

/** A table that is replicated unless the configuration names others. */
export type UsualTableName = (typeof TABLE_NAMES)[number];

export type TableName = (typeof ALL_TABLE_NAMES)[number];
