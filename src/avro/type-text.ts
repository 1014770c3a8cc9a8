/** Names the type of a field for people. */

import { contentOf, type Field } from './schema.js';

/** For example `string`, `time (ms)`, `JSON text`, `list of string`, `list of records`. */
export function typeText(field: Field): string {
  const content = contentOf(field);
  switch (content.kind) {
    case 'time':
      return 'time (ms)';
    case 'json':
      return 'JSON text';
    case 'list':
      return `list of ${content.items}`;
    case 'record':
      return 'record';
    case 'records':
      return 'list of records';
    default:
      return content.kind;
  }
}
