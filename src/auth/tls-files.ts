/** Reads the PEM files of a TLS client. */

import { readFileSync } from 'node:fs';
import { messageOf, PublisherError } from '../model/errors.js';
import type { TlsFiles } from '../model/kafka.js';

/** The texts of the PEM files, as `tls.connect` expects them. */
export interface TlsTexts {
  readonly ca?: string[];
  readonly cert?: string;
  readonly key?: string;
}

/** The texts of the files. Throws `config-invalid`, with the setting, for a file that can't be read. */
export function readTlsFiles({ ca, cert, key }: TlsFiles, setting: string): TlsTexts {
  const read = (name: string, path: string) => readTlsFile(`${setting}.${name}`, path);
  return {
    ...(ca === null ? {} : { ca: [read('ca', ca)] }),
    ...(cert === null ? {} : { cert: read('cert', cert) }),
    ...(key === null ? {} : { key: read('key', key) }),
  };
}

function readTlsFile(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new PublisherError('config-invalid', `${setting}: can't read ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
}
