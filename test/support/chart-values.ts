/** Values of a chart, merged as Helm does. */

export interface Values {
  readonly [key: string]: unknown;
}

/** `over` laid over `base`: mappings are merged, everything else is replaced, and null removes a key. */
export function mergeValues(base: Values, over: Values): Values {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    if (value === null && key in base) delete merged[key];
    else merged[key] = isMapping(below) && isMapping(value) ? mergeValues(below, value) : value;
  }
  return merged;
}

function isMapping(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
