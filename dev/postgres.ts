/** A real PostgreSQL on this machine, from the system's packages, with an empty database. */

import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './ports.js';
import { LocalServer, serverDir } from './server.js';

const run = promisify(execFile);

/** The directory of the programs on Debian and derived systems, with one folder for each major version. */
const DEBIAN = '/usr/lib/postgresql';
/** The system user `nobody`: PostgreSQL refuses to run as root. */
const NOBODY = { uid: 65_534, gid: 65_534 };

export interface PostgresServer {
  readonly server: LocalServer;
  readonly port: number;
  /** Role and database; no password is needed. */
  readonly user: string;
}

/**
 * Starts a server in a temporary directory; about a second. @throws when PostgreSQL is not installed, with
 * what to do.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = programsDir();
  const port = await freePort();
  const dir = await serverDir('postgres', undefined);
  const data = join(dir.path, 'data');
  const isRoot = process.getuid?.() === 0;
  const user = isRoot ? { user: NOBODY } : {};
  const server = await LocalServer.start({
    name: 'PostgreSQL',
    port,
    dir,
    ...user,
    program: join(programs, 'postgres'),
    args: [
      '-D',
      data,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=${dir.path}`,
    ],
    env: {},
    prepare: async () => {
      if (isRoot) await chown(dir.path, NOBODY.uid, NOBODY.gid);
      await chmod(dir.path, 0o700);
      await run(
        join(programs, 'initdb'),
        ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'],
        {
          cwd: dir.path,
          ...user.user,
        },
      );
    },
    isReady: (output) => output.includes('ready to accept connections'),
  });
  return { server, port, user: 'postgres' };
}

function programsDir(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const [newest] = versions.filter((version) => existsSync(join(DEBIAN, version, 'bin', 'initdb')));
  if (newest === undefined)
    throw new Error(
      'PostgreSQL was not found in /usr/lib/postgresql: install it (apt-get install postgresql)',
    );
  return join(DEBIAN, newest, 'bin');
}
