/** Certificates for servers and clients of one test, made with openssl. */

import { execFile } from 'node:child_process';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths of PEM files. `both` is key and certificate in one file, as Kafka takes them. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly both: string;
}

/** An authority of our own, which signs whatever it is asked to. */
export class Authority {
  readonly certificate: Certificate;
  readonly #dir: string;

  private constructor(dir: string, certificate: Certificate) {
    this.#dir = dir;
    this.certificate = certificate;
  }

  static async create(dir: string, name: string): Promise<Authority> {
    return new Authority(dir, await certify(dir, name, ['-addext', 'basicConstraints=critical,CA:TRUE']));
  }

  /** A certificate for a server on this machine, or for a client of this name. */
  issue(name: string, names = 'IP:127.0.0.1,DNS:localhost'): Promise<Certificate> {
    const { cert, key } = this.certificate;
    return certify(this.#dir, name, ['-CA', cert, '-CAkey', key, '-addext', `subjectAltName=${names}`]);
  }
}

async function certify(dir: string, name: string, more: readonly string[]): Promise<Certificate> {
  const cert = join(dir, `${name}.crt`);
  const key = join(dir, `${name}.key`);
  const both = join(dir, `${name}.pem`);
  const algorithm = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', key];
  await run('openssl', ['req', '-x509', ...algorithm, '-out', cert, '-subj', `/CN=${name}`, ...more]);
  await writeFile(both, await readFile(key));
  await appendFile(both, await readFile(cert));
  return { cert, key, both };
}
