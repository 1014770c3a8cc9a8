/** The access token of a connection, from the configuration or from its file. */

import { readFile } from 'node:fs/promises';

import { PublisherError } from '../model/errors.js';
import type { Credentials } from './config.js';

/**
 * The access token. Throws `credentials-missing` when its file is missing, unreadable or empty, or when the
 * token contains characters that a header can't have. The message asks the operator to connect `connection`
 * again.
 */
export async function tokenOf(credentials: Credentials, connection = 'NAME'): Promise<string> {
  if ('accessToken' in credentials) return checked(credentials.accessToken, 'accessToken');
  const file = credentials.tokenFile;
  const missing = (why: string, cause?: unknown) => {
    const message = `the token file ${file} ${why}: run \`intercom-kafka connect ${connection}\``;
    return new PublisherError('credentials-missing', message, { cause });
  };
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const { code = 'unknown error' } = cause;
    throw missing(code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`, cause);
  });
  const token = text.trim();
  if (token === '') throw missing('is empty');
  return checked(token, `the token file ${file}`);
}

/**
 * The token is sent in a header: white space, control characters and characters beyond ASCII would break the
 * request.
 */
function checked(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new PublisherError(
    'credentials-missing',
    `${where} holds no token: there is white space or a character in it that no token has`,
  );
}
