/**
 * The status page: one static document that fetches its data. Its content security policy allows only its own
 * script and style.
 */

import { createHash } from 'node:crypto';
import type { Reply } from '../http/routes.js';
import { pageScript } from './page-script.js';
import { PAGE_STYLE } from './page-style.js';

/** A search box and sums for many connections; the script shows and hides what is not always there. */
const BODY = `
<header>
<h1>intercom-kafka</h1>
<span id="ready" class="badge idle" role="status">asking</span>
<span id="about" class="soft spread"></span>
</header>
<noscript><p>This page needs JavaScript; the same is at <a href="api/status">/api/status</a> as JSON.</p></noscript>
<div id="tools" hidden>
<input id="search" type="search" placeholder="Search by name, state or error" aria-label="Search connections" autocomplete="off">
<div id="totals"></div>
</div>
<main id="connections"></main>
<p id="nothing" class="soft" hidden></p>
<div id="tip" role="tooltip" hidden></div>
`;

function documentOf(script: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>intercom-kafka</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>${BODY}<script>${script}</script>
</body>
</html>
`;
}

export function statusPage(): Reply {
  const script = pageScript();
  const policy = [
    "default-src 'none'",
    `script-src ${sourceOf(script)}`,
    `style-src ${sourceOf(PAGE_STYLE)}`,
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
    },
    body: documentOf(script),
  };
}

function sourceOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
