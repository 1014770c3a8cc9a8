/** The names of the topics that follow from the configuration. */

export function tableTopic(prefix: string, connection: string, table: string): string {
  return `${prefix}.${connection}.${table}`;
}

export function deadLetterTopic(prefix: string, connection: string): string {
  return tableTopic(prefix, connection, DEAD_LETTERS);
}

export function hintsTopic(prefix: string): string {
  return `${prefix}.hints`;
}

/** What stands in the place of a table in the topic of dead letters. */
export const DEAD_LETTERS = 'dead_letters';

/** The topic of what operators request of tables while instances run. */
export function controlTopic(prefix: string): string {
  return `${prefix}.control`;
}
