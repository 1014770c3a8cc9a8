/** `kafka.sasl`: its keys depend on the mechanism. */

import { z } from 'zod';

import { secretSetting, setting } from './setting.js';
import { httpUrl, text } from './values.js';

const USER_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;

const mechanism = setting(
  z.enum([...USER_MECHANISMS, 'oauthbearer']),
  'one of plain, scram-sha-256, scram-sha-512, oauthbearer',
  'SASL mechanism.',
);
const username = setting(text, 'text', 'User name; not with `oauthbearer`.');
const password = secretSetting(text, 'text', 'Password; not with `oauthbearer`.');
const tokenEndpoint = setting(
  httpUrl,
  'an http(s) URL without user name',
  'URL that issues tokens; with `oauthbearer`.',
);
const clientId = setting(text, 'text', 'Client ID at the token endpoint; with `oauthbearer`.');
const clientSecret = secretSetting(text, 'text', 'Client secret at the token endpoint; with `oauthbearer`.');
const scope = setting(text.optional(), 'text', 'Scope to request; with `oauthbearer`.');

/**
 * Checks against the keys of all mechanisms first, to distinguish a misspelt key from one that the mechanism
 * does not use, and then against the mechanism's own keys.
 */
export const saslSettings = z
  .strictObject({
    mechanism,
    username: username.optional(),
    password: password.optional(),
    tokenEndpoint: tokenEndpoint.optional(),
    clientId: clientId.optional(),
    clientSecret: clientSecret.optional(),
    scope,
  })
  .pipe(
    z.discriminatedUnion('mechanism', [
      z.strictObject({ mechanism: z.enum(USER_MECHANISMS), username, password }),
      z.strictObject({ mechanism: z.literal('oauthbearer'), tokenEndpoint, clientId, clientSecret, scope }),
    ]),
  );
