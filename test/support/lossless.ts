/**
 * Looks for everything that the API sent in the published row, without the code that made it.
 *
 * The oracle knows only the rules that users are told: nested records become `parent_child` fields, lists of
 * records and free-form objects JSON text, wrapped lists are unwrapped, times are epoch milliseconds, IDs are
 * texts, and what fits nowhere is in `_extra`.
 */

type Json = unknown;
type Row = Readonly<Record<string, Json>>;

const TIME = /(^|_)(at|since|until)$/;
/** The envelope of a list: what it says is known from where the list stands. */
const ENVELOPE = new Set(['type']);
/**
 * A longer list inside a row comes cut short: what it says of itself stays so, though the published one has
 * every entry.
 */
const MAX_SHOWN = 10;
const UNWRAPPED = ['data', 'tags', 'segments', 'notes', 'companies', 'contacts', 'teammates', 'admins'];

/** What of the raw row is missing in the published flat value, as `path: expected, found`. */
export function missingFrom(raw: Row, published: Row): string[] {
  const extra = typeof published._extra === 'string' ? (JSON.parse(published._extra) as Row) : {};
  return Object.entries(raw).flatMap(([field, value]) =>
    missingField([field], asSent(value), published, extra),
  );
}

/** A list inside a row as a reply shows it, but with every entry. */
function asSent(value: Json): Json {
  if (!isObject(value) || value.has_more !== false) return value;
  const isCut = UNWRAPPED.some((key) => {
    const { [key]: entries } = value;
    return Array.isArray(entries) && entries.length > MAX_SHOWN;
  });
  return isCut ? { ...value, has_more: true } : value;
}

/** What the published flat value has under fields that are null or empty in the raw row. */
export function addedTo(raw: Row, published: Row): string[] {
  return Object.entries(raw).flatMap(([field, value]) => {
    const found = published[field];
    const hasNothing = value === null || isEmpty(value);
    return hasNothing && !isNothing(found) ? [`${field}: nothing, found ${JSON.stringify(found)}`] : [];
  });
}

/** Empty lists and objects may stand in JSON text. */
function isNothing(found: Json): boolean {
  return found === null || found === undefined || found === '[]' || found === '{}' || isEmpty(found);
}

function missingField(path: string[], value: Json, published: Row, extra: Json): string[] {
  if (value === null || value === undefined || isEmpty(value)) return [];
  const name = path.join('_');
  const found = published[name];
  const left = path.reduce<Json>((tree, key) => (isObject(tree) ? tree[key] : undefined), extra);
  if (left !== undefined && same(left, value, path)) return [];
  if (found !== null && found !== undefined && same(found, value, path)) return [];
  if (!isObject(value))
    return isExplained(path, value, published)
      ? []
      : [`${path.join('.')}: ${JSON.stringify(value)}, found ${JSON.stringify(found)}`];
  const unwrapped = UNWRAPPED.find((key) => Array.isArray(value[key]));
  return Object.entries(value).flatMap(([key, each]) => {
    if (unwrapped !== undefined && (ENVELOPE.has(key) || (key === unwrapped && same(found, each, path))))
      return [];
    return missingField([...path, key], each, published, extra);
  });
}

/** Zero is how the API says that nobody is assigned; an avatar's only fact is its address. */
function isExplained(path: string[], value: Json, published: Row): boolean {
  const name = path.join('.');
  if (name.endsWith('_assignee_id')) return value === 0 || value === '0';
  if (name === 'avatar.type') return value === 'avatar';
  return name === 'avatar.image_url' && published.avatar === value;
}

function same(found: Json, value: Json, path: string[]): boolean {
  const field = path.at(-1) ?? '';
  if (isObject(value) || (Array.isArray(value) && value.some(isObject))) {
    return typeof found === 'string' ? equal(parse(found), value) : equal(found, value);
  }
  if (Array.isArray(value)) return Array.isArray(found) && equal(found.map(String), value.map(String));
  if (TIME.test(field) && typeof found === 'number') return found === epochMillis(value);
  return String(found) === String(value);
}

export function epochMillis(value: Json): number {
  const number = Number(value);
  if (Number.isNaN(number)) return Date.parse(String(value));
  return Math.abs(number) >= 253_402_300_800 ? number : number * 1000;
}

function equal(a: Json, b: Json): boolean {
  if (isObject(a) && isObject(b)) {
    const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...keys].every((key) => equal(a[key] ?? null, b[key] ?? null) || sameTime(key, a[key], b[key]));
  }
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((each, index) => equal(each, b[index]));
  if (a === null || a === undefined || b === null || b === undefined) return (a ?? null) === (b ?? null);
  return String(a) === String(b);
}

function sameTime(key: string, a: Json, b: Json): boolean {
  return TIME.test(key) && a !== null && b !== null && epochMillis(a) === epochMillis(b);
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isEmpty(value: Json): boolean {
  return (Array.isArray(value) && value.length === 0) || (isObject(value) && Object.keys(value).length === 0);
}

function isObject(value: Json): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
