/** The reference page of the settings, written from their declarations. */

import type { z } from 'zod';

import { elementOf, entriesOf, factsOf, fallbackOf } from '../../src/config/setting.js';
import { fileSettings } from '../../src/config/settings.js';

type Schema = z.core.$ZodType;

const INTRODUCTION = `# Configuration

One YAML file, named with \`--config\` (\`intercom-kafka.yaml\` when it is not). \`intercom-kafka.example.yaml\` is one to
start from. This page is generated from the declarations of the settings.

Everything that is wrong in a file (unknown keys, wrong types, missing values, values that contradict each other) is told
at once, each with its path, what was expected and its place in the file; the exit code is 2. Relative paths in the file
start at the folder that the file is in.

## Environment

\`\${NAME}\` in a value is replaced by the environment variable; it is an error when there is none.
\`\${NAME:-default}\` takes the default when the variable is missing or empty. There may be several in one value, and
\`$\${\` stands for the characters \`\${\` themselves. They are replaced after the YAML was read, so a variable can't add keys.
Where a number, \`true\`, \`false\` or \`null\` belongs, the text is read as such; an empty text is read as \`null\`.
Inside \`[ ]\` and \`{ }\` YAML wants quotes around them: \`brokers: ["\${KAFKA_BROKER}"]\`.
`;

/** `docs/configuration.md`. */
export function configurationReference(): string {
  return [INTRODUCTION, ...entriesOf(fileSettings).map(([key, schema]) => section(key, schema))].join('\n');
}

function section(key: string, schema: Schema): string {
  const head = `## \`${key}\`\n\n${factsOf(schema)?.about ?? ''}\n`;
  const list = elementOf(schema);
  // The keys of \`defaults\` are those of a connection; they are not told twice.
  if (key === 'defaults') return head;
  const rows = rowsOf(list ?? schema, list === undefined ? key : `${key}[]`);
  return [head, '| key | value | default | meaning |', '|---|---|---|---|', ...rows, ''].join('\n');
}

/** A row for each key of the mapping, followed by those of the keys inside it. */
function rowsOf(schema: Schema, path: string): string[] {
  return namedEntries(schema).flatMap(([key, child]) => {
    const childPath = `${path}.${key}`;
    const facts = factsOf(child);
    const cells = [`\`${childPath}\``, facts?.expected ?? '', fallback(child), facts?.about ?? ''];
    return [`| ${cells.map(cell).join(' | ')} |`, ...rowsOf(child, childPath)];
  });
}

/** Keys that all mean the same, such as the names of the tables, are told once. */
function namedEntries(schema: Schema): [string, Schema][] {
  const entries = entriesOf(schema);
  const [first] = entries;
  const alike = first !== undefined && entries.length > 1 && entries.every(([, child]) => child === first[1]);
  return alike ? [['{table}', first[1]]] : entries;
}

function fallback(schema: Schema): string {
  const value = fallbackOf(schema);
  return typeof value === 'string' ? value : `\`${JSON.stringify(value.value)}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
