/** The names of the replicated tables: topics, settings and state are keyed by them. */

/**
 * Every table, in the order in which they are listed everywhere: whether it is replicated by default, which is
 * where the configuration names no tables.
 */
const IS_DEFAULT = {
  admins: true,
  companies: true,
  company_attributes: true,
  company_segments: true,
  contact_attributes: true,
  contacts: true,
  conversation_parts: true,
  conversations: true,
  segments: true,
  tags: true,
  teams: true,
  activity_logs: false,
  articles: false,
  conversation_attributes: false,
  help_center_collections: false,
  macros: false,
  subscription_types: false,
  ticket_types: false,
  tickets: false,
} as const;

export type TableName = keyof typeof IS_DEFAULT;

/** A table that is replicated by default. */
export type UsualTableName = {
  [Name in TableName]: (typeof IS_DEFAULT)[Name] extends true ? Name : never;
}[TableName];

export const ALL_TABLE_NAMES = Object.keys(IS_DEFAULT) as readonly TableName[];

export function isDefault(name: TableName): name is UsualTableName {
  return IS_DEFAULT[name];
}

/** The tables that are replicated by default. */
export const TABLE_NAMES: readonly UsualTableName[] = ALL_TABLE_NAMES.filter(isDefault);
