/** PEM files for TLS: of `kafka.ssl` and `schemaRegistry.ssl`. */

import { z } from 'zod';

import { setting } from './setting.js';
import { text } from './values.js';

export const tlsFiles = z
  .strictObject({
    ca: setting(text.optional(), 'the path of a PEM file', 'Certificate authorities to trust.'),
    cert: setting(text.optional(), 'the path of a PEM file', 'Client certificate; requires `key`.'),
    key: setting(
      text.optional(),
      'the path of a PEM file',
      'Private key of the client certificate; requires `cert`.',
    ),
  })
  .superRefine((files, context) => {
    if ((files.cert === undefined) === (files.key === undefined)) return;
    const missing = files.cert === undefined ? 'cert' : 'key';
    context.addIssue({ code: 'custom', path: [missing], message: 'cert and key together' });
  });
