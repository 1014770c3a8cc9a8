/** The `Authorization` header of requests to the schema registry. */

import type { RegistryAuth } from '../model/registry.js';
import { ClientToken } from './client-credentials.js';

export interface Authorization {
  /** The header's value, or null for none. Throws `registry-unreachable` when no token can be fetched. */
  header(): Promise<string | null>;
  /** Called when the server has refused the header. True: the next one differs. */
  renew(): boolean;
}

export function authorizationOf(auth: RegistryAuth | null): Authorization {
  if (auth === null) return fixed(null);
  if ('token' in auth) return fixed(`Bearer ${auth.token}`);
  if ('username' in auth) {
    const login = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
    return fixed(`Basic ${login}`);
  }
  const token = new ClientToken(auth, { code: 'registry-unreachable', setting: 'schemaRegistry.auth' });
  return {
    header: async () => `Bearer ${await token.value()}`,
    renew: () => {
      token.forget();
      return true;
    },
  };
}

function fixed(header: string | null): Authorization {
  return { header: async () => header, renew: () => false };
}
