/**
 * Connects a workspace: exchanges the code for a token, requests the workspace of the token, and writes both.
 * Either everything is written or nothing.
 */

import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DEFAULT_API_VERSION, type Region } from '../config/config.js';
import { type ConnectionEntry, withConnection } from '../config/edit.js';
import { parseConfig } from '../config/load.js';
import { APP_URLS, BASE_URLS } from '../config/regions.js';
import { IntercomApi, type Workspace } from '../intercom/api.js';
import { Budget } from '../intercom/budget.js';
import { exchangeCode } from '../intercom/oauth.js';
import { WHERE_TO_GRANT } from '../intercom/permissions.js';
import { Transport } from '../intercom/transport.js';
import { messageOf, PublisherError } from '../model/errors.js';
import { TABLE_NAMES } from '../model/table-names.js';
import { TABLES } from '../tables/all.js';
import { fieldRuleProblems } from './field-rules.js';
import { probeTables } from './probe-tables.js';

/** What the operator enters for a new connection. */
export interface NewConnection {
  readonly name: string;
  readonly region: Region;
  /** The region that the operator named, or null. */
  readonly expectedRegion: Region | null;
  /** Used instead of the region's address, for a simulator. */
  readonly baseUrl: string | null;
  readonly gateway: string | null;
  /** What the file contains instead: it may refer to the environment. */
  readonly gatewayInFile: string | null;
  /** As the file writes it; null: everything is replicated. */
  readonly startDate: string | null;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the file contains for the secret: a reference to the environment, or the secret itself. */
  readonly clientSecretInFile: string;
}

/** Where the API of a connection is. */
function apiUrlOf({ region, baseUrl }: Pick<NewConnection, 'region' | 'baseUrl'>): string {
  return baseUrl ?? BASE_URLS[region];
}

/** The page on which the operator authorizes the app. */
export function appUrlOf({ region, baseUrl }: Pick<NewConnection, 'region' | 'baseUrl'>): string {
  return baseUrl ?? APP_URLS[region];
}

/**
 * Exchanges a code for the token, and requests the token's workspace. Writes nothing. Throws when the API
 * refuses, or when workspace or region are not the expected ones.
 */
export async function signIn(
  connection: NewConnection,
  code: string,
): Promise<{ token: string; workspace: Workspace }> {
  const { expectedRegion, gateway, clientId, clientSecret } = connection;
  const token = await exchangeCode(apiUrlOf(connection), gateway, { clientId, clientSecret }, code);
  const { signal } = new AbortController();
  const transport = new Transport({
    baseUrl: apiUrlOf(connection),
    apiVersion: DEFAULT_API_VERSION,
    gateway,
    token,
    attempts: 3,
    timeoutMs: 30_000,
    budget: new Budget({ share: 1, maxInFlight: 4 }),
    onAttempt: () => undefined,
    signal,
  });
  try {
    const api = new IntercomApi(transport, signal);
    const workspace = await api.workspace();
    const actual = workspace.region?.toLowerCase() ?? null;
    if (expectedRegion !== null && actual !== null && actual !== expectedRegion)
      throw wrongRegion(workspace, expectedRegion);
    await checkPermissions(transport, signal);
    return { token, workspace };
  } finally {
    await transport.close();
  }
}

function wrongRegion({ name, region: actual }: Workspace, region: Region): PublisherError {
  return new PublisherError(
    'config-invalid',
    `the workspace ${name ?? ''} is in region ${actual}, not ${region.toUpperCase()}: run again with --region ${actual?.toLowerCase()}`,
  );
}

/** Throws `api-forbidden` with all that the app may not read of the tables that are replicated by default. */
async function checkPermissions(transport: Transport, signal: AbortSignal): Promise<void> {
  const tables = TABLE_NAMES.map((name) => TABLES[name]);
  const errors = [...(await probeTables(tables, transport, signal)).values()].flatMap((error) => error ?? []);
  const other = errors.find(({ code }) => code !== 'api-forbidden');
  if (other !== undefined) throw other;
  if (errors.length > 0) throw missingPermissions(errors);
}

function missingPermissions(errors: readonly PublisherError[]): PublisherError {
  const lacked = new Set(errors.map(({ answer, message }) => answer?.permission ?? message));
  const names = [...lacked].map((name) => `"${name}"`).join(', ');
  return new PublisherError(
    'api-forbidden',
    `the app lacks permissions: ${names}; grant them ${WHERE_TO_GRANT}, then authorize again; nothing was written`,
  );
}

/** The token's file of a connection, relative to the configuration. */
export function tokenFileOf(name: string): string {
  return `.intercom-kafka/${name}.token`;
}

/**
 * The text of the configuration file with the connection. Throws `config-invalid` when that text is not
 * valid.
 */
export async function plannedConfig(
  file: string,
  connection: NewConnection,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw new PublisherError('config-invalid', `${file}: can't be read (${error.message})`, { cause: error });
  });
  const planned = withConnection(text, entryOf(connection));
  parseConfig(planned, file, env, fieldRuleProblems);
  return planned;
}

function entryOf(connection: NewConnection): ConnectionEntry {
  const { name, region, baseUrl, gatewayInFile, startDate, clientId, clientSecretInFile } = connection;
  return {
    name,
    ...(baseUrl === null ? { region } : { baseUrl }),
    ...(gatewayInFile === null ? {} : { gateway: gatewayInFile }),
    ...(startDate === null ? {} : { startDate }),
    credentials: { clientId, clientSecret: clientSecretInFile, tokenFile: tokenFileOf(name) },
  };
}

/** Writes the token (mode 0600), then the configuration that refers to it. */
export async function saveConnection(
  file: string,
  config: string,
  name: string,
  token: string,
): Promise<void> {
  const tokenFile = resolve(dirname(file), tokenFileOf(name));
  try {
    await mkdir(dirname(tokenFile), { recursive: true, mode: 0o700 });
    await replaceFile(tokenFile, `${token}\n`, 0o600);
    await replaceFile(file, config, null);
  } catch (cause) {
    const why = messageOf(cause);
    throw new PublisherError('config-invalid', `the connection can't be written: ${why}`, { cause });
  }
}

/**
 * Replaces the file atomically: a reader sees the old text or the new one. `mode` null: the mode of the
 * existing file, or read and write for its owner only.
 */
async function replaceFile(file: string, text: string, mode: number | null): Promise<void> {
  const temporary = `${file}.${process.pid}.new`;
  try {
    await writeFile(temporary, text, { mode: 0o600 });
    await chmod(temporary, mode ?? (await modeOf(file)));
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function modeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ mode }) => mode & 0o777,
    () => 0o600,
  );
}
