/**
 * The JSON Schema (draft 7) of the configuration file, for editors.
 *
 * It is derived from the declarations of the settings. Conditions on several keys, cron expressions and URLs
 * can't be expressed; `intercom-kafka check` verifies them.
 */

import { z } from 'zod';
import { childOf, elementOf, factsOf } from './setting.js';
import { fileSettings } from './settings.js';

const connections = childOf(fileSettings, 'connections');
const connectionItem = connections && elementOf(connections);

type Node = z.core.JSONSchema.BaseSchema;

/** Every scalar value may be a text with `${NAME}` or `${file:PATH}`. */
const REFERENCE = { type: 'string', pattern: '\\$\\{.+\\}' } as const;
const SINGLE = new Set(['string', 'number', 'integer', 'boolean', 'null']);

export function configJsonSchema(): object {
  const schema = z.toJSONSchema(fileSettings, {
    target: 'draft-7',
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      // All other keys of a connection may come from `defaults`.
      if (zodSchema === connectionItem) jsonSchema.required = ['name'];
      describe(zodSchema, jsonSchema);
      admitReferences(jsonSchema);
    },
  });
  return { ...schema, title: 'The configuration of intercom-kafka' };
}

function describe(zodSchema: z.core.$ZodType, node: Node): void {
  const facts = factsOf(zodSchema);
  if (facts === undefined || facts.about === '') return;
  node.description = `${facts.about} Expected: ${facts.expected}.`;
}

/** Makes the node accept references too. A text without further conditions accepts them already. */
function admitReferences(node: Node): void {
  const { type, pattern, enum: values, const: value, ...others } = node;
  if (typeof type !== 'string' || !SINGLE.has(type)) return;
  if (type === 'string' && pattern === undefined && values === undefined && value === undefined) return;
  const { description, default: fallback, ...conditions } = others;
  for (const key of Object.keys(node)) delete (node as Record<string, unknown>)[key];
  const own = Object.entries({ type, pattern, enum: values, const: value, ...conditions });
  const given = Object.fromEntries(own.filter(([, each]) => each !== undefined));
  Object.assign(node, { anyOf: [given, REFERENCE] });
  if (description !== undefined) node.description = description;
  if (fallback !== undefined) node.default = fallback;
}
