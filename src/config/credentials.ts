/** The token that a connection signs in with, wherever it is kept. */

import { readFile } from 'node:fs/promises';

import { PublisherError } from '../model/errors.js';
import type { Credentials } from './config.js';

/**
 * The access token. Throws `credentials-missing` when its file is missing, unreadable or empty, or when it
 * holds what no header can carry; `connection` is the name that the message tells to connect again.
 */
export async function tokenOf(credentials: Credentials, connection = 'NAME'): Promise<string> {
  if ('accessToken' in credentials) return checked(credentials.accessToken, 'accessToken');
  const file = credentials.tokenFile;
  const token = (await readToken(file, connection)).trim();
  if (token === '') throw missing(`the token file ${file} is empty`, connection);
  return checked(token, `the token file ${file}`);
}

async function readToken(file: string, connection: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `can't be read (${code ?? 'unknown error'})`;
    throw missing(`the token file ${file} ${why}`, connection, cause);
  }
}

function missing(what: string, connection: string, cause?: unknown): PublisherError {
  return new PublisherError('credentials-missing', `${what}: run \`intercom-kafka connect ${connection}\``, {
    cause,
  });
}

/**
 * A token goes into a header: white space, control characters and letters beyond ASCII would break the
 * request.
 */
function checked(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new PublisherError(
    'credentials-missing',
    `${where} holds no token: there is white space or a character in it that no token has`,
  );
}
