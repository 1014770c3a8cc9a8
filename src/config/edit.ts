/**
 * Writes a connection into the text of a configuration file. Everything else is unchanged, comments included.
 */

import { isMap, isSeq, parseDocument, type YAMLMap } from 'yaml';
import { PublisherError } from '../model/errors.js';

/** The keys that `connect` writes for a connection, as the file has them. */
export interface ConnectionEntry {
  readonly name: string;
  readonly region?: string;
  readonly baseUrl?: string;
  readonly gateway?: string;
  readonly startDate?: string;
  readonly credentials: Readonly<Record<string, string>>;
}

/**
 * The text with the connection: its keys laid over those that it has already, or a new entry at the end of
 * the list. An empty text becomes a file of its own. Throws `config-invalid` when the text is no YAML with a
 * list of connections.
 */
export function withConnection(text: string, entry: ConnectionEntry): string {
  const document = parseDocument(text);
  // Keeps the file's own style: lists and mappings on one line with or without blanks inside.
  const layout = { lineWidth: 0, flowCollectionPadding: /[[{] /.test(text) };
  const [problem] = document.errors;
  if (problem !== undefined) throw new PublisherError('config-invalid', `not valid YAML: ${problem.message}`);
  if (document.contents === null) document.contents = document.createNode({}) as never;
  if (!isMap(document.contents)) throw new PublisherError('config-invalid', 'the file is no mapping');
  const list = document.get('connections');
  if (!isSeq(list)) {
    document.set('connections', document.createNode([entry]));
    return document.toString(layout);
  }
  const existing = list.items.find((item): item is YAMLMap => isMap(item) && item.get('name') === entry.name);
  if (existing === undefined) {
    list.flow = false;
    list.add(document.createNode(entry));
  } else {
    // The two keys are alternatives.
    if (entry.baseUrl !== undefined) existing.delete('region');
    if (entry.region !== undefined) existing.delete('baseUrl');
    for (const [key, value] of Object.entries(entry)) existing.set(key, document.createNode(value));
  }
  return document.toString(layout);
}
