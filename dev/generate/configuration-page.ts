/** The reference page of the settings, written from their declarations. */

import type { z } from 'zod';

import { elementOf, entriesOf, factsOf, fallbackOf } from '../../src/config/setting.js';
import { fileSettings } from '../../src/config/settings.js';

type Schema = z.core.$ZodType;

const INTRODUCTION = `# Configuration

\`\`\`yaml
kafka:
  brokers: [localhost:9092]
schemaRegistry:
  url: http://localhost:8081
connections:
  - name: acme
    credentials:
      accessToken: \${ACME_INTERCOM_TOKEN}
\`\`\`

The publisher reads one YAML file. \`--config\` names it; the default is \`intercom-kafka.yaml\`. \`intercom-kafka.example.yaml\` is a
template. Relative paths in the file start at the folder of the file. This page is generated from the declarations of the settings.

\`intercom-kafka check\` verifies the file. When the file is wrong (unknown keys, wrong types, missing values, contradictions), a
command reports all problems at once, each with its path, its line and the expected value. The exit code is 2.

Editors complete and verify the file with its JSON Schema. \`intercom-kafka config schema > config.schema.json\` prints it, the package contains it, and this first line
of the file refers to it: \`# yaml-language-server: $schema=./config.schema.json\`.

## Environment variables and files

- \`\${NAME}\`: the variable's value. A missing variable is an error.
- \`\${NAME:-default}\`: the variable's value, or the default when the variable is missing or empty.
- \`\${file:PATH}\`: the text of a file, without its last line break. A relative path starts at the folder of the configuration. Files are read again on SIGHUP, and
  when the credentials of a connection are refused.
- \`$\${\`: the characters \`\${\`.
- A value may contain several references. They are replaced after the YAML is parsed, so that no value can add keys.
- Where a setting expects a number, \`true\`, \`false\` or \`null\`, the text is read as such. An empty text is read as \`null\`.
- Inside \`[ ]\` and \`{ }\` YAML requires quotes: \`brokers: ["\${KAFKA_BROKER}"]\`.
`;

/** `docs/configuration.md`. */
export function configurationReference(): string {
  return [INTRODUCTION, ...entriesOf(fileSettings).map(([key, schema]) => section(key, schema))].join('\n');
}

function section(key: string, schema: Schema): string {
  const head = `## \`${key}\`\n\n${factsOf(schema)?.about ?? ''}\n`;
  const list = elementOf(schema);
  // The keys of \`defaults\` are those of a connection; they are not listed twice.
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

/** Keys with the same meaning, such as the names of the tables, are described once. */
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
