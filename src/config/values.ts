/** The value types of settings: their form in the file and their conversion. */

import { validate } from 'node-cron';
import { z } from 'zod';

/** A text that is not empty; a number or `true` without quotes is not a text. */
export const text = z.string().min(1);

const HOST_AND_PORT = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:,/@]+):(\d{1,5})$/;

export const hostAndPort = z.string().refine((value) => {
  const port = HOST_AND_PORT.exec(value)?.[1];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
});

function parseHttpUrl(value: string): URL | null {
  if (!/^https?:\/\/\S+$/i.test(value) || !URL.canParse(value)) return null;
  const url = new URL(value);
  return url.search === '' && url.hash === '' ? url : null;
}

function withoutSlashAtEnd(url: string): string {
  return url.replace(/\/+$/, '');
}

/** An http(s) URL that paths are appended to. A user name in it is refused: HTTP clients do. */
export const httpUrl = z
  .string()
  .refine((value) => {
    const url = parseHttpUrl(value);
    return url !== null && url.username === '' && url.password === '';
  })
  .transform(withoutSlashAtEnd);

/** An http(s) URL of a forward proxy, which may carry its user name and password. */
export const proxyUrl = z
  .string()
  .refine((value) => parseHttpUrl(value) !== null)
  .transform(withoutSlashAtEnd);

/** A cron expression; the nicknames that cron libraries also accept (`@daily`) are not supported. */
export const cron = z
  .string()
  .transform((value) => value.trim())
  .refine((value) => /^\S+(?:\s+\S+){4,5}$/.test(value) && validate(value));

const SECONDS_OF_UNIT: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90s`, `15m`, `1h`, `2d`, or a number of seconds. Gives seconds. */
export const duration = z.union([
  z
    .string()
    .regex(/^\d{1,9}[smhd]$/)
    .transform((value) => Number(value.slice(0, -1)) * (SECONDS_OF_UNIT[value.slice(-1)] ?? 1)),
  z.int().min(0),
]);

const MOMENT =
  /^(\d{4})-(\d{2})-(\d{2})(?:(?:[Tt]|[ \t]+)(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?(?:[ \t]*([Zz]|[-+]\d{1,2}(?::?\d{2})?))?)?$/;

/**
 * Minutes east of UTC of a written zone: `Z`, `+02:00`, `-0530`, `+1`; no zone is UTC. Null when there is no
 * such zone.
 */
function zoneMinutes(zone: string): number | null {
  const [, sign, hours, minutes] = /^([-+])(\d{1,2}):?(\d{2})?$/.exec(zone) ?? [];
  if (sign === undefined) return 0;
  const east = Number(hours) * 60 + Number(minutes ?? 0);
  if (Number(minutes ?? 0) > 59 || east > 14 * 60) return null;
  return sign === '-' ? -east : east;
}

/**
 * The moment in epoch seconds that an ISO date, an ISO date-time or a YAML timestamp names; null when it
 * names none (30 February, 25 o'clock). A date is its midnight in UTC; fractions of a second are dropped.
 */
export function parseMoment(value: string): number | null {
  const match = MOMENT.exec(value);
  if (match === null) return null;
  const [, year, month, day, hour = '00', minute = '00', second = '00', zone = 'Z'] = match;
  const written = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const local = Date.parse(written);
  const east = zoneMinutes(zone);
  // Some engines roll over a day that the month does not have. Formatting the date again detects that.
  if (Number.isNaN(local) || new Date(local).toISOString() !== written || east === null) return null;
  return local / 1_000 - east * 60;
}

/** A moment in the past. Gives epoch seconds. */
export const pastMoment = z
  .string()
  .transform((value) => parseMoment(value) ?? Number.NaN)
  .refine((seconds) => seconds * 1_000 <= Date.now());

/** A dotted path to a field, such as `author.email`. */
export const fieldPath = z.string().refine((value) => value.split('.').every((part) => part.trim() !== ''));

/** A legal name of a topic. */
export const topicName = z
  .string()
  .regex(/^[a-zA-Z0-9._-]{1,249}$/)
  .refine((value) => value !== '.' && value !== '..');
