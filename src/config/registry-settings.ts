/** `schemaRegistry`: how the registry is reached, and what the publisher changes there. */

import { z } from 'zod';
import { COMPATIBILITY_LEVELS, type RegistryAuth } from '../model/registry.js';
import { factsOf, secretSetting, setting } from './setting.js';
import { tlsFiles } from './tls-settings.js';
import { httpUrl, text } from './values.js';

const FORMS =
  'username and password, or token, or tokenEndpoint with clientId, clientSecret and, where needed, scope';

const keys = {
  username: setting(text.optional(), 'text', 'User name for basic authentication.'),
  password: secretSetting(text.optional(), 'text', 'Password for basic authentication.'),
  token: secretSetting(text.optional(), 'text', 'Bearer token. Use it alone.'),
  tokenEndpoint: setting(
    httpUrl.optional(),
    'an http(s) URL without user name',
    'URL that issues bearer tokens (OAuth 2, client credentials).',
  ),
  clientId: setting(text.optional(), 'text', 'Client ID at the token endpoint.'),
  clientSecret: secretSetting(text.optional(), 'text', 'Client secret at the token endpoint.'),
  scope: setting(text.optional(), 'text', 'Scope to request from the token endpoint.'),
};

type Given = z.output<z.ZodObject<typeof keys>>;

/** The keys of each form. `scope` alone is optional. */
const REQUIRED = {
  basic: ['username', 'password'],
  bearer: ['token'],
  oauth: ['tokenEndpoint', 'clientId', 'clientSecret'],
} as const satisfies Record<string, readonly (keyof Given)[]>;

function formsOf(given: Given): (keyof typeof REQUIRED)[] {
  const has = (key: keyof Given) => given[key] !== undefined;
  const isOauth = REQUIRED.oauth.some(has) || has('scope');
  return [
    ...(REQUIRED.basic.some(has) ? (['basic'] as const) : []),
    ...(has('token') ? (['bearer'] as const) : []),
    ...(isOauth ? (['oauth'] as const) : []),
  ];
}

const expected = (key: keyof Given) => factsOf(keys[key])?.expected ?? 'text';

const auth = z.strictObject(keys).transform((given, context): RegistryAuth => {
  const [form, ...others] = formsOf(given);
  if (form === undefined || others.length > 0) {
    const got = form === undefined ? 'none of them' : 'keys of several';
    context.addIssue({ code: 'custom', message: FORMS, params: { got } });
    return z.NEVER;
  }
  const missing = REQUIRED[form].filter((key) => given[key] === undefined);
  for (const key of missing) context.addIssue({ code: 'custom', path: [key], message: expected(key) });
  if (missing.length > 0) return z.NEVER;
  const { scope = null, ...rest } = given;
  return { ...rest, ...(form === 'oauth' ? { scope } : {}) } as RegistryAuth;
});

export const registrySettings = z.strictObject({
  url: setting(
    httpUrl.prefault('http://localhost:8081'),
    'an http(s) URL without user name',
    'URL of its REST API.',
  ),
  auth: setting(
    auth.nullable().prefault(null),
    `null or a mapping with ${FORMS}`,
    'Authentication at the registry: basic, a bearer token, or OAuth 2 client credentials; `null`: none.',
  ),
  ssl: setting(
    tlsFiles.nullable().prefault(null),
    'null or a mapping with ca, cert and key',
    'TLS files for an https URL; `null`: trust the authorities that Node.js trusts. Paths are relative to the file.',
  ),
  register: setting(
    z.enum(['always', 'never']).prefault('always'),
    'one of always, never',
    'Register new schemas; `never`: only look them up. A table whose schema is missing then fails, and the message has the schema. `intercom-kafka schemas --register` registers it.',
  ),
  compatibility: setting(
    z.enum(['keep', ...COMPATIBILITY_LEVELS]).prefault('keep'),
    `one of ${['keep', ...COMPATIBILITY_LEVELS].join(', ')}`,
    'Compatibility level of the subjects. `keep`: the level that the subject or the registry has; `BACKWARD` for a subject without a level in a registry whose level is `NONE` or not set. With `register: never`, only `intercom-kafka schemas --register` sets levels.',
  ),
});
