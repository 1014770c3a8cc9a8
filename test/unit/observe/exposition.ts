/**
 * A strict reader of Prometheus's text format, with the conventions that `promtool check metrics` insists on:
 * every family has HELP and TYPE before its samples, counters alone end in `_total`, units are base units, no
 * name repeats its type.
 */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  readonly samples: readonly Sample[];
  /** What breaks the format or a convention. */
  readonly problems: readonly string[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\n"])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{((?:${LABEL})(?:,${LABEL})*)\\})? (\\S+)$`);
const ODD_UNITS = /_(?:milliseconds|ms|minutes|hours|days|kilobytes|kb|mb|megabytes|percent)(?:_|$)/;

export function readExposition(text: string): Exposition {
  const problems: string[] = text.endsWith('\n') ? [] : ['the last line has no end'];
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const seen = new Set<string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, keyword, family = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      if (rest === '') problems.push(`${family}: no help`);
      helps.add(family);
    } else if (keyword === 'TYPE') {
      if (types.has(family)) problems.push(`${family}: two types`);
      types.set(family, rest);
      problems.push(...namingProblems(family, rest));
    } else if (!line.startsWith('#')) {
      const sample = readSample(line);
      if (sample === null) problems.push(`not a sample: ${line}`);
      else samples.push(sample);
      const of = sample === null ? '' : familyOf(sample.name, types);
      if (!types.has(of) || !helps.has(of)) problems.push(`no HELP or TYPE before: ${line}`);
      const identity = line.slice(0, line.lastIndexOf(' '));
      if (seen.has(identity)) problems.push(`twice: ${identity}`);
      seen.add(identity);
    }
  }
  return { samples, problems };
}

function namingProblems(name: string, type: string): string[] {
  const problems: string[] = [];
  if (!['counter', 'gauge', 'histogram', 'summary'].includes(type)) problems.push(`${name}: type ${type}`);
  if ((type === 'counter') !== name.endsWith('_total')) problems.push(`${name}: _total is for counters`);
  if (type !== 'counter' && /_(?:count|sum|bucket)$/.test(name)) problems.push(`${name}: reserved ending`);
  if (ODD_UNITS.test(name)) problems.push(`${name}: not a base unit`);
  if (/[A-Z:]/.test(name)) problems.push(`${name}: not in snake case`);
  return problems;
}

function readSample(line: string): Sample | null {
  const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined || value === undefined) return null;
  const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
  // Prometheus reads it in upper and lower case, and prom-client writes it in both.
  if (Number.isNaN(number) && value.toLowerCase() !== 'nan') return null;
  const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)];
  return {
    name,
    labels: Object.fromEntries(pairs.map(([, key, text = '']) => [key, JSON.parse(`"${text}"`) as string])),
    value: number,
  };
}

function familyOf(name: string, types: ReadonlyMap<string, string>): string {
  const base = name.replace(/_(?:bucket|sum|count)$/, '');
  return types.get(base) === 'histogram' || types.get(base) === 'summary' ? base : name;
}

/** The value of the one sample with this name and at least these labels; undefined when there is none. */
export function sampleValue(
  { samples }: Exposition,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = samples.filter(
    (each) =>
      each.name === name && Object.entries(labels).every(([key, value]) => each.labels[key] === value),
  );
  if (found.length > 1) throw new Error(`${name}: ${found.length} samples have these labels`);
  return found[0]?.value;
}
