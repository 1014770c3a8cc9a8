/** The settings of a connection and of its tables. */

import { z } from 'zod';
import { ALL_TABLE_NAMES, type TableName } from '../model/table-names.js';
import { type Credentials, DEFAULT_API_VERSION, REGIONS } from './config.js';
import { secretSetting, setting } from './setting.js';
import { cron, duration, fieldPath, httpUrl, pastMoment, proxyUrl, text } from './values.js';

const CRON = 'a cron expression of 5 or 6 fields, or null';
const FORMS = 'accessToken, or clientId with clientSecret and tokenFile';

const credentials = z
  .strictObject({
    accessToken: secretSetting(
      text.optional(),
      'text',
      'Access token of a private app. Use it alone, or with `clientSecret` for webhooks. The other three keys require each other.',
    ),
    clientId: setting(text.optional(), 'text', 'Client ID of the OAuth app.'),
    clientSecret: secretSetting(
      text.optional(),
      'text',
      'Client secret of the app. It verifies the signature of webhooks; without it the publisher rejects them.',
    ),
    tokenFile: setting(
      text.optional(),
      'a file path',
      'File with the token as plain text, written by `intercom-kafka connect`; relative to the file.',
    ),
  })
  .transform((given, context): Credentials => {
    const { accessToken, ...app } = given;
    const { clientId, clientSecret, tokenFile } = app;
    if (accessToken !== undefined && clientId === undefined && tokenFile === undefined)
      return { accessToken, ...(clientSecret === undefined ? {} : { clientSecret }) };
    if (accessToken !== undefined) {
      context.addIssue({ code: 'custom', message: FORMS, params: { got: 'keys of both' } });
    } else if (clientId !== undefined && clientSecret !== undefined && tokenFile !== undefined) {
      return { clientId, clientSecret, tokenFile };
    } else if (Object.keys(app).length === 0) {
      context.addIssue({ code: 'custom', message: FORMS, params: { got: 'neither' } });
    } else {
      for (const key of ['clientId', 'clientSecret', 'tokenFile'] as const)
        if (app[key] === undefined) context.addIssue({ code: 'custom', path: [key], message: 'text' });
    }
    return z.NEVER;
  });

const deletes = z.strictObject({
  reconcile: setting(
    cron.nullable().prefault('0 3 * * *'),
    CRON,
    'When to reconcile: compare all IDs to find deleted rows. In UTC; `null`: never.',
  ),
  webhooks: setting(
    z.boolean().prefault(true),
    'true or false',
    'Publish tombstones for delete notifications of webhooks.',
  ),
});

const retry = z.strictObject({
  attempts: setting(
    z.int().min(1).max(100).prefault(6),
    'a whole number from 1 to 100',
    'Maximum attempts per request before its row, window or table fails. The back-off grows from 0.5 s to 20 s.',
  ),
  timeout: setting(
    duration.refine((seconds) => seconds >= 1).prefault('30s'),
    'a duration of at least 1s, such as 30s',
    'Maximum wait for the start of a reply, and between its bytes. The whole reply may take five times as long.',
  ),
});

const fieldPaths = z
  .array(setting(fieldPath, 'the dotted path of a field, such as author.email', ''))
  .prefault([]);

const table = z.strictObject({
  schedule: setting(cron.nullable().optional(), CRON, "The table's own schedule. Default: the connection's."),
  exclude: setting(
    fieldPaths,
    'a list of field paths',
    'Fields that are not published, such as `author.email`.',
  ),
  hash: setting(
    fieldPaths,
    'a list of field paths',
    'Fields that are published as a hash instead of their value.',
  ),
});

/** A table that is listed without settings, or with an empty value. */
const namedTable = setting(
  table.nullable().optional(),
  'a mapping with schedule, exclude, hash',
  'Settings of one table.',
);

const tables = z.strictObject(
  Object.fromEntries(ALL_TABLE_NAMES.map((name) => [name, namedTable])) as Record<
    TableName,
    typeof namedTable
  >,
);

/** One connection. Its name is the only required key; credentials may come from `defaults`. */
export const connectionSettings = z.strictObject({
  name: setting(
    z.string().regex(/^[a-z0-9_-]{1,40}$/),
    '1 to 40 of a-z, 0-9, _ and -',
    'Name of the connection. Part of its topic names; unique in the file.',
  ),
  region: setting(
    z.enum(REGIONS).prefault('us'),
    'one of us, eu, au (or baseUrl)',
    'Where Intercom hosts the workspace.',
  ),
  baseUrl: setting(
    httpUrl.optional(),
    'an http(s) URL without user name',
    'URL of the API instead of `region`, for a simulator.',
  ),
  apiVersion: setting(
    z
      .string()
      .regex(/^\d+(\.\d+)?$/)
      .prefault(DEFAULT_API_VERSION),
    'a version in quotes, such as "2.16" (without quotes YAML reads a number, and 2.10 becomes 2.1)',
    'Version of the Intercom API, sent as `Intercom-Version`.',
  ),
  credentials: setting(credentials, `a mapping with ${FORMS}`, `Credentials of the app: ${FORMS}.`),
  gateway: setting(
    proxyUrl.nullable().prefault(null),
    'an http(s) URL or null',
    'Forward proxy for all requests to Intercom; `null`: none.',
  ),
  startDate: setting(
    pastMoment.prefault('1970-01-01'),
    'a date or date-time that is not in the future, such as 2024-01-01T00:00:00Z',
    'Rows of incremental tables that are older are not replicated. A date means its midnight; without a zone, UTC. ' +
      'Default: everything is replicated.',
  ),
  schedule: setting(
    cron.nullable().prefault('*/5 * * * *'),
    CRON,
    'When to start a cycle, in UTC. With 6 fields the first is seconds. `null`: back to back.',
  ),
  lookback: setting(
    duration.prefault('15m'),
    'a duration such as 90s, 15m, 1h, 2d, or a whole number of seconds',
    'How far behind the bookmark each poll reads again, for rows that the search index shows late.',
  ),
  rateLimit: setting(
    z.number().gt(0).lte(1).prefault(1),
    'a number above 0 and up to 1',
    "Share of the app's request budget that this connection may use.",
  ),
  retry: setting(
    retry.prefault({}),
    'a mapping with attempts and timeout',
    'Retries of requests to the API.',
  ),
  deletes: setting(
    deletes.prefault({}),
    'a mapping with reconcile and webhooks',
    'How deleted records are found.',
  ),
  values: setting(
    z.enum(['flat', 'nested']).prefault('flat'),
    'one of flat, nested',
    'Form of the values. `flat`: scalars, lists of scalars and JSON text, for any sink. `nested`: records ' +
      'and arrays of records.',
  ),
  customAttributes: setting(
    z.enum(['columns', 'json']).prefault('columns'),
    'one of columns, json',
    'Custom attributes. `columns`: typed fields in addition to the JSON. `json`: the JSON only.',
  ),
  hashKey: secretSetting(
    text.nullable().prefault(null),
    'text',
    'Key of the HMAC-SHA-256 that replaces the fields under `hash`. Another key gives other hashes. Default: the name of the ' +
      'connection, with which anyone can guess values and verify them.',
  ),
  tables: setting(
    tables.nullable().prefault({}),
    'a mapping of tables',
    'The tables to replicate, each with its own settings (`contacts: {}`). Default: the tables that docs/tables.md lists as on by default. The others are replicated only when named here.',
  ),
});
