/** What is read from disk: the configuration file and token files. */

import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { tokenOf } from '../../../src/config/credentials.js';
import { loadConfig } from '../../../src/config/load.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'intercom-kafka-config-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('loadConfig', () => {
  it('reads the file', async () => {
    const path = await write('good.yaml', `connections: [{name: a, credentials: {accessToken: "\${T}"}}]`);
    const config = await loadConfig(path, { T: 'token' });
    expect(config.connections[0]?.credentials).toEqual({ accessToken: 'token' });
  });

  it('says how to make a file that is missing', async () => {
    const path = join(folder, 'none.yaml');
    await expect(loadConfig(path, {})).rejects.toMatchObject({
      code: 'config-invalid',
      reach: 'process',
      message: `${path}: there is no such file. Copy intercom-kafka.example.yaml and change it, or name another file with --config.`,
    });
  });

  it('says that a folder is no file', async () => {
    await expect(loadConfig(folder, {})).rejects.toMatchObject({
      code: 'config-invalid',
      message: `${folder}: is a folder, not a file. Name the file in it with --config.`,
    });
  });

  it('says why a file can not be read', async () => {
    const path = join(folder, 'loop.yaml');
    await symlink(path, path);
    await expect(loadConfig(path, {})).rejects.toThrow(/ELOOP/);
  });
});

describe('tokenOf', () => {
  const app = (tokenFile: string) => ({ clientId: 'i', clientSecret: 's', tokenFile });

  it('gives an access token as it is', async () => {
    expect(await tokenOf({ accessToken: 'dG9rOmFi=' })).toBe('dG9rOmFi=');
  });

  it('reads a token file and drops the white space around the token', async () => {
    expect(await tokenOf(app(await write('good.token', ' dG9r\n')))).toBe('dG9r');
  });

  it('says how to get a token when the file is missing or empty', async () => {
    const missing = join(folder, 'none.token');
    await expect(tokenOf(app(missing), 'acme')).rejects.toMatchObject({
      code: 'credentials-missing',
      message: `the token file ${missing} does not exist: run \`intercom-kafka connect acme\``,
    });
    const empty = await write('empty.token', ' \n');
    await expect(tokenOf(app(empty))).rejects.toThrow(
      `the token file ${empty} is empty: run \`intercom-kafka connect NAME\``,
    );
    await expect(tokenOf(app(folder))).rejects.toThrow(/can't be read \(EISDIR\)/);
  });

  it.each(['SEC RET', 'SEC\nRET', 'SEC\u0000RET', 'SECRET\u007f', 'SECRÉT'])(
    'refuses %j without showing it',
    async (token) => {
      const file = await write('bad.token', token);
      for (const credentials of [{ accessToken: token }, app(file)]) {
        const refusal = await tokenOf(credentials).catch((error: unknown) => String(error));
        expect(refusal).toContain('holds no token');
        expect(refusal).not.toContain('SEC');
      }
    },
  );
});
