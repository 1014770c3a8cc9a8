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

export type TableName = (typeof TABLE_NAMES)[number];
