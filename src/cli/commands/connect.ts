/** `connect`: sets up a connection to an Intercom workspace, step by step. */

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { REGIONS, type Region } from '../../config/config.js';
import { expandText } from '../../config/environment.js';
import { httpUrl, parseMoment, proxyUrl } from '../../config/values.js';
import { authorizationUrl, readRedirect } from '../../intercom/oauth.js';
import { PublisherError } from '../../model/errors.js';
import {
  appUrlOf,
  type NewConnection,
  plannedConfig,
  saveConnection,
  signIn,
  tokenFileOf,
} from '../../publisher/connect.js';
import { type CommonOptions, environment, oneOf, printResult, withCommonOptions } from '../context.js';
import { EXIT } from '../exit.js';
import { ask, isTerminal } from '../prompt.js';
import { awaitRedirect } from '../redirect.js';
import { printRemark } from '../remarks.js';

const DEFAULT_REDIRECT = 'http://localhost:8788/callback';

interface ConnectOptions extends CommonOptions {
  readonly region?: Region;
  readonly baseUrl?: string;
  readonly startDate?: string;
  readonly gateway?: string;
  readonly clientId?: string;
  readonly clientSecretEnv: string;
  readonly redirectUri: string;
  readonly code?: string;
  readonly browser: boolean;
}

export function connectCommand(program: Command, finish: (code: number) => void): void {
  withCommonOptions(program.command('connect'))
    .description('set up a connection to an Intercom workspace, step by step')
    .argument('<name>', 'what to call it: 1 to 40 of a-z, 0-9, _ and -')
    .option('--region <region>', 'where Intercom hosts the workspace: us, eu, au', oneOf(REGIONS, '--region'))
    .option('--base-url <url>', 'address of the API in place of a region, for a simulator')
    .option('--start-date <date>', 'replicate nothing older')
    .option(
      '--gateway <url>',
      `forward proxy for all requests to Intercom; '\${NAME}' reads it from the environment`,
    )
    .option('--client-id <id>', "the app's client ID")
    .option(
      '--client-secret-env <name>',
      "the environment variable that holds the app's client secret; the file then refers to it",
      'INTERCOM_CLIENT_SECRET',
    )
    .option('--redirect-uri <uri>', "one of the app's redirect URLs", DEFAULT_REDIRECT)
    .option('--code <code>', 'the code, or the address that the browser was sent to')
    .option('--no-browser', 'print the address instead of opening it')
    .action(async (name: string, options: ConnectOptions) => finish(await connect(name, options)));
}

async function connect(name: string, options: ConnectOptions): Promise<number> {
  if (!/^[a-z0-9_-]{1,40}$/.test(name))
    throw new PublisherError(
      'usage-invalid',
      `a connection is called with 1 to 40 of a-z, 0-9, _ and -, not "${name}"`,
    );
  if (isTerminal() && options.code === undefined) printRemark(guide(options.redirectUri));
  const connection = await describe(name, options);
  // Problems of the file are reported before the operator goes to the browser.
  const env = { ...environment(), [options.clientSecretEnv]: connection.clientSecret };
  const config = await plannedConfig(options.config, connection, env);
  const code = await obtainCode(connection, options);
  const { token, workspace } = await signIn(connection, code);
  await saveConnection(options.config, config, name, token);
  const { name: workspaceName, region, timeZone } = workspace;
  if (options.json === true) printResult(JSON.stringify({ connection: name, ...workspace }));
  else
    printResult(
      `Verified: workspace ${workspaceName ?? workspace.id ?? 'without a name'}, region ${region ?? 'unknown'}, time zone ${timeZone ?? 'unknown'}\n` +
        `wrote ${options.config} and the token to ${tokenFileOf(name)} beside it; next: intercom-kafka check`,
    );
  return EXIT.done;
}

function guide(redirectUri: string): string {
  return `To read a workspace, intercom-kafka needs an app in Intercom's Developer Hub (https://app.intercom.com/a/developer-signup):
  1. New app, in the workspace to replicate.
  2. Configure → Authentication: tick "Use OAuth", and add the redirect URL ${redirectUri}
     (where Intercom asks for https, add ${redirectUri.replace(/^http:/, 'https:')} and give it with --redirect-uri: the browser will show an
     error at the end, and its address is to be pasted here).
  3. Tick the permissions "Read and list users and companies", "Read conversations", "Read admins" and "Read tags".
  4. Configure → Basic information: copy client ID and client secret.
`;
}

/** The settings of the connection: from the options, otherwise from the operator at the terminal. */
async function describe(name: string, options: ConnectOptions): Promise<NewConnection> {
  const { baseUrl = null, clientSecretEnv } = options;
  if (baseUrl !== null && !httpUrl.safeParse(baseUrl).success)
    throw new PublisherError('usage-invalid', `--base-url must be an http(s) URL, not "${baseUrl}"`);
  const region =
    options.region ??
    (baseUrl === null
      ? oneOf(REGIONS, 'the region')(await answer('--region', 'Region (us, eu, au)', 'us'))
      : 'us');
  const startDate = await optional(
    options.startDate,
    'Start date (nothing older is replicated; empty: everything)',
  );
  if (startDate !== null && parseMoment(startDate) === null)
    throw new PublisherError(
      'usage-invalid',
      `the start date must be a date such as 2024-01-01, not "${startDate}"`,
    );
  const gatewayInFile = await optional(options.gateway, 'Forward proxy URL (empty: none)');
  const gateway = gatewayInFile && gatewayIn(gatewayInFile, options.gateway !== undefined);
  const clientId = options.clientId ?? (await answer('--client-id', 'Client ID', ''));
  const fromEnv = environment()[clientSecretEnv];
  const clientSecret = fromEnv ?? (await secretAnswer(clientSecretEnv));
  const clientSecretInFile = fromEnv === undefined ? clientSecret : `\${${clientSecretEnv}}`;
  const expectedRegion = baseUrl === null ? region : (options.region ?? null);
  return {
    name,
    region,
    expectedRegion,
    baseUrl,
    gateway,
    gatewayInFile,
    startDate,
    clientId,
    clientSecret,
    clientSecretInFile,
  };
}

/** Parses the URL of the proxy. Refuses a password in an argument: every user of the machine can read it. */
function gatewayIn(text: string, isArgument: boolean): string {
  const gateway = expandText('the gateway', text, environment());
  if (!proxyUrl.safeParse(gateway).success)
    throw new PublisherError('usage-invalid', 'the gateway must be an http(s) URL');
  if (isArgument && gateway === text && new URL(gateway).password !== '')
    throw new PublisherError(
      'usage-invalid',
      `a password in an argument can be read by everybody on this machine: put the proxy's URL into an environment variable, and give --gateway '\${NAME}'`,
    );
  return gateway;
}

async function answer(option: string, question: string, fallback: string): Promise<string> {
  if (!isTerminal()) {
    if (fallback !== '') return fallback;
    throw new PublisherError('usage-invalid', `there is no terminal to ask on: give ${option}`);
  }
  const text = await ask(question, { fallback });
  if (text !== '') return text;
  throw new PublisherError('usage-invalid', `${question} is needed`);
}

async function optional(given: string | undefined, question: string): Promise<string | null> {
  if (given !== undefined) return given;
  const text = isTerminal() ? await ask(question) : '';
  return text === '' ? null : text;
}

async function secretAnswer(variable: string): Promise<string> {
  if (!isTerminal())
    throw new PublisherError(
      'usage-invalid',
      `there is no terminal to ask on: set ${variable} to the client secret`,
    );
  const text = await ask('Client secret (is not shown)', { hidden: true });
  if (text !== '') return text;
  throw new PublisherError('usage-invalid', 'the client secret is needed');
}

/** The authorization code: from the option, from the redirect to this machine, or pasted. */
async function obtainCode(connection: NewConnection, options: ConnectOptions): Promise<string> {
  if (options.code !== undefined) return codeIn(options.code, null);
  const state = randomUUID();
  const { redirectUri } = options;
  const url = authorizationUrl(appUrlOf(connection), { clientId: connection.clientId, state, redirectUri });
  printRemark(`Open this address and agree:\n\n  ${url}\n`);
  if (!isTerminal()) {
    throw new PublisherError(
      'usage-invalid',
      'there is no terminal to paste the code on: run the same command again with --code <code>, from the address that the browser ended at',
    );
  }
  const over = new AbortController();
  try {
    // The server must listen before the operator opens the address: Intercom redirects the browser to it.
    const redirect = await awaitRedirect(redirectUri, over.signal);
    if (options.browser) openBrowser(url);
    const pasted = ask('Paste the address that the browser ends at, unless this continues by itself', {
      signal: over.signal,
    });
    return codeIn(await Promise.race(redirect === null ? [pasted] : [redirect.address, pasted]), state);
  } finally {
    over.abort();
  }
}

/** The code in a redirect. When the input is an address, its `state` must be this one. */
function codeIn(redirect: string, state: string | null): string {
  const found = readRedirect(redirect);
  if (found.error !== null)
    throw new PublisherError(
      'credentials-refused',
      `Intercom says ${found.error}: the app was not authorized; nothing was written`,
    );
  if (found.code === null) throw new PublisherError('usage-invalid', 'there is no code in what was given');
  if (state !== null && found.state !== null && found.state !== state)
    throw new PublisherError(
      'usage-invalid',
      'this address belongs to another attempt (its state differs): open the address above again',
    );
  return found.code;
}

/** Opens the browser on a desktop. Over SSH the operator opens the printed address elsewhere. */
function openBrowser(url: string): void {
  const { SSH_CONNECTION, DISPLAY, WAYLAND_DISPLAY } = environment();
  const hasDesktop = process.platform === 'darwin' || DISPLAY !== undefined || WAYLAND_DISPLAY !== undefined;
  if (SSH_CONNECTION !== undefined || !hasDesktop) return;
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  spawn(opener, [url], { stdio: 'ignore', detached: true })
    .on('error', () => undefined)
    .unref();
}
