/** How the schema registry is reached, and what the publisher changes there. */

import type { TlsFiles } from './kafka.js';

export interface RegistrySettings {
  /** Without a slash at its end. */
  readonly url: string;
  readonly auth: RegistryAuth | null;
  /** Null: the certificate authorities that Node trusts. */
  readonly ssl: TlsFiles | null;
  /** `never`: schemas are looked up only. */
  readonly register: 'always' | 'never';
  /** `keep`: the level of the subject or of the registry; `BACKWARD` where neither has one. */
  readonly compatibility: 'keep' | CompatibilityLevel;
}

export type RegistryAuth =
  | { readonly username: string; readonly password: string }
  | { readonly token: string }
  | ClientCredentials;

/** Of the OAuth 2 client-credentials grant. */
export interface ClientCredentials {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | null;
}

export const COMPATIBILITY_LEVELS = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const;
export type CompatibilityLevel = (typeof COMPATIBILITY_LEVELS)[number];
